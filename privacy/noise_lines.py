"""Say which noise a question draws, how wide, and at what part of its price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from privacy.advice import shares
from privacy.plan import Plan, positions
from privacy.price import Price
from privacy.ranks import Choice, Part
from privacy.reading import AnyReading, left_out, past
from privacy.selection import Selector, moved_by
from privacy.wording import component_words, number, where_words, words_of


@dataclass(frozen=True, slots=True)
class NoiseLine:
    """The noise of one component, in the units of its column.

    `moved` is how far one person can move it over all cells. `asked` is False for a
    count that only certifies cells and for what only tells a bias, which is said in
    `checks`. `share` is its part of the price.
    """

    component: str
    distribution: str
    scale: float
    moved: float
    share: float
    asked: bool
    checks: str = ""


def noise_lines(price: Price) -> tuple[NoiseLine, ...]:
    """The noise of everything that is drawn: figures, choices, a threshold."""
    plan = price.plan
    read = _of(positions, plan)
    checks = {
        **dict.fromkeys(
            _of(left_out, plan), "what leaving rows out, or clipping, does"
        ),
        **dict.fromkeys(_of(past, plan), "how many are past the bound"),
    }
    told = {
        (each.statistic, each.argument)
        for p, each in enumerate(plan.told or plan.components)
        if p in read - checks.keys()
    }
    parts = shares(price)
    drawn = zip(plan.components, price.mechanisms, parts, strict=False)
    counted = tuple(
        NoiseLine(
            component=component_words(component) + where_words(component, plan),
            distribution=mechanism.kind.value,
            scale=mechanism.scale / 10**component.scale,
            moved=component.l1 / 10**component.scale,
            share=share,
            asked=(component.statistic, component.argument) in told,
            checks="" if plan.told else checks.get(position, ""),
        )
        for position, (component, mechanism, share) in enumerate(drawn)
    )
    choices = zip(
        plan.choices, price.selectors, parts[len(plan.components) :], strict=False
    )
    return (
        counted
        + tuple(_choice(choice, chosen, share) for choice, chosen, share in choices)
        + _threshold(price, parts[-1])
    )


def _of(found: Callable[[AnyReading], frozenset[int]], plan: Plan) -> frozenset[int]:
    return frozenset().union(*map(found, plan.readings))


def _threshold(price: Price, share: float) -> tuple[NoiseLine, ...]:
    """The noise past which keys come out, in people of one key."""
    threshold, emerging = price.threshold, price.plan.emerging
    if threshold is None or emerging is None:
        return ()
    line = NoiseLine(
        component="people of each key",
        distribution="discrete Gaussian",
        scale=threshold.scale,
        moved=1.0,
        share=share,
        asked=False,
    )
    return (line,)


def _choice(choice: Choice, chosen: Selector, share: float) -> NoiseLine:
    """The noise of a choice, in rows; of two selections, that of the wider."""
    target = choice.target
    at = Fraction(target.above, target.below)
    ends = {Part.VALUE: "", Part.LOW: ", low end", Part.HIGH: ", high end"}
    selections = [each.selection for each in chosen.stages]
    return NoiseLine(
        component=f"rank {at} of {words_of(choice.argument)}{ends[choice.part]}",
        distribution=selections[0].best.value,
        scale=max(each.scale for each in selections) / target.below,
        moved=moved_by(choice, selections[0].best) / target.below,
        share=share,
        asked=True,
    )


def noise_words(line: NoiseLine) -> str:
    """The same in a sentence."""
    certifies = "" if line.asked else " It only proves that there are enough people."
    if line.checks:
        certifies = f" It only tells {line.checks}."
    return (
        f"{line.component}: {_distribution(line)} of scale {number(line.scale)}; "
        f"one person moves it by at most {number(line.moved)}.{certifies}"
    )


def _distribution(line: NoiseLine) -> str:
    said = line.distribution
    return said if said.endswith("noise") else f"{said} noise"
