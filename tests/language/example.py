"""A small population to ask in tests: one column of every kind there is."""

from datetime import date

from privacy.bind import bind
from privacy.bound import bound
from privacy.catalogue import Catalogue, Column, Domain, Table, Type, Unit
from privacy.compile import compile_plan
from privacy.errors import Refused
from privacy.parse import parse
from privacy.plan import Plan, plan
from privacy.policy import POLICIES
from privacy.query import BoundQuery
from privacy.teach import understand

LOCATION = "memory"


def whole(name: str, lower: int, upper: int, *, nullable: bool = True) -> Column:
    """An integer column with bounds; listed where they span little."""
    few = upper - lower < 1000
    values = tuple(range(lower, upper + 1)) if few else None
    return Column(name, Domain(Type.NUMBER, 0, lower, upper, nullable, values))


def listed(name: str, *values: str, nullable: bool = True) -> Column:
    """A text column with a public list of values."""
    return Column(name, Domain(Type.TEXT, nullable=nullable, values=values))


COLUMNS = (
    whole("age", 0, 120, nullable=False),
    whole("tax_year", 2010, 2020, nullable=False),
    whole("score", -5, 5),
    Column("pay", Domain(Type.NUMBER, 2, 0, 20_000_000, nullable=True)),
    Column("rent", Domain(Type.NUMBER, 2, -50_000, 50_000, nullable=False)),
    Column("debt", Domain(Type.NUMBER, 2, nullable=True)),
    Column("savings", Domain(Type.NUMBER, 0, lower=0, nullable=True)),
    Column("huge", Domain(Type.NUMBER, 0, -(2**62), 2**62, nullable=False)),
    listed("region", "North East", "London", "Wales"),
    listed("sex", "F", "M", nullable=False),
    Column("employer", Domain(Type.TEXT, nullable=True)),
    Column("employed", Domain(Type.BOOLEAN, 0, False, True, True, (False, True))),
    Column(
        "born",
        Domain(Type.DATE, lower=date(1950, 1, 1), upper=date(2005, 12, 31)),
    ),
    Column("died", Domain(Type.DATE)),
    Column("seen", Domain(Type.DATETIME)),
    whole("secret", 0, 1),
    listed("odd name", "a", "b"),
)
GRANTED = frozenset(each.name for each in COLUMNS if each.name != "secret")
EARNINGS = Table("earnings", "earnings", Unit.PERSON, 4, COLUMNS, GRANTED)
PEOPLE = Table("people", "people", Unit.ROW, 1, COLUMNS[:3], GRANTED)
AREAS = Table("areas", "areas", Unit.NONE, 0, COLUMNS[:2], GRANTED)
JOBS = Table(
    "jobs",
    "jobs",
    Unit.PERSON,
    2,
    (
        whole("tax_year", 2010, 2020, nullable=False),
        listed("sector", "Farms", "Mills", nullable=False),
        whole("hours", 0, 60),
        whole("secret", 0, 1),
    ),
    frozenset({"tax_year", "sector", "hours"}),
)
REGIONS = Table(
    "regions",
    "regions",
    Unit.NONE,
    0,
    (
        listed("region", "Wales", "North East", "London", "Kent", nullable=False),
        listed("country", "England", "Wales", nullable=False),
        whole("budget", -5, 5),
    ),
    frozenset({"region", "country", "budget"}),
    unique=(("region",), ("country", "budget")),
)
CATALOGUE = Catalogue(
    "residents",
    {each.name: each for each in (EARNINGS, PEOPLE, JOBS, AREAS, REGIONS)},
)


def bound_query(sql: str) -> BoundQuery:
    """The question bound to the example's catalogue."""
    return bind(parse(sql), CATALOGUE)


def planned(sql: str, policy: str = "none") -> Plan:
    """The question planned."""
    return plan(bound(bound_query(sql)), POLICIES[policy])


def compiled(sql: str) -> str:
    """The statement the enclave would run."""
    made = planned(sql)
    return compile_plan(made, dict.fromkeys(CATALOGUE.tables, LOCATION)).sql


def refusal(sql: str) -> Refused | None:
    """The refusal of a question, None where it is accepted."""
    try:
        understand(sql, CATALOGUE)
    except Refused as refused:
        return refused
    return None
