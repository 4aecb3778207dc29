"""The tables of the control database.

Amounts of money are whole units in 64-bit columns: nano-rho or nano-epsilon
(`_nano`) and 10^-18 of delta (`_atto`). Instants are UTC text that sorts as time.
Bodies are canonical JSON. Nothing here is, or is computed from, a protected value.
"""

from tre.control.tables.airlock import (
    carried_file,
    submission,
    submission_revision,
    submission_vote,
)
from tre.control.tables.data import (
    dataset,
    dataset_condition,
    dataset_version,
    period_agreement,
    population,
    published_table,
)
from tre.control.tables.ledger import (
    account,
    charge,
    measurement,
    measurement_charge,
    question,
    release,
    repeated,
)
from tre.control.tables.log import (
    audit_head,
    audit_node,
    audit_record,
    audit_tree,
)
from tre.control.tables.people import (
    accepted_layer,
    affiliation,
    external_identity,
    identity_provider,
    local_account,
    organisation,
    person,
    person_role,
    qualification,
    rate,
    session,
    token,
)
from tre.control.tables.projects import (
    amendment,
    approval,
    disclosure_policy,
    project,
    project_pin,
    project_researcher,
    project_table,
)
from tre.control.tables.schema import (
    LARGEST,
    Instant,
    instant_text,
    metadata,
    storable,
)

__all__ = [
    "LARGEST",
    "Instant",
    "accepted_layer",
    "account",
    "affiliation",
    "amendment",
    "approval",
    "audit_head",
    "audit_node",
    "audit_record",
    "audit_tree",
    "carried_file",
    "charge",
    "dataset",
    "dataset_condition",
    "dataset_version",
    "disclosure_policy",
    "external_identity",
    "identity_provider",
    "instant_text",
    "local_account",
    "measurement",
    "measurement_charge",
    "metadata",
    "organisation",
    "period_agreement",
    "person",
    "person_role",
    "population",
    "project",
    "project_pin",
    "project_researcher",
    "project_table",
    "published_table",
    "qualification",
    "question",
    "rate",
    "release",
    "repeated",
    "session",
    "storable",
    "submission",
    "submission_revision",
    "submission_vote",
    "token",
]
