"""Pictures of a report, as SVG that needs no script, network or typeface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from tre.inspection.report import Bar, Cap
from tre.svg import GREY, INK, svg

WIDE: Final = 560
SMALL: Final = 180


def bars(found: Sequence[Bar], *, across: str, up: str) -> str:
    """Bars side by side, each with its number."""
    frame = _frame(found)
    base = alt.Chart(frame).encode(
        x=alt.X("label:N", sort=None, title=across, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("rows:Q", title=up, axis=_whole()),
    )
    numbers = base.mark_text(dy=-6, color=GREY, fontSize=11).encode(
        text=alt.Text("rows:Q", format=",d")
    )
    return _svg(base.mark_bar(color=INK) + numbers, WIDE, SMALL)


def lying(found: Sequence[Bar], *, along: str) -> str:
    """Bars one below another, for names that need room."""
    base = alt.Chart(_frame(found)).encode(
        y=alt.Y("label:N", sort=None, title=None),
        x=alt.X("rows:Q", title=along, axis=_whole()),
    )
    return _svg(base.mark_bar(color=INK), WIDE - 120, 22 * max(1, len(found)))


def sketch(found: Sequence[Bar]) -> str:
    """A column's shape, small, without axes."""
    base = alt.Chart(_frame(found)).mark_bar(color=INK)
    chart = base.encode(
        x=alt.X("label:N", sort=None, axis=None), y=alt.Y("rows:Q", axis=None)
    )
    return _svg(chart, 120, 26)


def losses(caps: Sequence[Cap], cap: int, rows: int) -> str:
    """What share of rows each cap leaves out, and which one is declared."""
    frame = pd.DataFrame(
        {
            "cap": [str(one.rows_per_person) for one in caps],
            "share": [one.dropped / max(rows, 1) for one in caps],
            "declared": [one.rows_per_person == cap for one in caps],
        }
    )
    colour = alt.condition(alt.datum.declared, alt.value(INK), alt.value("#b1b4b6"))
    base = alt.Chart(frame).encode(
        x=alt.X(
            "cap:N", sort=None, title="rows per person", axis=alt.Axis(labelAngle=0)
        ),
        y=alt.Y("share:Q", title="rows dropped", axis=alt.Axis(format="%")),
    )
    numbers = base.mark_text(dy=-6, color=GREY, fontSize=11).encode(
        text=alt.Text("share:Q", format=".1%")
    )
    return _svg(base.mark_bar().encode(color=colour) + numbers, WIDE, SMALL)


def _whole() -> alt.Axis:
    """An axis of whole numbers, none of them twice."""
    return alt.Axis(tickCount=4, tickMinStep=1, format=",d")


def _frame(found: Sequence[Bar]) -> pd.DataFrame:
    return pd.DataFrame(
        {"label": [bar.label for bar in found], "rows": [bar.rows for bar in found]}
    )


def _svg(chart: alt.Chart | alt.LayerChart, width: int, height: int) -> str:
    return svg(chart.properties(width=width, height=height, background="transparent"))
