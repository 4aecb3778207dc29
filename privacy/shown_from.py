"""Say from which count on a cell is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from privacy.certificates import least_shown, least_total
from privacy.plan import Plan, aggregates_in
from privacy.price import Price
from privacy.quantile import upper_quantile
from privacy.query import Output
from privacy.wording import by_words, number


@dataclass(frozen=True, slots=True)
class Certificate:
    """From which count on a column's cells are shown.

    `counted` is "people", of whom each has a row there, or "rows". A cell is shown
    where its noised count is at least `shown_from`; one with `usually_from` is shown
    99 times in 100, and one with fewer than the policy's people at most once in 100.
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


def certificates_of(outputs: list[Output], price: Price) -> tuple[Certificate, ...]:
    """From which count on cells are shown, one for each aggregate of a column."""
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
    counted = "people" if support.per_person == 1 else "rows"
    return Certificate(
        column,
        counted,
        shown_from,
        shown_from + quantile,
        None if total is None else float(total),
    )


def grouped(certificate: Certificate, view: Price, whole: Plan) -> Certificate:
    """The same, saying of which grouping where there are several."""
    return replace(certificate, grouping=by_words(view.plan) if whole.told else "")


def certificate_words(each: Certificate) -> str:
    """The same in sentences."""
    grouping = f"{each.grouping} " if each.grouping else ""
    words = (
        f"{each.column}: {grouping}a cell is shown where its noised count of "
        f"{each.counted} is at least {each.shown_from:,}, which "
        f"{each.usually_from:,} usually reach."
    )
    if each.total_from is None:
        return words
    return (
        f"{words} Its noised total must be at least {number(each.total_from)}, too, so "
        "that nobody holds most of it."
    )
