"""What questions come to before any data is read, remembered for each project.

Every step here is a pure function of public facts, the question and its price, so
remembering it changes no answer and no cost. Each project has a memory of its own: how
long a step takes may say whether it was taken before, and nobody is to learn that of
another project's questions, by finding them there or by missing its own. What is
refused is read anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from privacy.bind import bind
from privacy.catalogue import Catalogue, Table
from privacy.compile import compile_plan
from privacy.errors import Refused
from privacy.extent import Group, groups
from privacy.levels import price_levels
from privacy.model import is_model, model
from privacy.parse import parse
from privacy.plan import Plan
from privacy.price import Price
from privacy.query import BoundQuery
from privacy.spending import Allowance, Intent, Spending

MOST: Final = 64
"""Steps of each kind remembered of one project; the one longest unused goes first."""

PROJECTS: Final = 64
"""Projects of which any are; one that asks anew may have a whole other forgotten."""

MOST_READ: Final = 512
"""Earlier questions of one project, or of nobody's, kept read, to be compared.

A question kept so takes some 3 KiB, and its steps some 8: a project's memory is about
2 MiB at most, and all of them about 130, whatever is asked and for how long.
"""

Reader: TypeAlias = Callable[[str, str], tuple[Group, ...]]


def understood(project: str, text: str, catalogue: Catalogue) -> BoundQuery:
    """What is read in the text, bound. Refused as there."""
    tables = tuple(catalogue.tables.items())
    return _memory(project).understood(text, catalogue.population, tables)


def price_of(
    project: str, planned: Plan, spending: Spending, allowance: Allowance
) -> Price:
    """What `price_levels` says; what is left makes a difference to a share alone."""
    if spending.intent is not Intent.SHARE:
        allowance = replace(allowance, left_nano=0)
    return _memory(project).priced(planned, spending, allowance)


def compiled(project: str, planned: Plan, locations: Mapping[str, str]) -> str:
    """The SQL that `compile_plan` writes."""
    return _memory(project).compiled(planned, tuple(sorted(locations.items())))


_Tables: TypeAlias = tuple[tuple[str, Table], ...]
_Locations: TypeAlias = tuple[tuple[str, str], ...]


def reader(catalogue: Catalogue) -> Reader:
    """Which rows an earlier question is about; none where it would be refused now.

    The first argument is whose question it is, a project's or, where anybody may read
    the text, nobody's.
    """
    return _reader(catalogue.population, tuple(catalogue.tables.items()))


@lru_cache(maxsize=8)
def _reader(population: str, tables: _Tables) -> Reader:
    catalogue = Catalogue(population, MappingProxyType(dict(tables)))

    def read(text: str) -> tuple[Group, ...]:
        try:
            if is_model(text):
                return groups(model(text, catalogue).query)
            return groups(bind(parse(text), catalogue))
        except Refused:
            return ()

    @lru_cache(maxsize=PROJECTS)
    def kept(_whose: str) -> Callable[[str], tuple[Group, ...]]:
        return lru_cache(maxsize=MOST_READ)(read)

    return lambda whose, text: kept(whose)(text)


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is remembered of one project: no other adds to it, or has it forgotten."""

    understood: Callable[[str, str, _Tables], BoundQuery]
    priced: Callable[[Plan, Spending, Allowance], Price]
    compiled: Callable[[Plan, _Locations], str]


@lru_cache(maxsize=PROJECTS)
def _memory(_project: str) -> _Memory:
    keeping = lru_cache(maxsize=MOST)
    return _Memory(keeping(_understood), keeping(price_levels), keeping(_compiled))


def _understood(text: str, population: str, tables: _Tables) -> BoundQuery:
    catalogue = Catalogue(population, MappingProxyType(dict(tables)))
    return bind(parse(text), catalogue)


def _compiled(planned: Plan, locations: _Locations) -> str:
    return compile_plan(planned, dict(locations)).sql
