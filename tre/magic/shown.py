"""An answer as a notebook shows it: a table, a picture, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Final

from privacy.accounting import Loss
from tre.magic.pictures import (
    budget_bar,
    interval_plot,
    key_columns,
    noised_columns,
)
from tre.release import Release

if TYPE_CHECKING:
    import pandas as pd

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A release, with what the project has left and had when the notebook began.

    Only what was released is in it: it can be shown, kept and computed with.
    """

    release: Release = field(repr=False)
    left: Loss
    began: Loss
    plotted: bool = True

    def to_pandas(self) -> pd.DataFrame:
        """The released table."""
        return self.release.to_pandas()

    def _repr_html_(self) -> str:
        """What Jupyter shows: no script, and every value escaped."""
        plot = interval_plot(self.release.table) if self.plotted else ""
        return f"{_table(self.release)}{plot}<div>{bar(self.left, self.began)}</div>"

    def __repr__(self) -> str:
        """What a terminal shows."""
        return f"{self.release.to_pandas().to_string(index=False)}\n{said(self.left)}"


def bar(left: Loss, began: Loss) -> str:
    """The budget as a bar, in the measure that adds up."""
    pure = left.delta == 0
    have, had = (left.epsilon, began.epsilon) if pure else (left.rho, began.rho)
    return budget_bar(have, had, said(left))


def said(left: Loss) -> str:
    """What is left, in words."""
    if left.delta == 0:
        return f"ε = {left.epsilon:.4g} is left."
    return f"ρ = {left.rho:.4g} is left, alone worth ε = {left.epsilon:.3g}."


def _table(release: Release) -> str:
    """The answer's rows, each figure with its interval."""
    table = release.table.slice(0, _MOST)
    keys, noised = key_columns(table), noised_columns(table)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in (*keys, *noised))
    body = "".join(f"<tr>{_cells(row, keys, noised)}</tr>" for row in table.to_pylist())
    cost = "" if release.charged else " It is a repeat, and cost nothing."
    loss = release.loss
    caption = f"Cost when drawn: ρ = {loss.rho:.3g}, ε = {loss.epsilon:.3g}.{cost}"
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(
    row: dict[str, object], keys: tuple[str, ...], noised: tuple[str, ...]
) -> str:
    plain = "".join(f"<td>{escape(_text(row[name]))}</td>" for name in keys)
    return plain + "".join(f"<td>{escape(_figure(row, name))}</td>" for name in noised)


def _figure(row: dict[str, object], name: str) -> str:
    status = str(row[f"{name}_status"])
    if row[name] is None:
        return status
    low, high = _text(row[f"{name}_low"]), _text(row[f"{name}_high"])
    mark = "" if status == "ok" else f" ({status})"
    return f"{_text(row[name])} [{low}, {high}]{mark}"


def _text(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
