"""The gateway, in the shape of the Algorithmic Transparency Recording Standard.

The UK's standard (version 3.0) has two tiers. What the program itself answers is
answered; what only the organisation that runs it can answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

BY_WHO_RUNS_IT: Final = "To be said by the organisation that runs this environment."

Section = Mapping[str, Any]

OVERVIEW: Final[Section] = MappingProxyType(
    {
        "name": "Privacy-preserving query gateway of a trusted research environment",
        "description": (
            "Approved researchers ask statistical questions about linked records of"
            " people. The gateway answers with tables to which calibrated random noise"
            " has been added, so that no answer says much about any one person. It"
            " shows no record, and takes no decision about anybody."
        ),
        "website_url": "/register",
        "contact_email": BY_WHO_RUNS_IT,
    }
)
OWNER: Final[Section] = MappingProxyType(
    {
        "organisation": BY_WHO_RUNS_IT,
        "team": BY_WHO_RUNS_IT,
        "senior_responsible_owner": BY_WHO_RUNS_IT,
        "external_supplier_involvement": BY_WHO_RUNS_IT,
    }
)
RATIONALE: Final[Section] = MappingProxyType(
    {
        "detailed_description": (
            "A question in a closed subset of SQL is read, bound to the public"
            " catalogue, and refused or priced before any data is read. Its price in"
            " privacy loss is taken from the budgets of the project, the datasets and"
            " the population. The true figures are computed and noised inside a"
            " confined process; groups that are too small or dominated by one person"
            " are then hidden, by rules that look at noised figures only."
        ),
        "scope": "Statistics about groups. Nobody is scored, ranked or selected.",
        "benefits": "Research on data that could not be handed out.",
        "previous_process": BY_WHO_RUNS_IT,
        "alternatives_considered": (
            "Rounding and suppression of exact tables, which fail when tables are"
            " compared; the project's laboratory measures them side by side."
        ),
    }
)
DECISIONS: Final[Section] = MappingProxyType(
    {
        "process_integration": "None: answers inform research, not cases.",
        "provided_information": (
            "A table with 95% intervals, marks where a figure is unreliable or hidden,"
            " its cost, and a signed receipt."
        ),
        "human_decisions_and_review": (
            "A committee and every dataset's controller approve each project; neither"
            " approves its own. Either can stop it before its next question."
        ),
        "required_training": (
            "Researchers need accreditation and training on record; questions are"
            " refused when either has ended."
        ),
        "appeals_and_review": (
            "People may object to the use of data about them through the controllers;"
            " they are then left out. Whom to turn to: " + BY_WHO_RUNS_IT
        ),
    }
)
TOOL: Final[Section] = MappingProxyType(
    {
        "system_architecture": (
            "A gateway, a ledger of privacy budgets with a signed append-only log, and"
            " confined processes that alone read encrypted files of pseudonymous data."
        ),
        "phase": BY_WHO_RUNS_IT,
        "maintenance": BY_WHO_RUNS_IT,
        "models": (
            "No model is trained. Noise is discrete Laplace or discrete Gaussian, drawn"
            " by OpenDP; losses are counted as zero-concentrated differential privacy."
        ),
        "model_performance": (
            "Every answer states its interval; before asking, the expected error is"
            " told from public facts."
        ),
    }
)
RISKS: Final[Section] = MappingProxyType(
    {
        "impact_assessments": BY_WHO_RUNS_IT,
        "risks_and_mitigations": [
            {
                "risk": "Somebody learns about one person from many answers.",
                "mitigation": (
                    "One budget for all projects of a population, never refilled within"
                    " its period; the loss since the beginning is in the register."
                ),
            },
            {
                "risk": "A researcher asks for what was not approved.",
                "mitigation": "Each question is held against project, conditions and"
                " accreditation; questions and refusals are in the register.",
            },
            {
                "risk": "A figure is taken for exact.",
                "mitigation": (
                    "Every figure has its interval, and is marked where that is wide."
                ),
            },
            {
                "risk": "Whoever operates the machine reads the data.",
                "mitigation": "Zones are encrypted with keys of their own; what an"
                " operator could still do is in the threat model.",
            },
        ],
    }
)


def algorithm(register: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record, with what the register says of data and of scale of use."""
    projects = register["projects"]
    return {
        "standard": "Algorithmic Transparency Recording Standard 3.0 (shaped after)",
        "tier_1": {"overview": dict(OVERVIEW)},
        "tier_2": {
            "owner_and_responsibility": dict(OWNER),
            "description_and_rationale": dict(RATIONALE),
            "decision_making_process": {
                **DECISIONS,
                "frequency_and_scale_of_usage": (
                    f"{sum(len(each['questions']) for each in projects)} questions"
                    f" charged, in {len(projects)} projects."
                ),
            },
            "tool_specification": dict(TOOL),
            "data_specification": {
                "source_data": [_source(each) for each in register["datasets"]],
                "data_sharing_agreements": BY_WHO_RUNS_IT,
                "sensitive_attributes": "Marked in the catalogue's codebooks.",
                "source_data_url": "/catalogue",
            },
            "risks_mitigations_and_impact_assessments": dict(RISKS),
        },
    }


def _source(dataset: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": dataset["name"],
        "title": dataset.get("title", ""),
        "controller": dataset.get("controller", ""),
        "legal_basis": dataset.get("legal_basis", ""),
        "state": dataset.get("state", ""),
    }
