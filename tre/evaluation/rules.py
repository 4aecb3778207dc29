"""What another system's disclosure rules would give out: exact figures, some hidden.

A contribution is a row, as these systems have it: none of them knows of people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from privacy.evaluate import evaluate
from privacy.query import Aggregate, AggregateRef, Post, Statistic
from privacy.table import Figures
from tre.evaluation.layout import FIGURES
from tre.evaluation.plan import UNPROTECTED
from tre.evaluation.truth import Truth, cells_behind
from tre.exactly import Behind
from tre.profiles.judge import Contributions, judge
from tre.profiles.load import load_profile
from tre.profiles.profile import Profile
from tre.profiles.publish import publish_counts, publish_values

_COUNTS: Final = frozenset(
    (Statistic.ROWS, Statistic.PRESENT, Statistic.PEOPLE, Statistic.DISTINCT)
)
Reals = NDArray[np.float64]


def published(name: str, known: Truth) -> pa.Table:
    """The figures that the profile of this name gives out, as FIGURES has them.

    `unprotected` is all of them. Counts are rounded where the profile rounds; sums,
    averages and what is computed of them follow. Of other statistics cells are hidden
    by their counts alone, and of fitted models nothing is.
    """
    if name == UNPROTECTED or known.behind is None:
        return _figures(known.table, known.table["exact"].to_numpy(), name)
    held = _held(known, known.behind)
    profile = load_profile(name)
    tables = []
    for output in known.behind.query.outputs:
        rows = known.table.filter(pc.equal(known.table["column"], output.name))
        if rows.num_rows:
            values = _values(output.value, held, profile, rows["exact"].to_numpy())
            tables.append(_figures(rows, values, name))
    return pa.concat_tables(tables)


@dataclass(frozen=True, slots=True)
class _Held:
    """The rows of a question, each with its cell's place; −1 where it has none."""

    behind: Behind
    places: NDArray[np.int64] = field(repr=False)
    cells: int

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many rows each cell has."""
        return self.count(np.ones(len(self.places), dtype=bool))

    def count(self, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of the rows kept each cell has."""
        places = self.places[kept & (self.places >= 0)]
        return np.bincount(places, minlength=self.cells).astype(np.int64)


def _held(known: Truth, behind: Behind) -> _Held:
    names = known.table["cell"].combine_chunks().unique()
    places = pc.fill_null(pc.index_in(cells_behind(behind), value_set=names), -1)
    return _Held(behind, places.to_numpy().astype(np.int64), len(names))


def _values(post: Post, held: _Held, profile: Profile, exact: Reals) -> Reals:
    """An output's values as published; NaN where hidden."""
    aggregates = held.behind.query.aggregates
    simple: dict[Post, Figures] = {
        AggregateRef(place): _published(place, each, held, profile)
        for place, each in enumerate(aggregates)
        if each.statistic in _COUNTS | {Statistic.SUM, Statistic.MEAN}
    }
    try:
        found = evaluate(post, simple)
    except KeyError:  # of a statistic, or a key, that these rules do not know
        return np.where(judge(profile, held.counts).fails["frequency"], np.nan, exact)
    values: Reals = np.where(found.null, np.nan, found.values).astype(np.float64)
    given: Reals = np.broadcast_to(values, (1, held.cells))[0]
    return given


def _published(
    place: int, aggregate: Aggregate, held: _Held, profile: Profile
) -> Figures:
    """One aggregate as published, NULL where it is hidden or there is none."""
    statistic = aggregate.statistic
    if statistic is Statistic.ROWS:
        values = publish_counts(profile, held.counts).values
    elif statistic in _COUNTS:
        values = publish_counts(profile, _distinct(place, aggregate, held)).values
    else:
        values = _summed(place, aggregate, held, profile)
    null = np.isnan(values)
    return Figures(np.where(null, 0.0, values)[None, :], null[None, :])


def _distinct(place: int, aggregate: Aggregate, held: _Held) -> NDArray[np.int64]:
    """Rows with a value, or how many different values or people there are."""
    rows = held.behind.rows
    name = "person" if aggregate.argument is None else f"a{place}"
    present = rows[name].is_valid().to_numpy()
    if aggregate.statistic is Statistic.PRESENT:
        return held.count(present)
    counted = "person" if aggregate.statistic is Statistic.PEOPLE else name
    kept = pa.table({"cell": held.places, "x": rows[counted]}).filter(present)
    once = kept.group_by(["cell", "x"]).aggregate([])
    places = once["cell"].to_numpy()
    return np.bincount(places[places >= 0], minlength=held.cells).astype(np.int64)


def _summed(place: int, aggregate: Aggregate, held: _Held, profile: Profile) -> Reals:
    """A sum or a mean after the rules of frequency and dominance."""
    if aggregate.argument is None:
        raise TypeError("a sum has an argument")
    column = held.behind.rows[f"a{place}"]
    unit = 10.0**aggregate.argument.domain.scale
    amounts = column.cast(pa.float64()).to_numpy() / unit
    kept = ~np.isnan(amounts) & (held.places >= 0)
    places, amounts = held.places[kept], amounts[kept]
    counts = np.bincount(places, minlength=held.cells).astype(np.int64)
    totals = np.bincount(places, amounts, held.cells).astype(np.float64)
    contributions = Contributions(
        totals, _largest(places, amounts, held.cells), _negative(places, amounts, held)
    )
    values = totals
    if aggregate.statistic is Statistic.MEAN:
        nothing = np.full(held.cells, np.nan)
        values = np.divide(totals, counts, out=nothing, where=counts > 0)
    return publish_values(profile, values, counts, contributions).values


def _largest(places: NDArray[np.int64], amounts: Reals, cells: int) -> Reals:
    """The two largest amounts of each cell, descending; 0 where there are fewer."""
    found = np.zeros((cells, 2))
    order = np.lexsort((-amounts, places))
    sorted_places = places[order]
    first = np.searchsorted(sorted_places, np.arange(cells))
    for rank in (0, 1):
        at = first + rank
        inside = at < len(order)
        inside[inside] = sorted_places[at[inside]] == np.flatnonzero(inside)
        found[inside, rank] = amounts[order[at[inside]]]
    return found


def _negative(
    places: NDArray[np.int64], amounts: Reals, held: _Held
) -> NDArray[np.int64]:
    return np.bincount(places[amounts < 0], minlength=held.cells).astype(np.int64)


def _figures(rows: pa.Table, values: Reals, name: str) -> pa.Table:
    """Values as figures of one draw, without intervals."""
    size = rows.num_rows
    hidden = np.isnan(values)
    nothing = pa.nulls(size, pa.float64())
    status = np.where(hidden, f"suppressed:{name}", "ok")
    return pa.table(
        [
            pa.array(np.zeros(size, dtype=np.int32)),
            rows["cell"].combine_chunks(),
            rows["column"].combine_chunks(),
            pa.array(values, from_pandas=True),
            nothing,
            nothing,
            pa.array(status, pa.string()),
        ],
        schema=FIGURES,
    )
