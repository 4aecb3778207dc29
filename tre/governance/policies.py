"""The disclosure policy in force: a versioned text, put in force by an attributed act.

A policy may be stricter than the one the environment came with, or set other numbers
within floors. It can turn no rule off: there is no setting that does. One that is
weaker anywhere than the one in force takes two members of the committee, and nobody
sets the rules of a project they are in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, insert, select

from privacy.errors import Refused
from privacy.policy import GATEWAY, Dominance, Granularity, Policy
from tre.audit.act import Act
from tre.audit.told import told
from tre.control.canonical import Json, canonical
from tre.control.tables import disclosure_policy
from tre.governance.project import Standing, list_projects
from tre.governance.roles import Action, permitted
from tre.governance.written import written

LONGEST_REASON: Final = 1000

_Share = Annotated[Fraction, Field(gt=0, le=1)]
_NEWEST: Final = (
    select(disclosure_policy.c.body)
    .order_by(disclosure_policy.c.number.desc())
    .limit(1)
)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Dominance(_Model):
    largest: Annotated[int, Field(ge=1, le=10)] = 2
    share: Annotated[Fraction, Field(gt=0, le=Fraction(95, 100))]
    left: Annotated[Fraction, Field(ge=Fraction(1, 20), lt=1)]


class _Granularity(_Model):
    counts: Annotated[int, Field(ge=1, le=1000)] = 1


class _Kept(_Model):
    """A policy as it was put in force, by this program or an earlier one."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
    version: Annotated[int, Field(ge=1, lt=2**31)]
    certificates: Literal[True] = True
    threshold_people: Annotated[int, Field(ge=5, le=1000)]
    confidence: Annotated[
        Fraction, Field(ge=Fraction(95, 100), le=Fraction(999999, 1000000))
    ]
    dominance: _Dominance
    class_disclosure: Literal[True] = True
    relative_margin: _Share | None
    support_weight: Annotated[Fraction, Field(gt=0, le=10)]
    threshold_weight: Annotated[Fraction, Field(gt=0, le=10)]
    threshold_share: _Share
    granularity: _Granularity = _Granularity()

    def policy(self) -> Policy:
        """The policy that was written."""
        parts = {
            "dominance": Dominance(**dict(self.dominance)),
            "granularity": Granularity(**dict(self.granularity)),
        }
        return Policy(**{**dict(self), **parts})


class _File(_Kept):
    """A policy as it is written. Shares are decimal texts or fractions: 0.9, 9/10."""

    relative_margin: _Share


@dataclass(frozen=True, slots=True)
class Proposed:
    """A weaker policy that waits for a second member of the committee."""

    policy: Policy
    person: str
    reason: str


def read_policy(source: Path | str | Mapping[str, Any]) -> Policy:
    """A policy from its YAML file or a mapping of that shape.

    Invalid names what is wrong; a rule turned off, or a number below its floor, is.
    """
    return written(_File, source).policy()


def policy_text(policy: Policy) -> str:
    """A policy as the YAML that `read_policy` reads."""
    return yaml.safe_dump(policy_facts(policy), sort_keys=False)


def policy_facts(policy: Policy) -> dict[str, Json]:
    """A policy with its shares as text, so that there is one spelling."""
    rule = policy.dominance or Dominance()
    margin = policy.relative_margin
    return {
        "name": policy.name,
        "version": policy.version,
        "certificates": policy.certificates,
        "threshold_people": policy.threshold_people,
        "confidence": str(policy.confidence),
        "dominance": {
            "largest": rule.largest,
            "share": str(rule.share),
            "left": str(rule.left),
        },
        "class_disclosure": policy.class_disclosure,
        "relative_margin": None if margin is None else str(margin),
        "support_weight": str(policy.support_weight),
        "threshold_weight": str(policy.threshold_weight),
        "threshold_share": str(policy.threshold_share),
        "granularity": {"counts": policy.granularity.counts},
    }


def set_policy(act: Act, policy: Policy, reason: str) -> None:
    """Put a policy in force from the next question on, or propose one that is weaker.

    Refused with not_permitted, separation_of_duties, reason_missing, or wrong_state
    where a policy of this name and version, or a later one, has been in force: a
    version means one text.
    """
    _check_setter(act)
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise Refused("reason_missing", "Say why the policy is changed.")
    _check_later(act.connection, policy)
    proposed = Proposed(policy, act.actor, reason.strip())
    if weaker(policy, current_policy(act.connection) or GATEWAY):
        act.record("policy.proposed", policy.name, _detail(proposed))
    else:
        _put_in_force(act, proposed)


def confirm_policy(act: Act, hash_: str) -> None:
    """Put a proposed policy in force, as another member of the committee.

    By its hash: what is confirmed is what was read. Refused with not_permitted,
    separation_of_duties, or wrong_state where no such policy waits.
    """
    _check_setter(act)
    proposed = proposed_policy(act.connection)
    if proposed is None or proposed.policy.hash != hash_:
        raise Refused(
            "wrong_state",
            "No proposed policy of this hash waits.",
            suggestion="`tre policy show` prints what waits, with its hash.",
        )
    if proposed.person == act.actor:
        raise Refused(
            "separation_of_duties", "A weaker policy takes two people: you proposed it."
        )
    _check_later(act.connection, proposed.policy)
    _put_in_force(act, proposed)


def weaker(new: Policy, old: Policy) -> tuple[str, ...]:
    """The numbers by which a policy shows more than another, by name.

    What certificates and thresholds are given of the price (the weights) is left out:
    they decide how much noise there is where, and no rule by them holds less.
    """
    ours, theirs = new.dominance or Dominance(), old.dominance or Dominance()
    unmarked = Fraction(2)  # more than any margin: nothing was marked unreliable
    more = {
        "threshold_people": new.threshold_people < old.threshold_people,
        "confidence": new.confidence < old.confidence,
        "dominance.largest": ours.largest < theirs.largest,
        "dominance.share": ours.share > theirs.share,
        "dominance.left": ours.left < theirs.left,
        "relative_margin": (new.relative_margin or unmarked)
        > (old.relative_margin or unmarked),
        "threshold_share": new.threshold_share > old.threshold_share,
        "granularity.counts": new.granularity.counts < old.granularity.counts,
    }
    return tuple(name for name, is_so in more.items() if is_so)


def current_policy(connection: Connection) -> Policy | None:
    """The policy in force; None where the one that came with the program still is."""
    body = connection.execute(_NEWEST).scalar_one_or_none()
    return None if body is None else _kept(json.loads(body))


def proposed_policy(connection: Connection) -> Proposed | None:
    """The policy that waits for a second member; None where none does.

    Read from the log, which alone has it. Whatever is put in force ends the wait.
    """
    waiting = None
    for said in told(connection, "policy.proposed", "policy.set"):
        waiting = said if said.kind == "policy.proposed" else None
    if waiting is None:
        return None
    facts = waiting.detail
    return Proposed(_kept(facts["policy"]), waiting.actor, facts["reason"])


def _check_setter(act: Act) -> None:
    """That the actor is of the committee, and in no project that the rules are for."""
    permitted(act, Action.SET_POLICY)
    for held in list_projects(act.connection):
        if held.standing is not Standing.CLOSED and act.actor in held.own:
            raise Refused(
                "separation_of_duties",
                f"Nobody sets the rules of their own project: you are in {held.name}.",
            )


def _put_in_force(act: Act, proposed: Proposed) -> None:
    policy, detail = proposed.policy, _detail(proposed)
    act.connection.execute(
        insert(disclosure_policy).values(
            number=len(_history(act.connection)) + 1,
            body=canonical(policy_facts(policy)),
            hash=policy.hash,
            reason=proposed.reason,
            person=act.actor,
            set_at=act.now,
        )
    )
    act.record("policy.set", policy.name, {**detail, "proposed_by": proposed.person})


def _detail(proposed: Proposed) -> dict[str, Json]:
    """The whole text, its hash and the reason, as the log has them."""
    policy = proposed.policy
    return {
        "policy": policy_facts(policy),
        "hash": policy.hash,
        "reason": proposed.reason,
    }


def _kept(facts: Mapping[str, Any]) -> Policy:
    return _Kept.model_validate(facts).policy()


def _check_later(connection: Connection, policy: Policy) -> None:
    used = [GATEWAY, *_history(connection)]
    versions = [each.version for each in used if each.name == policy.name]
    if versions and policy.version <= max(versions):
        raise Refused(
            "wrong_state",
            f"{policy.name} is at version {max(versions)}: a change is a later one.",
            clause="version",
            suggestion=f"version: {max(versions) + 1}",
        )


def _history(connection: Connection) -> list[Policy]:
    rows = connection.execute(
        select(disclosure_policy.c.body).order_by(disclosure_policy.c.number)
    )
    return [_kept(json.loads(body)) for body in rows.scalars()]
