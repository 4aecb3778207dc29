"""Regressions of the rows themselves, for the laboratory: no cap, clamp or noise.

Least squares, and maximum likelihood by iteratively weighted least squares, with
standard errors clustered by person (Liang and Zeger 1986; the factor of small samples
is Stata's, as Cameron and Miller 2015 give it in section II).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import sqlglot.expressions as exp
from numpy.typing import NDArray

from privacy.expression import Expression
from privacy.model import Asked, Family
from privacy.query import BoundQuery
from privacy.regress import dummies, named
from privacy.relation import whose
from privacy.render import render
from privacy.source import person_of, source

_STEPS: Final = 50

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Sample:
    """Predictors and outcome by row, and whose each row is."""

    design: Numbers = field(repr=False)
    outcome: Numbers = field(repr=False)
    people: NDArray[np.int64] = field(repr=False)


def exact_fit(
    asked: Asked,
    locations: Mapping[str, str],
    rows_of: Callable[[exp.Expr], pa.Table],
) -> pa.Table:
    """The columns and rows of a release, without its intervals and statuses."""
    model, query = asked.model, asked.query
    linear = model.family is Family.LINEAR
    used = 1 + len(model.numbers) if linear else 1
    arguments = [each.argument for each in query.aggregates[1 : 1 + used]]
    values = [each for each in arguments if each is not None]
    rows = rows_of(_rows(query, values, locations))
    sample = _sample(query, values, rows, linear=linear)
    found, errors = (_least_squares if linear else _likeliest)(sample)
    terms = named(dummies(query)[0], model.categories)
    return pa.table(
        {
            "term": ["(intercept)", *terms, *model.numbers],
            "coefficient": found,
            "standard_error": errors,
        }
    )


def _rows(
    query: BoundQuery, values: list[Expression], locations: Mapping[str, str]
) -> exp.Expr:
    """Keys k0 …, values v0 … and the person of every row that is asked about."""
    keys = [render(key.expression) for key in query.keys]
    columns = [
        *(exp.alias_(each, f"k{place}") for place, each in enumerate(keys)),
        *(exp.alias_(render(each), f"v{place}") for place, each in enumerate(values)),
        exp.alias_(person_of(whose(query.relation)), "person"),
    ]
    select = source(query.relation, locations)
    select.set("expressions", columns)
    if query.where is not None:
        select.set("where", exp.Where(this=render(query.where)))
    return select


def _sample(
    query: BoundQuery, values: list[Expression], rows: pa.Table, *, linear: bool
) -> _Sample:
    """Rows of the public categories, numbers in their own units.

    A logistic outcome is NULL where the condition is not true.
    """
    cells = np.zeros(rows.num_rows, dtype=np.int64)
    known = np.ones(rows.num_rows, dtype=bool)
    for place, key in enumerate(query.keys):
        shown = [*(key.domain.values or ()), *([None] * key.domain.nullable)]
        code = {each: number for number, each in enumerate(shown)}
        found = [code.get(each, -1) for each in rows[f"k{place}"].to_pylist()]
        codes = np.array(found, dtype=np.int64)
        known &= codes >= 0
        cells = cells * len(shown) + np.maximum(codes, 0)
    columns = [
        np.array(
            [each is not None for each in rows[f"v{place}"].to_pylist()]
            if not linear
            else rows[f"v{place}"].to_numpy(),
            dtype=np.float64,
        )
        / 10**value.domain.scale
        for place, value in enumerate(values)
    ]
    *numbers, outcome = columns
    fixed = dummies(query)[1][cells]
    design = np.column_stack([np.ones(rows.num_rows), fixed, *numbers])
    people = np.unique(rows["person"].to_numpy(), return_inverse=True)[1]
    return _Sample(design[known], outcome[known], people[known])


def _least_squares(sample: _Sample) -> tuple[Numbers, Numbers]:
    design, outcome = sample.design, sample.outcome
    found = np.linalg.lstsq(design, outcome, rcond=None)[0].astype(np.float64)
    bread = np.linalg.pinv(design.T @ design).astype(np.float64)
    left = outcome - design @ found
    return found, _clustered(sample, bread, left)


def _likeliest(sample: _Sample) -> tuple[Numbers, Numbers]:
    design, outcome = sample.design, sample.outcome
    found: Numbers = np.zeros(design.shape[1])
    bread: Numbers = np.zeros((len(found), len(found)))
    share: Numbers = np.zeros_like(outcome)
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        weight = share * (1 - share)
        bread = np.linalg.pinv(design.T @ (design * weight[:, None])).astype(float)
        step = bread @ (design.T @ (outcome - share))
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-12:  # noqa: PLR2004 (as near as floats come)
            break
    return found, _clustered(sample, bread, outcome - share)


def _clustered(sample: _Sample, bread: Numbers, left: Numbers) -> Numbers:
    """Standard errors from the scores of people, each the sum of their rows'."""
    scores = sample.design * left[:, None]
    rows, terms = scores.shape
    people = int(sample.people.max(initial=0)) + 1
    summed = np.zeros((people, terms))
    np.add.at(summed, sample.people, scores)
    small = people / max(people - 1, 1) * (rows - 1) / max(rows - terms, 1)
    variance = bread @ (summed.T @ summed) @ bread * small
    errors: Numbers = np.sqrt(np.maximum(np.diag(variance), 0.0))
    return errors
