"""What a question costs, and the noise that makes it cost that.

The price is what OpenDP's maps state for the noise that will be drawn, summed
over components and rounded up to whole nano-units; never more than was asked.
Components compose by addition: ρ under zCDP (Bun and Steinke 2016, lemma 2.3), ε
under pure DP. No protected data is involved: an explained price is the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from privacy.accounting import (
    ATTO,
    NANO,
    Loss,
    Measure,
    epsilon_of_rho,
    nano_at_least,
    rho_of_pure,
)
from privacy.clipping import clipped
from privacy.errors import Refused
from privacy.expression import ColumnOf
from privacy.fewer import ranked
from privacy.form import Linear, form
from privacy.mechanism import (
    Best,
    Kind,
    Mechanism,
    Threshold,
    calibrate,
    calibrate_threshold,
    loss,
    threshold_loss,
)
from privacy.plan import Component, Plan, aggregates_in
from privacy.quantile import sum_half_width, widest
from privacy.ranks import Choice
from privacy.reading import Emerging
from privacy.selection import Selector, selector
from privacy.spending import (
    Allowance,
    Intent,
    Spending,
    asked_nano,
    check_amount,
    too_little,
)
from privacy.split import split


@dataclass(frozen=True, slots=True)
class Price:
    """A plan with the noise of each component and choice, and the loss of one answer.

    `rho_nano` is what the population is charged, under either measure; the project
    is charged `epsilon_nano` under pure DP and `rho_nano` under zCDP, where
    `epsilon_nano` is 0. `delta_atto` is what the threshold spends, where keys that are
    not public come out.
    """

    plan: Plan
    mechanisms: tuple[Mechanism, ...]
    measure: Measure
    rho_nano: int
    epsilon_nano: int
    delta_atto: int
    conversion_delta_atto: int
    selectors: tuple[Selector, ...] = ()
    threshold: Threshold | None = None

    @property
    def loss(self) -> Loss:
        """The price as people read it."""
        return loss_of(
            self.measure,
            self.rho_nano if self.measure is Measure.ZCDP else self.epsilon_nano,
            self.conversion_delta_atto,
            self.delta_atto,
        )


def loss_of(
    measure: Measure, nano: int, conversion_delta_atto: int, delta_atto: int = 0
) -> Loss:
    """So many nano-units of a measure and atto of δ, as people read them."""
    if measure is Measure.PURE:
        return Loss(rho_of_pure(nano) / NANO, nano / NANO, 0.0)
    epsilon = epsilon_of_rho(nano, conversion_delta_atto)
    return Loss(nano / NANO, epsilon, (conversion_delta_atto + delta_atto) / ATTO)


def price(plan: Plan, spending: Spending, allowance: Allowance) -> Price:
    """Fix the noise of every component for what is to be spent.

    ε, ρ and shares are divided among components for the least predicted error, over
    as much of a person's rows, values and totals as that takes (`split`, `fewer`,
    `clipping`: the plan priced may not be the one given); a margin gives each asked
    component what it needs, and counts that only certify their weight of the largest.
    Refuses (`spending`) amounts that are not positive or beyond `MOST`, that come to
    no whole nano-unit, that are not of the project's measure, or for which noise would
    not fit 64 bits;
    (`budget_exhausted`) a share of nothing; and (`margin_depends_on_data`) a margin
    where an output is not a sum.
    """
    kind = Kind.GAUSSIAN if allowance.measure is Measure.ZCDP else Kind.LAPLACE
    delta = _threshold_delta(plan, allowance)
    if spending.intent is Intent.MARGIN:
        check_amount(spending)
        noise = _by_margin(plan, kind, spending.amount, delta)
    else:
        asked = asked_nano(spending, allowance)
        plan = clipped(ranked(plan, allowance.measure, asked), allowance.measure, asked)
        noise = _by_weight(plan, allowance.measure, asked, delta)
    nano = sum(map(nano_at_least, noise.losses))
    pure = allowance.measure is Measure.PURE
    return Price(
        plan=plan,
        mechanisms=noise.mechanisms,
        measure=allowance.measure,
        rho_nano=rho_of_pure(nano) if pure else nano,
        epsilon_nano=nano if pure else 0,
        delta_atto=ceil(noise.delta * ATTO),
        conversion_delta_atto=0 if pure else allowance.conversion_delta_atto,
        selectors=noise.selectors,
        threshold=noise.threshold,
    )


@dataclass(frozen=True, slots=True)
class _Noise:
    """The noise of all that a question computes."""

    mechanisms: tuple[Mechanism, ...]
    selectors: tuple[Selector, ...] = ()
    threshold: Threshold | None = None

    @property
    def losses(self) -> list[Fraction]:
        losses = [*map(loss, self.mechanisms), *(each.loss for each in self.selectors)]
        if self.threshold is not None:
            losses.append(threshold_loss(self.threshold)[0])
        return losses

    @property
    def delta(self) -> Fraction:
        if self.threshold is None:
            return Fraction(0)
        return threshold_loss(self.threshold)[1]


def _by_weight(plan: Plan, measure: Measure, nano: int, delta: Fraction) -> _Noise:
    """Noise for so many nano-units, divided by weight and predicted error."""
    kind = Kind.GAUSSIAN if measure is Measure.ZCDP else Kind.LAPLACE
    *shares, last = _shares(plan, nano)
    selectors = tuple(
        _selector(kind, choice, Fraction(share, NANO))
        for choice, share in zip(plan.choices, shares, strict=True)
    )
    parts = _parts(plan, nano - sum(shares) - last, measure)
    mechanisms = tuple(
        _calibrated(kind, component, Fraction(part, NANO))
        for component, part in zip(plan.components, parts, strict=True)
    )
    threshold = _threshold(plan.emerging, Fraction(last, NANO), delta)
    return _Noise(mechanisms, selectors, threshold)


def _by_margin(plan: Plan, kind: Kind, margin: Fraction, delta: Fraction) -> _Noise:
    """Noise that keeps a margin; a threshold costs its weight of the largest loss."""
    mechanisms = tuple(_for_margin(plan, kind, margin))
    weight = Fraction(0) if plan.emerging is None else plan.emerging.weight
    most = max(map(loss, mechanisms)) * weight
    threshold = _threshold(plan.emerging, max(Fraction(1, NANO), most), delta)
    return _Noise(mechanisms, threshold=threshold)


def _shares(plan: Plan, nano: int) -> list[int]:
    """What of so many nano-units each choice gets, by weight, and then the threshold.

    The rest is left over for the components. The threshold's is 0 where there is none.
    """
    emerging = Fraction(0) if plan.emerging is None else plan.emerging.weight
    weights = [*(each.weight for each in plan.choices), emerging]
    total = sum((each.weight for each in plan.components), sum(weights, Fraction(0)))
    shares = [floor(nano * weight / total) for weight in weights]
    if any(not share and weight for share, weight in zip(shares, weights, strict=True)):
        raise too_little("it comes to nothing.")
    return shares


def check_keys(plan: Plan, measure: Measure) -> None:
    """Refuse (`not_public_key`) keys that come out by δ alone, where there is none."""
    if plan.emerging is not None and measure is Measure.PURE:
        raise Refused(
            "not_public_key",
            "Keys that nobody knows beforehand come out past a threshold, which takes "
            "δ, and this project spends pure ε, which has none: group by keys that are "
            "public, such as listed text.",
            clause=unlisted_key(plan),
        )


def unlisted_key(plan: Plan) -> str:
    """The first column that is a key and has no public list; empty where none is."""
    unlisted = (k.expression for k in plan.query.keys if k.domain.values is None)
    return next((each.name for each in unlisted if isinstance(each, ColumnOf)), "")


def _threshold_delta(plan: Plan, allowance: Allowance) -> Fraction:
    """The δ that letting keys come out may take; 0 where all of them are public."""
    if plan.emerging is None:
        return Fraction(0)
    check_keys(plan, allowance.measure)
    atto = floor(allowance.threshold_delta_atto * plan.policy.threshold_share)
    if atto < 1:
        raise Refused(
            "budget_exhausted",
            "The project was given no δ for thresholds, past which keys come out that "
            "are not public: group by such as are.",
            clause=unlisted_key(plan),
        )
    return Fraction(atto, ATTO)


def _threshold(
    emerging: Emerging | None, at_most: Fraction, delta: Fraction
) -> Threshold | None:
    if emerging is None:
        return None
    found = calibrate_threshold(emerging.keys_per_person, at_most, delta)
    if found is None:
        raise too_little(
            "no threshold is proven for so little ε, or so small a δ of the project's."
        )
    return found


def _selector(kind: Kind, choice: Choice, at_most: Fraction) -> Selector:
    best = Best.GUMBEL if kind is Kind.GAUSSIAN else Best.EXPONENTIAL
    found = selector(choice, best, at_most)
    if found is None:
        raise too_little("the noise would not fit 64 bits.")
    return found


def _parts(plan: Plan, nano: int, measure: Measure) -> list[int]:
    """Divide whole nano-units; they sum exactly, and nobody goes without."""
    if not plan.components:
        return []
    wanted = split(plan, measure)
    total = sum(wanted, Fraction(0))
    parts = [floor(nano * each / total) for each in wanted]
    parts[0] += nano - sum(parts)
    if min(parts) < 1:
        raise too_little("it comes to nothing.")
    return parts


def _calibrated(kind: Kind, component: Component, at_most: Fraction) -> Mechanism:
    mechanism = calibrate(
        kind, l1=component.l1, l2_squared=component.l2_squared, at_most=at_most
    )
    if mechanism is None:
        raise too_little("the noise would not fit 64 bits.")
    return replace(mechanism, whole=component.whole)


def _for_margin(plan: Plan, kind: Kind, margin: Fraction) -> list[Mechanism]:
    """The least noise-cost at which every output's 95% half-width is at most this."""
    sums = asked_sums(plan)
    scales: dict[int, float] = {}
    for value in sums:
        share = _even_share(value)
        for position, coefficient in value.terms:
            whole = floor(margin * share / abs(coefficient))
            scale = widest(kind, whole)
            scales[position] = min(scale, scales.get(position, scale))
    asked = {p: _with_scale(plan, p, kind, scale) for p, scale in scales.items()}
    for value in sums:
        _narrow(asked, value, margin)
    most = max(loss(mechanism) for mechanism in asked.values())
    return [
        asked[position]
        if position in asked
        else _calibrated(
            kind, component, max(Fraction(1, NANO), most * component.weight)
        )
        for position, component in enumerate(plan.components)
    ]


def asked_sums(plan: Plan) -> Sequence[Linear]:
    """The outputs as sums of components; a margin fixes the noise of nothing else."""
    outputs = [each.value for each in plan.query.outputs if aggregates_in(each.value)]
    forms = [form(value, plan) for value in outputs]
    sums = [value for value in forms if isinstance(value, Linear) and value.terms]
    if len(sums) < len(forms) or not sums or plan.choices:
        raise Refused(
            "margin_depends_on_data",
            "The error of an average, a ratio or a quantile depends on the data: "
            "a margin can be kept for counts and sums only. Explain tells the error "
            "that another way of spending buys.",
            suggestion="share=0.01",
        )
    return sums


def _even_share(value: Linear) -> Fraction:
    """What part of a margin each of m independent noises may take: about 1/√m."""
    terms = len(value.terms)
    return Fraction(1) if terms == 1 else Fraction(str(round(terms**-0.5, 6)))


def _with_scale(plan: Plan, position: int, kind: Kind, scale: float) -> Mechanism:
    component = plan.components[position]
    return Mechanism(kind, scale, component.l1, component.l2_squared)


def _narrow(asked: dict[int, Mechanism], value: Linear, margin: Fraction) -> None:
    """Shrink the noise of a sum of several until it keeps the margin."""
    if len(value.terms) == 1:
        return
    while True:
        terms = tuple((c, asked[position]) for position, c in value.terms)
        over = sum_half_width(terms) / float(margin)
        if over <= 1:
            return
        for position, _ in value.terms:
            each = asked[position]
            scale = each.scale / (over * 1.001)
            asked[position] = Mechanism(each.kind, scale, each.l1, each.l2_squared)
