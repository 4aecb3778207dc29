"""What an answer and a budget look like."""

from __future__ import annotations

from html import escape
from typing import Final

import altair as alt
import pandas as pd
import pyarrow as pa

from tre.svg import GREY, INK, svg

MOST: Final = 40
"""Rows of an answer that a picture has room for."""


def noised_columns(table: pa.Table) -> tuple[str, ...]:
    """The columns that have an interval and a status beside them."""
    names = table.column_names
    return tuple(name for name in names if f"{name}_status" in names)


def key_columns(table: pa.Table) -> tuple[str, ...]:
    """The columns that say which row is which."""
    noised = noised_columns(table)
    added = {f"{name}{end}" for name in noised for end in ("_low", "_high", "_status")}
    return tuple(n for n in table.column_names if n not in {*noised, *added})


def interval_plot(table: pa.Table, column: str = "") -> str:
    """The answer's figures with their 95% intervals, as SVG; empty for none.

    Of the column named, or of the first; the first MOST rows. What is suppressed has
    its name and no mark.
    """
    noised = noised_columns(table)
    if not noised or not table.num_rows:
        return ""
    shown = column if column in noised else noised[0]
    frame = _frame(table.slice(0, MOST), shown)
    every = alt.Scale(domain=[*dict.fromkeys(frame["row"])])  # hidden ones, too
    row = alt.Y("row:N", title=None, scale=every, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(frame).encode(y=row)
    bars = base.mark_rule(color=INK, strokeWidth=2).encode(
        x=alt.X("low:Q", title=f"{shown}, with 95% intervals", scale=_scale()),
        x2="high:Q",
    )
    points = base.mark_point(color=INK, filled=True, size=60, opacity=1).encode(
        x=alt.X("value:Q", scale=_scale()),
        shape=alt.Shape(
            "status:N",
            legend=None,
            scale=alt.Scale(domain=["ok", "unreliable"], range=["circle", "cross"]),
        ),
    )
    high = max(28, 20 * frame["row"].nunique())
    chart = (bars + points).properties(width=420, height=high, background="transparent")
    return svg(chart)


def budget_bar(left: float, before: float, words: str) -> str:
    """A bar of the budget: what is left, of what there was when the notebook began."""
    share = max(0.0, min(1.0, left / before)) if before else 0.0
    said = escape(words)
    return (
        f'<svg role="img" aria-label="{said}" width="420" height="34">'
        f'<rect width="420" height="12" fill="#b1b4b6"></rect>'
        f'<rect width="{420 * share:.1f}" height="12" fill="{INK}"></rect>'
        f'<text y="28" font-size="12" font-family="sans-serif" fill="{GREY}">'
        f"{said}</text></svg>"
    )


def _scale() -> alt.Scale:
    return alt.Scale(zero=False)


def _frame(table: pa.Table, column: str) -> pd.DataFrame:
    keys = [table[name].to_pylist() for name in key_columns(table)]
    rows = [" · ".join(map(_text, each)) for each in zip(*keys, strict=True)]
    number = {
        end: pd.array(
            [None if each is None else float(each) for each in table[name].to_pylist()],
            dtype="Float64",
        )
        for end, name in (
            ("value", column),
            ("low", f"{column}_low"),
            ("high", f"{column}_high"),
        )
    }
    status = table[f"{column}_status"].to_pylist()
    hidden = [each not in {"ok", "unreliable"} for each in status]
    names = rows or [column] * table.num_rows
    labels = [
        f"{name} (suppressed)" if gone else name
        for name, gone in zip(names, hidden, strict=True)
    ]
    return pd.DataFrame({"row": labels, "status": status, **number})


def _text(value: object) -> str:
    return "(missing)" if value is None else str(value)
