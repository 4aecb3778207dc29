"""Pictures of a report, as SVG that needs no script, network or typeface."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import altair as alt
import pandas as pd
import vl_convert

from tre.inspection.report import Bar, Cap

INK: Final = "#1d4f91"
GREY: Final = "#505a5f"
WIDE: Final = 560
SMALL: Final = 180
UNSAFE: Final = re.compile(r"<(script|foreignObject)|\bon\w+=|href=", re.IGNORECASE)


def bars(found: Sequence[Bar], *, across: str, up: str) -> str:
    """Bars side by side, each with its number."""
    frame = _frame(found)
    base = alt.Chart(frame).encode(
        x=alt.X("label:N", sort=None, title=across, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("rows:Q", title=up, axis=alt.Axis(tickCount=4, format=",d")),
    )
    numbers = base.mark_text(dy=-6, color=GREY, fontSize=11).encode(
        text=alt.Text("rows:Q", format=",d")
    )
    return _svg(base.mark_bar(color=INK) + numbers, WIDE, SMALL)


def lying(found: Sequence[Bar], *, along: str) -> str:
    """Bars one below another, for names that need room."""
    base = alt.Chart(_frame(found)).encode(
        y=alt.Y("label:N", sort=None, title=None),
        x=alt.X("rows:Q", title=along, axis=alt.Axis(tickCount=4, format=",d")),
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


def _frame(found: Sequence[Bar]) -> pd.DataFrame:
    return pd.DataFrame(
        {"label": [bar.label for bar in found], "rows": [bar.rows for bar in found]}
    )


def _svg(chart: alt.Chart | alt.LayerChart, width: int, height: int) -> str:
    sized = chart.properties(width=width, height=height, background="transparent")
    plain = sized.configure_view(stroke=None).configure_axis(
        grid=False, labelFontSize=12, titleFontSize=12, titleFontWeight="normal"
    )
    return _drawn(plain.to_json(indent=None))


@lru_cache(maxsize=256)
def _drawn(specification: str) -> str:
    drawn = vl_convert.vegalite_to_svg(specification)
    if UNSAFE.search(drawn):
        raise ValueError("a chart may not hold scripts or addresses")
    return drawn
