"""A project's application: the file somebody writes to ask for approval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.errors import Invalid
from privacy.accounting import Measure
from tre.control.canonical import Json
from tre.governance.written import written
from tre.ledger.budget import Budget, plain

_Text = Annotated[str, Field(max_length=20_000)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
_Word = Annotated[str, Field(min_length=1, max_length=254)]
_Number = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=400)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criteria(_Model):
    """The five criteria of the Digital Economy Act. Blank until somebody says."""

    public_benefit: _Text = ""
    analytical_merit: _Text = ""
    feasibility: _Text = ""
    privacy: _Text = ""
    ethics: _Text = ""


class BudgetAsked(_Model):
    """The budget asked for; delta only under zCDP."""

    epsilon: Annotated[_Number, Field(gt=0)]
    delta: Annotated[_Number, Field(ge=0, lt=1)] = Decimal(0)
    measure: Literal["zcdp", "pure"] = "zcdp"
    reason: _Text = ""

    @model_validator(mode="after")
    def _delta_fits_measure(self) -> BudgetAsked:
        if self.measure == "zcdp" and self.delta == 0:
            raise ValueError("a zcdp budget needs a delta above 0")
        return self

    def budget(self) -> Budget:
        """The budget in whole units. ValueError where it is too small to count."""
        if Measure(self.measure) is Measure.PURE:
            return Budget.pure(self.epsilon)
        return Budget.zcdp(self.epsilon, self.delta)


class Application(_Model):
    """What a project wants to know, why, of which columns, and at what price."""

    name: _Name
    title: Annotated[str, Field(min_length=1, max_length=300)]
    lay_summary: _Text = ""
    criteria: Criteria = Criteria()
    population: _Word
    datasets: Annotated[dict[_Word, tuple[_Word, ...]], Field(min_length=1)]
    researchers: Annotated[tuple[_Word, ...], Field(min_length=1)]
    budget: BudgetAsked
    purposes: Annotated[tuple[_Word, ...], Field(min_length=1)]
    until: date
    starts: date | None = None
    ethics_reference: _Text = ""
    reasons: dict[_Word, dict[_Word, _Text]] = {}
    """Why a column is needed, by table and column."""
    versions: dict[_Word, _Word] = {}
    """The version that is asked of a dataset; of others it is the current one."""

    def facts(self) -> Mapping[str, Json]:
        """The application as it is kept, hashed and shown."""
        pinned = {"versions": self.versions} if self.versions else {}
        return {
            **pinned,
            "name": self.name,
            "title": self.title,
            "lay_summary": self.lay_summary,
            "criteria": self.criteria.model_dump(),
            "population": self.population,
            "datasets": {name: list(asked) for name, asked in self.datasets.items()},
            "researchers": list(self.researchers),
            "budget": {
                "epsilon": plain(self.budget.epsilon),
                "delta": plain(self.budget.delta),
                "measure": self.budget.measure,
                "reason": self.budget.reason,
            },
            "purposes": list(self.purposes),
            "until": self.until.isoformat(),
            "starts": None if self.starts is None else self.starts.isoformat(),
            "ethics_reference": self.ethics_reference,
            "reasons": self.reasons,
        }

    def blank(self) -> str | None:
        """The first thing that must be said before activation and is not; or None."""
        said = {"lay_summary": self.lay_summary} | {
            f"criteria.{name}": text for name, text in self.criteria
        }
        return next((name for name, text in said.items() if not text.strip()), None)

    def unargued(self, sensitive: Mapping[str, Iterable[str]]) -> str | None:
        """The first thing that a heightened route needs and is not said; or None.

        `sensitive` are the sensitive columns asked for, by table.
        """
        if not self.ethics_reference.strip():
            return "ethics_reference"
        for table, columns in sensitive.items():
            given = self.reasons.get(table, {})
            for column in columns:
                if not given.get(column, "").strip():
                    return f"reasons.{table}.{column}"
        return None


def read_application(source: Path | str | Mapping[str, Any]) -> Application:
    """An application from its YAML or JSON file, or from a mapping of that shape.

    Invalid names the path of what is wrong, and what was expected.
    """
    application = written(Application, source)
    try:
        application.budget.budget()
    except ValueError as problem:
        raise Invalid("budget", str(problem)) from None
    return application
