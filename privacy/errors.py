"""The two ways in which a question ends without an answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "syntax": "The text is not SQL that can be read; the message says where.",
        "one_statement": "One question is one SELECT statement.",
        "too_long": "The text is longer than a question may be.",
        "too_deep": "Expressions are nested deeper than a question may nest them.",
        "not_a_question": (
            "Only aggregates are answered: no row is shown, and nothing is changed."
        ),
        "not_grouped": "A column beside aggregates is not one of the keys.",
        "unsupported": "A clause, function or operator the language does not have.",
        "unknown_table": "No table of this name is published in the population.",
        "unknown_column": "The table has no column of this name.",
        "ambiguous_column": "A name may be a column of several of the tables asked.",
        "join": "Tables are joined so that one person's rows would have no bound.",
        "not_granted": "The project was not granted this table or column; it exists.",
        "type_mismatch": "Values of types that do not fit are combined.",
        "invalid_value": "A constant has a form or a size that cannot be used.",
        "unbounded": "A number has no public bounds where the noise needs them.",
        "overflow": "A number could grow past what 64 bits hold.",
        "not_public_key": "A GROUP BY key has no public list of values, and needs one.",
        "too_many_keys": "The keys have more than a million public combinations.",
        "too_many_columns": "More columns or aggregates than one question may ask for.",
        "reserved_name": "A name is taken by another column, or by what is added.",
        "person_id": "`person_id` is used elsewhere than in COUNT(DISTINCT person_id).",
        "spending": "What was said to be spent is not an amount that can be spent.",
        "margin_depends_on_data": (
            "The margin of a mean or a ratio is not known before it is paid for."
        ),
        "budget_exhausted": "What is left of a budget does not cover the price.",
        "idempotency_conflict": "The idempotency key was used for another question.",
        "question_in_progress": "The question under this idempotency key still runs.",
        "unknown_project": "No project of this name exists.",
        "unknown_person": "No person of this name is known.",
        "unknown_dataset": "No dataset of this name is published.",
        "unknown_population": "No population of this name exists.",
        "unknown_question": "No question or release of this name exists.",
        "not_permitted": "The person may not do this.",
        "not_accredited": "Who asks has no accreditation, or it has ended.",
        "not_trained": "Who asks has no training on record, or it has ended.",
        "condition_unmet": "A condition that the dataset's controller set is not met.",
        "organisation_exists": "An organisation of this name is known already.",
        "unknown_incident": "No incident of this id is on record.",
        "unknown_organisation": "No organisation of this name is known.",
        "invalid_qualification": "A qualification ends on a day that is to come.",
        "not_authenticated": "It is not known who asks.",
        "project_not_active": "The project is not approved, or is suspended or closed.",
        "project_expired": "The project's last day is over.",
        "already_approved": "This approval has been given before.",
        "approval_missing": "Somebody who has to approve has not, or has to again.",
        "capacity_unclear": "You could act in more than one role: say in which.",
        "criterion_blank": "A project starts when every criterion has been answered.",
        "dataset_withdrawn": "The dataset was withdrawn, and is asked no more.",
        "invalid_key": "An idempotency key is 1 to 200 plain characters.",
        "period_ended": "The population's budget period is over.",
        "reason_missing": "A project is suspended with its reason on record.",
        "data_changed": "A dataset changed while the question was read: ask again.",
        "invalid_budget": "A budget is positive, finite, and has a delta under zCDP.",
        "invalid_name": "A name of this form cannot be used.",
        "invalid_person": "A person's id or roles cannot be used as they are.",
        "forged_request": "A change does not come from a page of the session's own.",
        "invalid_invitation": "An invitation is not valid, or has been used.",
        "invalid_password": "A password is too short, too long or easily guessed.",
        "invalid_provider": "A sign-in provider is not described as it must be.",
        "invalid_token": "A token has a use, and ends in the future and in 90 days.",
        "no_provider": "No sign-in provider is set up here.",
        "not_in_scope": "The token was not issued for this use.",
        "rate_limited": "Too many attempts or refusals in a short time: wait.",
        "no_budget": "There is no open budget of this name.",
        "no_inbox": "This server takes no files.",
        "in_doubt": "The ledger was lost while a change was made: look whether it was.",
        "not_confined": "This machine lacks a layer that confines who reads data.",
        "unknown_layer": "No layer of confinement has this name.",
        "not_in_log": "The log has no such record or head.",
        "form": "What is to be carried has a fault that only its maker can mend.",
        "unknown_submission": "There is no such submission that you may see.",
        "unknown_file": "The submission has no file of this name.",
        "already_voted": "You have given your verdict on this revision.",
        "invalid_verdict": "A verdict is approve, reject or changes.",
        "not_there_yet": "A part of the environment that is still to come.",
        "outcome_missing": "A project closes with its outcome on record.",
        "period_running": "A population's next budget begins when this one has ended.",
        "person_exists": "Somebody of this id is known already.",
        "population_exists": "A population of this name exists already.",
        "project_exists": "A project of this name exists already.",
        "separation_of_duties": (
            "Nobody judges their own project or changes their own roles."
        ),
        "unavailable": "No process is free, or the ledger not writable: ask again.",
        "unknown_release": "No release of yours has this id.",
        "unknown_token": "No token of this id is known.",
        "wrong_state": "What was asked does not fit the state this is in.",
    }
)
"""Every code of a refusal, and what it means. The manual is generated from it."""


class Refused(Exception):
    """The question is not accepted. Raised before any protected data is read.

    `code` is stable and documented, `message` says what is wrong, `clause` quotes
    the researcher's own text it concerns, `position` says where that stands, as `line
    2, column 7`, and `suggestion` is the smallest change that would pass: what to
    write instead of the clause, a whole question, or an amount to spend. Where the
    refusal is of no question, it may be a sentence that says what to do. All are
    strings; the last three may be empty. They depend on the question, the public
    catalogue and the ledger, never on protected rows.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        clause: str = "",
        suggestion: str = "",
        position: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.clause = clause
        self.suggestion = suggestion
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        """Survive a process boundary with every field."""
        known = (self.clause, self.suggestion, self.position)
        return _refused, (self.code, self.message, *known)


def _refused(
    code: str, message: str, clause: str, suggestion: str, position: str
) -> Refused:
    return Refused(
        code, message, clause=clause, suggestion=suggestion, position=position
    )


class Failed(Exception):
    """The question was admitted and charged, and could not be answered.

    Always the same: what went wrong inside the enclave may depend on the data.
    """

    code = "failed"
    message = "The question could not be answered. It has been charged."

    def __init__(self) -> None:
        super().__init__(self.message)
