"""Projects: what was asked for and approved, and what was asked of whose data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tre.register.happening import Happening
from tre.register.outputs import outputs
from tre.register.populations import Account, rho, spent

COMMITTEE: Final = "the committee"

_WORDS: Final = {
    "project.proposed": "proposed",
    "project.amended": "proposal changed",
    "project.amendment_proposed": "a change asked for",
    "project.amendment_withdrawn": "a change asked for no longer",
    "project.terms_changed": "a change in force",
    "project.activated": "active",
    "project.suspended": "suspended",
    "project.resumed": "active again",
    "project.closed": "closed",
}
_STATES: Final = {
    "project.proposed": "proposed",
    "project.activated": "active",
    "project.suspended": "suspended",
    "project.resumed": "active",
    "project.closed": "closed",
}
_JUDGED: Final = ("project.approved", "project.approval_withdrawn")
_PINNED: Final = ("project.pinned", "project.following", "project.pin_moved")
_TEXTS: Final = ("project.proposed", "project.amended")


@dataclass(slots=True)
class _Project:
    """A project, as the log has told of it so far."""

    name: str
    state: str = ""
    route: str = ""
    text: dict[str, Any] = field(default_factory=dict)
    asked: tuple[dict[str, Any], str] = field(default=({}, ""))
    budget: dict[str, Any] = field(default_factory=dict)
    approvals: list[tuple[str, str, str]] = field(default_factory=list)
    """The application's digest, whose approval it is, and since when."""
    history: list[Any] = field(default_factory=list)
    pins: dict[str, str] = field(default_factory=dict)
    outcome: str | None = None
    questions: list[Any] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


def projects(happened: Sequence[Happening]) -> list[Any]:
    """Every project there has been, by name."""
    found: dict[str, _Project] = {}
    for each in happened:
        if each.kind.startswith("project."):
            held = found.setdefault(each.subject, _Project(each.subject))
            _TAKEN.get(each.kind, _take)(held, each)
        elif each.kind == "question.reserved":
            held = found[each.detail["project"]]
            held.questions.append(_question(held.name, each))
        elif each.kind == "question.refused" and each.detail["project"] in found:
            found[each.detail["project"]].refused[each.detail["code"]] += 1
    paid, of = spent(happened), _organisations(happened)
    carried = outputs(happened)
    return [
        {**_shown(found[name], paid, of), "outputs": carried.get(name, [])}
        for name in sorted(found)
    ]


def refused_elsewhere(happened: Sequence[Happening]) -> dict[str, Any]:
    """Refusals of questions that named no project there is, by code."""
    codes = Counter(
        each.detail["code"]
        for each in happened
        if each.kind == "question.refused" and each.detail["project"] is None
    )
    return dict(sorted(codes.items()))


def _take(held: _Project, each: Happening) -> None:
    held.state = _STATES.get(each.kind, held.state)
    if each.kind in _WORDS:
        held.history.append({"on": each.day, "what": _WORDS[each.kind]})
    if each.kind in _TEXTS:
        held.text, held.approvals = each.detail["application"], []
        held.route = each.detail.get("route", "")
    match each.kind:
        case "project.amendment_proposed":
            held.asked = each.detail["application"], each.detail["route"]
        case "project.terms_changed":
            _change(held, each)
        case "project.activated":
            held.budget = each.detail["budget"]
        case "project.closed":
            held.outcome = each.detail["outcome"]
        case _:  # its state and its history say all
            pass


def _judge(held: _Project, each: Happening) -> None:
    if each.kind == "project.approved":
        held.approvals.append((*_approval(each), each.day))
        held.history.append(_said("approved by", each))
        return
    held.history.append(_said("approval taken back by", each))
    for place, (digest, whose, _) in enumerate(held.approvals):
        if (digest, whose) == _approval(each):
            del held.approvals[place]
            return


def _change(held: _Project, each: Happening) -> None:
    """The change asked for is in force; what it did not concern stays approved."""
    new = each.detail["application_sha256"]
    given = {whose for digest, whose, _ in held.approvals if digest == new}
    held.approvals = [
        (new, whose, day)
        for digest, whose, day in held.approvals
        if digest == new or whose not in given | {COMMITTEE}
    ]
    held.text, held.route = held.asked
    held.budget = each.detail["budget"]


def _pin(held: _Project, each: Happening) -> None:
    """Which version of a dataset it asks; nothing said is the current one."""
    dataset, version = each.detail["dataset"], each.detail.get("version")
    held.pins.pop(dataset, None)
    if version is not None:
        held.pins[dataset] = version
    asks = version or f"the current version of {dataset}"
    held.history.append({"on": each.day, "what": f"asks {asks} from now on"})


_TAKEN: Final = {
    **dict.fromkeys(_JUDGED, _judge),
    **dict.fromkeys(_PINNED, _pin),
}


def _approval(each: Happening) -> tuple[str, str]:
    whose = each.detail["controller"] or COMMITTEE
    return each.detail["application_sha256"], whose


def _said(words: str, each: Happening) -> dict[str, Any]:
    return {"on": each.day, "what": f"{words} {_approval(each)[1]}"}


def _question(project: str, each: Happening) -> dict[str, Any]:
    """A charged question: not whether it was answered, and not what came out."""
    nano = sum(
        one["nano"]
        for one in each.detail["charges"]
        if (one["kind"], one["name"]) == ("project", project)
    )
    versions = sorted(each.detail["versions"])
    return {
        "on": each.day,
        "question": each.detail.get("shown", ""),
        "datasets": sorted({version.partition("/")[0] for version in versions}),
        "versions": versions,
        "spent": rho(nano),
    }


def _organisations(happened: Sequence[Happening]) -> Mapping[str, str]:
    """The organisation that each person is of; people themselves are not shown."""
    return {
        each.subject: each.detail["organisation"]
        for each in happened
        if each.kind == "person.affiliated"
    }


def _shown(
    held: _Project, paid: Mapping[Account, int], of: Mapping[str, str]
) -> dict[str, Any]:
    text, budget = held.text, held.budget
    researchers = text["researchers"]
    return {
        "name": held.name,
        "title": text["title"],
        "state": held.state,
        "route": held.route,
        "lay_summary": text["lay_summary"],
        "criteria": text["criteria"],
        "purposes": text["purposes"],
        "population": text["population"],
        "data": text["datasets"],
        "pins": dict(sorted(held.pins.items())),
        "reasons": text.get("reasons", {}),
        "researchers": len(researchers),
        "organisations": sorted({of[one] for one in researchers if one in of}),
        "ethics_reference": text.get("ethics_reference", ""),
        "from": text.get("starts"),
        "until": text["until"],
        "budget": {
            "measure": text["budget"]["measure"],
            "epsilon": text["budget"]["epsilon"],
            "delta": text["budget"]["delta"],
            "reason": text["budget"].get("reason", ""),
            "total": rho(budget["total_nano"]) if budget else None,
            "spent": rho(paid.get(("project", held.name, 1), 0)),
        },
        "approvals": [{"of": whose, "on": day} for _, whose, day in held.approvals],
        "history": held.history,
        "outcome": held.outcome,
        "questions": held.questions,
        "refusals": dict(sorted(held.refused.items())),
    }
