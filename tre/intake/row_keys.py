"""Rows known by their keys: what a delivery corrects, removes, or brings again.

A table with a row key has, in the linkage zone, a file beside each version: for each
row of every delivery a keyed token of its key, and the secret random number that the
row has in research. Research itself holds the number alone, which means nothing
outside. Rows that the cap left out are in the file too, as are those of people who
object: what is counted here is of the controller's own deliveries, and says nothing
of who was linked to whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlglot.expressions as exp

from connectors.errors import Invalid
from tre.intake.engine import Engine
from tre.intake.incoming import Marks
from tre.intake.pseudonymise import IDENTIFIERS, TOKEN, message, padded
from tre.intake.publication import Changes
from tre.intake.separate import ACCEPTED, ATTRIBUTES, CHECKED, KEYS, key_columns
from tre.intake.sql import Tree, relation, select, select_from, sql
from tre.intake.zones import Zones
from tre.manifest import DeliveryKind

KEYED: Final = relation("linkage", "keyed")
FOUND: Final = relation("linkage", "found")
SUPERSEDED: Final = relation("staging", "superseded")
RENUMBERED: Final = relation("staging", "renumbered")

SIGN: Final = "CREATE TABLE :keyed AS SELECT _row, :token AS token, _removed FROM :keys"
FIND: Final = """
CREATE TABLE :found AS
SELECT k._row, k.token, k._removed, r.number
FROM :keyed AS k LEFT JOIN :known AS r ON r.token = k.token
"""
NOTHING_KNOWN: Final = "SELECT NULL::UUID AS token, NULL::UBIGINT AS number LIMIT 0"
RENUMBER: Final = """
CREATE TABLE :renumbered AS
SELECT a.* REPLACE (coalesce(f.number, a._order) AS _order)
FROM :attributes AS a INNER JOIN :found AS f ON f._row = a._row
WHERE NOT f._removed
"""
DROP: Final = "DROP TABLE :table"
RENAME: Final = 'ALTER TABLE "staging"."renumbered" RENAME TO "attributes"'
FORGET_REMOVED: Final = """
DELETE FROM :identifiers WHERE _row IN (SELECT _row FROM :found WHERE _removed)
"""
SUPERSEDE: Final = """
CREATE TABLE :superseded AS
SELECT number, _removed FROM :found WHERE number IS NOT NULL
"""
KEEP: Final = """
CREATE TABLE :target AS
SELECT f.token, a._order AS number
FROM :attributes AS a INNER JOIN :found AS f ON f._row = a._row
UNION ALL
SELECT r.token, r.number FROM :known AS r ANTI JOIN :found AS f ON f.token = r.token
"""
COPY: Final = "CREATE TABLE :target AS SELECT * FROM :source"
TALLY: Final = """
SELECT
    count_if(number IS NULL AND NOT _removed),
    count_if(number IS NOT NULL AND NOT _removed),
    count_if(number IS NOT NULL AND _removed),
    count_if(number IS NULL AND _removed)
FROM :found
"""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A table whose rows have a key, and what a delivery of it is to do.

    `known` is whether a version before has the table's keys, attached as `known`;
    this version's are written to `rows`.
    """

    table: str
    place: str
    marks: Marks
    kind: DeliveryKind
    known: bool


def check_keys(engine: Engine, marks: Marks, place: str) -> None:
    """Raise Invalid where two accepted rows of `landing.checked` share a key."""
    if not marks.key:
        return
    rows = select(key_columns(marks), CHECKED).where(sql(ACCEPTED))
    every = engine.count(select([exp.Count(this=exp.Star())], rows))
    distinct = engine.count(
        select([exp.Count(this=exp.Star())], rows.copy().distinct())
    )
    if distinct < every:
        raise Invalid(
            f"{place}.tre.row_key",
            f"expected another key for each row: {every - distinct} rows repeat one",
        )


def match(engine: Engine, keyed: Keyed, secret: bytes) -> Changes:
    """Know the delivered rows by their keys, before anybody is linked.

    Needs `linkage.keys` and `staging.attributes`, and writes `rows.<table>`. Of a
    correction, rows that are known keep the number they had, so that whether the cap
    keeps them does not change; `staging.superseded` has their numbers; rows to be
    removed are gone from the attributes and the identifiers. Invalid where rows are
    appended that are known already, or none of those to correct is.
    """
    known: Tree = (
        relation("known", keyed.table)
        if keyed.known
        else select_from(NOTHING_KNOWN).subquery()
    )
    inner, outer = padded(secret)
    token = sql(
        TOKEN.format(of=""),
        message=message(f"row {keyed.table}", key_columns(keyed.marks)),
    )
    engine.run(
        sql(SIGN, keyed=KEYED, keys=KEYS, token=token),
        {"inner": inner, "outer": outer},
    )
    engine.run(sql(FIND, found=FOUND, keyed=KEYED, known=known))
    ((added, corrected, removed, unknown),) = engine.run(sql(TALLY, found=FOUND))
    changes = Changes(keyed.table, added, corrected, removed, unknown)
    _check(changes, keyed)
    if keyed.kind is DeliveryKind.CORRECT:
        _take_places(engine, identified=bool(keyed.marks.identifiers))
    target = relation("rows", keyed.table)
    engine.run(
        sql(KEEP, target=target, attributes=ATTRIBUTES, found=FOUND, known=known)
    )
    return changes


def _take_places(engine: Engine, *, identified: bool) -> None:
    """Known rows take the places they had; those to be removed go."""
    parts = {"found": FOUND, "attributes": ATTRIBUTES}
    engine.run(sql(SUPERSEDE, superseded=SUPERSEDED, **parts))
    engine.run(sql(RENUMBER, renumbered=RENUMBERED, **parts))
    engine.run(sql(DROP, table=ATTRIBUTES))
    engine.run(RENAME)
    if identified:
        engine.run(sql(FORGET_REMOVED, identifiers=IDENTIFIERS, **parts))


def _check(changes: Changes, keyed: Keyed) -> None:
    place = f"{keyed.place}.tre.row_key"
    if keyed.kind is DeliveryKind.APPEND and changes.corrected:
        raise Invalid(
            place,
            f"{changes.corrected} rows were delivered before: a correction replaces"
            " rows (tre.delivery.kind: correct)",
        )
    some = changes.added + changes.unknown
    if keyed.kind is DeliveryKind.CORRECT and some and not changes.known:
        raise Invalid(
            place,
            f"none of {some} rows has the key of a row delivered before: are keys"
            " written as they were?",
        )


def rows_key(zones: Zones, dataset: str) -> bytes:
    """The key of a dataset's row tokens, made on first use, gone with the dataset."""
    return zones.keystore.key_or_new(rows_key_name(dataset))


def rows_key_name(dataset: str) -> str:
    """The name of that key in the keystore: no population's spine can have it."""
    return f"linkage--rows-{dataset}"


def open_rows(engine: Engine, zones: Zones, version: Path) -> None:
    """Attach a new file for the row keys of a version to be, as `rows`."""
    key = zones.keystore.create_key(zones.rows_key_name(version))
    engine.attach("rows", zones.rows(version), key)


def open_known(engine: Engine, zones: Zones, version: Path) -> frozenset[str]:
    """Attach the row keys of the version before as `known`; the tables it has."""
    if not zones.rows(version).exists():
        return frozenset()
    key = zones.keystore.key(zones.rows_key_name(version))
    engine.attach_for_reading("known", zones.rows(version), key)
    return engine.tables("known")


def copy_rows(engine: Engine, zones: Zones, old: Path, version: Path) -> None:
    """Write the row keys of a version beside the one that is made of it."""
    tables = open_known(engine, zones, old)
    if not tables:
        return
    open_rows(engine, zones, version)
    for table in sorted(tables):
        parts = {"target": relation("rows", table), "source": relation("known", table)}
        engine.run(sql(COPY, **parts))
    engine.detach("rows")
    engine.drop("known")
