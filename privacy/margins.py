"""Derive and check an answer, set by set where it has several grouping sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from privacy.bound import key_sizes
from privacy.certificates import Masks, any_of
from privacy.derive import derive, keys_of, public_output
from privacy.disclosure import disclosure, hide, uncertified
from privacy.levels import views
from privacy.plan import Plan, positions
from privacy.price import Price
from privacy.reconcile import reconcile
from privacy.secondary import secondary
from privacy.table import (
    CheckedTable,
    DerivedOutput,
    DerivedTable,
    Figures,
    NoisedTable,
    Status,
)

Hidden: TypeAlias = Mapping[Status, Masks]
"""What each rule hides, of each aggregate."""

Shapes: TypeAlias = Sequence[tuple[int, int]]
"""Draws and cells of each grouping set."""


def check(noised: NoisedTable, price: Price) -> CheckedTable:
    """Compute every figure of an answer, and hide what may not be shown.

    With grouping sets, figures of each are derived and checked as if it had been asked
    alone, with the noise it has after the fit; then more are hidden where margins
    would give hidden ones away.
    """
    if not price.plan.told:
        return disclosure(derive(noised, price))
    pairs = zip(reconcile(noised, price), views(price), strict=True)
    derived = [derive(*pair) for pair in pairs]
    hidden = [uncertified(each) for each in derived]
    if price.plan.policy.certificates:
        hidden = _protected(derived, hidden, price.plan)
    checked = [hide(*each) for each in zip(derived, hidden, strict=True)]
    return joined(checked, price)


def joined(tables: Sequence[CheckedTable], price: Price) -> CheckedTable:
    """The answer whose grouping sets these are, one after another."""
    plan, draws = price.plan, tables[0].draws
    shapes = [(draws, table.price.plan.cells) for table in tables]
    aggregates = tuple(
        _figures([table.aggregates[place] for table in tables], shapes)
        for place in range(len(plan.query.aggregates))
    )
    outputs, statuses = [], []
    for place, output in enumerate(plan.query.outputs):
        found = [table.outputs[place] for table in tables]
        if found[0].aggregates:
            outputs.append(_output(found, shapes))
            codes = [table.statuses[place] for table in tables]
            statuses.append(_codes(codes, shapes))
        else:
            outputs.append(public_output(output, plan))
            statuses.append(None)
    return CheckedTable(
        price, draws, keys_of(plan), aggregates, tuple(outputs), tuple(statuses)
    )


def _protected(
    derived: Sequence[DerivedTable], hidden: Sequence[Hidden], plan: Plan
) -> list[Hidden]:
    """What is hidden, and what has to be hidden beside it, set by set."""
    sizes, sets = key_sizes(plan.query), plan.query.sets
    found = []
    for place, reading in enumerate(plan.readings):
        masks = {
            kept: np.broadcast_to(
                any_of(each[place] for each in rules.values()),
                table.noised.values[0].shape,
            )
            for kept, rules, table in zip(sets, hidden, derived, strict=True)
        }
        adds_up = all(plan.told[each].adds_up for each in positions(reading))
        found.append(secondary(masks, sizes) if adds_up else masks)
    return [
        {**rules, Status.SECONDARY: tuple(masks[kept] for masks in found)}
        for kept, rules in zip(sets, hidden, strict=True)
    ]


def _output(found: Sequence[DerivedOutput], shapes: Shapes) -> DerivedOutput:
    first = found[0]

    def ends(part: Callable[[DerivedOutput], Figures | None]) -> Figures | None:
        present = [each for output in found if (each := part(output)) is not None]
        return _figures(present, shapes) if present else None

    return DerivedOutput(
        first.name,
        first.kind,
        first.scale,
        first.aggregates,
        _figures([each.value for each in found], shapes),
        ends(lambda each: each.low),
        ends(lambda each: each.high),
    )


def _figures(found: Sequence[Figures], shapes: Shapes) -> Figures:
    pairs = list(zip(found, shapes, strict=True))
    return Figures(
        np.concatenate([np.broadcast_to(f.values, s) for f, s in pairs], axis=1),
        np.concatenate([np.broadcast_to(f.null, s) for f, s in pairs], axis=1),
    )


def _codes(
    found: Sequence[NDArray[np.uint8] | None], shapes: Shapes
) -> NDArray[np.uint8] | None:
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    pairs = zip(known, shapes, strict=True)
    return np.concatenate([np.broadcast_to(f, s) for f, s in pairs], axis=1)
