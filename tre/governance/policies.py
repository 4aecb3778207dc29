"""The disclosure policy in force: a versioned text, put in force by an attributed act.

A policy may be stricter than the one the environment came with, or set other numbers
within floors. It can turn no rule off: there is no setting that does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, insert, select

from privacy.errors import Refused
from privacy.policy import GATEWAY, Dominance, Policy
from tre.audit.act import Act
from tre.control.canonical import Json, canonical
from tre.control.tables import disclosure_policy
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


class _File(_Model):
    """A policy as it is written. Shares are decimal texts or fractions: 0.9, 9/10."""

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

    def policy(self) -> Policy:
        said = {name: value for name, value in self if name != "dominance"}
        return Policy(**said, dominance=Dominance(**dict(self.dominance)))


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
    }


def set_policy(act: Act, policy: Policy, reason: str) -> None:
    """Put a policy in force, from the next question on.

    Refused with not_permitted, reason_missing, or wrong_state where a policy of this
    name and version, or a later one, has been in force: a version means one text.
    """
    permitted(act, Action.SET_POLICY)
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise Refused("reason_missing", "Say why the policy is changed.")
    _check_later(act.connection, policy)
    facts = policy_facts(policy)
    act.connection.execute(
        insert(disclosure_policy).values(
            number=len(_history(act.connection)) + 1,
            body=canonical(facts),
            hash=policy.hash,
            reason=reason.strip(),
            person=act.actor,
            set_at=act.now,
        )
    )
    why = reason.strip()
    detail: dict[str, Json] = {"policy": facts, "hash": policy.hash, "reason": why}
    act.record("policy.set", policy.name, detail)


def current_policy(connection: Connection) -> Policy | None:
    """The policy in force; None where the one that came with the program still is."""
    body = connection.execute(_NEWEST).scalar_one_or_none()
    return None if body is None else read_policy(json.loads(body))


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
    return [read_policy(json.loads(body)) for body in rows.scalars()]
