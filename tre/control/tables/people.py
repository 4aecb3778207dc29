"""People, how they show who they are, and what the machine lacks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from tre.control.tables.schema import Instant, metadata

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

accepted_layer: Final = Table(
    "accepted_layer",
    metadata,
    Column("layer", String(20), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted_at", Instant, nullable=False),
)
