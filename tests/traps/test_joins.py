"""Traps of joins and subqueries, each by its number in the list of traps."""

from typing import Any

import pytest

from privacy.bound import bound
from privacy.contribution import rows_per_person
from privacy.errors import Refused
from privacy.relation import Join, JoinKind, TableOf
from tests.language.example import (
    AREAS,
    EARNINGS,
    JOBS,
    PEOPLE,
    bound_query,
    compiled,
    refusal,
)
from tests.language.steps import at_once
from tests.laws.relations import engine, fill


def code(sql: str) -> str:
    """The code a question is refused with."""
    refused = refusal(sql)
    return refused.code if refused else "accepted"


def rows(joined: str) -> int:
    """How many rows one person may have in a FROM clause."""
    return bound(bound_query(f"SELECT COUNT(*) FROM {joined}")).rows_per_person


@pytest.mark.parametrize(
    ("joined", "expected"),
    [
        ("earnings", 4),
        ("earnings JOIN jobs USING (person_id)", 8),
        ("earnings LEFT JOIN jobs USING (person_id)", 8),
        ("earnings JOIN jobs USING (person_id, tax_year)", 8),
        ("earnings e JOIN earnings f USING (person_id)", 16),
        ("jobs a JOIN jobs b USING (person_id) JOIN jobs c USING (person_id)", 8),
        ("earnings JOIN regions USING (region)", 4),
        ("people JOIN regions ON region = 'Kent'", 1),
        ("(SELECT * FROM earnings e JOIN jobs j USING (person_id))", 0),
        ("(SELECT e.* FROM earnings e JOIN jobs j USING (person_id))", 8),
    ],
)
def test_trap_6_caps_of_both_sides_multiply(joined: str, expected: int) -> None:
    """A join's bound is the product of what each side's publication enforced."""
    if expected:
        assert rows(joined) == expected
    else:
        assert code(f"SELECT COUNT(*) FROM {joined}") == "reserved_name"


BY_PERSON = (
    "(SELECT person_id, COUNT(*) AS n{} FROM earnings GROUP BY person_id{}) AS s"
)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [("", 1), (", sex", 2), (", region", 4), (", employer", 4), (", sex, employed", 4)],
)
def test_trap_5_groups_of_a_person_are_bounded_by_rows_and_keys(
    keys: str, expected: int
) -> None:
    """A person has a row for each of their keys: no more than rows, nor than keys."""
    assert rows(BY_PERSON.format(keys, keys)) == expected
    joined = f"{BY_PERSON.format(keys, keys)} JOIN jobs USING (person_id)"
    assert rows(joined) == 2 * expected


@pytest.mark.parametrize(
    "inside",
    [
        "SELECT region, COUNT(*) AS n FROM earnings GROUP BY region",
        "SELECT COUNT(*) AS n FROM earnings GROUP BY ALL",
        "SELECT j.person_id, COUNT(*) AS n FROM earnings e LEFT JOIN jobs j"
        " ON e.person_id = j.person_id GROUP BY j.person_id",
        "SELECT region, COUNT(*) AS n FROM regions GROUP BY region",
    ],
)
def test_trap_5_rows_of_several_people_are_never_summed_up_inside(inside: str) -> None:
    """Only a key that is the person makes an inner group one person's."""
    assert code(f"SELECT COUNT(*) FROM ({inside}) AS s") == "unsupported"


def test_trap_6_the_bound_is_reached() -> None:
    """Rows that all match are as many as the bound says, so it is not too high."""
    database = engine()
    nothing: dict[str, Any] = dict.fromkeys(each.name for each in EARNINGS.columns)
    work: dict[str, Any] = dict.fromkeys(each.name for each in JOBS.columns)
    fill(
        database,
        {
            "earnings": [{**nothing, "person_id": 1}] * 4,
            "jobs": [{**work, "person_id": 1}] * 2,
            "people": [],
            "regions": [],
        },
    )
    sql = "SELECT COUNT(*) FROM earnings {} JOIN jobs USING (person_id)"
    for kind in ("", "LEFT"):
        found = database.execute(compiled(sql.format(kind))).fetchone()
        assert found == (8,)


@pytest.mark.parametrize(
    "joined",
    [
        "earnings JOIN areas ON areas.age = earnings.age",
        "earnings JOIN areas ON areas.age = 30",
        "earnings JOIN regions ON regions.country = earnings.region",
        "earnings JOIN regions ON regions.region < earnings.region",
        "earnings JOIN regions ON regions.region = regions.region",
        "earnings JOIN regions ON earnings.region = earnings.region",
        "earnings JOIN regions ON earnings.region = regions.region OR age > 3",
        "earnings JOIN regions ON NOT earnings.region = regions.region",
        "earnings JOIN regions ON NULLIF(regions.region, 'Kent') = earnings.region",
        "earnings LEFT JOIN regions ON regions.budget = score",
        "earnings JOIN (SELECT country FROM regions) AS c ON c.country = region",
        "earnings JOIN (SELECT NULLIF(region, 'Kent') AS region FROM regions) AS r"
        " USING (region)",
        "earnings JOIN (SELECT a.region FROM regions AS a JOIN regions AS b"
        " ON TRUE) AS r USING (region)",
    ],
)
def test_trap_6_a_key_is_unique_only_where_publication_enforced_it(joined: str) -> None:
    """Nothing else than equality with a whole enforced key keeps a row one row."""
    assert code(f"SELECT COUNT(*) FROM {joined}") == "join"


def test_trap_6_the_bound_does_not_rely_on_the_binder() -> None:
    """A relation without a bound has none, even where it was not refused."""
    earnings, areas = TableOf("r0", EARNINGS), TableOf("r1", AREAS)
    people = TableOf("r1", PEOPLE)
    for relation in (
        areas,
        Join(JoinKind.INNER, earnings, areas, None, ()),
        Join(JoinKind.INNER, areas, earnings, None, ()),
        Join(JoinKind.INNER, earnings, people, ("r0", "r1"), ()),
        Join(JoinKind.INNER, earnings, TableOf("r1", JOBS), None, ()),
    ):
        with pytest.raises(ValueError, match=r"people|key"):
            rows_per_person(relation)


@pytest.mark.parametrize(
    "joined",
    [
        "earnings, jobs",
        "earnings JOIN jobs ON TRUE",
        "earnings JOIN jobs ON earnings.tax_year = jobs.tax_year",
        "earnings JOIN people USING (person_id)",
        "people JOIN people AS p USING (person_id)",
        "earnings e JOIN jobs j ON e.person_id = e.person_id",
        "earnings e JOIN jobs j ON j.person_id = j.person_id",
        "earnings e LEFT JOIN jobs j USING (person_id) JOIN jobs k"
        " ON e.person_id = k.person_id AND j.person_id = k.person_id",
        "regions JOIN regions AS r ON TRUE JOIN earnings ON r.region = earnings.region",
    ],
)
def test_trap_6_rows_of_two_people_never_meet(joined: str) -> None:
    """Tables of people are joined by person, or not at all."""
    assert code(f"SELECT COUNT(*) FROM {joined}") == "join"


@pytest.mark.parametrize(
    "joined",
    [
        "earnings e JOIN jobs j ON e.person_id = j.person_id OR e.age = 1",
        "earnings e JOIN jobs j ON NOT e.person_id = j.person_id",
        "earnings e JOIN jobs j ON e.person_id <> j.person_id",
        "earnings e JOIN jobs j ON e.person_id = j.hours",
        "earnings e JOIN jobs j ON COALESCE(e.person_id, 1) = j.person_id",
        "earnings e JOIN jobs j ON e.person_id = 3",
    ],
)
def test_trap_6_person_id_is_only_equal(joined: str) -> None:
    """What is demanded of person_id is equality, beside which all else must hold."""
    assert code(f"SELECT COUNT(*) FROM {joined}") == "person_id"


@pytest.mark.parametrize(
    ("joined", "expected"),
    [
        ("regions LEFT JOIN earnings USING (region)", "join"),
        ("regions RIGHT JOIN areas USING (age)", "unknown_column"),
        ("earnings FULL JOIN jobs USING (person_id)", "unsupported"),
        ("earnings ANTI JOIN jobs USING (tax_year)", "join"),
        ("regions ANTI JOIN earnings USING (region)", "join"),
        ("earnings SEMI JOIN jobs USING (tax_year)", "join"),
        ("earnings CROSS JOIN regions", "unsupported"),
        ("earnings WHERE NOT EXISTS (SELECT 1 FROM jobs)", "join"),
        ("earnings WHERE tax_year NOT IN (SELECT tax_year FROM jobs)", "unsupported"),
        ("(SELECT * FROM earnings EXCEPT SELECT * FROM earnings)", "unsupported"),
    ],
)
def test_trap_7_removing_a_person_adds_no_row(joined: str, expected: str) -> None:
    """Kept rows are always of the people before; what could add rows is refused."""
    assert code(f"SELECT COUNT(*) FROM {joined}") == expected


@pytest.mark.parametrize("between", ["e.age = 1 OR", "e.age = 1 AND", "NOT NOT"])
@pytest.mark.parametrize(
    "kept",
    [
        "j.person_id NOT IN (SELECT person_id FROM jobs WHERE hours > 3)",
        "j.person_id IN (SELECT person_id FROM jobs)",
        "NOT EXISTS (SELECT 1 FROM jobs AS x WHERE x.person_id = j.person_id)",
    ],
)
def test_trap_7_nobody_is_neither_in_nor_not_in(between: str, kept: str) -> None:
    """A person_id that may be missing keeps no row and drops none, wherever it is."""
    joined = "earnings e LEFT JOIN jobs j ON e.person_id = j.person_id"
    asked = f"{joined} WHERE {between} {kept}"
    assert code(f"SELECT COUNT(*) FROM {asked}") == "person_id"
    here = asked.replace("j.person_id NOT", "e.person_id NOT")
    here = here.replace("j.person_id IN", "e.person_id IN")
    here = here.replace("= j.person_id)", "= e.person_id)", 2).replace(
        "ON e.person_id = e", "ON e.person_id = j"
    )
    assert code(f"SELECT COUNT(*) FROM {here}") == "accepted"


@pytest.mark.parametrize("before", ["", "e.age = 1 OR ", "NOT "])
@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("1", "accepted"),
        ("NULL, 'a' AS b", "accepted"),
        ("*", "accepted"),
        ("j.*", "accepted"),
        ("e.*", "unsupported"),
        ("nonsense", "unsupported"),
        ("hours", "unsupported"),
        ("1, COUNT(*)", "unsupported"),
        ("MAX(hours) + 1", "unsupported"),
    ],
)
def test_what_exists_selects_is_looked_at_by_nobody(
    before: str, selected: str, expected: str
) -> None:
    """An aggregate would make it true of everybody; a name would mean nothing."""
    inside = f"SELECT {selected} FROM jobs j WHERE j.person_id = e.person_id"
    asked = f"SELECT COUNT(*) FROM earnings e WHERE {before}EXISTS ({inside})"
    assert code(asked) == expected


def test_trap_7_missing_matches_are_a_persons_own() -> None:
    """Rows kept for want of a match depend on that person's rows alone."""
    database = engine()
    row: dict[str, Any] = dict.fromkeys(each.name for each in EARNINGS.columns)
    work: dict[str, Any] = dict.fromkeys(each.name for each in JOBS.columns)
    work["sector"] = "Mills"
    sql = compiled(
        "SELECT COUNT(*) FROM earnings LEFT JOIN jobs USING (person_id)"
        " WHERE sector IS NULL"
    )
    counts = []
    for workers in ([], [1], [1, 2]):
        fill(
            database,
            {
                "earnings": [{**row, "person_id": each} for each in (1, 2, 3)],
                "jobs": [{**work, "person_id": each} for each in workers],
                "people": [],
                "regions": [],
            },
        )
        counts.append(database.execute(sql).fetchone())
    assert counts == [(3,), (2,), (1,)]


@pytest.mark.parametrize(
    "inside",
    [
        "SELECT * FROM earnings LIMIT 3",
        "SELECT * FROM earnings ORDER BY pay",
        "SELECT DISTINCT ON (region) * FROM earnings",
        "SELECT region FROM earnings GROUP BY region",
        "SELECT COUNT(*) AS n FROM earnings",
        "SELECT ROW_NUMBER() OVER () AS n FROM earnings",
        "SELECT * FROM earnings QUALIFY TRUE",
        "SELECT * FROM earnings USING SAMPLE 3",
        "SELECT region FROM earnings UNION SELECT region FROM earnings",
        "SELECT (SELECT pay) AS x FROM earnings",
        "VALUES (1)",
    ],
)
def test_trap_8_subqueries_select_rows_each_by_itself(inside: str) -> None:
    """Whatever would make a row depend on others is refused, named by WITH or not."""
    assert code(f"SELECT COUNT(*) FROM ({inside}) AS s") in {"unsupported", "syntax"}
    assert code(f"WITH s AS ({inside}) SELECT COUNT(*) FROM s") in {
        "unsupported",
        "syntax",
    }


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM earnings e JOIN jobs j ON e.person_id = j.person_id"
        " AND e.pay > (SELECT AVG(pay) FROM earnings)",
        "SELECT COUNT(*) FROM earnings e, LATERAL (SELECT * FROM jobs) AS j",
        "SELECT COUNT(*) FROM (SELECT pay, (SELECT MAX(pay) FROM earnings) AS m"
        " FROM earnings) AS s",
        "WITH m AS (SELECT MAX(pay) AS m FROM earnings) SELECT COUNT(*) FROM m",
        "SELECT (SELECT COUNT(*) FROM jobs) FROM earnings",
    ],
)
def test_trap_9_no_subquery_is_a_value(sql: str) -> None:
    """Subqueries are tables; correlated and scalar ones are refused."""
    assert code(sql) in {"unsupported", "join"}


def test_trap_36_names_of_a_question_reach_no_engine() -> None:
    """Aliases are the compiler's own, so that none can shadow a table."""
    sql = compiled(
        'WITH "x""; DROP" AS (SELECT * FROM earnings) SELECT COUNT(*)'
        ' FROM "x""; DROP" AS "y;" JOIN jobs AS "--" USING (person_id)'
    )
    assert "DROP" not in sql
    assert ";" not in sql
    assert "--" not in sql


CHAIN = ", ".join(f"s{n} AS (SELECT * FROM s{n - 1})" for n in range(1, 1_500))
DOUBLED = ", ".join(
    f"s{n} AS (SELECT a.* FROM s{n - 1} AS a JOIN s{n - 1} AS b USING (person_id))"
    for n in range(1, 30)
)
NESTED = "(SELECT * FROM " * 40 + "earnings" + ")" * 40
WIDE = ", ".join(f"pay + {n} AS p{n}" for n in range(3_000))


@pytest.mark.parametrize(
    "sql",
    [
        f"WITH s0 AS (SELECT * FROM earnings), {CHAIN} SELECT COUNT(*) FROM s1",
        f"WITH s0 AS (SELECT * FROM jobs), {DOUBLED} SELECT COUNT(*) FROM s29",
        f"SELECT COUNT(*) FROM {NESTED}",
        f"SELECT COUNT(*) FROM (SELECT {WIDE} FROM earnings)",
        "SELECT COUNT(*) FROM earnings"
        + "".join(f" JOIN jobs j{n} USING (person_id)" for n in range(1_000)),
        "SELECT COUNT(*) FROM people"
        + "".join(f" JOIN regions r{n} ON r{n}.region = 'Kent'" for n in range(900)),
    ],
)
def test_trap_35_large_relations_are_refused_at_once(sql: str) -> None:
    """However joins and subqueries are piled up, few steps are enough to refuse."""
    with pytest.raises(Refused), at_once(500_000):
        bound_query(sql)


@pytest.mark.parametrize(
    "joined",
    [
        "earnings e LEFT JOIN jobs j ON e.person_id = j.person_id AND e.score = 1",
        "earnings e LEFT JOIN regions r ON e.region = r.region AND e.score = 1",
        "earnings e LEFT JOIN regions r ON r.region = 'Kent' AND e.score = 1",
        "jobs j LEFT JOIN jobs k USING (person_id) LEFT JOIN earnings e"
        " ON e.score = j.hours AND k.hours > j.hours AND j.person_id = e.person_id",
    ],
)
def test_trap_34_no_join_compares_every_row_with_every_other(joined: str) -> None:
    """What a LEFT JOIN demands of its left side alone does not slow it down."""
    sql = compiled(f"SELECT COUNT(*) FROM {joined}")
    ((_, steps),) = engine().execute(f"EXPLAIN {sql}").fetchall()
    assert "HASH_JOIN" in steps
    assert "NL_JOIN" not in steps
