"""Publishing dataset versions and withdrawing datasets: one switch, one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Row, func, insert, select, update

from connectors.errors import Invalid
from privacy.catalogue import Table
from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import Json, canonical, digest, text_digest
from tre.control.tables import (
    dataset,
    dataset_version,
    published_table,
)
from tre.governance.catalogue import encode_table
from tre.governance.populations import population_exists
from tre.governance.roles import Action, Person, Role, allowed, permitted
from tre.governance.statement import statements
from tre.ledger.account import Kind, Owner, State, lower_cap, open_account, set_state
from tre.ledger.budget import Budget

UNLINKED: Final = ""
"""The spine version of a dataset that no spine has part in."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A version whose file is written, and what the public may know of it.

    `file` and `key_name` are where the environment finds it, and `file_sha256` is
    by what anybody can tell that it is the same. `descriptor` is the
    manifest's public part; `counts` what intake counted, for the steward.
    `cap` is the dataset's own budget, None for none; `purposes` what alone the version
    may be asked for, by which objections were heeded, None for anything. `delivery` is
    what anybody may know of how it came about, and `extends` the version whose rows
    it has too, None where it has none of another.
    """

    dataset: str
    label: str
    title: str
    population: str
    controller: str
    spine_version: str
    file: str
    key_name: str
    file_sha256: str
    tables: tuple[Table, ...]
    descriptor: Mapping[str, Json]
    cap: Budget | None = None
    purposes: frozenset[str] | None = None
    delivery: Mapping[str, Json] = field(default_factory=dict)
    extends: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as the catalogue lists it. `version` is its newest, `state` that's."""

    name: str
    population: str
    controller: str
    title: str
    version: str
    label: str
    state: str


def may_publish(
    connection: Connection, person: str, name: str, controller: str
) -> None:
    """Refused with not_permitted unless the person publishes for this controller."""
    actor = allowed(connection, person, Action.PUBLISH_DATASET)
    _for_controller(actor, name, controller)


def check_place(
    connection: Connection, name: str, place: tuple[str, str], tables: Sequence[str]
) -> None:
    """Invalid where a switch to these tables would contradict the catalogue as it is.

    `place` is a population and a controller. It is looked at before a file is read;
    the switch looks again, for what was published in between.
    """
    population, controller = place
    held = _held(connection, name)
    if held is not None:
        _check_same(population, controller, *held)
    others = [
        row.name
        for row in _current_tables(connection, population)
        if row.dataset != name
    ]
    _check_names(population, [*others, *tables])


def check_steward(connection: Connection, person: str, controller: str) -> None:
    """Refused with not_permitted unless the person is a steward of this controller."""
    actor = allowed(connection, person, Action.READ_INBOX)
    if actor.controller != controller:
        raise Refused(
            "not_permitted", f"Only {controller[:80]}'s stewards handle its files."
        )


def switch_versions(act: Act, publications: Sequence[Publication]) -> tuple[str, ...]:
    """Make these the versions that are asked, all at once; their ids in order.

    Versions they replace stay citable, and are never asked again. Refused with
    not_permitted; Invalid where a publication contradicts the catalogue: a dataset
    keeps its population and controller, a table name belongs to one dataset of a
    population, a population has one spine version at a time, and a cap never rises.
    """
    for publication in publications:
        may_publish(
            act.connection, act.actor, publication.dataset, publication.controller
        )
    versions = tuple(_switch(act, publication) for publication in publications)
    for population in {publication.population for publication in publications}:
        check_population(act.connection, population)
    return versions


def withdraw_dataset(act: Act, name: str) -> None:
    """End a dataset: no question is asked of it again until a new version is published.

    Refused with not_permitted or unknown_dataset.
    """
    actor = permitted(act, Action.WITHDRAW_DATASET)
    held = _held(act.connection, name)
    if held is None:
        raise Refused("unknown_dataset", f"There is no dataset {name[:80]}.")
    _for_controller(actor, name, held[1])
    end_current(act, name, "withdrawn")
    set_state(act, Kind.DATASET, name, State.FROZEN)
    act.record("dataset.withdrawn", name, {})


def list_datasets(connection: Connection) -> tuple[Dataset, ...]:
    """Every dataset there has been, by name, with its newest version."""
    newest = (
        select(
            dataset_version.c.dataset,
            func.max(dataset_version.c.number).label("number"),
        )
        .group_by(dataset_version.c.dataset)
        .subquery()
    )
    rows = connection.execute(
        select(dataset, dataset_version)
        .join(newest, newest.c.dataset == dataset.c.name)
        .join(
            dataset_version,
            (dataset_version.c.dataset == newest.c.dataset)
            & (dataset_version.c.number == newest.c.number),
        )
        .order_by(dataset.c.name)
    )
    return tuple(
        Dataset(
            row.name,
            row.population,
            row.controller,
            row.title,
            row.id,
            row.label,
            row.state,
        )
        for row in rows
    )


def _for_controller(actor: Person, name: str, controller: str) -> None:
    if Role.ADMINISTRATOR not in actor.roles and actor.controller != controller:
        raise Refused(
            "not_permitted", f"Only {controller}'s stewards handle {name[:80]}."
        )


def _switch(act: Act, publication: Publication) -> str:
    held = _held(act.connection, publication.dataset)
    if held is None:
        _create(act, publication)
    else:
        _check_same(publication.population, publication.controller, *held)
        _take_cap(act, publication)
    _check_extends(act.connection, publication)
    end_current(act, publication.dataset, "replaced")
    set_state(act, Kind.DATASET, publication.dataset, State.OPEN)
    version = _insert_version(act, publication)
    act.record(
        "dataset.published",
        version,
        {
            "label": publication.label,
            "population": publication.population,
            "controller": publication.controller,
            "spine_version": publication.spine_version,
            "descriptor_sha256": digest(publication.descriptor),
            "tables": [table.name for table in publication.tables],
            "tables_sha256": {
                table.name: text_digest(encode_table(table))
                for table in publication.tables
            },
            "file_sha256": publication.file_sha256,
            "cap": publication.cap.facts() if publication.cap else None,
            "purposes": _purposes(publication),
            "delivery": {**publication.delivery, "extends": publication.extends},
            "public": _public(publication),
        },
    )
    return version


def _check_extends(connection: Connection, publication: Publication) -> None:
    """What it was made of is what is asked until now: no delivery counts twice."""
    if publication.extends is None:
        return
    columns = dataset_version.c
    current = connection.execute(
        select(columns.id).where(
            columns.dataset == publication.dataset, columns.state == "current"
        )
    ).scalar_one_or_none()
    if current != publication.extends:
        raise Invalid(
            "tre.delivery.to", "another version was published meanwhile: try again"
        )


def _purposes(publication: Publication) -> list[str] | None:
    return None if publication.purposes is None else sorted(publication.purposes)


def _public(publication: Publication) -> Mapping[str, Json]:
    """What the register says of a dataset, which is made of the log alone."""
    said = publication.descriptor
    kept = {
        name: said.get(name) for name in ("description", "legal_basis", "retention")
    }
    linkage = statements(said, publication.tables)
    return {"title": publication.title, **kept, "linkage": linkage}


def _create(act: Act, publication: Publication) -> None:
    name, population = publication.dataset, publication.population
    if not population_exists(act.connection, population):
        raise Invalid("tre.population", f"there is no population {population}")
    act.connection.execute(
        insert(dataset).values(
            name=name,
            population=population,
            controller=publication.controller,
            created_at=act.now,
        )
    )
    budget = publication.cap or Budget.uncapped()
    open_account(act, Owner(Kind.DATASET, name, population), budget, until=None)


def _check_same(said: str, by: str, population: str, controller: str) -> None:
    if said != population:
        raise Invalid("tre.population", f"expected {population}, as published before")
    if by != controller:
        raise Invalid("tre.controller", f"expected {controller}, as published before")


def _take_cap(act: Act, publication: Publication) -> None:
    cap = publication.cap or Budget.uncapped()
    try:
        lowered = lower_cap(act, publication.dataset, cap)
    except ValueError as problem:
        raise Invalid("tre.budget", str(problem)) from None
    if lowered:
        act.record("dataset.cap_lowered", publication.dataset, cap.facts())


def _insert_version(act: Act, publication: Publication) -> str:
    earlier = act.connection.execute(
        select(func.max(dataset_version.c.number)).where(
            dataset_version.c.dataset == publication.dataset
        )
    ).scalar_one()
    number = (earlier or 0) + 1
    version = f"{publication.dataset}/{number}"
    act.connection.execute(
        insert(dataset_version).values(
            id=version,
            dataset=publication.dataset,
            number=number,
            label=publication.label,
            title=publication.title,
            descriptor=canonical(publication.descriptor),
            spine_version=publication.spine_version,
            file=publication.file,
            key_name=publication.key_name,
            state="current",
            published_at=act.now,
            purposes=None
            if publication.purposes is None
            else canonical(_purposes(publication)),
        )
    )
    act.connection.execute(
        insert(published_table),
        [
            {"version": version, "name": table.name, "body": encode_table(table)}
            for table in publication.tables
        ],
    )
    return version


def end_current(act: Act, name: str, state: str) -> None:
    """The dataset's current version, if there is one, is `state` from now on."""
    act.connection.execute(
        update(dataset_version)
        .where(dataset_version.c.dataset == name, dataset_version.c.state == "current")
        .values(state=state, ended_at=act.now)
    )


def check_population(connection: Connection, population: str) -> None:
    """Invalid where current versions share a table name or differ in their spine."""
    rows = _current_tables(connection, population)
    _check_names(population, [row.name for row in rows])
    spines = {row.spine_version for row in rows} - {UNLINKED}
    if len(spines) > 1:
        raise Invalid(
            "tre.population",
            "a new spine version needs every dataset of the population republished",
        )


def _held(connection: Connection, name: str) -> tuple[str, str] | None:
    """The population and the controller of a dataset; None where there is none."""
    row = connection.execute(
        select(dataset.c.population, dataset.c.controller).where(dataset.c.name == name)
    ).one_or_none()
    return None if row is None else (row.population, row.controller)


def _current_tables(
    connection: Connection, population: str
) -> Sequence[Row[str, str, str]]:
    """The tables that are asked: name, dataset and spine version."""
    return connection.execute(
        select(
            published_table.c.name,
            dataset_version.c.dataset,
            dataset_version.c.spine_version,
        )
        .join(dataset_version, dataset_version.c.id == published_table.c.version)
        .join(dataset, dataset.c.name == dataset_version.c.dataset)
        .where(dataset.c.population == population, dataset_version.c.state == "current")
    ).all()


def _check_names(population: str, names: Sequence[str]) -> None:
    """Each table has a name of its own in questions, which fold the case of names."""
    seen: set[str] = set()
    for name in sorted(names):
        if name.casefold() in seen:
            raise Invalid(
                "resources",
                f"the population {population} has a table {name} already, case ignored",
            )
        seen.add(name.casefold())
