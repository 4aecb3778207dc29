"""An explanation as a person reads it: how wrong, shown from where, at what price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table

from privacy.explain import Explanation
from privacy.noise_lines import NoiseLine
from privacy.shown_from import Certificate
from privacy.wording import number
from tre.batch import Batch, refused_words
from tre.cli.output import columns
from tre.cli.words import loss_in_words


def explained(explanation: Explanation) -> Iterator[RenderableType]:
    """What is bounded, the error of each column, the noise behind it, the price."""
    cells = "one cell" if explanation.cells == 1 else f"{explanation.cells:,} cells"
    yield f"{explanation.bounds} {explanation.emerging or f'The answer has {cells}.'}"
    yield from explanation.choices
    yield ""
    yield _errors(explanation)
    yield ""
    yield _noise(explanation.noise)
    yield ""
    yield from explanation.hidden
    if explanation.rounding:
        yield explanation.rounding
    yield from together(explanation.history)
    yield f"Cost: {loss_in_words(explanation.loss)}."
    yield f"Half the error would cost {loss_in_words(explanation.half_error)}."
    if explanation.left is not None:
        rest = "" if explanation.affordable else ", which does not cover this"
        yield f"Left: {loss_in_words(explanation.left)}{rest}."
    yield from explanation.repeated_words
    yield from explanation.cheaper


def together(history: Sequence[str]) -> Iterator[RenderableType]:
    """How a question goes together with earlier ones, where it does."""
    if history:
        yield ""
        yield "Beside earlier questions:"
        yield from (f"  {line}" for line in history)
        yield ""


def batched(batch: Batch) -> Iterator[RenderableType]:
    """Each question's errors at its part, then the price of all of them."""
    for place, drafted in enumerate(batch.questions, 1):
        yield f"{place}. {' '.join(drafted.sql.split())}"
        if drafted.refusal is not None:
            yield from (f"   {line}" for line in refused_words(drafted.refusal))
        elif drafted.explanation is not None:
            yield f"   Ask with {drafted.spending}."
            yield _errors(drafted.explanation)
        yield ""
    yield f"Together: {loss_in_words(batch.loss)}; left {loss_in_words(batch.left)}."
    yield f"Half the error of each would cost {loss_in_words(batch.half_error)}."
    yield from batch.repeated_words
    if not batch.affordable:
        yield "The project cannot pay for all of them."


def _errors(explanation: Explanation) -> Table:
    table = columns("column", "95% margin", "a cell is shown")
    for each in explanation.columns:
        shown = [
            _shown(certificate)
            for certificate in explanation.certificates
            if certificate.column == each.column
        ]
        table.add_row(each.column, each.words, "\n".join(shown) or "always")
    return table


def _shown(certificate: Certificate) -> str:
    words = (
        f"from a noised count of {certificate.shown_from:,} {certificate.counted}; "
        f"{certificate.usually_from:,} usually reach it"
    )
    if certificate.total_from is None:
        return words
    return f"{words}\nand from a noised total of {number(certificate.total_from)}"


def _noise(lines: tuple[NoiseLine, ...]) -> Table:
    headings = ("scale", "one person moves", "share of cost")
    table = columns("noise on", "kind", *headings, right=headings)
    for line in lines:
        table.add_row(
            f"{line.component}{_purpose(line)}",
            line.distribution,
            number(line.scale, 4),
            number(line.moved),
            f"{line.share:.0%}",
        )
    return table


def _purpose(line: NoiseLine) -> str:
    if line.asked:
        return ""
    return " (to tell a bias)" if line.checks else " (to show cells)"
