"""The tables of the control database.

Amounts of money are whole units in 64-bit columns: nano-rho or nano-epsilon
(`_nano`) and 10^-18 of delta (`_atto`). Instants are UTC text that sorts as time.
Bodies are canonical JSON. Nothing here is, or is computed from, a protected value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

LARGEST: Final = 2**63 - 1
"""The largest amount an account can hold; what no budget is declared for has it."""


def storable(name: str) -> bool:
    r"""Whether the database can hold this text; where not, nothing has that name.

    >>> storable("people"), storable("a\0b"), storable("\ud800")
    (True, False, False)
    """
    try:
        return b"\0" not in name.encode()
    except UnicodeEncodeError:
        return False


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept to the microsecond in text that sorts as time."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, _dialect: Dialect
    ) -> str | None:
        """Text for the database. ValueError for a time of unknown zone."""
        return None if value is None else instant_text(value)

    def process_result_value(
        self, value: str | None, _dialect: Dialect
    ) -> datetime | None:
        """The moment the text stands for."""
        if value is None:
            return None
        return datetime.fromisoformat(value)


def instant_text(moment: datetime) -> str:
    """A moment as the database and the log write it.

    >>> instant_text(datetime(2026, 7, 1, 12, tzinfo=UTC))
    '2026-07-01T12:00:00.000000Z'
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# ------------------------------------------------------------------------ people

person: Final = Table(
    "person",
    metadata,
    Column("id", String(254), primary_key=True),
    Column("controller", String(200)),
    Column("active", Boolean, nullable=False),
    Column("added_at", Instant, nullable=False),
)

person_role: Final = Table(
    "person_role",
    metadata,
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("role", String(20), primary_key=True),
)

token: Final = Table(
    "token",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("scopes", String(100), nullable=False, server_default="ask publish read"),
)

local_account: Final = Table(
    "local_account",
    metadata,
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("password", Text),
    Column("factor", LargeBinary, nullable=False),
    Column("used_step", BigInteger),
    Column("invitation", String(64), unique=True),
    Column("invited_until", Instant),
)

session: Final = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False, index=True),
    Column("opened_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
)

rate: Final = Table(
    "rate",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("place", String(254), primary_key=True),
    Column("whole_at", Instant, nullable=False),
)

identity_provider: Final = Table(
    "identity_provider",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("client_secret", LargeBinary),
    Column("audience", Text, nullable=False),
    Column("by_email", Boolean, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

external_identity: Final = Table(
    "external_identity",
    metadata,
    Column("issuer", String(500), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False),
)

organisation: Final = Table(
    "organisation",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("added_at", Instant, nullable=False),
)

affiliation: Final = Table(
    "affiliation",
    metadata,
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("organisation", ForeignKey("organisation.name"), nullable=False),
    Column("since", Instant, nullable=False),
)

qualification: Final = Table(
    "qualification",
    metadata,
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("until", Date, nullable=False),
    Column("reference", Text, nullable=False),
    CheckConstraint("kind IN ('accreditation', 'training')", name="kind"),
)

# ---------------------------------------------------------------------- machine

accepted_layer: Final = Table(
    "accepted_layer",
    metadata,
    Column("layer", String(20), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted_at", Instant, nullable=False),
)

# ------------------------------------------------------- populations and datasets

population: Final = Table(
    "population",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("created_at", Instant, nullable=False),
)

period_agreement: Final = Table(
    "period_agreement",
    metadata,
    Column("population", ForeignKey("population.name"), primary_key=True),
    Column("period", Integer, primary_key=True, autoincrement=False),
    Column("controller", String(200), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("terms", Text, nullable=False),
    Column("agreed_at", Instant, nullable=False),
)

dataset: Final = Table(
    "dataset",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("population", ForeignKey("population.name"), nullable=False, index=True),
    Column("controller", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
)

dataset_version: Final = Table(
    "dataset_version",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("dataset", ForeignKey("dataset.name"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("label", String(80), nullable=False),
    Column("title", Text, nullable=False),
    Column("descriptor", Text, nullable=False),
    Column("spine_version", String(80), nullable=False),
    Column("file", Text, nullable=False, unique=True),
    Column("key_name", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("purposes", Text),
    UniqueConstraint("dataset", "number"),
    CheckConstraint("state IN ('current', 'replaced', 'withdrawn')", name="state"),
)

published_table: Final = Table(
    "published_table",
    metadata,
    Column("version", ForeignKey("dataset_version.id"), primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("body", Text, nullable=False),
)

dataset_condition: Final = Table(
    "dataset_condition",
    metadata,
    Column("dataset", ForeignKey("dataset.name"), primary_key=True),
    Column("body", Text, nullable=False),
    Column("set_at", Instant, nullable=False),
)

# ---------------------------------------------------------------------- projects

project: Final = Table(
    "project",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("population", ForeignKey("population.name"), nullable=False),
    Column("application", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("proposer", ForeignKey("person.id"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("until", Date, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("outcome", Text),
    Column("route", String(12), nullable=False, server_default="standard"),
    CheckConstraint(
        "state IN ('proposed', 'active', 'suspended', 'closed')", name="state"
    ),
    CheckConstraint("state <> 'closed' OR outcome IS NOT NULL", name="outcome"),
)

project_researcher: Final = Table(
    "project_researcher",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("person", ForeignKey("person.id"), primary_key=True),
)

project_table: Final = Table(
    "project_table",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("table_name", String(63), primary_key=True),
    Column("dataset", ForeignKey("dataset.name"), nullable=False),
    Column("columns", Text, nullable=False),
)

amendment: Final = Table(
    "amendment",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("application", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("route", String(12), nullable=False),
    Column("proposed_at", Instant, nullable=False),
)

approval: Final = Table(
    "approval",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("capacity", String(20), nullable=False),
    Column("controller", String(200)),
    Column("approved_at", Instant, nullable=False),
    CheckConstraint(
        "(capacity = 'committee' AND controller IS NULL)"
        " OR (capacity = 'steward' AND controller IS NOT NULL)",
        name="capacity",
    ),
)

# ------------------------------------------------------------------------ ledger

account: Final = Table(
    "account",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("name", String(63), nullable=False),
    Column("period", Integer, nullable=False),
    Column("population", ForeignKey("population.name"), nullable=False),
    Column("measure", String(4), nullable=False),
    Column("epsilon", Text, nullable=False),
    Column("delta", Text, nullable=False),
    Column("total_nano", BigInteger, nullable=False),
    Column("spent_nano", BigInteger, nullable=False),
    Column("threshold_total_atto", BigInteger, nullable=False),
    Column("threshold_spent_atto", BigInteger, nullable=False),
    Column("conversion_atto", BigInteger, nullable=False),
    Column("until", Date),
    Column("state", String(6), nullable=False),
    Column("opened_at", Instant, nullable=False),
    UniqueConstraint("kind", "name", "period"),
    CheckConstraint("kind IN ('population', 'dataset', 'project')", name="kind"),
    CheckConstraint(
        "measure = 'zcdp' OR (measure = 'pure' AND kind = 'project')", name="measure"
    ),
    CheckConstraint("state IN ('open', 'frozen', 'closed')", name="state"),
    CheckConstraint("spent_nano BETWEEN 0 AND total_nano", name="spent"),
    CheckConstraint(
        "threshold_spent_atto BETWEEN 0 AND threshold_total_atto", name="threshold"
    ),
)

question: Final = Table(
    "question",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project", ForeignKey("project.name"), nullable=False),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("idempotency_key", String(200)),
    Column("body_digest", String(64), nullable=False),
    Column("repeat_digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("owner", String(64), nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("reserved_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("settled_index", BigInteger),
    UniqueConstraint("project", "person", "idempotency_key"),
    CheckConstraint("state IN ('reserved', 'released', 'failed')", name="state"),
    CheckConstraint("(state = 'reserved') = (settled_index IS NULL)", name="settled"),
    Index(None, "project", "repeat_digest"),
)

repeated: Final = Table(
    "repeated",
    metadata,
    Column("project", ForeignKey("project.name"), primary_key=True),
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("idempotency_key", String(200), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("release", ForeignKey("release.id"), nullable=False),
)
"""Keys of questions that an earlier release answered: they ask nothing else."""

charge: Final = Table(
    "charge",
    metadata,
    Column("question", ForeignKey("question.id"), primary_key=True),
    Column("account", ForeignKey("account.id"), primary_key=True),
    Column("nano", BigInteger, nullable=False),
    Column("threshold_atto", BigInteger, nullable=False),
    CheckConstraint("nano > 0 AND threshold_atto >= 0", name="amount"),
)

release: Final = Table(
    "release",
    metadata,
    Column("id", ForeignKey("question.id"), primary_key=True),
    Column("receipt", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

measurement: Final = Table(
    "measurement",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("dataset", String(63), nullable=False),
    Column("population", ForeignKey("population.name"), nullable=False),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("owner", String(64), nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("reserved_at", Instant, nullable=False),
    Column("settled_at", Instant),
    CheckConstraint("state IN ('reserved', 'released', 'failed')", name="state"),
    CheckConstraint("(state = 'reserved') = (settled_at IS NULL)", name="settled"),
)

measurement_charge: Final = Table(
    "measurement_charge",
    metadata,
    Column("measurement", ForeignKey("measurement.id"), primary_key=True),
    Column("account", ForeignKey("account.id"), primary_key=True),
    Column("nano", BigInteger, nullable=False),
    CheckConstraint("nano > 0", name="amount"),
)

# ------------------------------------------------------------------------ policy

disclosure_policy: Final = Table(
    "disclosure_policy",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("set_at", Instant, nullable=False),
)

# --------------------------------------------------------------------------- log

audit_record: Final = Table(
    "audit_record",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("actor", String(254), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("subject", String(254), nullable=False),
    Column("detail", Text, nullable=False),
)

audit_node: Final = Table(
    "audit_node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

audit_tree: Final = Table(
    "audit_tree",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

audit_head: Final = Table(
    "audit_head",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("at", String(27), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)
