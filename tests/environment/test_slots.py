"""How long an answer takes is fixed by its plan and public facts.

What a clock outside still sees: the slot, which anybody could compute; how busy the
machine is; whether the question failed; and, after the slot, the time taken by what is
made of figures that are noised already, which cannot tell more than they do.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from scipy import stats

from privacy.bind import bind
from privacy.bound import bound
from privacy.catalogue import Catalogue, Column, Domain, Size, Table, Type, Unit
from privacy.explain import Explanation
from privacy.parse import parse
from privacy.plan import Plan, plan
from privacy.policy import GATEWAY
from privacy.profile import Profile
from privacy.workload import workload
from tests.enclave.clocks import LeapingClock, StoppedClock
from tests.enclave.test_supervision import asking
from tests.environment.world import RESEARCHER, furnished
from tre import enquiry
from tre.capacity import MOST_HEADROOM, Capacity
from tre.enclave.supervisor import Enclave
from tre.environment import Environment
from tre.lab import PROJECT, Lab
from tre.lab import RESEARCHER as RESEARCHER_THERE
from tre.ledger.question import Asked
from tre.pace import Pace, Waiting, seconds
from tre.release import Release
from tre.spend import Spend

LONG = Pace(Waiting.QUANTISED, MOST_HEADROOM)
REGIONS = ("north", "south")
COUNT = "SELECT COUNT(*) AS n FROM visits"
JOINED = (
    "SELECT COUNT(*) AS n FROM visits AS a JOIN visits AS b"
    " ON a.person_id = b.person_id"
)
BY_PERSON = (
    "SELECT SUM(s.n) AS n FROM (SELECT person_id, COUNT(*) AS n FROM visits"
    " GROUP BY person_id) AS s"
)


def planned(sql: str, **facts: Any) -> Plan:
    """The plan of a question about visits, a table of that size class."""
    region = Domain(Type.TEXT, nullable=False, values=REGIONS)
    year = Domain(Type.NUMBER, lower=0, upper=999, values=tuple(range(1000)))
    columns = (Column("region", region), Column("year", year))
    granted = frozenset({"region", "year"})
    visits = Table("visits", "visits", Unit.PERSON, 4, columns, granted, **facts)
    catalogue = Catalogue("residents", {"visits": visits})
    return plan(bound(bind(parse(sql), catalogue)), GATEWAY)


def slot(sql: str, **facts: Any) -> float:
    """The slot of a question about visits."""
    found = Pace(Waiting.QUANTISED).slot([planned(sql, **facts)])
    assert found is not None
    return found


def test_a_slot_grows_with_what_a_question_publicly_is() -> None:
    """Cells, joins, groupings by person and size classes lengthen it; values do not."""
    assert slot(COUNT) == slot(f"{COUNT} WHERE year = 7") == 0.4
    by_year = f"{COUNT.replace('COUNT', 'region, year, COUNT')} GROUP BY region, year"
    assert slot(by_year) > slot(COUNT)
    assert slot(JOINED) > slot(BY_PERSON) > slot(COUNT)
    assert slot("SELECT MEDIAN(year) AS m FROM visits") > slot(COUNT)
    sizes = [slot(COUNT, size=size) for size in Size]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_a_slot_goes_by_the_profile_where_there_is_one() -> None:
    """What was measured under differential privacy replaces the steward's word."""
    classes = (1, 2, 3, 4, 5, 9, 17, 33, 65)
    slots = []
    for people in (10, 10**7):
        few = (0,) * len(classes)
        profile = Profile(classes, (people, *few[1:]), 9, 0, 9, (), 0, 1, "1")
        query = planned(COUNT, profile=profile, size=Size.MEDIUM)
        slots.append(Pace(Waiting.QUANTISED).slot([query]))
    assert slots == [slot(COUNT, size=Size.SMALL), slot(COUNT, size=Size.HUGE)]


@pytest.mark.parametrize("headroom", [16, 17, 64, 1024])
def test_a_slot_has_the_headroom_its_operator_gave(headroom: int) -> None:
    """It is that many times the predicted work, up to the next rung; 16 at least."""
    for each in (planned(sql) for sql in (COUNT, JOINED, BY_PERSON)):
        least = headroom * seconds(workload(each))
        found = Pace(Waiting.QUANTISED, headroom).slot([each])
        assert found is not None
        assert least <= found < 2 * least


def test_an_environment_waits_for_the_slots_of_its_operator(tmp_path: Path) -> None:
    """Four times the headroom makes the wait four times as long.

    Processes go by the wall's clock: these slots are long enough for any.
    """
    furnished(tmp_path / "home", tmp_path).close()
    waits = []
    for headroom in (256, 1024):
        capacity, clock = Capacity(headroom=headroom), StoppedClock()
        with Environment.open(tmp_path / "home", capacity=capacity) as environment:
            assert environment.headroom == headroom
            environment._parts.gate.enclave._clock = clock
            sql = "SELECT COUNT(*) AS n FROM people"
            environment.ask(sql, project="pathways", person=RESEARCHER, fresh=True)
        waits.append(clock.waits)
    (shorter,), (longer,) = waits
    assert longer == 4 * shorter


@pytest.mark.parametrize("headroom", [-1, 0, 1, 15, 1025])
def test_no_operator_makes_slots_short_or_endless(headroom: int) -> None:
    """What is left of the measured headroom would fail questions by their rows."""
    with pytest.raises(ValueError, match="from 16 to 1024"):
        Capacity(headroom=headroom)


def test_draws_lengthen_a_slot() -> None:
    """Noise that is drawn many times takes its time."""
    pace = Pace(Waiting.QUANTISED)
    once, often = (pace.slot([planned(COUNT)], draws=draws) for draws in (1, 10**5))
    assert once is not None
    assert often is not None
    assert once < often


def package() -> Mapping[str, Any]:
    """A table of visits, a few for each person."""
    return {
        "name": "visits",
        "tre": {"controller": "C", "legal_basis": "None", "population": "residents"},
        "resources": [
            {
                "name": "visits",
                "path": "visits.csv",
                "tre": {"privacy_unit": "person", "rows_per_person": 4},
                "schema": {
                    "fields": [
                        {
                            "name": "id",
                            "tre": {"role": "identifier", "kind": "local-id"},
                        },
                        {"name": "region", "constraints": {"enum": list(REGIONS)}},
                    ]
                },
            }
        ],
    }


def visits(people: int) -> pa.Table:
    """Four visits of each of so many people."""
    ids = [str(number % people) for number in range(4 * people)]
    return pa.table({"id": ids, "region": [REGIONS[0]] * len(ids)})


@pytest.fixture(scope="module")
def neighbours() -> Iterator[tuple[Lab, Lab]]:
    """Two laboratories with slots, of which one has one person more."""
    terms: Any = {"epsilon": 1e6, "quantise_time": True}
    with (
        Lab({"visits": visits(400)}, package(), **terms) as with_,
        Lab({"visits": visits(399)}, package(), **terms) as without,
    ):
        yield with_, without


def ask(lab: Lab, sql: str, clock: StoppedClock, *, fresh: bool = False) -> Release:
    """Ask by this clock, in a slot that no process misses by the wall's."""
    lab._parts.gate.enclave._clock = clock
    gate = dataclasses.replace(lab._parts.gate, pace=LONG)
    spend = Spend(epsilon=0.5)
    asked = Asked(PROJECT, RESEARCHER_THERE, sql, spend.said(), fresh=fresh)
    return enquiry.ask(gate, asked, spend)


@pytest.mark.parametrize("sql", [COUNT, JOINED, f"{COUNT} WHERE region = 'south'"])
def test_neighbours_answer_after_the_same_time(
    neighbours: tuple[Lab, Lab], sql: str
) -> None:
    """To the clock, which stands still but for waiting, they are the same."""
    waits = []
    for lab in neighbours:
        clock = StoppedClock()
        ask(lab, sql, clock, fresh=True)
        waits.append(clock.waits)
    assert waits[0] == waits[1]
    assert len(waits[0]) == 1


def test_a_repeat_waits_for_nothing(neighbours: tuple[Lab, Lab]) -> None:
    """A project's own earlier release is given at once; no other's is looked for."""
    lab, _ = neighbours
    clock = StoppedClock()
    first = ask(lab, COUNT, clock, fresh=True)
    assert ask(lab, COUNT, clock).id == first.id
    assert len(clock.waits) == 1


@pytest.mark.slow
@pytest.mark.statistical
def test_time_does_not_tell_neighbours_apart(neighbours: tuple[Lab, Lab]) -> None:
    """300 answers of each: what is seen of their time is of one distribution.

    The same measurement does tell a question with work from one without, were its
    time not hidden, so it would see a difference. Waits are leapt over.
    """
    seen: dict[Lab, list[float]] = {lab: [] for lab in neighbours}
    for _ in range(300):
        for lab in neighbours:
            seen[lab].append(_seen(lab))
    assert stats.ks_2samp(*seen.values()).pvalue > 1e-6
    enclave = neighbours[0]._parts.gate.enclave
    rows = (10, 3_000_000)
    hidden = [[_worked(enclave, number) for _ in range(60)] for number in rows]
    assert stats.ks_2samp(*hidden).pvalue < 1e-6


def _seen(lab: Lab) -> float:
    """How long an answer takes once its slot is over."""
    clock = LeapingClock()
    lab._parts.gate.enclave._clock = clock
    lab.ask(COUNT, epsilon=0.5, fresh=True)
    return clock.now() - clock.over[0]


def _worked(enclave: Enclave, rows: int) -> float:
    """How long a count of so many rows takes inside its slot, which is hidden."""
    clock = LeapingClock()
    enclave._clock = clock
    begun = clock.now()
    sql = f"SELECT count(*) AS c0 FROM range({rows}) AS a(i) WHERE i % 7 = 3"
    enclave.answer(asking(sql), slot=6.4)
    return clock.begun[0] - begun


def parts_of(kind: object) -> Iterator[object]:
    """The types a value of this type is made of, dataclasses opened."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        yield kind
        for hint in typing.get_type_hints(kind).values():
            yield from parts_of(hint)
    elif inner := typing.get_args(kind):
        for each in inner:
            yield from parts_of(each)
    else:
        yield kind


@pytest.mark.parametrize("answer", [Release, Explanation])
def test_no_type_that_holds_exact_figures_is_part_of_an_answer(answer: type) -> None:
    """Counts of rows, plans, jobs and queues have no way into a response."""
    modules = {kind.__module__ for kind in parts_of(answer) if isinstance(kind, type)}
    kept_in = ("tre.enclave", "tre.ledger", "tre.control", "privacy.plan")
    assert not [name for name in modules if name.startswith(kept_in)]
    assert not {"privacy.table", "privacy.render", "privacy.compile"} & modules
