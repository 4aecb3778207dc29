"""Pictures of an evaluation, readable in grey and without colour vision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from tre.evaluation.report import Report
from tre.svg import GREY, svg

WIDE: Final = 620
HIGH: Final = 280
LEGEND: Final = alt.Legend(
    title=None, orient="top", labelFontSize=12, labelLimit=320, symbolOpacity=1
)
ORDERS: Final = {
    "Kendall": "ranking of all cells (Kendall's τ)",
    "top": "the largest cells named",
    "decision": "conclusions drawn",
}
"""Measures of order and conclusions, and what a picture calls them."""
LEAST_ERROR: Final = 1e-4
"""Where the axis of errors ends: a hundredth of a percent."""

_COLOURS: Final = ("#1d4f91", "#d4351c", "#00703c", "#6f3f98", "#b58840", "#0b0c0c")
_DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3])
_SHAPES: Final = (
    *("circle", "square", "triangle-up", "diamond", "cross", "triangle-down"),
)


def error_by_epsilon(report: Report) -> str:
    """The typical question's error at each ε, the middle half of questions shaded."""
    found = _floored(report.typical("relative error").dropna(subset=["epsilon"]))
    base = _lines(found, report, "typical error of a figure", _errors(), _tens())
    band = (
        _base(found, report)
        .mark_area(opacity=0.15, line=False)
        .encode(
            y=alt.Y("low:Q", scale=_errors()),
            y2="high:Q",
            color=_colour(report),
        )
    )
    return svg(_sized(band + base))


def error_by_question(report: Report) -> str:
    """One small picture a question: error against ε, nine in ten repetitions shaded."""
    found = report.of("relative error").dropna(subset=["epsilon"])
    named = {each.name: place for place, each in enumerate(report.plan.questions)}
    found = _floored(found.sort_values("question", key=lambda s: s.map(named)))
    own = found.groupby(["question", "method", "epsilon"], sort=False, as_index=False)
    found = own[["value", "low", "high"]].mean()
    base = _base(found, report)
    line = base.mark_line(strokeWidth=1.5).encode(
        y=alt.Y("value:Q", scale=_errors(), title=None, axis=_tens()),
        color=_colour(report),
        strokeDash=_dash(report),
    )
    band = base.mark_area(opacity=0.15).encode(
        y=alt.Y("low:Q", scale=_errors()),
        y2="high:Q",
        color=_colour(report),
    )
    small = (band + line).properties(width=165, height=110)
    title = alt.Header(title=None, labelFontSize=12, labelFontWeight="bold")
    chart = small.facet(
        facet=alt.Facet("question:N", header=title, sort=list(named)), columns=4
    )
    return svg(chart.properties(background="transparent").resolve_axis(x="independent"))


def hidden_by_epsilon(report: Report) -> str:
    """The share of figures not shown at each ε, beside the rules of other systems."""
    found = report.mean("hidden")
    noisy = found.dropna(subset=["epsilon"])
    others = found[found["epsilon"].isna() & found["method"].isin(report.exact)]
    line = _lines(noisy, report, "figures not shown", alt.Scale(zero=True))
    rules = (
        alt.Chart(others).mark_rule(color=GREY, strokeDash=[2, 3]).encode(y="value:Q")
    )
    return svg(_sized(line + rules if len(others) else line))


def coverage_by_epsilon(report: Report) -> str:
    """How often intervals hold the exact answer, with what chance alone could do."""
    found = report.mean("coverage").dropna(subset=["epsilon"])
    least = float(min(0.8, found["low"].min()))
    scale = alt.Scale(domain=[least, 1.0], zero=False, nice=False)
    line = _lines(found, report, "intervals that hold the exact answer", scale)
    bars = (
        _base(found, report)
        .mark_rule(strokeWidth=1.5)
        .encode(
            y=alt.Y("low:Q", scale=scale),
            y2="high:Q",
            color=_colour(report),
        )
    )
    promised = _rule(0.95, "promised: 95%", min(report.plan.epsilons))
    return svg(_sized(promised + bars + line))


def order_by_epsilon(report: Report) -> str:
    """Agreement of rankings, of the largest cells, and of conclusions."""
    tables = [
        report.mean(measure).dropna(subset=["epsilon"]).assign(measure=words)
        for measure, words in ORDERS.items()
        if not report.of(measure).empty
    ]
    found = pd.concat(tables)
    found = found[found["method"] == report.policy]
    base = alt.Chart(found).encode(x=_epsilon(report))
    colour = alt.Color(
        "measure:N",
        sort=[*ORDERS.values()],
        scale=alt.Scale(range=list(_COLOURS)),
        legend=LEGEND,
    )
    low = min(0.5, float(found["value"].min()))
    line = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=50)).encode(
        y=alt.Y(
            "value:Q",
            title="agreement with the exact answer",
            scale=alt.Scale(domain=[low, 1]),
            axis=_percents(),
        ),
        color=colour,
        strokeDash=alt.StrokeDash("measure:N", legend=None, sort=[*ORDERS.values()]),
        shape=alt.Shape("measure:N", legend=None, sort=[*ORDERS.values()]),
    )
    return svg(_sized(line))


def fairness(report: Report, sizes: Sequence[str]) -> str:
    """The gateway's error by how many rows are behind a cell."""
    found = report.of("relative error", None)
    found = found[found["method"].eq(report.policy)]
    grouped = found.groupby(["size", "epsilon"])["value"].median().reset_index()
    return svg(
        _by_size(_floored(grouped), report, sizes, "typical error", _errors(), _tens())
    )


def hidden_fairness(report: Report, sizes: Sequence[str]) -> str:
    """The share of the gateway's figures that are hidden, by size of cell."""
    found = report.of("hidden", None)
    found = found[found["method"].eq(report.policy)]
    grouped = found.groupby(["size", "epsilon"])["value"].mean().reset_index()
    scale = alt.Scale(domain=[0, 1])
    return svg(_by_size(grouped, report, sizes, "figures not shown", scale))


def budget_left(report: Report) -> str:
    """What is left of a project's budget after each question, by habit."""
    found = report.workload
    colour = alt.Color(
        "habit:N", sort=None, scale=alt.Scale(range=list(_COLOURS)), legend=LEGEND
    )
    base = alt.Chart(found).encode(
        x=alt.X(
            "number:Q", title="questions asked", axis=alt.Axis(format="d", tickCount=8)
        ),
        color=colour,
    )
    line = base.mark_line(strokeWidth=2, interpolate="step-after").encode(
        y=alt.Y("left:Q", title="budget left", axis=_percents()),
        strokeDash=alt.StrokeDash("habit:N", legend=None, sort=None),
    )
    return svg(_sized(line))


def margin_cost(report: Report, questions: Sequence[str]) -> str:
    """What ε a margin costs, for a few questions: lines of one slope in logarithms."""
    found = report.margins[report.margins["question"].isin(list(questions))]
    found = found.sort_values("group_of").drop_duplicates(
        ["question", "column", "epsilon"], keep="last"
    )
    found = found.sort_values("epsilon")
    base = alt.Chart(found).encode(
        x=alt.X(
            "margin:Q",
            title="95% margin, in the figure's own unit",
            scale=alt.Scale(type="log"),
            axis=alt.Axis(format="~g", tickCount=6),
        ),
        y=alt.Y(
            "epsilon:Q",
            title="ε of the question",
            scale=alt.Scale(type="log"),
            axis=alt.Axis(values=list(report.plan.epsilons), format="~g"),
        ),
        color=alt.Color(
            "question:N",
            sort=list(questions),
            scale=alt.Scale(range=list(_COLOURS)),
            legend=LEGEND,
        ),
        strokeDash=alt.StrokeDash("question:N", legend=None, sort=list(questions)),
    )
    return svg(_sized(base.mark_line(strokeWidth=2)))


# ---------------------------------------------------------------------- shared parts


def _by_size(
    found: pd.DataFrame,
    report: Report,
    sizes: Sequence[str],
    title: str,
    scale: alt.Scale,
    marks: alt.Axis | None = None,
) -> alt.Chart | alt.LayerChart:
    kept = [size for size in sizes if size in set(found["size"])]
    shades = ["#d4351c", "#b58840", "#00703c", "#1d4f91", "#0b0c0c"]
    chart: alt.Chart = (
        alt.Chart(found)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=50))
        .encode(
            x=_epsilon(report),
            y=alt.Y("value:Q", title=title, scale=scale, axis=marks or _percents()),
            color=alt.Color(
                "size:N",
                sort=kept,
                title="rows behind the cell",
                scale=alt.Scale(domain=kept, range=shades[: len(kept)]),
                legend=alt.Legend(orient="top", labelFontSize=12, titleFontSize=12),
            ),
            shape=alt.Shape("size:N", sort=kept, legend=None),
            strokeDash=alt.StrokeDash("size:N", sort=kept, legend=None),
        )
    )
    return _sized(chart)


def _lines(
    found: pd.DataFrame,
    report: Report,
    title: str,
    scale: alt.Scale,
    marks: alt.Axis | None = None,
) -> alt.Chart:
    axis = alt.Y("value:Q", title=title, scale=scale, axis=marks or _percents())
    mark = alt.OverlayMarkDef(size=50, filled=True)
    chart: alt.Chart = (
        _base(found, report)
        .mark_line(strokeWidth=2, point=mark)
        .encode(
            y=axis,
            color=_colour(report),
            strokeDash=_dash(report),
            shape=alt.Shape(
                "method:N",
                sort=report.noisy,
                legend=None,
                scale=alt.Scale(
                    domain=report.noisy, range=list(_SHAPES[: len(report.noisy)])
                ),
            ),
        )
    )
    return chart


def _base(found: pd.DataFrame, report: Report) -> alt.Chart:
    return alt.Chart(found).encode(x=_epsilon(report))


def _epsilon(report: Report) -> alt.X:
    values = sorted(report.plan.epsilons)
    return alt.X(
        "epsilon:Q",
        title="ε (further right: less privacy, less error)",
        scale=alt.Scale(type="log", domain=[values[0], values[-1]], nice=False),
        axis=alt.Axis(values=values, format="~g"),
    )


def _colour(report: Report) -> alt.Color:
    """A colour each; layers that differ in their legend would have none."""
    return alt.Color(
        "method:N",
        sort=report.noisy,
        scale=alt.Scale(domain=report.noisy, range=list(_COLOURS[: len(report.noisy)])),
        legend=LEGEND,
    )


def _dash(report: Report) -> alt.StrokeDash:
    return alt.StrokeDash(
        "method:N",
        sort=report.noisy,
        legend=None,
        scale=alt.Scale(domain=report.noisy, range=list(_DASHES[: len(report.noisy)])),
    )


def _errors() -> alt.Scale:
    return alt.Scale(type="log", domainMin=LEAST_ERROR, nice=False)


def _percents() -> alt.Axis:
    return alt.Axis(format="~%", tickCount=6)


def _tens() -> alt.Axis:
    """Marks at powers of ten, as an axis of errors has them."""
    return alt.Axis(format="~%", values=[0.0001, 0.001, 0.01, 0.1, 1.0, 10.0])


def _rule(at: float, words: str, first: float) -> alt.LayerChart:
    line = alt.Chart(pd.DataFrame({"value": [at]})).mark_rule(color=GREY)
    text = alt.Chart(
        pd.DataFrame({"value": [at], "epsilon": [first], "words": [words]})
    )
    named = text.mark_text(align="left", dy=-6, dx=4, color=GREY, fontSize=11)
    both: alt.LayerChart = line.encode(y="value:Q") + named.encode(
        x="epsilon:Q", y="value:Q", text="words:N"
    )
    return both


def _floored(found: pd.DataFrame) -> pd.DataFrame:
    """Errors no lower than the axis goes: 0 has no logarithm."""
    numbers = [name for name in ("value", "low", "high") if name in found]
    return found.assign(**{name: found[name].clip(LEAST_ERROR) for name in numbers})


def _sized(chart: alt.Chart | alt.LayerChart) -> alt.Chart | alt.LayerChart:
    sized: alt.Chart | alt.LayerChart = chart.properties(
        width=WIDE, height=HIGH, background="transparent"
    )
    return sized
