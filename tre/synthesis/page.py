"""What synthetic rows are, what they cost and how faithful they are, as one page."""

from __future__ import annotations

from typing import Final

import altair as alt
import pandas as pd
from markupsafe import Markup

from tre.svg import GREY, INK, svg
from tre.synthesis.synthesise import LABEL, Synthetic
from tre.templates import templates

_RED: Final = "#d4351c"
_HIGH: Final = 20


def page_of(made: Synthetic, table: str) -> str:
    """The report as HTML, complete in itself and fit to be printed."""
    template = templates("tre.synthesis").get_template("report.html")
    chart = Markup(distances(made))  # noqa: S704 - drawn by us, checked for scripts
    return template.render(made=made, table=table, label=LABEL, chart=chart)


def distances(made: Synthetic) -> str:
    """How far rows are from the releases, pair by pair, beside what noise makes."""
    frame = pd.DataFrame(
        {
            "pair": [" × ".join(each.columns) for each in made.pairs],
            "distance": [each.distance for each in made.pairs],
            "noise": [each.noise for each in made.pairs],
            "pairs": ["modelled" if e.modelled else "implied" for e in made.pairs],
        }
    ).sort_values("distance", ascending=False)
    y = alt.Y("pair:N", sort=None, title=None, axis=alt.Axis(labelLimit=300))
    axis = alt.Axis(format="~%", tickCount=6)
    bars = (
        alt.Chart(frame)
        .mark_bar(height=_HIGH * 0.6)
        .encode(
            y=y,
            x=alt.X("distance:Q", title="part of all rows in other cells", axis=axis),
            color=alt.Color(
                "pairs:N",
                scale=alt.Scale(domain=["modelled", "implied"], range=[INK, GREY]),
                legend=alt.Legend(title=None, orient="top", labelFontSize=12),
            ),
        )
    )
    noise = alt.Chart(frame).mark_tick(color=_RED, thickness=3, size=_HIGH * 0.9)
    drawn = bars + noise.encode(y=y, x="noise:Q")
    high = _HIGH * len(frame)
    return svg(drawn.properties(width=420, height=high, background="transparent"))
