"""Draw a chart as SVG that needs no script, network or typeface."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import altair as alt
import vl_convert

INK: Final = "#1d4f91"
GREY: Final = "#505a5f"
UNSAFE: Final = re.compile(r"<(script|foreignObject)|\bon\w+=|href=", re.IGNORECASE)

Chart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart


def svg(chart: Chart) -> str:
    """The chart's picture. ValueError where it would hold scripts or addresses."""
    plain = chart.configure_view(stroke=None).configure_axis(
        grid=False, labelFontSize=12, titleFontSize=12, titleFontWeight="normal"
    )
    return _drawn(plain.to_json(indent=None))


@lru_cache(maxsize=256)
def _drawn(specification: str) -> str:
    drawn = vl_convert.vegalite_to_svg(specification)
    if UNSAFE.search(drawn):
        raise ValueError("a chart may not hold scripts or addresses")
    return drawn
