"""A publication's profile: measured in the enclave, charged, published or kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from sqlalchemy import select

from connectors.errors import Invalid
from privacy.accounting import NANO
from privacy.errors import Failed
from privacy.links import LINKED_NANO
from privacy.profiling import HISTOGRAMS_NANO, PROFILE_NANO
from tests.environment.world import COMMITTEE, CONTROLLER, STEWARD
from tre.audit.act import acting
from tre.control.tables import audit_record, measurement
from tre.environment import Environment
from tre.home import Parts
from tre.intake.carry import brought_by
from tre.ledger.account import Kind, current_account
from tre.ledger.measure import Measured, reserve_measurement, settle_measurement
from tre.ledger.reconcile import reconcile

PEOPLE = 4_000


def source(folder: Path, name: str = "earnings", **extension: Any) -> Path:
    """People with 1 to 6 rows each under a cap of 4; every tenth pay is too high."""
    owners = [person for person in range(PEOPLE) for _ in range(person % 6 + 1)]
    pays = [250 if row % 10 == 0 else row % 100 for row in range(len(owners))]
    table = pa.table({"local": [f"p{owner}" for owner in owners], "pay": pays})
    pacsv.write_csv(table, folder / f"{name}.csv")
    pay: dict[str, Any] = {
        "name": "pay",
        "type": "integer",
        "constraints": {"minimum": 0, "maximum": 100},
        "tre": {"out_of_range": "clamp"},
    }
    local = {"name": "local", "tre": {"role": "identifier", "kind": "local-id"}}
    document: Mapping[str, Any] = {
        "name": name,
        "tre": {
            "controller": CONTROLLER,
            "legal_basis": "An Act",
            "population": "residents",
            **extension,
        },
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "tre": {"privacy_unit": "person", "rows_per_person": 4},
                "schema": {"fields": [local, pay]},
            }
        ],
    }
    manifest = folder / f"{name}.json"
    manifest.write_text(json.dumps(document), encoding="utf-8")
    return manifest


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment with a population and a steward, and nothing published."""
    made = Environment.create(tmp_path / "home")
    made.create_population(
        "residents", epsilon=20, delta=1e-6, until=date(2099, 12, 31)
    )
    made.add_person(STEWARD, roles=["steward"], controller=CONTROLLER)
    made.add_person(COMMITTEE, roles=["committee"])
    return made


def spent(environment: Environment, kind: Kind, name: str) -> int:
    """What an account has spent; every account adds up."""
    with environment._parts.control.reading() as connection:
        assert reconcile(connection) == ()
        return current_account(connection, kind, name).spent_nano


def states(environment: Environment) -> list[str]:
    """What became of every measurement, in order."""
    with environment._parts.control.reading() as connection:
        chosen = select(measurement.c.state).order_by(measurement.c.reserved_at)
        return list(connection.execute(chosen).scalars())


def kinds(environment: Environment) -> list[str]:
    """The last three kinds of record in the log."""
    with environment._parts.control.reading() as connection:
        chosen = select(audit_record.c.kind).order_by(audit_record.c.position)
        return list(connection.execute(chosen).scalars())[-3:]


def shown(environment: Environment, name: str = "earnings") -> Any:
    """The profile that the catalogue shows."""
    return environment.dataset(name)["tables"][0]["profile"]


def drain(environment: Environment) -> None:
    """Take all that the population has left."""
    parts = environment._parts
    with parts.control.reading() as connection:
        left = current_account(connection, Kind.POPULATION, "residents").left_nano
    taken = reserve(parts, left)
    assert taken is not None


def reserve(parts: Parts, nano: int, owner: str = "gone") -> Measured | None:
    """A measurement of a dataset that is not there, charged."""
    return reserve_measurement(
        parts.control,
        dataset="other",
        population="residents",
        nano=nano,
        person=STEWARD,
        owner=owner,
        now=parts.clock(),
    )


def test_a_publication_measures_and_pays_for_its_profile(
    environment: Environment, tmp_path: Path
) -> None:
    """The catalogue shows noised figures; population and dataset paid their price."""
    with environment:
        environment.onboard(source(tmp_path), person=STEWARD)
        found = shown(environment)
        most = PROFILE_NANO + HISTOGRAMS_NANO + LINKED_NANO
        assert found["rho"] <= most / NANO + 1e-8
        truth = {1: 667, 2: 667, 3: 667, 4: 667, 5: 1332}
        for each in found["people_by_rows"]:
            near = truth.get(each["from"], 0)
            assert abs(each["people"] - near) < 6 * 45
        assert abs(found["dropped_by_cap"] - 3 * 666) < 6 * 540
        assert abs(found["clamped"]["pay"] - 1_400) < 6 * 180
        price = round(found["rho"] * NANO)
        assert spent(environment, Kind.POPULATION, "residents") == price
        assert spent(environment, Kind.DATASET, "earnings") == price
        assert kinds(environment) == [
            "profile.reserved",
            "dataset.published",
            "profile.released",
        ]
        assert environment.verify_audit().sound
        environment.onboard(source(tmp_path), person=STEWARD)
        assert spent(environment, Kind.POPULATION, "residents") == 2 * price
        assert spent(environment, Kind.DATASET, "earnings") == 2 * price
        assert shown(environment) != found


def test_a_profile_that_cannot_be_paid_for_is_kept_from_before(
    environment: Environment, tmp_path: Path
) -> None:
    """The last profile goes with the new version and names the one it is of."""
    with environment:
        environment.onboard(source(tmp_path), person=STEWARD)
        before = shown(environment)
        drain(environment)
        environment.onboard(source(tmp_path), person=STEWARD)
        assert shown(environment) == before
        assert kinds(environment)[-1] == "profile.kept"
        environment.onboard(source(tmp_path, "later"), person=STEWARD)
        assert shown(environment, "later") is None


def test_a_dataset_with_a_smaller_budget_is_not_measured(
    environment: Environment, tmp_path: Path
) -> None:
    """A cap below the profile's price leaves the profile out, not the publication."""
    with environment:
        small: dict[str, Any] = {"budget": {"epsilon": 0.1, "delta": 1e-7}}
        environment.onboard(source(tmp_path, **small), person=STEWARD)
        assert shown(environment) is None
        assert states(environment) == []


def test_a_switch_that_fails_leaves_a_charge_and_nothing_else(
    environment: Environment, tmp_path: Path
) -> None:
    """Data was read for it, so the measurement stays charged, as failed."""
    with environment:
        small: dict[str, Any] = {"budget": {"epsilon": 4, "delta": 1e-6}}
        environment.onboard(source(tmp_path, **small), person=STEWARD)
        found = shown(environment)
        large: dict[str, Any] = {"budget": {"epsilon": 5, "delta": 1e-6}}
        with pytest.raises(Invalid, match="does not raise its dataset's budget"):
            environment.onboard(source(tmp_path, **large), person=STEWARD)
        assert states(environment) == ["released", "failed"]
        price = round(found["rho"] * NANO)
        assert spent(environment, Kind.POPULATION, "residents") == 2 * price
        assert spent(environment, Kind.DATASET, "earnings") == 2 * price
        assert [each["name"] for each in environment.datasets()] == ["earnings"]
        folder = tmp_path / "home" / "zones" / "research"
        assert len(list(folder.iterdir())) == 1


def test_a_name_that_is_taken_is_found_before_a_file_is_read(
    environment: Environment, tmp_path: Path
) -> None:
    """Two tables of a population differ by more than case; no work is done to learn."""
    with environment:
        environment.onboard(source(tmp_path), person=STEWARD)
        clash = json.loads(source(tmp_path).read_text(encoding="utf-8"))
        clash["name"] = "another"
        clash["resources"][0]["name"] = clash["resources"][0]["name"].upper()
        seen: list[str] = []
        with pytest.raises(Invalid, match="already, case ignored"):
            environment.onboard(
                clash,
                base=tmp_path,
                person=STEWARD,
                progress=lambda stage, *_: seen.append(stage),
            )
        assert seen == []
        assert states(environment) == ["released"]


def test_an_orphaned_charge_is_settled(
    environment: Environment, tmp_path: Path
) -> None:
    """What a killed publication had reserved is failed, charged, at the next start."""
    with environment:
        assert reserve(environment._parts, 7) is not None
        assert states(environment) == ["reserved"]
    with Environment.open(tmp_path / "home") as again:
        assert states(again) == ["failed"]
        assert spent(again, Kind.POPULATION, "residents") == 7
        assert again.verify_audit().sound


def test_a_measurement_is_settled_once(environment: Environment) -> None:
    """A publication whose measurement was taken for orphaned does not take place."""
    with environment:
        parts = environment._parts
        reserved = reserve(parts, 7)
        assert reserved is not None
        with acting(parts.control, STEWARD, parts.clock()) as act:
            settle_measurement(act, reserved)
        with (
            pytest.raises(ValueError, match="ended"),
            acting(parts.control, STEWARD, parts.clock()) as act,
        ):
            settle_measurement(act, reserved)
        assert states(environment) == ["released"]


def test_a_dead_enclave_leaves_the_last_profile(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A measurement that fails is charged, and publishing goes on without it."""
    with environment:
        enclave = environment._parts.gate.enclave

        def dead(_job: object) -> None:
            raise Failed

        monkeypatch.setattr(enclave, "answer", dead)
        environment.onboard(source(tmp_path), person=STEWARD)
        assert shown(environment) is None
        assert states(environment) == ["failed"]


def test_what_people_brought_cannot_be_asked(
    environment: Environment, tmp_path: Path
) -> None:
    """The table the enclave measures is no table of the catalogue."""
    with environment:
        environment.onboard(source(tmp_path), person=STEWARD)
        names = [table["name"] for table in environment.dataset("earnings")["tables"]]
        assert names == ["earnings"]
        assert brought_by("earnings").startswith("_")
