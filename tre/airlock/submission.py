"""What somebody asks to carry past the airlock, and where that stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

from tre.control.canonical import Json


class Direction(Enum):
    """Which way something is carried."""

    OUT = "out"
    IN = "in"


class Kind(Enum):
    """What a file is. Tables and models are recomputed from the releases they cite."""

    TABLE = "table"
    FIGURE = "figure"
    MODEL = "model"
    TEXT = "text"
    CODE = "code"
    MANIFEST = "manifest"


class Standing(Enum):
    """Where a submission is in its life.

    ::

        submitted --both agree--> approved | rejected | changes
        submitted --they differ--> disagreed --a third checker--> one of the three
        changes --submitted again--> submitted

    Until it has ended, whoever submitted it may withdraw it.
    """

    SUBMITTED = "submitted"
    DISAGREED = "disagreed"
    CHANGES = "changes"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self in _ENDED


_ENDED: Final = frozenset({Standing.APPROVED, Standing.REJECTED, Standing.WITHDRAWN})


class Verdict(Enum):
    """What a checker says of a submission."""

    APPROVE = "approve"
    REJECT = "reject"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a submission, and the releases that it rests on.

    `columns` says which column of a release one of its columns is, where the names
    differ; `derived` how a column is computed from columns of the release.
    """

    name: str
    kind: Kind
    sha256: str
    size: int
    releases: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Json]:
        """The item as it is kept, hashed and shown."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "sha256": self.sha256,
            "size": self.size,
            "releases": list(self.releases),
            "columns": dict(self.columns),
            "derived": dict(self.derived),
        }

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Item:
        """The item that `facts` gave."""
        return cls(
            facts["name"],
            Kind(facts["kind"]),
            facts["sha256"],
            facts["size"],
            tuple(facts["releases"]),
            facts["columns"],
            facts["derived"],
        )


@dataclass(frozen=True, slots=True)
class Context:
    """What is carried, why, and for whom: a checker cannot judge without it."""

    title: str
    what: str
    why: str
    for_whom: str

    def facts(self) -> dict[str, Json]:
        """The context as it is kept, hashed and shown."""
        return {
            "title": self.title,
            "what": self.what,
            "why": self.why,
            "for_whom": self.for_whom,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at: where, and what about it. Never a refusal."""

    place: str
    words: str

    def facts(self) -> dict[str, Json]:
        """The finding as it is kept and shown."""
        return {"place": self.place, "words": self.words}


@dataclass(frozen=True, slots=True)
class Vote:
    """What a checker said of a revision; a draft where it was returned before."""

    checker: str
    verdict: Verdict
    reason: str
    draft: bool = False

    def facts(self) -> dict[str, Json]:
        """The vote as it is sealed and opened."""
        return {
            "checker": self.checker,
            "verdict": self.verdict.value,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as it stands, with its newest revision."""

    id: str
    project: str
    direction: Direction
    submitter: str
    standing: Standing
    revision: int
    context: Context
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]
    made_at: datetime
    votes: tuple[Vote, ...] = field(default=(), repr=False)
    returned: str = ""
    """Why a checker returned it before both had voted."""

    @property
    def standing_votes(self) -> tuple[Vote, ...]:
        """The votes that count: drafts do not."""
        return tuple(vote for vote in self.votes if not vote.draft)
