"""Plan and price several grouping sets: what is measured, and what is told of it.

Counts and sums of a set's cells add up to those of any coarser set. So a few sets are
measured, with the price shared out for least error (`strategy`), and every set asked
is told from a fit to all of them (`reconcile`). People may be in several cells, and
what does not add up is measured in every set by itself.

One row is in one cell of each measured set, so each measured vector has the
sensitivity it would have if it were asked alone, and prices add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod, sqrt
from typing import Final

from privacy.accounting import Measure
from privacy.bound import key_sizes
from privacy.grouping import KeySet
from privacy.layout import grouping_bits
from privacy.mechanism import WIDEST, Kind, Mechanism
from privacy.plan import Component, Plan
from privacy.price import Price, asked_sums, price
from privacy.quantile import sum_half_width
from privacy.query import (
    BoundQuery,
    Constant,
    GroupingRef,
    KeyRef,
    Operation,
    Output,
    Post,
    Statistic,
)
from privacy.selection import Selector
from privacy.spending import Allowance, Intent, Spending, too_little
from privacy.strategy import shares, variance

_STEPS: Final = 6
_LEAST_STEP: Final = 1e-3
_CREEP: Final = Fraction(1001, 1000)


@dataclass(frozen=True, slots=True)
class Part:
    """What is measured in one grouping set: a plan of it alone, and its noise.

    `positions` are where its components stand in the whole plan.
    """

    plan: Plan
    mechanisms: tuple[Mechanism, ...]
    positions: tuple[int, ...]
    selectors: tuple[Selector, ...] = ()


def level(plan: Plan, measure: Measure) -> Plan:
    """Say what is measured for a plan's grouping sets; a plan of one is as it was."""
    if not plan.query.sets:
        return plan
    if plan.choices or plan.emerging is not None:
        raise ValueError("quantiles and keys that are to come out have one grouping")
    kind = Kind.GAUSSIAN if measure is Measure.ZCDP else Kind.LAPLACE
    shared = shares(key_sizes(plan.query), plan.query.sets, kind)
    measured = tuple(
        each
        for component in plan.components
        for each in (
            _fitted(component, shared)
            if component.adds_up
            else _alone(component, plan.query, kind)
        )
    )
    return replace(plan, components=measured, told=plan.components)


def price_levels(plan: Plan, spending: Spending, allowance: Allowance) -> Price:
    """Price a plan, of one grouping or of several; as `price.price` does.

    A margin holds in every set. Refuses (`spending`) besides where the fit to the
    noise of several sets would not fit 64 bits.
    """
    if not plan.told:
        return price(plan, spending, allowance)
    if spending.intent is Intent.MARGIN:
        spending = _enough(plan, spending, allowance)
    found = price(plan, spending, allowance)
    scales = [
        _fit_scale(found, component, kept)
        for component in plan.told
        for kept in plan.query.sets
    ]
    if max(scales) > WIDEST:
        raise too_little("the noise would not fit 64 bits.")
    return found


def parts(found: Price) -> tuple[Part, ...]:
    """What is measured, one part a grouping set; one for a plan without sets."""
    plan = found.plan
    if not plan.told:
        every = tuple(range(len(plan.components)))
        return (Part(plan, found.mechanisms, every, found.selectors),)
    sets = dict.fromkeys(component.keys or () for component in plan.components)
    return tuple(_part(found, kept) for kept in sets)


def views(found: Price) -> tuple[Price, ...]:
    """The price as it looks in each grouping set asked, in order.

    Each has the plan of that set alone, and noise as wide as that of its cells after
    the fit: normal where what is drawn is, else Laplace of the same variance, which
    is no narrower at 95% and beyond than a sum of Laplaces.
    """
    plan = found.plan
    if not plan.told:
        return (found,)
    return tuple(
        replace(
            found,
            plan=_told(plan, kept),
            mechanisms=tuple(_fit(found, each, kept) for each in plan.told),
        )
        for kept in plan.query.sets
    )


def level_query(query: BoundQuery, kept: KeySet) -> BoundQuery:
    """The question of one grouping set alone; the keys it leaves out are NULL."""
    outputs = tuple(Output(o.name, _within(o.value, kept)) for o in query.outputs)
    return replace(
        query,
        keys=tuple(query.keys[each] for each in kept),
        outputs=outputs,
        having=None,
        ordering=(),
        limit=None,
        offset=0,
        sets=(),
    )


def measured_in(found: Price, component: Component) -> Mapping[KeySet, int]:
    """Where a told component was measured: its position in the plan, by set."""
    return {
        each.keys or (): position
        for position, each in enumerate(found.plan.components)
        if (each.statistic, each.argument) == (component.statistic, component.argument)
    }


def precisions(found: Price, component: Component) -> Mapping[KeySet, float]:
    """The inverse variance of one measured cell's noise, by set."""
    return {
        kept: 1 / _variance(found.mechanisms[position])
        for kept, position in measured_in(found, component).items()
    }


# ------------------------------------------------------------------ what is measured


def _fitted(
    component: Component, shared: Mapping[KeySet, Fraction]
) -> Iterator[Component]:
    for kept, share in shared.items():
        yield replace(component, keys=kept, weight=component.weight * share)


def _alone(component: Component, query: BoundQuery, kind: Kind) -> Iterator[Component]:
    """People, in every set: in as many cells as there are, at most.

    Or different values, of which a cell may have as many as a person has rows.
    """
    sizes = key_sizes(query)
    cells = {kept: prod(sizes[each] for each in kept) for kept in query.sets}
    people = component.statistic is Statistic.PEOPLE
    moved = {
        kept: min(component.l1, size) if people else component.l1
        for kept, size in cells.items()
    }
    # Least total variance: ρ by √(cells · Δ₂²), ε by ∛(cells · Δ₁²).
    power = (1, 1 / 2) if kind is Kind.GAUSSIAN else (2, 1 / 3)
    needs = {
        kept: Fraction(
            round(1_000 * (cells[kept] * moved[kept] ** power[0]) ** power[1])
        )
        for kept in query.sets
    }
    total = sum(needs.values(), Fraction(0))
    for kept, need in needs.items():
        weight = component.weight * need / total
        limit = moved[kept]
        squared = limit if people else component.l2_squared
        yield replace(component, l1=limit, l2_squared=squared, weight=weight, keys=kept)


def _part(found: Price, kept: KeySet) -> Part:
    plan = found.plan
    positions = tuple(
        position
        for position, component in enumerate(plan.components)
        if (component.keys or ()) == kept
    )
    bounded = replace(plan.bounded, query=level_query(plan.query, kept))
    components = tuple(plan.components[each] for each in positions)
    alone = replace(plan, bounded=bounded, components=components, told=())
    return Part(alone, tuple(found.mechanisms[each] for each in positions), positions)


# ---------------------------------------------------------------------- what is told


def _told(plan: Plan, kept: KeySet) -> Plan:
    bounded = replace(plan.bounded, query=level_query(plan.query, kept))
    return replace(plan, bounded=bounded, components=plan.told, told=())


def _within(post: Post, kept: KeySet) -> Post:
    """An expression as it reads in one set."""
    match post:
        case KeyRef(position):
            known = position in kept
            return KeyRef(kept.index(position)) if known else Constant(None)
        case GroupingRef():
            return Constant(Fraction(grouping_bits(kept, post)))
        case Operation(operator, arguments):
            return Operation(operator, tuple(_within(each, kept) for each in arguments))
        case _:
            return post


def _fit(found: Price, component: Component, kept: KeySet) -> Mechanism:
    measured = measured_in(found, component)
    if not component.adds_up or measured.keys() == {kept}:
        return found.mechanisms[measured[kept]]
    kind = found.mechanisms[0].kind
    scale = _fit_scale(found, component, kept)
    return Mechanism(kind, scale, component.l1, component.l2_squared)


def _fit_scale(found: Price, component: Component, kept: KeySet) -> float:
    measured = measured_in(found, component)
    if not component.adds_up or measured.keys() == {kept}:
        return found.mechanisms[measured[kept]].scale
    sizes = key_sizes(found.plan.query)
    spread = variance(sizes, precisions(found, component), kept)
    if len(measured) > 1:
        spread += 2 ** len(kept) / 12  # what rounding adds, see `reconcile`
    return sqrt(spread if found.mechanisms[0].kind is Kind.GAUSSIAN else spread / 2)


def _variance(mechanism: Mechanism) -> float:
    gaussian = mechanism.kind is Kind.GAUSSIAN
    return mechanism.scale**2 if gaussian else 2 * mechanism.scale**2


# --------------------------------------------------------------------------- margins


def _enough(plan: Plan, spending: Spending, allowance: Allowance) -> Spending:
    """About the least amount at which every figure of every set keeps a margin.

    Widths go with 1/√ρ, or 1/ε, so that a few proportional steps come near; what
    whole-number widths then leave is made up in small ones.
    """
    pure = allowance.measure is Measure.PURE
    intent, power = (Intent.EPSILON, 1) if pure else (Intent.RHO, 2)
    amount, margin = Fraction(1), float(spending.amount)

    def over(amount: Fraction) -> float:
        asked = price(plan, Spending(intent, amount), allowance)
        return max(_widest(views(asked)) / margin, _LEAST_STEP)

    for _ in range(_STEPS):
        amount *= Fraction(over(amount) ** power)
        amount = amount.limit_denominator(10**12)
    while over(amount) > 1:
        amount *= _CREEP
    return Spending(intent, amount)


def _widest(found: Sequence[Price]) -> float:
    return max(
        sum_half_width(tuple((c, each.mechanisms[p]) for p, c in value.terms))
        for each in found
        for value in asked_sums(each.plan)
    )
