"""A report as one page: no script, no network, nothing beside the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from tre.evaluation import charts, risk, tables
from tre.evaluation.measures.subgroups import SIZES
from tre.evaluation.report import Report, findings, percent
from tre.evaluation.risk import Attacked
from tre.evaluation.tables import Table
from tre.templates import templates

_ATTACKED: Final = {
    "attacks": Attacked.MADE_UP,
    "attacks on data": Attacked.ON_DATA,
}
"""The pictures of attacks, by the names that the template has for them."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, what it shows in words, and its numbers where a table has them."""

    chart: Markup
    label: str
    caption: str
    numbers: Table | None = None


def page_of(report: Report) -> str:
    """The report as HTML, complete in itself and fit to be printed."""
    template = templates("tre.evaluation").get_template("report.html")
    return template.render(
        report=report,
        findings=(*findings(report), *risk.fallen(report)),
        pictures=_pictures(report),
        tables={
            "methods": tables.by_method(report),
            "questions": tables.by_question(report),
            "measures": tables.measures(report),
            "coverage": tables.coverage_by_question(report),
            "advice": tables.advised(report),
            "audit": tables.audited(report),
            "attacks": risk.attacked(report, Attacked.MADE_UP),
            "attacks on data": risk.attacked(report, Attacked.ON_DATA),
            "encodings": risk.attacked(report, Attacked.ENCODINGS),
            "refusals": tables.refusals(report),
            "facts": tables.facts(report.plan, report.rows),
        },
    )


def _pictures(report: Report) -> dict[str, Picture]:
    return {
        **_of_utility(report),
        **_of_order(report),
        **_of_groups(report),
        **_of_budget(report),
        **_of_audit(report),
        **_of_attacks(report),
    }


def _of_utility(report: Report) -> dict[str, Picture]:
    numbers = tables.typical_by_epsilon
    return {
        "error": Picture(
            _safe(charts.error_by_epsilon(report)),
            "Line chart: the typical error falls as ε grows.",
            "The line is the middle question; half of all questions lie in the shade. "
            "Both axes are logarithmic: each mark up is ten times the error.",
            numbers(report, "relative error", "Typical error of the middle question"),
        ),
        "questions": Picture(
            _safe(charts.error_by_question(report)),
            "Small line charts, one for each question: error against ε.",
            "Each question by itself. Nine in ten repetitions lie in the shade.",
        ),
        "hidden": Picture(
            _safe(charts.hidden_by_epsilon(report)),
            "Line chart: the share of figures that are not shown, by ε.",
            "Dotted lines: what the rules of other systems hide of the same figures; "
            f"they look at exact values and have no ε{_others(report)}.",
            numbers(report, "hidden", "Share of figures that are not shown"),
        ),
        "coverage": Picture(
            _safe(charts.coverage_by_epsilon(report)),
            "Line chart: how often 95% intervals hold the exact answer, by ε.",
            "Bars show how far chance alone may have moved each point (95%).",
            numbers(report, "coverage", "Intervals that hold the exact answer"),
        ),
    }


def _of_order(report: Report) -> dict[str, Picture]:
    """Nothing where no question has anything to put in order or to conclude."""
    if all(report.of(measure).empty for measure in charts.ORDERS):
        return {}
    return {
        "order": Picture(
            _safe(charts.order_by_epsilon(report)),
            "Line chart: agreement of rankings and conclusions with the exact answer.",
            "100% is full agreement. What is hidden counts as not agreeing, but for "
            "rankings, which are over the figures that are shown.",
            tables.typical_by_epsilon(report, "Kendall", "Kendall's τ"),
        )
    }


def _of_groups(report: Report) -> dict[str, Picture]:
    return {
        "fairness": Picture(
            _safe(charts.fairness(report, [*SIZES])),
            "Line chart: error by ε, one line for each size of group.",
            "The same noise is a larger share of a smaller group.",
        ),
        "hidden groups": Picture(
            _safe(charts.hidden_fairness(report, [*SIZES])),
            "Line chart: share of figures hidden by ε, one line a size of group.",
            "Groups too small to be told safely are hidden rather than told wrongly.",
        ),
    }


def _of_budget(report: Report) -> dict[str, Picture]:
    found = {}
    if not report.workload.empty:
        found["budget"] = Picture(
            _safe(charts.budget_left(report)),
            "Step chart: the budget left after each question, one line a habit.",
            "A share of what is left never ends, but each answer is worse than the "
            "one before; the same ε each time ends at a wall.",
            tables.lives(report),
        )
    if not report.margins.empty:
        found["margin"] = Picture(
            _safe(charts.margin_cost(report, _different(report))),
            "Line chart: the ε that a 95% margin costs, for some of the questions.",
            "Half the margin costs about twice the ε. Computed from public facts.",
        )
    return found


def _of_audit(report: Report) -> dict[str, Picture]:
    if report.audit.empty:
        return {}
    return {
        "audit": Picture(
            _safe(risk.audit(report)),
            "Bar chart: the loss proven by each game, as a share of the loss claimed.",
            "A bar past the line at 100% would refute the claim. A bar short of it "
            "does not prove it: it is what these games could show in so many plays.",
        )
    }


def _of_attacks(report: Report) -> dict[str, Picture]:
    return {
        name: picture
        for place, whom in _ATTACKED.items()
        if not risk.scores_of(report, whom).empty
        for name, picture in _of_attacks_on(report, place, whom).items()
    }


def _of_attacks_on(report: Report, place: str, whom: Attacked) -> dict[str, Picture]:
    found = {
        place: Picture(
            _safe(risk.achieved(report, whom)),
            "Dot plots, one an attack: its advantage over chance, by who answers.",
            "0% is what chance gets, 100% is always right; bars are 95% intervals. A "
            "red diamond is an attack that did better than chance explains, a blue dot "
            "one that did not.",
        )
    }
    if risk.scores_of(report, whom)["epsilon"].notna().any():
        found[f"{place} by epsilon"] = Picture(
            _safe(risk.by_epsilon(report, whom)),
            "Line charts, one for each attack: its advantage over chance, by ε.",
            "Each attack has all of ε to itself, at each ε. Intervals are shaded.",
        )
    return found


def _others(report: Report) -> str:
    """What each system of exact rules hides, in words."""
    shares = (
        f"{name} {percent(report.at_reference('hidden', name).mean())}"
        for name in report.exact
    )
    return f" ({', '.join(shares)})" if report.exact else ""


def _different(report: Report, most: int = 6) -> list[str]:
    """Questions whose margins are not those of one before: lines that can be told."""
    widest = report.margins[
        report.margins["epsilon"] == report.margins["epsilon"].max()
    ]
    first = widest.groupby("question", sort=False)["margin"].first()
    return [str(name) for name in first.drop_duplicates().index[:most]]


def _safe(drawn: str) -> Markup:
    return Markup(drawn)  # noqa: S704 - drawn by us, checked for scripts
