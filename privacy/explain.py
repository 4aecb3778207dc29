"""Say what an answer will cost and how wrong it will be, before any is given.

Public facts only: the same for any data, and free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import hypot, sqrt
from typing import Final

from privacy.accounting import Loss, Measure
from privacy.advice import cheaper, choices, hidden, kept_share, shares
from privacy.certificates import least_shown, least_total
from privacy.contribution import factors
from privacy.expression import Call, Case, ColumnOf, Expression, Literal
from privacy.form import Linear, Ratio, form
from privacy.levels import views
from privacy.lot import RANK
from privacy.mechanism import Kind, Mechanism
from privacy.ordering import order_words
from privacy.plan import Component, Plan, aggregates_in
from privacy.price import Price, loss_of
from privacy.quantile import (
    COVERAGE,
    Term,
    normal_half_width,
    sum_half_width,
    upper_quantile,
)
from privacy.query import AggregateRef, Output, Statistic
from privacy.ranks import Choice, Order, Part
from privacy.reading import Spread, left_out, positions
from privacy.selection import Selector
from privacy.spread import spread_margin

GROUP_SIZES: Final = (100, 1_000, 10_000)
"""Rows at which the error of averages and ratios is given."""


@dataclass(frozen=True, slots=True)
class NoiseLine:
    """The noise of one component, in the units of its column.

    `moved` is how far one person can move it over all cells. `asked` is False for
    a count that only certifies cells and for what only tells a bias: `checks`.
    `share` is its part of the price.
    """

    component: str
    distribution: str
    scale: float
    moved: float
    share: float
    asked: bool
    checks: bool = False


@dataclass(frozen=True, slots=True)
class ColumnError:
    """How wrong one column will be: the half-width of its 95% interval.

    `margin` is None where it depends on the data; `margins` then has (rows in the
    group, the most it can be at that size) where public facts bound it.
    """

    column: str
    margin: float | None
    margins: tuple[tuple[int, float], ...]
    words: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """From which count on a column's cells are shown.

    `counted` is "people" or "rows". A cell is shown where its noised count is at
    least `shown_from`; one with `usually_from` is shown 99 times in 100, and one
    with fewer than the policy's people at most once in 100.
    A total (of an average, too) is shown besides only from `total_from` on, in units
    of the column: below it one person might hold most of it. None: no such rule.
    `grouping` says of which cells, where there are several groupings.
    """

    column: str
    counted: str
    shown_from: int
    usually_from: int
    total_from: float | None = None
    grouping: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a researcher is told before spending; nothing in it was read from data.

    `choices` say what was left out and why, `hidden` how many cells may be
    suppressed, `cheaper` what would cost less. All are whole sentences. `cells` are
    those of the public keys. Where other keys are to come out, `emerging` says from
    how many people on they do; otherwise it is empty.
    """

    bounds: str
    choices: tuple[str, ...]
    cells: int
    emerging: str
    noise: tuple[NoiseLine, ...]
    columns: tuple[ColumnError, ...]
    certificates: tuple[Certificate, ...]
    hidden: tuple[str, ...]
    cheaper: tuple[str, ...]
    loss: Loss
    half_error: Loss

    @property
    def words(self) -> tuple[str, ...]:
        """The same in sentences."""
        return (
            self.bounds,
            *self.choices,
            self.emerging
            or f"The answer has {self.cells:,} cell{'' if self.cells == 1 else 's'}.",
            *map(_noise_words, self.noise),
            *(f"{column.column}: {column.words}." for column in self.columns),
            *map(_certificate_words, self.certificates),
            *self.hidden,
            f"This costs ρ = {self.loss.rho:.6g} (ε = {self.loss.epsilon:.4g}); "
            f"half the error would cost ρ = {self.half_error.rho:.6g} "
            f"(ε = {self.half_error.epsilon:.4g}).",
            *self.cheaper,
        )


def explain(price: Price) -> Explanation:
    """Explain a price: bounds, noise, expected error, suppression, and cost.

    `half_error` is what the same question with half the error would cost: four
    times ρ under zCDP, twice ε under pure DP.
    """
    plan = price.plan
    outputs = _asked(price)
    seen = views(price)
    return Explanation(
        bounds=_bounds(plan),
        choices=choices(price),
        cells=plan.cells,
        emerging=_emerging(price),
        noise=_noise(price),
        columns=tuple(_errors(output.name, seen) for output in outputs),
        certificates=tuple(
            _grouped(each, view, plan)
            for view in seen
            for each in _certificates(_asked(view), view)
        ),
        hidden=hidden(price),
        cheaper=cheaper(price),
        loss=price.loss,
        half_error=_half_error(price),
    )


def _asked(price: Price) -> list[Output]:
    return [each for each in price.plan.query.outputs if aggregates_in(each.value)]


def _errors(name: str, seen: tuple[Price, ...]) -> ColumnError:
    """The error of a column: of several groupings the largest, and each in words."""
    found = [
        _error(output, view)
        for view in seen
        for output in view.plan.query.outputs
        if output.name == name
    ]
    if len(found) == 1:
        return found[0]
    margins = [each.margin for each in found if each.margin is not None]
    words = "; ".join(
        f"{_by(view.plan)} {error.words}"
        for view, error in zip(seen, found, strict=True)
    )
    widest = max(margins) if len(margins) == len(found) else None
    sized = zip(*(each.margins for each in found), strict=False)
    largest = tuple((each[0][0], max(margin for _, margin in each)) for each in sized)
    return ColumnError(name, widest, largest, words)


def _by(plan: Plan) -> str:
    """The keys of a grouping, as people read them."""
    keys = [_words(key.expression) for key in plan.query.keys]
    return f"by {', '.join(keys)}:" if keys else "in all:"


def _half_error(price: Price) -> Loss:
    pure = price.measure is Measure.PURE
    nano = 2 * price.epsilon_nano if pure else 4 * price.rho_nano
    return loss_of(price.measure, nano, price.conversion_delta_atto)


def _bounds(plan: Plan) -> str:
    rows, cells = plan.bounded.rows_per_person, plan.bounded.cells_per_person
    if rows == 1:
        return "One person has one row, in one cell."
    joined = factors(plan.query.relation)
    product = " × ".join(f"{cap} of {name}" for name, cap in joined)
    why = f" ({product})" if len(joined) > 1 else ""
    return f"One person has at most {rows} rows{why}, in at most {cells} of the cells."


def _emerging(price: Price) -> str:
    plan, threshold, emerging = price.plan, price.threshold, price.plan.emerging
    if threshold is None or emerging is None:
        return ""
    hidden = (key for key in plan.query.keys if key.domain.values is None)
    names = " and ".join(_words(key.expression) for key in hidden)
    least = threshold.least + emerging.fewest - 1
    noise = Mechanism(Kind.GAUSSIAN, threshold.scale, 1, 1)
    usual = least + upper_quantile(noise, plan.policy.confidence)
    each = "" if plan.cells == 1 else f" {plan.cells:,} cells for"
    return (
        f"The answer has{each} each value of {names} that comes out: its noised count "
        f"of people is at least {least:,}, which {usual:,} people usually reach and "
        f"fewer than {emerging.fewest:,} never do. Values of fewer are absent."
    )


def _noise(price: Price) -> tuple[NoiseLine, ...]:
    plan = price.plan
    read = frozenset().union(*map(positions, plan.readings))
    checks = frozenset().union(*map(left_out, plan.readings))
    told = {
        (each.statistic, each.argument)
        for p, each in enumerate(plan.told or plan.components)
        if p in read - checks
    }
    parts = shares(price)
    drawn = zip(plan.components, price.mechanisms, parts, strict=False)
    counted = tuple(
        NoiseLine(
            component=_component(component) + _where(component, plan),
            distribution=mechanism.kind.value,
            scale=mechanism.scale / 10**component.scale,
            moved=component.l1 / 10**component.scale,
            share=share,
            asked=(component.statistic, component.argument) in told,
            checks=not plan.told and position in checks,
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
        component=f"rank {at} of {_words(choice.argument)}{ends[choice.part]}",
        distribution=selections[0].best.value,
        scale=max(each.scale for each in selections) / target.below,
        moved=choice.moved / target.below,
        share=share,
        asked=True,
    )


def _error(output: Output, price: Price) -> ColumnError:
    match form(output.value, price.plan):
        case Linear() as linear:
            margin = sum_half_width(_terms(linear, price))
            words = f"±{margin:,.6g} in every cell"
            return ColumnError(output.name, margin, (), words)
        case Ratio(lower=Fraction(), upper=Fraction()) as ratio:
            margins = tuple((size, _at(ratio, price, size)) for size in GROUP_SIZES)
            return ColumnError(output.name, None, margins, _at_most(margins))
        case _:
            found = _spread_margins(output, price)
            if found:
                return ColumnError(output.name, None, found, _at_most(found))
            words = _depends(output, price)
            return ColumnError(output.name, None, (), words)


def _depends(output: Output, price: Price) -> str:
    if isinstance(output.value, AggregateRef):
        reading = price.plan.readings[output.value.position]
        if isinstance(reading, Order):
            return order_words(reading, price)
    return "depends on the data; the interval is given with the answer"


def _at_most(margins: tuple[tuple[int, float], ...]) -> str:
    said = ", ".join(f"±{margin:,.4g} for {size:,} rows" for size, margin in margins)
    return f"at most about {said}"


def _spread_margins(output: Output, price: Price) -> tuple[tuple[int, float], ...]:
    """What public facts say of a variance's or covariance's error, by group size."""
    match output.value:
        case AggregateRef(position):
            reading = price.plan.readings[position]
        case _:
            return ()
    if not isinstance(reading, Spread):
        return ()
    sized = ((size, spread_margin(reading, price, size)) for size in GROUP_SIZES)
    return tuple((size, margin) for size, margin in sized if margin is not None)


def _at(ratio: Ratio, price: Price, rows: int) -> float:
    """The most the margin of a ratio can be in a group of so many rows.

    The noise in N − θD over D, at the θ farthest from zero that is possible.
    """
    farthest = max((ratio.lower or Fraction(0), ratio.upper or Fraction(0)), key=abs)
    below = Linear(
        tuple((position, c * -farthest) for position, c in ratio.denominator.terms)
    )
    sums = dict(ratio.numerator.terms)
    for position, coefficient in below.terms:
        sums[position] = sums.get(position, Fraction(0)) + coefficient
    kept = Linear(tuple((position, c) for position, c in sums.items() if c))
    width = sum_half_width(_terms(kept, price))
    left = max(1.0, rows * kept_share(price))
    width = hypot(width / left, _lot(ratio, rows, left))
    return min(width, float(ratio.upper or 0) - float(ratio.lower or 0)) * abs(
        float(ratio.multiplier)
    )


def _lot(ratio: Ratio, rows: int, left: float) -> float:
    """What the lot by which rows were left out adds to a margin, at most."""
    wide = normal_half_width(COVERAGE) * float(ratio.reach)
    return wide * sqrt(max(0.0, 1 - left / rows) / left)


def _terms(value: Linear, price: Price) -> tuple[Term, ...]:
    return tuple((c, price.mechanisms[position]) for position, c in value.terms)


def _certificates(outputs: list[Output], price: Price) -> tuple[Certificate, ...]:
    if not price.plan.policy.certificates:
        return ()
    return tuple(
        _certificate(output.name, position, price)
        for output in outputs
        for position in sorted(aggregates_in(output.value))
    )


def _certificate(column: str, position: int, price: Price) -> Certificate:
    plan, support = price.plan, price.plan.supports[position]
    total = least_total(price, position)
    shown_from = least_shown(price, support)
    quantile = upper_quantile(
        price.mechanisms[support.component], plan.policy.confidence
    )
    people = (
        plan.components[support.component].statistic is Statistic.PEOPLE
        or plan.bounded.rows_per_person == 1
    )
    counted = "people" if people else "rows"
    return Certificate(
        column,
        counted,
        shown_from,
        shown_from + quantile,
        None if total is None else float(total),
    )


def _grouped(certificate: Certificate, view: Price, whole: Plan) -> Certificate:
    return replace(certificate, grouping=_by(view.plan) if whole.told else "")


def _noise_words(line: NoiseLine) -> str:
    certifies = "" if line.asked else " It only proves that there are enough people."
    if line.checks:
        certifies = " It only tells what leaving rows out does."
    return (
        f"{line.component}: {_distribution(line)} of scale {line.scale:,.6g}; "
        f"one person moves it by at most {line.moved:,.6g}.{certifies}"
    )


def _distribution(line: NoiseLine) -> str:
    said = line.distribution
    return said if said.endswith("noise") else f"{said} noise"


def _certificate_words(each: Certificate) -> str:
    grouping = f"{each.grouping} " if each.grouping else ""
    words = (
        f"{each.column}: {grouping}a cell is shown where its noised count of "
        f"{each.counted} is at least {each.shown_from:,}, which "
        f"{each.usually_from:,} usually reach."
    )
    if each.total_from is None:
        return words
    return (
        f"{words} Its noised total must be at least {each.total_from:,.6g}, too, so "
        "that nobody holds most of it."
    )


def _where(component: Component, plan: Plan) -> str:
    """In which grouping a component is measured, where there are several."""
    if component.keys is None:
        return ""
    keys = [_words(plan.query.keys[each].expression) for each in component.keys]
    return f" by {', '.join(keys)}" if keys else " in all"


def _component(component: Component) -> str:
    match component.statistic, component.argument:
        case Statistic.PRESENT, argument if argument is not None:
            return f"COUNT({_words(argument)})"
        case Statistic.SUM, argument if argument is not None:
            return f"SUM({_words(argument)})"
        case Statistic.DISTINCT, argument if argument is not None:
            return f"COUNT(DISTINCT {_words(argument)})"
        case Statistic.PEOPLE, argument if argument is not None:
            return f"COUNT(DISTINCT person_id where {_words(argument)})"
        case statistic, _:
            return str(statistic.value)


def _words(expression: Expression) -> str:
    """An expression as people read it; not SQL to be run."""
    match expression:
        case ColumnOf(_, name):
            return "row of the person" if name == RANK else name
        case Literal(value, domain):
            return _literal(value, domain.scale)
        case Call(function, (left, right)) if not str(function.value).isalnum():
            return f"{_words(left)} {function.value} {_words(right)}"
        case Call(function, arguments):
            return f"{function.value}({', '.join(map(_words, arguments))})"
        case Case(((condition, value),), None):
            return f"{_words(value)} WHERE {_words(condition)}"
        case Case():
            return "CASE …"


def _literal(value: object, scale: int) -> str:
    if isinstance(value, int) and scale:
        return str(Decimal(value).scaleb(-scale))
    return str(value)
