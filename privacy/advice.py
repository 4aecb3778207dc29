"""What was chosen for a question and why, and what costs less.

Sentences for people, from public facts alone: bounds, prices, and the profile of
rows per person that publication released.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import sqrt
from typing import Final

from privacy.accounting import Measure
from privacy.catalogue import Table
from privacy.clipping import Clip, clips_of
from privacy.cut import UNEVEN, Cut
from privacy.expression import Call, Case, ColumnOf, Expression
from privacy.fewer import chances_of
from privacy.mechanism import loss, threshold_loss
from privacy.price import Price
from privacy.profile import Profile, rows_within, share_beyond
from privacy.query import Statistic
from privacy.reading import Reading
from privacy.relation import TableOf
from privacy.wording import number


def choices(price: Price) -> tuple[str, ...]:
    """What the cap left out, and over how many of a person's rows averages are."""
    table = _profiled(price)
    if table is None or table.profile is None:
        return ()
    version = table.profile.version
    return (
        *_dropped(table, table.profile),
        *_ranked(price),
        *(_cut_words(each, version) for each in price.plan.cuts),
        *_clipped(price, version),
    )


def kept_share(price: Price) -> float:
    """The share of rows that averages are over, as the profile has it."""
    table, rank = _profiled(price), price.plan.rank
    if table is None or table.profile is None or rank is None:
        return 1.0
    return 1 - share_beyond(table.profile, rank, table.rows_per_person)


def cheaper(price: Price) -> tuple[str, ...]:
    """What would cost less for the same error, or err less for the same price."""
    return (*narrower(price), *_fewer(price), *_about_people(price))


def _profiled(price: Price) -> Table | None:
    match price.plan.query.relation:
        case TableOf(table=table):
            return table
        case _:
            return None


def _dropped(table: Table, profile: Profile) -> tuple[str, ...]:
    if table.rows_per_person < 2:  # noqa: PLR2004 (one row each: there is no choice)
        return ()
    share = max(0, profile.dropped) / _brought(profile, table)
    bounds = "".join(f", {each.words}" for each in table.bounds)
    return (
        f"Publication kept up to {table.rows_per_person} rows of a person{bounds}: it "
        f"left out about {max(0, profile.dropped):,} of all ({share:.1%}, measured of "
        f"version {profile.version}), and no interval speaks of those.",
    )


def _brought(profile: Profile, table: Table) -> float:
    """How many rows people brought, about, and never fewer than were left out."""
    dropped = max(0, profile.dropped)
    if table.bounds:  # rows within the cap may be left out, too
        return max(dropped, rows_within(profile, 2 * profile.starts[-1]))
    return dropped + rows_within(profile, table.rows_per_person)


def _ranked(price: Price) -> tuple[str, ...]:
    nano = price.epsilon_nano if price.measure is Measure.PURE else price.rho_nano
    chances = {c.rank: c for c in chances_of(price.plan, price.measure, nano)}
    if not chances:
        return ()
    cap = max(chances)
    whole, rank = chances[cap], price.plan.rank
    if cap == 1:
        return ()
    if rank is None:
        return (
            f"Averages are over all {cap} rows a person may have: leaving rows out "
            "is predicted to gain little or nothing.",
        )
    chosen = chances[rank]
    return (
        f"Averages are over {rank} of a person's up to {cap} rows, drawn by lot: "
        f"{chosen.left_out:.0%} of rows are left out. In a group of average size the "
        f"error is predicted to be {chosen.error:.2g} of half the value's range, "
        f"against {whole.error:.2g} over all rows. What this shifts averages by is "
        "measured too; they are corrected by it, and intervals are wider for it.",
    )


def _cut_words(each: tuple[Expression, Cut], version: str) -> str:
    argument, cut = each
    name = _named(argument)
    found = " and ".join(
        f"{'at least' if tail.is_upper else 'less than'} "
        f"{_shown(tail.bound, tail.unit)} ({tail.share:.1%} of them) as "
        f"{_shown(tail.told, tail.unit)}"
        for tail in cut.tails
    )
    return (
        f"AVG({name}) tells values of {found}, their average by the profile of version "
        f"{version}, which narrows what one person moves. How many each group has of "
        f"them is counted, with noise: intervals have room for groups where they are "
        f"up to {UNEVEN} times as far past the bound, and reach to the public bound "
        f"where a third of a group is. AVG(CLAMP({name}, low, high)) is of values as "
        "they are."
    )


def _clipped(price: Price, version: str) -> Iterator[str]:
    """What clipping totals does to each sum; what leaving it out would."""
    nano = price.epsilon_nano if price.measure is Measure.PURE else price.rho_nano
    chosen = dict(price.plan.clips)
    for argument, clips in clips_of(price.plan, price.measure, nano):
        *_, whole = clips
        best = next((e for e in clips if e.cut == chosen.get(argument)), None)
        if best is None:
            yield (
                f"SUM({_named(argument)}) is over whole rows: clipping what a person's "
                "rows add up to is predicted to gain little or nothing."
            )
            continue
        yield _clip_words(_named(argument), best, whole, version)


def _clip_words(name: str, best: Clip, whole: Clip, version: str) -> str:
    cut, size = best.cut, max(best.size, 1e-9)
    part = cut.above / max(cut.mean + cut.above, 1e-9)
    return (
        f"SUM({name}) clips what a person's rows add up to at "
        f"{_shown(cut.bound, cut.unit)}, where it might be "
        f"{_shown(cut.most, cut.unit)}: rows of people with more count for less. That "
        f"loses about {part:.1%} by the profile of version {version}; how much all "
        "cells lose together is measured with the answer, and how many people are over "
        "the bound in each. Sums are raised by their part of it, and intervals reach "
        f"higher for cells that lose up to {UNEVEN} times as much, or more where they "
        "have more such people; to the public bound where these have most of a sum. In "
        f"a cell of average size the error is predicted to be {best.error / size:.2g} "
        f"of the sum, against {whole.error / size:.2g} without. SUM(CLAMP({name}, low, "
        "high)) is over whole rows."
    )


def _named(argument: Expression) -> str:
    return " ".join(sorted(_columns(argument)))


def _shown(amount: float, unit: Fraction) -> str:
    return number(amount * float(unit))


def narrower(price: Price) -> tuple[str, ...]:
    """What a smaller range of the values that are summed would save."""
    names = {
        name
        for each in price.plan.components
        if each.statistic is Statistic.SUM and each.argument is not None
        for name in _columns(each.argument)
    }
    if not names:
        return ()
    named = ", ".join(sorted(names))
    power = "half of ε" if price.measure is Measure.PURE else "a quarter of ρ"
    return (
        f"Half the range of {named}, by CLAMP(x, low, high), would have the same "
        f"error for {power}.",
    )


def _fewer(price: Price) -> tuple[str, ...]:
    """The part of the price that the dearest figure has."""
    asked = [each.weight == 1 for each in price.plan.components]
    if sum(asked) < 2:  # noqa: PLR2004 (one figure alone has all of it)
        return ()
    return ("Every figure that is left out leaves its part to the others.",)


def _about_people(price: Price) -> tuple[str, ...]:
    """Whether counting people would err less than the rows that are counted."""
    plan = price.plan
    asked = zip(plan.query.aggregates, plan.readings, strict=True)
    counts = [
        (plan.told or plan.components)[reading.component]
        for aggregate, reading in asked
        if aggregate.statistic in _OF_ROWS and isinstance(reading, Reading)
    ]
    people = plan.bounded.cells_per_person
    moved = max((each.l2_squared for each in counts), default=0)
    if price.measure is Measure.PURE:
        people, moved = people**2, max((each.l1**2 for each in counts), default=0)
    if people >= moved:
        return ()
    return (
        "Counting people, COUNT(DISTINCT person_id), would err less than counting "
        f"rows: noise is for {sqrt(people):.3g} and not for {sqrt(moved):.3g}.",
    )


_OF_ROWS: Final = (Statistic.ROWS, Statistic.PRESENT)


def _columns(expression: Expression) -> frozenset[str]:
    """The columns that an expression takes its values from."""
    match expression:
        case ColumnOf(_, name):
            return frozenset() if name.startswith("_") else frozenset((name,))
        case Call(_, arguments):
            return frozenset().union(*map(_columns, arguments))
        case Case(branches, default):
            values = [value for _, value in branches]
            values += [] if default is None else [default]
            return frozenset().union(*map(_columns, values))
        case _:
            return frozenset()


def shares(price: Price) -> tuple[float, ...]:
    """The parts of the price that components' noise costs, then choices', then keys'.

    The last only where keys are to come out.
    """
    losses = [float(loss(each)) for each in price.mechanisms]
    losses += [float(each.loss) for each in price.selectors]
    if price.threshold is not None:
        losses.append(float(threshold_loss(price.threshold)[0]))
    return tuple(each / sum(losses) for each in losses)
