"""What an application asks for: held against what there is, and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC

from sqlalchemy import Connection, delete, insert, select

from connectors.errors import Invalid
from privacy.catalogue import Table
from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import canonical
from tre.control.tables import dataset, project_researcher, project_table
from tre.governance.application import Application
from tre.governance.catalogue import current_catalogue
from tre.governance.pins import expect_version
from tre.governance.populations import population_exists
from tre.governance.roles import Role, find_person
from tre.governance.route import REVIEWS, Route, Wanted


def check_application(act: Act, application: Application) -> None:
    """Invalid where the application names what there is not."""
    connection = act.connection
    if not population_exists(connection, application.population):
        raise Invalid("population", "expected a population there is")
    if application.until < act.now.astimezone(UTC).date():
        raise Invalid("until", "expected a day that has not passed")
    if application.starts is not None and application.starts > application.until:
        raise Invalid("starts", "expected a day before the project ends")
    tables = current_catalogue(connection, application.population).catalogue.tables
    _check_tables(application, tables)
    _check_reasons(application)
    _check_versions(connection, application, tables)
    _check_researchers(connection, application.researchers)


def wanted_tables(
    connection: Connection, application: Application
) -> tuple[Wanted, ...]:
    """The tables asked for, as they are published now, and who answers for each."""
    tables = current_catalogue(connection, application.population).catalogue.tables
    controllers = _controllers(connection)
    return tuple(
        Wanted(tables[name], frozenset(columns), controllers[tables[name].dataset])
        for name, columns in application.datasets.items()
        if name in tables
    )


def check_said(
    application: Application, wanted: Sequence[Wanted], chosen: Route
) -> None:
    """Refused with criterion_blank where activation needs what was not said."""
    blank = application.blank()
    if blank is None and REVIEWS[chosen].argued:
        sensitive = {each.table.name: tuple(each.sensitive()) for each in wanted}
        blank = application.unargued(sensitive)
    if blank is not None:
        raise Refused(
            "criterion_blank",
            f"The project cannot start while {blank} is blank.",
            clause=blank,
            suggestion=f"Its proposer amends the proposal, saying {blank}.",
        )


def insert_parts(act: Act, application: Application) -> None:
    """Write down the researchers, tables and columns of an application."""
    tables = current_catalogue(act.connection, application.population).catalogue.tables
    act.connection.execute(
        insert(project_researcher),
        [
            {"project": application.name, "person": person}
            for person in application.researchers
        ],
    )
    act.connection.execute(
        insert(project_table),
        [
            {
                "project": application.name,
                "table_name": name,
                "dataset": tables[name].dataset,
                "columns": canonical(sorted(set(columns))),
            }
            for name, columns in application.datasets.items()
        ],
    )


def delete_parts(act: Act, name: str) -> None:
    """Take away the researchers, tables and columns of a project."""
    for part in (project_table, project_researcher):
        act.connection.execute(delete(part).where(part.c.project == name))


def _controllers(connection: Connection) -> Mapping[str, str]:
    rows = connection.execute(select(dataset.c.name, dataset.c.controller))
    return {row.name: row.controller for row in rows}


def _check_tables(application: Application, tables: Mapping[str, Table]) -> None:
    for name, columns in application.datasets.items():
        if name not in tables:
            raise Invalid(f"datasets.{name}", "expected a table of the population")
        known = {column.name for column in tables[name].columns} | {"person_id"}
        for place, column in enumerate(columns):
            if column not in known:
                raise Invalid(f"datasets.{name}[{place}]", "expected a column it has")


def _check_reasons(application: Application) -> None:
    for table, reasons in application.reasons.items():
        if table not in application.datasets:
            raise Invalid(f"reasons.{table}", "expected a table that is asked for")
        for column in reasons:
            if column not in application.datasets[table]:
                place = f"reasons.{table}.{column}"
                raise Invalid(place, "expected a column that is asked for")


def _check_versions(
    connection: Connection, application: Application, tables: Mapping[str, Table]
) -> None:
    asked = {tables[name].dataset for name in application.datasets}
    for name, version in application.versions.items():
        if name not in asked:
            message = "expected a dataset whose tables are asked for"
            raise Invalid(f"versions.{name}", message)
        expect_version(connection, name, version)


def _check_researchers(connection: Connection, researchers: tuple[str, ...]) -> None:
    for place, person in enumerate(researchers):
        found = find_person(connection, person)
        if found is None or not found.active or Role.RESEARCHER not in found.roles:
            raise Invalid(f"researchers[{place}]", "expected an active researcher")
        if person in researchers[:place]:
            raise Invalid(f"researchers[{place}]", "expected each researcher once")
