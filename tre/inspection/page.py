"""A report as one page: no script, no network, nothing beside the file."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from tre.inspection import charts
from tre.inspection.report import Level, Report, Risk, RowsPerPerson
from tre.templates import templates

LEVELS: Final = {
    Level.SERIOUS: "Put right before publishing",
    Level.WARNING: "Look at",
    Level.NOTE: "Worth knowing",
}


def page_of(report: Report) -> str:
    """The report as HTML, complete in itself and fit to be printed."""
    environment = templates("tre.inspection")
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["share"] = lambda part, whole: (
        f"{part / whole:.1%}" if whole else "–"
    )
    environment.globals.update(
        sketch=lambda bars: Markup(charts.sketch(bars)),  # noqa: S704 - drawn by us, checked for scripts
        class_chart=_classes,
        special_chart=_special,
        blame_chart=_blame,
        rows_chart=_rows,
        cap_chart=_caps,
    )
    by_level = {
        words: [one for one in report.findings if one.level is level]
        for level, words in LEVELS.items()
    }
    template = environment.get_template("report.html")
    return template.render(report=report, by_level=by_level)


def _classes(risk: Risk) -> Markup:
    drawn = charts.bars(
        risk.classes, across="people who share the combination", up="people"
    )
    return Markup(drawn)  # noqa: S704 - drawn by us, checked for scripts


def _special(risk: Risk) -> Markup:
    drawn = charts.bars(risk.special, across="columns that suffice", up="people")
    return Markup(drawn)  # noqa: S704 - drawn by us, checked for scripts


def _blame(risk: Risk) -> Markup:
    drawn = charts.lying(risk.blame, along="times part of what singles somebody out")
    return Markup(drawn)  # noqa: S704 - drawn by us, checked for scripts


def _rows(persons: RowsPerPerson) -> Markup:
    drawn = charts.bars(persons.people_by_rows, across="rows", up="people")
    return Markup(drawn)  # noqa: S704 - drawn by us, checked for scripts


def _caps(persons: RowsPerPerson) -> Markup:
    drawn = charts.losses(persons.other_caps, persons.cap, persons.rows)
    return Markup(drawn)  # noqa: S704 - drawn by us, checked for scripts
