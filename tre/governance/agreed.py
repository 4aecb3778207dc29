"""What people hold and have agreed to: as the log has it, and as the tables do.

Tokens, qualifications and organisations; layers that are done without, conditions on
datasets, next budgets, disclosure policies, and the versions that projects pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import Connection, select

from tre.audit.told import Told, told
from tre.control.canonical import canonical
from tre.control.tables import (
    accepted_layer,
    affiliation,
    dataset_condition,
    disclosure_policy,
    instant_text,
    organisation,
    period_agreement,
    project_pin,
    qualification,
    token,
)

Found: TypeAlias = dict[str, object]


def agreed_told(connection: Connection) -> dict[str, object]:
    """What the log says of all of that."""
    found: Found = {}
    for said in told(connection, *_TAKEN):
        _TAKEN[said.kind](found, said)
    return found


def agreed(connection: Connection) -> dict[str, object]:
    """What the tables say of them."""
    found = _tokens(connection) | _of_data(connection)
    for row in connection.execute(select(accepted_layer)):
        found[_layer(row.layer)] = (row.person, row.reason)
    for row in connection.execute(select(qualification)):
        own = (row.until.isoformat(), row.reference)
        found[_qualification(row.person, row.kind)] = own
    for row in connection.execute(select(affiliation)):
        found[_affiliation(row.person)] = row.organisation
    for row in connection.execute(select(organisation)):
        found[f"the organisation {row.name}"] = True
    for row in connection.execute(select(disclosure_policy)):
        found[_policy(row.number)] = (row.person, row.body, row.reason)
    return found


def _of_data(connection: Connection) -> Found:
    """What was said of datasets and populations."""
    found: Found = {}
    for row in connection.execute(select(dataset_condition)):
        found[_conditions(row.dataset)] = row.body
    for row in connection.execute(select(project_pin)):
        found[_pin(row.project, row.dataset)] = row.version
    for row in connection.execute(select(period_agreement)):
        words = _words(row.controller, row.population, row.period)
        found[words] = (row.person, row.terms)
    return found


def _tokens(connection: Connection) -> Found:
    found: Found = {}
    for row in connection.execute(select(token)):
        ended: datetime | None = row.revoked_at
        found |= {
            f"the holder of token {row.id}": row.person,
            f"the time of token {row.id}": instant_text(row.expires_at),
            f"the uses of token {row.id}": row.scopes,
            f"the secret of token {row.id}": row.digest,
            f"the end of token {row.id}": None
            if ended is None
            else instant_text(ended),
        }
    return found


def _issued(found: Found, said: Told) -> None:
    name = said.subject
    found |= {
        f"the holder of token {name}": said.fact("person"),
        f"the time of token {name}": said.fact("expires_at"),
        f"the uses of token {name}": said.fact("scopes"),
        f"the secret of token {name}": said.fact("digest"),
        f"the end of token {name}": None,
    }


def _revoked(found: Found, said: Told) -> None:
    _end(found, said.subject, said.at)


def _disabled(found: Found, said: Told) -> None:
    holder = "the holder of token "
    own = [what for what, who in found.items() if who == said.subject]
    for what in own:
        if what.startswith(holder):
            _end(found, what.removeprefix(holder), said.at)


def _end(found: Found, token_id: str, at: str) -> None:
    what = f"the end of token {token_id}"
    found[what] = found.get(what) or at


def _accepted(found: Found, said: Told) -> None:
    found[_layer(said.subject)] = (said.actor, said.detail["reason"])


def _required(found: Found, said: Told) -> None:
    found.pop(_layer(said.subject), None)


def _qualified(found: Found, said: Told) -> None:
    facts = said.detail
    held = (facts["until"], facts["reference"])
    found[_qualification(said.subject, facts["kind"])] = held


def _disqualified(found: Found, said: Told) -> None:
    found.pop(_qualification(said.subject, said.detail["kind"]), None)


def _affiliated(found: Found, said: Told) -> None:
    found[_affiliation(said.subject)] = said.detail["organisation"]


def _added(found: Found, said: Told) -> None:
    found[f"the organisation {said.subject}"] = True


def _set(found: Found, said: Told) -> None:
    found[_conditions(said.subject)] = canonical(said.detail["conditions"])


def _lifted(found: Found, said: Told) -> None:
    found.pop(_conditions(said.subject), None)


def _policy_set(found: Found, said: Told) -> None:
    number = 1 + sum(what.startswith(_POLICY) for what in found)
    policy, reason = canonical(said.detail["policy"]), said.detail["reason"]
    found[_policy(number)] = (said.actor, policy, reason)


def _pinned(found: Found, said: Told) -> None:
    found[_pin(said.subject, said.detail["dataset"])] = said.detail["version"]


def _following(found: Found, said: Told) -> None:
    found.pop(_pin(said.subject, said.detail["dataset"]), None)


def _over(found: Found, said: Told) -> None:
    for what in [each for each in found if each.endswith(_pin(said.subject, ""))]:
        del found[what]


def _agreement(found: Found, said: Told) -> None:
    """Note the first who agreed to the terms that a controller agreed to last."""
    facts = dict(said.detail)
    words = _words(facts.pop("controller"), facts.pop("population"), facts["period"])
    terms = canonical(facts)
    match found.get(words):
        case (_, str(held)) if held == terms:
            return
    found[words] = (said.actor, terms)


_TAKEN: Final[Mapping[str, Callable[[Found, Told], None]]] = {
    "token.issued": _issued,
    "token.revoked": _revoked,
    "person.disabled": _disabled,
    "enclave.layer_accepted": _accepted,
    "enclave.layer_required": _required,
    "person.qualified": _qualified,
    "person.disqualified": _disqualified,
    "person.affiliated": _affiliated,
    "organisation.added": _added,
    "dataset.conditions_set": _set,
    "dataset.conditions_lifted": _lifted,
    "population.period_agreed": _agreement,
    "policy.set": _policy_set,
    "project.pinned": _pinned,
    "project.pin_moved": _pinned,
    "project.following": _following,
    "project.closed": _over,
}


_POLICY: Final = "the disclosure policy, number "


def _policy(number: int) -> str:
    return f"{_POLICY}{number}"


def _pin(project: str, dataset: str) -> str:
    return f"{dataset}: the version that is asked by the project {project}"


def _layer(name: str) -> str:
    return f"the acceptance of doing without {name}"


def _qualification(person: str, kind: str) -> str:
    return f"the {kind} of {person}"


def _affiliation(person: str) -> str:
    return f"the organisation of {person}"


def _conditions(dataset: str) -> str:
    return f"the conditions on the dataset {dataset}"


def _words(controller: str, population: str, period: int) -> str:
    return f"what {controller} agreed to for {population}, period {period}"
