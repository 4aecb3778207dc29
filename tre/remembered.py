"""What questions come to before any data is read, remembered for each project.

Every step here is a pure function of public facts, the question and its price, so
remembering it changes no answer and no cost. The project is part of each key: how long
a step takes may say whether it was taken before, and nobody is to learn that of another
project's questions. What is refused is read anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from privacy.catalogue import Catalogue, Table
from privacy.compile import compile_plan
from privacy.errors import Refused
from privacy.extent import Group, groups
from privacy.levels import price_levels
from privacy.model import is_model, model
from privacy.plan import Plan
from privacy.price import Allowance, Intent, Price, Spending
from privacy.query import BoundQuery
from privacy.teach import understand

MOST: Final = 256
"""Questions remembered of all projects together; the one longest unused goes first."""

MOST_READ: Final = 4_096
"""Earlier questions of a population that are kept read, to be compared."""

Reader: TypeAlias = Callable[[str, str], tuple[Group, ...]]


def understood(project: str, text: str, catalogue: Catalogue) -> BoundQuery:
    """What `understand` reads in the text. Refused as there."""
    tables = tuple(catalogue.tables.items())
    return _understood(project, text, catalogue.population, tables)


def price_of(
    project: str, planned: Plan, spending: Spending, allowance: Allowance
) -> Price:
    """What `price_levels` says; what is left makes a difference to a share alone."""
    if spending.intent is not Intent.SHARE:
        allowance = replace(allowance, left_nano=0)
    return _priced(project, planned, spending, allowance)


def compiled(project: str, planned: Plan, locations: Mapping[str, str]) -> str:
    """The SQL that `compile_plan` writes."""
    return _compiled(project, planned, tuple(sorted(locations.items())))


def reader(catalogue: Catalogue) -> Reader:
    """Which rows an earlier question is about; none where it would be refused now.

    The first argument is whose question it is, a project's or, where anybody may read
    the text, nobody's.
    """
    return _reader(catalogue.population, tuple(catalogue.tables.items()))


@lru_cache(maxsize=8)
def _reader(population: str, tables: tuple[tuple[str, Table], ...]) -> Reader:
    catalogue = Catalogue(population, MappingProxyType(dict(tables)))

    @lru_cache(maxsize=MOST_READ)
    def read(_whose: str, text: str) -> tuple[Group, ...]:
        try:
            if is_model(text):
                return groups(model(text, catalogue).query)
            return groups(understand(text, catalogue))
        except Refused:
            return ()

    return read


@lru_cache(maxsize=MOST)
def _understood(
    _project: str, text: str, population: str, tables: tuple[tuple[str, Table], ...]
) -> BoundQuery:
    return understand(text, Catalogue(population, MappingProxyType(dict(tables))))


@lru_cache(maxsize=MOST)
def _priced(
    _project: str, planned: Plan, spending: Spending, allowance: Allowance
) -> Price:
    return price_levels(planned, spending, allowance)


@lru_cache(maxsize=MOST)
def _compiled(
    _project: str, planned: Plan, locations: tuple[tuple[str, str], ...]
) -> str:
    return compile_plan(planned, dict(locations)).sql
