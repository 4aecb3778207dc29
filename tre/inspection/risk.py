"""How far people can be told apart by their quasi-identifiers.

k-anonymity (Samarati 2001), l-diversity (Machanavajjhala et al. 2007, distinct form),
and special uniques: minimal sets of columns on which somebody is alone in the file
(Elliot, Manning and Ford 2002, "A computational algorithm for handling the special
uniques problem"). Classes are of people, not of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Type
from tre.inspection.landed import CHECKED, PEOPLE, Landed
from tre.inspection.report import Bar, Diversity, Finding, Level, Risk
from tre.intake.sql import (
    Tree,
    column,
    named,
    number,
    relation,
    select,
    select_from,
    sql,
)
from tre.manifest import FieldType, Role

LEAST_SHOWN: Final = 0.001
MOST_COLUMNS: Final = 12
MOST_SETS: Final = 100
"""How many sets of columns are searched for special uniques, the smaller ones first."""

SMALL: Final = 3
"""As many columns as an intruder is taken to know at once."""

KEPT: Final = relation("landing", "combinations")
SPECIAL: Final = relation("landing", "special")

CREATE: Final = "CREATE TABLE :target AS :rows"

WHOSE: Final = """
SELECT p.person
FROM :checked AS c INNER JOIN :people AS p ON p._row = c._row
WHERE p.person IS NOT NULL
"""
"""Of everybody's accepted rows; columns are added, and classes made by `GROUP BY`."""

CLASSES: Final = """
SELECT
    CASE
        WHEN size < 2 THEN '1' WHEN size < 3 THEN '2' WHEN size < 5 THEN '3 to 4'
        WHEN size < 10 THEN '5 to 9' WHEN size < 20 THEN '10 to 19' ELSE '20 or more'
    END AS class,
    sum(size), min(size)
FROM :classes
GROUP BY 1
"""
DIVERSE: Final = """
SELECT min(l), coalesce(sum(size) FILTER (WHERE l = 1 AND size > 1), 0) FROM :classes
"""
VALUES_OF: Final = "count(DISTINCT coalesce(CAST(:sensitive AS VARCHAR), ''))"

ALONE: Final = """
INSERT INTO :special
SELECT DISTINCT a.person, :mask AS mask, :size AS size
FROM :alone AS a
WHERE NOT EXISTS (
    SELECT 1 FROM :special AS s WHERE s.person = a.person AND s.mask & :mask = s.mask
)
"""
CREATE_SPECIAL: Final = """
CREATE TABLE :special (person BIGINT, mask INTEGER, size INTEGER)
"""
BY_SIZE: Final = """
SELECT least_size, count(*) FROM (
    SELECT min(size) AS least_size FROM :special GROUP BY person
)
GROUP BY 1 ORDER BY 1
"""
BLAMED: Final = "SELECT count(*) FROM :special WHERE mask & :bit <> 0"
PEOPLE_KEPT: Final = "SELECT count(DISTINCT person) FROM :kept"

COARSER: Final[Mapping[FieldType, str]] = {
    FieldType.STRING: "codes, lookup or outward-postcode; or constraints: {enum: […]}",
    FieldType.INTEGER: "bands, step, codes or lookup",
    FieldType.NUMBER: "bands or step",
    FieldType.DATE: "age-band, or year, quarter or month",
    FieldType.DATETIME: "age-band, or year, quarter or month",
}
"""From what coarser columns are made; a boolean has two values already."""

SIZES: Final = ("1", "2", "3 to 4", "5 to 9", "10 to 19", "20 or more")


def risk(landed: Landed) -> Risk | None:
    """The risk over the quasi-identifiers; None where there are none, or nobody."""
    if not landed.resource.protected:
        return None
    chosen, assumed = quasi_identifiers(landed)
    if not chosen:
        return None
    engine = landed.engine
    _combine(landed, chosen)
    people = engine.count(sql(PEOPLE_KEPT, kept=KEPT))
    if not people:
        return None
    keys = [column(f"q{at}") for at in range(len(chosen))]
    found = {
        name: (int(people), least)
        for name, people, least in engine.run(sql(CLASSES, classes=_classes(keys)))
    }
    searched = _search(landed, keys)
    special = dict(engine.run(sql(BY_SIZE, special=SPECIAL)))
    return Risk(
        columns=tuple(landed.columns[at].name for at in chosen),
        derived=_derived(landed, chosen),
        assumed=assumed,
        people=people,
        smallest=min(least for _, least in found.values()),
        unique=found.get("1", (0, 0))[0],
        classes=tuple(Bar(size, found.get(size, (0, 0))[0]) for size in SIZES),
        diversity=tuple(_diversity(landed, chosen)),
        searched=searched,
        special=tuple(
            Bar(str(size), special.get(size, 0)) for size in range(1, searched + 1)
        ),
        blame=tuple(_blame(landed, chosen)),
    )


def quasi_identifiers(landed: Landed) -> tuple[list[int], bool]:
    """Where they are among the columns, and whether that had to be assumed.

    Those declared, and what is derived from an identifier. Where there is none of
    either, listed columns with few keys stand in: they are what others may know.
    """
    declared = {
        name
        for field in landed.resource.table_schema.fields
        for name in (field.name, *field.tre.derive)
        if field.tre.role is Role.QUASI_IDENTIFIER
        or (field.tre.role is Role.IDENTIFIER and name != field.name)
    }
    found = [at for at, one in enumerate(landed.columns) if one.name in declared]
    if found:
        return found[:MOST_COLUMNS], False
    listed = [
        at
        for at, one in enumerate(landed.columns)
        if one.domain.type is Type.TEXT and one.domain.values is not None
    ]
    return listed[:SMALL], True


def undeclared(landed: Landed) -> Iterator[Finding]:
    """That no risk can be told, where nothing is declared and nothing stands in."""
    looked, _ = quasi_identifiers(landed)
    if landed.resource.protected and landed.columns and not looked:
        yield Finding(
            Level.WARNING,
            "no_quasi_identifiers",
            landed.name,
            "",
            "no field is declared a quasi-identifier, and none is a list of categories"
            " that could stand in: who can be singled out is not looked at. Declare"
            " what others may know of a person, such as age, sex and place",
            change="- {name: …, tre: {role: quasi-identifier}}",
        )


def judged(landed: Landed, risk: Risk) -> Iterator[Finding]:
    """What the steward should know of it."""
    table = landed.name
    alone = risk.unique / risk.people
    names = ", ".join(risk.columns)
    if risk.assumed:
        yield Finding(
            Level.WARNING,
            "no_quasi_identifiers",
            table,
            "",
            f"no field is declared a quasi-identifier: the risk is shown over {names}. "
            "Declare what others may know of a person",
            change=f"- {{name: {risk.columns[0]}, tre: {{role: quasi-identifier}}}}",
        )
    if risk.unique:
        blamed = max(risk.blame, key=lambda bar: bar.rows).label
        yield Finding(
            Level.SERIOUS if alone > 0.05 else Level.WARNING,  # noqa: PLR2004 - one in twenty
            "unique_people",
            table,
            blamed,
            f"{risk.unique:,} of {risk.people:,} people ({_share(alone)}) can be "
            f"singled out by {names}{_together(risk.columns, blamed)}",
            risk.unique,
            _coarser(landed, blamed),
        )
    for one in risk.diversity:
        if one.homogeneous:
            yield Finding(
                Level.WARNING,
                "no_diversity",
                table,
                one.column,
                f"{one.homogeneous:,} people share {names} only with people of the "
                f"same {one.column}: who knows the one knows the other",
                one.homogeneous,
            )


def _share(alone: float) -> str:
    """A share of people that is not nobody, so never told as 0.0%."""
    return f"{alone:.1%}" if alone >= LEAST_SHOWN else f"under {LEAST_SHOWN:.1%}"


def _together(columns: Sequence[str], blamed: str) -> str:
    """That columns do it together, and which one most often has part in it."""
    if len(columns) == 1:
        return ""
    return f" together; {blamed} most often has part in it"


def _derived(landed: Landed, chosen: Sequence[int]) -> tuple[str, ...]:
    fields = {field.name for field in landed.resource.table_schema.fields}
    names = (landed.columns[at].name for at in chosen)
    return tuple(name for name in names if name not in fields)


def _coarser(landed: Landed, name: str) -> str:
    """What would make a column coarser, by the type of the field it is made of."""
    fields = landed.resource.table_schema.fields
    (field,) = (one for one in fields if name == one.name or name in one.tre.derive)
    made = COARSER.get(field.type)
    if made is None:
        return f"- {{name: {name}, tre: {{drop: true}}}}"
    if name != field.name:
        return f"derive: {{{name}: {{from: …}}}}   # {made}"
    return f"- {{name: {name}, tre: {{generalise: {{from: …}}}}}}   # {made}"


def _combine(landed: Landed, chosen: Sequence[int]) -> None:
    """Make `landing.combinations`: each person once with each of their combinations."""
    own = [named(column(f"c{at}", "c"), f"q{n}") for n, at in enumerate(chosen)]
    rows = select_from(WHOSE, checked=CHECKED, people=PEOPLE).select(*own).distinct()
    landed.engine.run(sql(CREATE, target=KEPT, rows=rows))


def _classes(keys: Sequence[Tree]) -> exp.Subquery:
    counted = named(sql("count(*)"), "size")
    return select([counted], KEPT).group_by(*keys).subquery("k")


def _diversity(landed: Landed, chosen: Sequence[int]) -> Iterator[Diversity]:
    keys = [column(f"c{at}", "c") for at in chosen]
    for at, known in enumerate(landed.columns):
        if not known.sensitive or at in chosen:
            continue
        values = sql(VALUES_OF, sensitive=column(f"c{at}", "c"))
        people = named(sql("count(DISTINCT p.person)"), "size")
        classes = select_from(WHOSE, checked=CHECKED, people=PEOPLE)
        classes = classes.select(people, named(values, "l"), append=False)
        grouped = classes.group_by(*keys).subquery("k")
        ((least, homogeneous),) = landed.engine.run(sql(DIVERSE, classes=grouped))
        yield Diversity(known.name, least, int(homogeneous))


def _search(landed: Landed, keys: Sequence[Tree]) -> int:
    """Fill `landing.special` with minimal sets, smaller ones first; how far it got."""
    landed.engine.run(sql(CREATE_SPECIAL, special=SPECIAL))
    searched = 0
    sets = 0
    for size in range(1, min(SMALL, len(keys)) + 1):
        sets += comb(len(keys), size)
        if sets > MOST_SETS and size > 1:
            break
        for chosen in combinations(range(len(keys)), size):
            _alone(landed, keys, chosen)
        searched = size
    return searched


def _alone(landed: Landed, keys: Sequence[Tree], chosen: Sequence[int]) -> None:
    least, most = sql("min(person)"), sql("max(person)")
    alone = (
        select([named(least, "person")], KEPT)
        .group_by(*(keys[at] for at in chosen))
        .having(exp.EQ(this=least.copy(), expression=most))
    )
    landed.engine.run(
        sql(
            ALONE,
            special=SPECIAL,
            alone=alone.subquery(),
            mask=number(sum(1 << at for at in chosen)),
            size=number(len(chosen)),
        )
    )


def _blame(landed: Landed, chosen: Sequence[int]) -> Iterator[Bar]:
    for n, at in enumerate(chosen):
        found = landed.engine.count(sql(BLAMED, special=SPECIAL, bit=number(1 << n)))
        yield Bar(landed.columns[at].name, found)
