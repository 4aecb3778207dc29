"""Say what an answer will cost and how wrong it will be, before any is given.

Public facts only: the same for any data, and free.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt

from privacy.accounting import Loss, Measure
from privacy.advice import cheaper, choices
from privacy.contribution import Contribution, factors
from privacy.expected_error import ColumnError, error_of
from privacy.expected_hidden import hidden
from privacy.granularity import is_count
from privacy.levels import views
from privacy.mechanism import Kind, Mechanism
from privacy.noise_lines import NoiseLine, noise_lines, noise_words
from privacy.plan import Plan, aggregates_in
from privacy.price import Price, loss_of
from privacy.quantile import upper_quantile
from privacy.query import Output
from privacy.relation import tables
from privacy.shown_from import (
    Certificate,
    certificate_words,
    certificates_of,
    grouped,
)
from privacy.wording import words_of


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
    rounding: str = ""
    """To which multiples counts are rounded; empty where they are not."""
    history: tuple[str, ...] = ()
    """How it goes together with earlier questions, from their structure."""
    left: Loss | None = None
    """What the project has left, where it is known who would pay."""
    affordable: bool = True
    """Whether that covers the price, or there is none: it repeats a release."""
    repeats: str = ""
    """The project's release that is given again, at no cost, where it is asked so."""

    @property
    def words(self) -> tuple[str, ...]:
        """The same in sentences."""
        return (
            self.bounds,
            *self.choices,
            self.emerging
            or f"The answer has {self.cells:,} cell{'' if self.cells == 1 else 's'}.",
            *map(noise_words, self.noise),
            *(f"{column.column}: {column.words}." for column in self.columns),
            *map(certificate_words, self.certificates),
            *self.hidden,
            *((self.rounding,) if self.rounding else ()),
            *self.history,
            f"This costs ρ = {self.loss.rho:.6g} (ε = {self.loss.epsilon:.4g}); "
            f"half the error would cost ρ = {self.half_error.rho:.6g} "
            f"(ε = {self.half_error.epsilon:.4g}).",
            *self._left_words,
            *self.repeated_words,
            *self.cheaper,
        )

    @property
    def _left_words(self) -> tuple[str, ...]:
        if self.left is None:
            return ()
        rest = "" if self.affordable else ", which does not cover this"
        return (
            f"The project has ρ = {self.left.rho:.6g} (ε = {self.left.epsilon:.4g}) "
            f"left{rest}.",
        )

    @property
    def repeated_words(self) -> tuple[str, ...]:
        """That asking costs nothing, where it is an exact repeat."""
        if not self.repeats:
            return ()
        return (
            f"Release {self.repeats} answers exactly this: asked again it is given "
            "again, and costs nothing.",
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
        bounds=_bounds(price),
        choices=choices(price),
        cells=plan.cells,
        emerging=_emerging(price),
        noise=noise_lines(price),
        columns=tuple(error_of(output.name, seen) for output in outputs),
        certificates=tuple(
            grouped(each, view, plan)
            for view in seen
            for each in certificates_of(_asked(view), view)
        ),
        hidden=hidden(seen),
        cheaper=cheaper(price),
        loss=price.loss,
        half_error=_half_error(price),
        rounding=_rounding(plan),
    )


def _asked(price: Price) -> list[Output]:
    return [each for each in price.plan.query.outputs if aggregates_in(each.value)]


def _rounding(plan: Plan) -> str:
    base = plan.policy.granularity.counts
    counts = [o.name for o in plan.query.outputs if is_count(o.value, plan.query)]
    if base == 1 or not counts:
        return ""
    totals = " Totals are rounded by themselves and need not add up."
    return (
        f"{', '.join(counts)}: rounded to the nearest multiple of {base:,} once noised,"
        f" with the ends of intervals moved outwards by less than {base:,}."
        f"{totals if plan.told else ''}"
    )


def _half_error(price: Price) -> Loss:
    pure = price.measure is Measure.PURE
    nano = 2 * price.epsilon_nano if pure else 4 * price.rho_nano
    conversion, thresholds = price.conversion_delta_atto, price.delta_atto
    return loss_of(price.measure, nano, conversion, thresholds)


def _bounds(price: Price) -> str:
    """How many rows one person has, in how many cells, and what that follows from."""
    bounded = price.plan.bounded
    rows, in_one = bounded.contribution, bounded.rows_per_cell
    if rows.rows == 1:
        return f"One person has one row, in one cell.{_gain(price)}"
    each = f", at most {in_one} of them in one cell" if in_one < rows.rows else ""
    return (
        f"One person has at most {rows.rows} rows{_factors(price, rows)}, in at "
        f"most {bounded.cells_per_person} of the cells{each}.{_gain(price)}"
        f"{_left_of(price)}"
    )


def _left_of(price: Price) -> str:
    """Of which figures a condition of their own leaves fewer of those rows."""
    bounded, fewer = price.plan.bounded, dict[int, list[str]]()
    for output in _asked(price):
        asked = (bounded.query.aggregates[at] for at in aggregates_in(output.value))
        rows = max(bounded.of(each.argument).rows_per_person for each in asked)
        if rows < bounded.rows_per_person:
            fewer.setdefault(rows, []).append(output.name)
    return "".join(
        f" For {', '.join(names)} a condition leaves at most {rows} of them."
        for rows, names in fewer.items()
    )


def _factors(price: Price, rows: Contribution) -> str:
    """Which caps multiply to so many rows."""
    joined = factors(price.plan.query.relation)
    if len(joined) == 1 or prod(cap for _, cap in joined) != rows.rows:
        return ""
    return f" ({' × '.join(f'{cap} of {name}' for name, cap in joined)})"


def _gain(price: Price) -> str:
    """What bounds by group make of the noise, where they make a difference."""
    relation, rows = price.plan.query.relation, price.plan.bounded.contribution
    most = prod(cap for _, cap in factors(relation))
    pure = price.measure is Measure.PURE
    moved = rows.rows if pure else sqrt(rows.squared)
    if moved >= most:
        return ""
    named = {table.name: table for table in tables(relation)}.values()
    kept = "; ".join(
        f"of {table.name} publication kept {each.words}"
        for table in named
        for each in table.bounds
    )
    why = f" ({kept})" if kept else ""
    return f" So noise is for {moved:.3g} of a person's rows, and not for {most}{why}."


def _emerging(price: Price) -> str:
    plan, threshold, emerging = price.plan, price.threshold, price.plan.emerging
    if threshold is None or emerging is None:
        return ""
    hidden = (key for key in plan.query.keys if key.domain.values is None)
    names = " and ".join(words_of(key.expression) for key in hidden)
    least = threshold.least + emerging.fewest - 1
    noise = Mechanism(Kind.GAUSSIAN, threshold.scale, 1, 1)
    usual = least + upper_quantile(noise, plan.policy.confidence)
    each = "" if plan.cells == 1 else f" {plan.cells:,} cells for"
    return (
        f"The answer has{each} each value of {names} that comes out: its noised count "
        f"of people is at least {least:,}, which {usual:,} people usually reach and "
        f"fewer than {emerging.fewest:,} never do. Values of fewer are absent."
    )
