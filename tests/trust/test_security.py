"""The test of security: no path to a row, zones apart, and one ledger for all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from privacy.errors import Failed, Refused
from tests.control.world import NOW, World
from tests.environment.world import CANARY
from tests.hostile.test_hostile import sql_attacks
from tests.trust.conftest import Neighbours, ask
from tre.ledger.account import Kind
from tre.ledger.reconcile import reconcile
from tre.ledger.settle import recover

ATTACKS = list(sql_attacks())[::16]


@pytest.mark.parametrize(("place", "sql"), ATTACKS, ids=[place for place, _ in ATTACKS])
def test_no_path_leads_to_a_row(neighbours: Neighbours, place: str, sql: str) -> None:
    """An attack of each sort shows nothing, and the same whoever is in the data."""
    said = []
    for environment in neighbours:
        try:
            release = ask(environment, sql, rho=0.0001)
        except (Refused, Failed) as ended:
            said.append((type(ended), str(ended), getattr(ended, "suggestion", "")))
        else:
            said.append((type(release), f"{release.table.schema.names}", ""))
    assert said[0] == said[1], place
    assert CANARY not in str(said)


def test_zones_are_apart_and_closed(neighbours: Neighbours) -> None:
    """Nothing under the home has a planted value in clear; zones have their keys."""
    for environment in neighbours:
        layout = environment._parts.layout
        files = [path for path in layout.root.rglob("*") if path.is_file()]
        assert files
        holders = [p for p in files if CANARY.encode() in p.read_bytes()]
        assert holders == []
        kept = environment.keys()
        zones = {each.zone for each in kept}
        assert {"linkage", "research"} <= zones
        left = {path.suffix for path in (layout.zones / "landing").iterdir()}
        assert left <= {"", ".summary"}, "a source as it was received is still there"


def test_the_ledger_is_one_for_all_and_is_never_overspent(world: World) -> None:
    """Whoever asks at the same time, and whatever dies: no more than there is."""
    total = world.account(Kind.POPULATION, "residents").total_nano
    project = world.account(Kind.PROJECT, "pathways").total_nano
    each = project // 5

    def spend(number: int) -> str:
        try:
            world.reserve(each, f"SELECT {number}")
        except Refused as refused:
            return refused.code
        return ""

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(spend, range(12)))
    paid = ended.count("")
    assert paid == project // each
    assert set(ended) == {"", "budget_exhausted"}
    assert recover(world.control, lambda _owner: False, NOW) == paid
    spent = world.account(Kind.POPULATION, "residents").spent_nano
    assert spent == paid * each <= total
    with world.control.reading() as connection:
        assert reconcile(connection) == ()


def test_a_control_database_holds_no_protected_value(neighbours: Neighbours) -> None:
    """What everything is steered by has none of what is protected."""
    for environment in neighbours:
        held: Path = environment._parts.layout.control
        assert CANARY.encode() not in held.read_bytes()
