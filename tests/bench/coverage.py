"""How often 95% intervals have the exact answer, over all cells and many draws.

Policy `none`, so that no cell is left out, and tables that publication neither caps
nor clamps, so that the exact answer is that on the published table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tests.bench.utility import numbers
from tre.lab import Lab

ROWS: Final = 60_000
SECTORS: Final = [f"sector {number:02}" for number in range(24)]
_COARSE: Final = 25
"""Half-widths below which one whole number more or less is a per cent of coverage."""

AREAS: Final = ["north", "south", "east", "west"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question, and the ε from which its coverage is 95% and no more.

    Below, where noise often leaves a correlation no variance to divide by, it may be
    more; so may it be wherever rows are left out, or people's totals are clipped.
    """

    name: str
    question: str
    exactly_from: float = 0.0


_BY: Final = "SELECT sector, {} AS x FROM earnings GROUP BY sector"
_PER_PERSON: Final = """
SELECT area, {} AS x FROM (
    SELECT person_id, area, SUM(pay) AS pay FROM earnings GROUP BY person_id, area
) AS each GROUP BY area
"""
_JOINED: Final = """
SELECT sector, {} AS x FROM earnings AS e JOIN people AS p USING (person_id)
GROUP BY sector
"""

KINDS: Final = (
    Kind("COUNT", _BY.format("COUNT(*)")),
    Kind("COUNT FILTER", _BY.format("COUNT(*) FILTER (WHERE age > 40)")),
    Kind("COUNT DISTINCT person", _BY.format("COUNT(DISTINCT person_id)")),
    Kind("SUM", _BY.format("SUM(pay)"), inf),
    Kind("AVG", _BY.format("AVG(pay)"), inf),
    Kind("AVG beside COUNT", _BY.format("COUNT(*) AS n, AVG(pay)")),
    Kind("VAR_POP", _BY.format("VAR_POP(age)")),
    Kind("STDDEV", _BY.format("STDDEV_SAMP(age)")),
    Kind("COVAR", _BY.format("COVAR_POP(pay, age)")),
    Kind("CORR", _BY.format("CORR(pay, age)"), 5.0),
    Kind("REGR_SLOPE", _BY.format("REGR_SLOPE(pay, age)")),
    Kind("REGR_INTERCEPT", _BY.format("REGR_INTERCEPT(pay, age)")),
    Kind("share of rows", _BY.format("COUNT_IF(age > 40) / COUNT(*)")),
    Kind("ratio of sums", _BY.format("SUM(pay) / SUM(age)")),
    Kind("difference", _BY.format("COUNT_IF(age > 40) - COUNT_IF(age <= 40)")),
    Kind("product", _BY.format("AVG(pay) * COUNT(*)")),
    Kind("join, COUNT", _JOINED.format("COUNT(*)")),
    Kind("join, AVG", _JOINED.format("AVG(weight)")),
    Kind("per person, AVG", _PER_PERSON.format("AVG(CLAMP(pay, 0, 400000))")),
    Kind("per person, SUM", _PER_PERSON.format("SUM(CLAMP(pay, 0, 400000))")),
)


def _field(name: str, kind: str, **constraints: Any) -> Mapping[str, Any]:
    return {
        "name": name,
        "type": kind,
        "constraints": {"required": True, **constraints},
    }


_LOCAL: Final = {
    "name": "id",
    "type": "integer",
    "tre": {"role": "identifier", "kind": "local-id"},
}


def _resource(name: str, cap: int, *fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "name": name,
        "tre": {"privacy_unit": "person", "rows_per_person": cap},
        "schema": {"fields": [_LOCAL, *fields]},
    }


PACKAGE: Final = {
    "name": "work",
    "tre": {
        "controller": "Bench",
        "legal_basis": "None needed: the data is made up",
        "population": "residents",
    },
    "resources": [
        _resource(
            "earnings",
            4,
            _field("sector", "string", enum=SECTORS),
            _field("area", "string", enum=AREAS),
            _field("pay", "integer", minimum=0, maximum=100_000),
            _field("age", "integer", minimum=0, maximum=100),
        ),
        _resource("people", 1, _field("weight", "integer", minimum=0, maximum=150)),
    ],
}


def tables(rows: int = ROWS) -> Mapping[str, pa.Table]:
    """People with 1 to 4 rows; sectors of very different size; pay goes with age."""
    drawn = np.random.default_rng(3)
    people = np.repeat(np.arange(rows), drawn.integers(1, 5, rows))[:rows]
    age = drawn.integers(16, 90, rows)
    pay = 300 * age + drawn.normal(20_000, 9_000, rows)
    shares = 1 / np.arange(1, len(SECTORS) + 1)
    count = int(people[-1]) + 1
    earnings = pa.table(
        {
            "id": people,
            "sector": drawn.choice(SECTORS, rows, p=shares / shares.sum()),
            "area": np.array(AREAS)[people % 4],
            "pay": np.clip(np.round(pay), 0, 100_000).astype(int),
            "age": age,
        }
    )
    weights = np.clip(np.round(drawn.normal(75, 15, count)), 0, 150).astype(int)
    return {
        "earnings": earnings,
        "people": pa.table({"id": np.arange(count), "weight": weights}),
    }


def laboratory(measure: str, rows: int = ROWS) -> Lab:
    """A laboratory of both tables, without certificates."""
    return Lab(tables(rows), PACKAGE, epsilon=1e7, measure=measure, policy="none")


@dataclass(frozen=True, slots=True)
class Covered:
    """How often intervals had the exact answer, and their median half-width.

    Of answers that are NULL, as a correlation's where noise left no variance, none is
    counted: they have no interval. `needed` is how wide they need be: the 95% quantile
    of the error, by median cell.
    """

    share: float
    width: float
    needed: float
    cells: int


def covered(lab: Lab, kind: Kind, *, epsilon: float, times: int) -> Covered:
    """Ask once, draw many times, and compare every cell's interval."""
    exact = numbers(lab.exact(kind.question)["x"])
    drawn = lab.draws(kind.question, epsilon=epsilon, times=times)
    shape = (times, exact.size)
    value, low, high = (
        numbers(drawn[name]).reshape(shape) for name in ("x", "x_low", "x_high")
    )
    below = np.isnan(low) | (low <= exact + 1e-9)
    above = np.isnan(high) | (high >= exact - 1e-9)
    told = ~np.isnan(value)
    errors = np.quantile(np.abs(np.nan_to_num(value) - exact), 0.95, axis=0)
    return Covered(
        share=float((below & above)[told].mean()),
        width=float(np.nanmedian(high - low) / 2),
        needed=float(np.median(errors)),
        cells=exact.size,
    )


def holds(kind: Kind, epsilon: float, found: Covered) -> bool:
    """Whether a coverage is what is promised of its kind.

    Counts with noise of a few have few whole widths to choose from, none of which
    may be near 95%.
    """
    whole = "COUNT" in kind.question and found.width < _COARSE
    most = 0.96 if epsilon >= kind.exactly_from and not whole else 1.0
    return 0.94 <= found.share <= most


def main(epsilon: float = 5.0, times: int = 1_000) -> bool:
    """Print the coverage of every kind under both measures; whether all hold."""
    held = []
    for measure in ("zcdp", "pure"):
        with laboratory(measure) as lab:
            for kind in KINDS:
                found = covered(lab, kind, epsilon=epsilon, times=times)
                held.append(holds(kind, epsilon, found))
                verdict = "holds" if held[-1] else "DOES NOT HOLD"
                print(
                    f"coverage at ε = {epsilon:g} ({measure}), {kind.name}:"
                    f" {found.share:.1%} of {found.cells} cells, {verdict};"
                    f" {found.width / found.needed:.2f} times as wide as it need be"
                )
    return all(held)


if __name__ == "__main__":
    main()
