"""Pictures and words of what attacks and audits found, for those who decide."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from enum import Enum
from textwrap import wrap
from typing import Final

import altair as alt
import pandas as pd

from tre.evaluation.cell import Family
from tre.evaluation.charts import LEGEND
from tre.evaluation.plan import REGISTER
from tre.evaluation.report import NAMES, Report, percent
from tre.evaluation.tables import Table
from tre.evaluation.threats import WORDS
from tre.svg import GREY, svg

_BLUE: Final = "#1d4f91"
_RED: Final = "#d4351c"
_WIDE: Final = 190
_LINE: Final = 16
_COLUMNS: Final = 3
_DASH: Final = "\u2060–\u2060"
"""At which no line ends."""
_LETTERS: Final = 30
"""How many stand in a line above a small picture."""


class Attacked(Enum):
    """Who or what is attacked."""

    MADE_UP = "made-up people"
    ON_DATA = "people of the data"
    ENCODINGS = "encodings"


def scores_of(report: Report, whom: Attacked) -> pd.DataFrame:
    """Scores of attacks on these, with `advantage` and its ends.

    The advantage is 0 where an attack is as good as chance, and 1 where it is always
    right: (share − chance) / (1 − chance).
    """
    found = report.attacks
    encodings = found["family"] == Family.ENCODINGS.value
    on_data = found["attack"].isin(REGISTER)
    match whom:
        case Attacked.ENCODINGS:
            return _better(found[encodings])
        case Attacked.ON_DATA:
            return _better(found[on_data])
        case Attacked.MADE_UP:
            return _better(found[~encodings & ~on_data])


def at_reference(report: Report, whom: Attacked) -> pd.DataFrame:
    """The scores at the reference ε, or at none."""
    found = scores_of(report, whom)
    return found[found["epsilon"].isna() | (found["epsilon"] == report.reference)]


def achieved(report: Report, whom: Attacked) -> str:
    """Each attack's advantage over chance on every way of answering; with intervals."""
    found = at_reference(report, whom)
    order = [*dict.fromkeys(found["method"])]
    base = alt.Chart(found).encode(
        y=alt.Y("method:N", sort=order, title=None),
        color=alt.condition(
            "datum.low > datum.chance", alt.value(_RED), alt.value(_BLUE)
        ),
    )
    x = alt.X(
        "advantage:Q",
        title=None,
        scale=alt.Scale(domain=[-0.5, 1], clamp=True),
        axis=alt.Axis(values=[0, 0.5, 1], format="%"),
    )
    bars = base.mark_rule(strokeWidth=1.5).encode(x=x.copy(), x2="least:Q")
    bars = bars.encode(x=alt.X("most:Q", scale=alt.Scale(domain=[-0.5, 1], clamp=True)))
    points = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=x,
        shape=alt.condition(
            "datum.low > datum.chance",
            alt.value("diamond"),
            alt.value("circle"),
        ),
    )
    chance = alt.Chart(found).mark_rule(color=GREY).encode(x=alt.datum(0))
    small = (chance + bars + points).properties(
        width=_WIDE, height=_LINE * max(1, found["method"].nunique())
    )
    return svg(_facets(small, found, _COLUMNS))


def by_epsilon(report: Report, whom: Attacked) -> str:
    """How much better than chance each attack is on the policies, as ε grows."""
    found = scores_of(report, whom)
    found = found[found["epsilon"].notna()]
    policies = [*dict.fromkeys(found["method"])]
    base = alt.Chart(found).encode(
        x=alt.X(
            "epsilon:Q",
            title=None,
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(values=sorted(report.plan.epsilons), format="~g"),
        ),
        color=alt.Color(
            "method:N",
            sort=policies,
            scale=alt.Scale(domain=policies, range=[_BLUE, _RED][: len(policies)]),
            legend=LEGEND,
        ),
    )
    scale = alt.Scale(domain=[-0.5, 1], clamp=True)
    axis = alt.Axis(values=[0, 0.5, 1], format="%")
    band = base.mark_area(opacity=0.15).encode(
        y=alt.Y("least:Q", scale=scale, title=None, axis=axis), y2="most:Q"
    )
    line = base.mark_line(strokeWidth=1.5, point=True).encode(
        y=alt.Y("advantage:Q", scale=scale),
        strokeDash=alt.StrokeDash("method:N", sort=policies, legend=None),
    )
    chance = alt.Chart(found).mark_rule(color=GREY).encode(y=alt.datum(0))
    small = (chance + band + line).properties(width=_WIDE, height=90)
    return svg(_facets(small, found, _COLUMNS))


def attacked(report: Report, whom: Attacked) -> Table:
    """The share of right guesses of each attack; marked where chance explains it."""
    found = at_reference(report, whom)
    methods, names = (list(dict.fromkeys(found[c])) for c in ("method", "attack"))
    scores = {(s["attack"], s["method"]): s for s in found.to_dict("records")}
    rows, good = [], set()
    for place, name in enumerate(names):
        chances = [s["chance"] for (each, _), s in scores.items() if each == name]
        texts = [WORDS[str(name)], percent(max(chances))]
        for method in methods:
            score = scores.get((name, method))
            if score is not None and score["low"] <= score["chance"]:
                good.add((place, len(texts)))
            texts.append("–" if score is None else _shown(score))
        rows.append(tuple(texts))
    return Table(
        f"Right guesses of each attack on {whom.value}"
        + ("" if found["epsilon"].isna().all() else f", at ε = {report.reference:g}")
        + ", with 95% intervals; ✓ is no better than chance explains",
        ("attack", "by chance", *map(str, methods)),
        tuple(rows),
        frozenset(good),
    )


def fallen(report: Report) -> Iterator[str]:
    """How many attacks each way of answering falls to, in a sentence of each kind."""
    for whom in (Attacked.MADE_UP, Attacked.ON_DATA):
        found = at_reference(report, whom)
        if found.empty:
            continue
        beaten = (found["low"] > found["chance"]).groupby(found["method"], sort=False)
        told = ", ".join(f"{name} to {e.sum()} of {len(e)}" for name, e in beaten)
        yield (
            f"Attacks on {whom.value}, with ε = {report.reference:g} for each where "
            f"there is one, did better than chance explains: {told}. One in forty does "
            "so by luck."
        )


def audit(report: Report) -> str:
    """The loss that each game proved, as a share of what was claimed."""
    found = report.audit.assign(
        share=report.audit["measured"] / report.audit["claimed"],
        name=report.audit["game"] + " (" + report.audit["setting"] + ")",
    )
    names = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=480))
    bars = (
        alt.Chart(found)
        .mark_bar(color=_BLUE)
        .encode(
            y=names,
            x=alt.X(
                "share:Q",
                title="proven, of what is claimed",
                scale=alt.Scale(domain=[0, max(1.1, float(found["share"].max()))]),
                axis=alt.Axis(format="%"),
            ),
        )
    )
    line = alt.Chart(pd.DataFrame({"share": [1.0]})).mark_rule(strokeWidth=2)
    drawn = bars + line.encode(x="share:Q")
    high = 22 * len(found)
    return svg(drawn.properties(width=380, height=high, background="transparent"))


def _better(found: pd.DataFrame) -> pd.DataFrame:
    """With the advantage over chance, and the ends of its interval."""
    left = 1 - found["chance"]
    found = found.assign(
        advantage=(found["share"] - found["chance"]) / left,
        least=(found["low"] - found["chance"]) / left,
        most=(found["high"] - found["chance"]) / left,
        method=found["method"].map(lambda name: NAMES.get(name, name)),
    )
    return found.assign(words=found["attack"].map(WORDS))


def _facets(small: alt.LayerChart, found: pd.DataFrame, columns: int) -> alt.FacetChart:
    """One small picture an attack, below its words, of which none is cut off."""
    order = [WORDS[name] for name in dict.fromkeys(found["attack"])]
    lines = {words: wrap(words, _LETTERS) for words in order}
    title = alt.Header(
        title=None,
        labelFontSize=11,
        labelFontWeight="bold",
        labelLimit=0,
        labelExpr=f"({json.dumps(lines)})[datum.value]",
    )
    facet = alt.Facet("words:N", header=title, sort=order)
    chart: alt.FacetChart = small.facet(facet=facet, columns=columns)
    return chart.properties(background="transparent")


def _shown(score: Mapping[Hashable, float]) -> str:
    low, high = (100 * score[end] for end in ("low", "high"))
    return f"{percent(score['share'])} ({low:.0f}{_DASH}{high:.0f})"
