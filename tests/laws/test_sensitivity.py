"""Whatever is asked, leaving any one person out moves no part of it past its bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, assume, given, settings

from privacy.accounting import Measure
from privacy.bind import bind
from privacy.bound import bound
from privacy.catalogue import Catalogue
from privacy.compile import compile_plan
from privacy.errors import Refused
from privacy.key_counts import compile_key_counts
from privacy.levels import level, level_query
from privacy.mechanism import Best, Kind, Mechanism, Selection
from privacy.parse import parse
from privacy.pick import distances, row_counts
from privacy.plan import Plan, plan
from privacy.policy import POLICIES
from privacy.ranks import Choice
from privacy.selection import Stage
from privacy.table import Tally
from privacy.tally import compile_tallies
from privacy.tally import tallied as asked_of
from tests.language.example import CATALOGUE, LOCATION
from tests.laws.relations import (
    KEPT,
    NUMBERS,
    Database,
    databases,
    fill,
    forms,
    together,
)
from tre.enclave.execute import execute, key_counts
from tre.enclave.job import Job

LOCATIONS = dict.fromkeys(CATALOGUE.tables, LOCATION)
UNUSED = Mechanism(Kind.LAPLACE, 1.0, 1, 1)

OF_ONE = [
    *("COUNT(DISTINCT {0} % 3)", "MEDIAN({0})", "MAX({0})", "AVG({0})"),
    *("QUANTILE_DISC({0}, 0.9)", "VAR_SAMP({0})", "COUNT(*)"),
]
OF_TWO = [
    "COUNT(DISTINCT t0.person_id) FILTER (WHERE {0} IS NOT NULL AND {1} > 1)",
    "SUM({0}) FILTER (WHERE {1} > 1)",
    "SUM(CASE WHEN {0} > 1 THEN {1} ELSE -{0} END)",
    "COVAR_POP({0}, {1})",
    "CORR({0}, {1})",
]
KEYS = ["{0}", "({0} % 4)", "(CASE WHEN {0} > 2 THEN {0} END)"]
GROUPS = ["{0}", "ROLLUP ({0})", "CUBE ({0})", "GROUPING SETS (({0}), ({1}))"]


@st.composite
def questions(draw: st.DrawFn) -> str:
    """Filtered, distinct, spread and ranked statistics over joins and margins."""
    source, columns = draw(forms())
    number = st.sampled_from([c for c in columns if c.split(".")[1] in NUMBERS] or "1")
    pair = st.tuples(number, number)
    statistic = st.tuples(st.sampled_from(OF_ONE + OF_TWO), pair)
    written = statistic.map(lambda each: each[0].format(*each[1]))
    key = st.tuples(st.sampled_from(KEYS), number).map(lambda e: e[0].format(e[1]))
    key = st.one_of(st.sampled_from(columns), key)
    keys = draw(st.lists(key, max_size=2, unique=True))
    asked = draw(st.lists(written, min_size=1, max_size=2, unique=True))
    kept = draw(st.sampled_from(KEPT))
    where = f" WHERE {kept}" if kept else ""
    listed = ", ".join(keys)
    group = draw(st.sampled_from(GROUPS)).format(listed, keys[0]) if keys else ""
    items = ", ".join(f"{each} AS x{at}" for at, each in enumerate(keys + asked))
    by = f" GROUP BY {group}" if group else ""
    return f"SELECT {items} FROM {source}{where}{by}"


@dataclass(frozen=True, slots=True)
class Exact:
    """What the enclave computes of a plan, before any noise."""

    keys: Mapping[Any, int]
    values: tuple[np.ndarray, ...]
    tallies: tuple[Tally, ...]


def measured(asked: Plan) -> list[Plan]:
    """The plan, or one for each grouping that is measured apart."""
    if not asked.told:
        return [asked]
    found = []
    for kept in dict.fromkeys(each.keys or () for each in asked.components):
        own = tuple(each for each in asked.components if (each.keys or ()) == kept)
        bounded = replace(asked.bounded, query=level_query(asked.query, kept))
        found.append(replace(asked, bounded=bounded, components=own, told=()))
    return found


def exact(database: duckdb.DuckDBPyConnection, asked: Plan) -> Exact:
    """Everything that will be noised or chosen from."""

    def read(text: str) -> Any:
        return database.execute(text).to_arrow_table()

    if asked.emerging is not None:
        found = key_counts(compile_key_counts(asked, LOCATIONS).sql, read)
        return Exact(found, (), ())
    job = Job(
        (),
        compile_plan(asked, LOCATIONS).sql,
        tuple(key.domain for key in asked.query.keys),
        tuple(UNUSED for _ in asked.components),
        tallies=tuple(each.sql for each in compile_tallies(asked, LOCATIONS)),
    )
    done = execute(job, read)
    return Exact({}, tuple(done.values), tuple(done.tallies))


def planned(sql: str, catalogue: Catalogue = CATALOGUE) -> Plan:
    """The plan of a question that is accepted; others are drawn anew."""
    try:
        bounded = bound(bind(parse(sql), catalogue))
        return level(plan(bounded, POLICIES["gateway"]), Measure.ZCDP)
    except Refused:
        assume(False)
        raise


def farthest(
    asked: Plan, before: Exact, after: Exact
) -> Iterator[tuple[list[int], Choice]]:
    """How far each choice's distances move in each cell."""
    for choice in asked.choices:
        place = asked_of(asked).index(choice.argument)
        edges = np.array(choice.grid.edges)
        counts = [
            row_counts(each.tallies[place], asked.cells) for each in (before, after)
        ]
        for shift in (-50, -3, 0, 3, 50):
            if shift * choice.target.inwards >= 0:
                stage = Stage(Selection(Best.GUMBEL, 1.0, choice.moved), shift)
                far = []
                for one, other in zip(*counts, strict=True):
                    left = distances(one, edges, choice.target, stage)
                    right = distances(other, edges, choice.target, stage)
                    far.append(int(np.abs(left - right).max()))
                yield far, choice


def check(asked: Plan, before: Exact, after: Exact) -> None:
    """One person's part is within every bound that noise is scaled to."""
    if asked.emerging is not None:
        most = asked.emerging.keys_per_person
        gone = Counter(before.keys)
        gone.subtract(after.keys)
        assert max(map(abs, gone.values()), default=0) <= 1
        assert sum(map(abs, gone.values())) <= most
    for component, one, other in zip(
        asked.components if before.values else (),
        before.values,
        after.values,
        strict=True,
    ):
        touched = one != other
        pairs = zip(one[touched], other[touched], strict=True)
        moved = [int(left) - int(right) for left, right in pairs]
        assert sum(map(abs, moved)) <= component.l1
        assert sum(each**2 for each in moved) <= component.l2_squared
    if before.tallies:
        for far, choice in farthest(asked, before, after):
            assert sum(far) <= choice.moved
            assert sum(each**2 for each in far) <= choice.moved_in_squares**2


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), drawn=databases())
def test_nobody_moves_anything_past_its_bound(
    database: duckdb.DuckDBPyConnection,
    sql: str,
    drawn: tuple[list[Database], Database],
) -> None:
    """Each person is left out in turn; sums, counts, choices and keys are compared."""
    asked = planned(sql)
    people, public = drawn
    assume(people)
    parts = measured(asked)
    fill(database, together(people, public))
    before = [exact(database, each) for each in parts]
    for place in range(len(people)):
        fill(database, together(people[:place] + people[place + 1 :], public))
        for part, each in zip(parts, before, strict=True):
            check(part, each, exact(database, part))
