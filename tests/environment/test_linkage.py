"""A population's linkage, kept up: one switch for all of its datasets, and a log."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.csv as pacsv
import pytest

from connectors import Invalid
from privacy.accounting import NANO
from privacy.errors import Refused
from privacy.links import LINKED_NANO, SUBGROUPS_NANO
from privacy.profiling import HISTOGRAMS_NANO, PROFILE_NANO
from tests.environment.behind import recorded, rows_of, standing
from tests.environment.world import (
    COMMITTEE,
    PEOPLE,
    RESEARCHER,
    STEWARD,
    furnished,
    project,
    rows,
    write_source,
)
from tre.discovery.pages import codebook_page
from tre.environment import Environment
from tre.keystore import KeyUnavailable
from tre.register.pages import index_page

COUNT = "SELECT COUNT(*) AS n FROM people"
LINKERS = ("one@example.org", "two@example.org")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Where the steward's files are."""
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


def _two_datasets(home: Path, sources: Path) -> Environment:
    environment = furnished(home, sources)
    environment.onboard(write_source(sources, rows(), "pupils"), person=STEWARD)
    for linker in LINKERS:
        environment.add_person(linker, roles=["linker"])
    return environment


@pytest.fixture
def environment(tmp_path: Path, sources: Path):
    """People published in two datasets, a project that asks, and two linkers."""
    with _two_datasets(tmp_path / "home", sources) as made:
        yield made


def _whose(environment: Environment) -> list[list[tuple]]:
    """Rows of both tables side by side, as their people join them."""
    query = "SELECT person_id, age, region FROM f.{} ORDER BY person_id"
    return [
        rows_of(environment, each, query.format(each.tables[0].name))
        for each in standing(environment)
    ]


def test_a_new_spine_version_is_one_switch_for_all_datasets(environment) -> None:
    """Every dataset is asked under it, or none is; people join as they did."""
    release = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    before, old = _whose(environment), standing(environment)
    applied = environment.apply_linkage(person=LINKERS[0])
    assert (applied.spine_version, set(applied.versions)) == (
        2,
        {"people/2", "pupils/2"},
    )
    assert {each.spine_version for each in standing(environment)} == {"2"}
    one, other = _whose(environment)
    assert one == other
    assert one != before[0]
    assert sorted(row[1:] for row in one) == sorted(row[1:] for row in before[0])
    for each in old:
        assert not (environment._parts.layout.root / each.file).exists()
        with pytest.raises(KeyUnavailable):
            environment._parts.keystore.key(each.key_name)
    assert len(recorded(environment, "dataset.destroyed")) == 2
    again = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    assert again.charged
    assert environment.release(release.id, person=RESEARCHER).id == release.id
    assert environment.verify_audit().sound


def test_the_log_says_that_it_was_done_and_not_how_many(environment) -> None:
    """Exact counts of people merged or parted would be data."""
    environment.apply_linkage(person=LINKERS[0])
    (said,) = recorded(environment, "linkage.applied")
    assert said == {
        "of": "residents",
        "by": LINKERS[0],
        "spine_version": 2,
        "replaced": ["people/1", "pupils/1"],
    }
    environment.rotate_linkage_key(person=LINKERS[0])
    assert recorded(environment, "linkage.key_rotated") == [
        {"of": "residents", "by": LINKERS[0]}
    ]


def _reviewed(environment: Environment, folder: Path, decision: str) -> Path:
    """Everything there is to decide on, decided alike by both linkers."""
    for linker in LINKERS:
        pairs = environment.review_links(person=linker, sure=1, identifiers=True)
        file = folder / f"{linker}.csv"
        pacsv.write_csv(pairs, file)
        lines = list(csv.DictReader(file.read_text().splitlines()))
        for line in lines:
            line["decision"] = decision
        with file.open("w") as stream:
            writer = csv.DictWriter(stream, list(lines[0]) if lines else ["pair"])
            writer.writeheader()
            writer.writerows(lines)
        environment.decide_links(file, person=linker)
    return file


def test_reviewers_part_people_and_the_next_version_has_them(
    environment, sources
) -> None:
    """Whom both linkers say to be two is two, in every dataset."""
    manifest = write_source(sources, rows(), "named")
    document = json.loads(manifest.read_text())
    document["resources"][0]["tre"]["link"] = {"identifiers": ["local", "surname"]}
    manifest.write_text(json.dumps(document))
    environment.onboard(manifest, person=STEWARD)
    people = len({row[0] for found in _whose(environment) for row in found})
    assert people == PEOPLE
    _reviewed(environment, sources, "different")
    environment.apply_linkage(person=LINKERS[0])
    people = len({row[0] for found in _whose(environment) for row in found})
    assert people == 2 * PEOPLE
    decided = recorded(environment, "linkage.decided")
    assert [said["by"] for said in decided] == list(LINKERS)
    assert all(said.keys() == {"of", "by", "file_sha256"} for said in decided)
    assert environment.verify_audit().sound


def test_each_role_does_its_own(environment) -> None:
    """Pairs are for linkers alone, who are neither stewards nor researchers."""
    for person in (STEWARD, RESEARCHER, None):
        with pytest.raises(Refused, match="may not look at pairs"):
            environment.review_links(person=person)
    for person in (STEWARD, RESEARCHER):
        with pytest.raises(Refused, match="may not make a new spine version"):
            environment.apply_linkage(person=person)
        with pytest.raises(Refused, match="may not make a new spine version"):
            environment.rotate_linkage_key(person=person)
    for roles in (["linker", "researcher"], ["linker", "steward"]):
        with pytest.raises(Refused, match="sees no attributes"):
            environment.add_person("three", roles=roles, controller="Somebody")


WRONG = {
    "pair,decision\n1-0-00,same\n": "line 2: expected a pair that",
    "pair,decision\n1-0-00,maybe\n": "line 2: expected same or different",
    "pair\n1-0-00\n": "expected the columns pair and decision",
    "": "expected the columns pair and decision",
}


def test_decisions_that_are_not_right_are_not_taken(environment, sources) -> None:
    """The message has the place and the rule, and nothing of the file is kept."""
    file = sources / "decisions.csv"
    for written, rule in WRONG.items():
        file.write_text(written)
        with pytest.raises(Invalid, match=rule):
            environment.decide_links(file, person=LINKERS[0])
    assert recorded(environment, "linkage.decided") == []


KILLED = """
import os, signal, sys
import tre.relinking
from tre.environment import Environment

home, name, when = sys.argv[1:]
done = getattr(tre.relinking, name)

def killed(*arguments):
    if when == "after":
        done(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(tre.relinking, name, killed)
with Environment.open(home) as environment:
    environment.apply_linkage()
"""

MOMENTS = {
    ("relink", "before"): 1,
    ("relink", "after"): 1,
    ("put_in_force", "before"): 1,
    ("put_in_force", "after"): 2,
    ("settle_successor", "before"): 2,
    ("settle_successor", "after"): 2,
    ("keep", "before"): 2,
    ("finish_destruction", "before"): 2,
    ("finish_destruction", "after"): 2,
}
"""When the process is killed, and the spine version in force after that."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "when"), MOMENTS)
def test_a_kill_leaves_one_whole_version(
    tmp_path, sources, name: str, when: str
) -> None:
    """All datasets are under one spine, nothing is left of the other, people join."""
    home = tmp_path / "home"
    with _two_datasets(home, sources) as made:
        before = _whose(made)[0]
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(home), name, when]
    ended = subprocess.run(command, check=False, cwd=Path.cwd())
    assert ended.returncode == -signal.SIGKILL
    version = MOMENTS[name, when]
    with Environment.open(home) as environment:
        assert {each.spine_version for each in standing(environment)} == {str(version)}
        one, other = _whose(environment)
        assert one == other
        assert sorted(row[1:] for row in one) == sorted(row[1:] for row in before)
        spines = sorted(file.name for file in (home / "zones" / "linkage").iterdir())
        assert spines == [f"residents.{version}.duckdb"]
        files = {file.name for file in (home / "zones" / "research").iterdir()}
        assert files == {Path(each.file).name for each in standing(environment)}
        assert environment.verify_audit().sound
        assert environment.apply_linkage().spine_version == version + 1


def test_each_version_says_how_its_people_were_linked(environment) -> None:
    """The method is public, the figures are noised and paid for, the log has them.

    Noise of a class is σ = 32: it is past six times that once in a billion.
    """
    (table,) = environment.dataset("pupils")["tables"]
    said = table["linkage"]
    assert said["method"]["identifiers"] == ["local-id"]
    everybody = [*said["figures"]["people"].values()]
    assert abs(everybody[2] - PEOPLE) < 6 * 32
    assert all(abs(n) < 6 * 32 for at, n in enumerate(everybody) if at != 2)
    (first,) = environment.dataset("people")["tables"]
    assert abs(first["linkage"]["figures"]["people"]["in no other dataset"] - 600) < 192
    published = recorded(environment, "dataset.published")[-1]
    assert published["public"]["linkage"]["pupils"] == said
    named = {each["name"]: each for each in environment.register()["datasets"]}
    assert named["pupils"]["linkage"]["pupils"] == said


def test_what_is_written_anew_is_measured_anew(environment) -> None:
    """A new spine version has statements of its own, charged, in log and register."""
    before = environment.remaining_of_population("residents").rho
    environment.apply_linkage(person=LINKERS[0])
    paid = before - environment.remaining_of_population("residents").rho
    (table,) = environment.dataset("people")["tables"]
    people = [*table["linkage"]["figures"]["people"].values()]
    assert abs(people[2] - PEOPLE) < 6 * 32
    assert abs(people[0]) < 6 * 32
    assert paid == pytest.approx(2 * table["profile"]["rho"])
    rebuilt = {each["of"]: each for each in recorded(environment, "dataset.rebuilt")}
    assert rebuilt["people/2"]["linkage"]["people"] == table["linkage"]
    named = {each["name"]: each for each in environment.register()["datasets"]}
    assert named["people"]["linkage"]["people"] == table["linkage"]


def test_what_cannot_be_measured_anew_says_nothing_of_links(
    environment, monkeypatch
) -> None:
    """The rest of the profile is of what was replaced, by its id, and says so."""
    monkeypatch.setattr("tre.profiling.reserve_measurement", lambda *_, **__: None)
    environment.apply_objections()
    (table,) = environment.dataset("people")["tables"]
    assert table["linkage"]["figures"] is None
    assert table["profile"]["measured_of"] == "people/1"
    environment.apply_linkage()
    (table,) = environment.dataset("people")["tables"]
    assert table["profile"]["measured_of"] == "people/1"
    kept = {
        each["of"]: each["measured_in"]
        for each in recorded(environment, "profile.kept")
    }
    assert kept["people/3"] == {"people": "people/1"}


LINKED = "EXISTS (SELECT 1 FROM pupils AS q WHERE q.person_id = p.person_id)"
BY_REGION = "SELECT region, COUNT(*) AS n FROM people AS p{} GROUP BY region"
"""How many people there are by subgroup, and how many of them satisfy a condition."""


def test_match_rates_of_subgroups_are_released_through_the_gateway(
    tmp_path, sources
) -> None:
    """They are questions like any: priced, noised, suppressed, and in the register.

    All of the north is linked, half of the south, and nobody of the west; a margin is
    passed three times over once in some hundred million.
    """
    table = rows()
    regions = table["region"].to_pylist()
    half = {at for at, region in enumerate(regions) if region == "south" and at % 2}
    linked = [at for at, r in enumerate(regions) if r == "north" or at in half]
    with furnished(tmp_path / "home", sources) as environment:
        pupils = write_source(sources, table.take(linked), "pupils")
        environment.onboard(pupils, person=STEWARD)
        datasets = {"people": ["region"], "pupils": ["region"]}
        environment.propose(
            project(name="linkage", datasets=datasets), person=RESEARCHER
        )
        for person in (COMMITTEE, STEWARD):
            environment.approve("linkage", person=person)
        found = {}
        for condition in ("", f" WHERE {LINKED}", f" WHERE NOT {LINKED}"):
            release = environment.ask(
                BY_REGION.format(condition),
                project="linkage",
                person=RESEARCHER,
                rho=0.1,
            )
            assert release.charged
            found[condition] = {r["region"]: r for r in release.to_arrow().to_pylist()}
        (told,) = [
            each
            for each in environment.register()["projects"]
            if each["name"] == "linkage"
        ]
    everybody, of_them, others = found.values()
    for shown, exact in (
        (everybody, {"north": 200, "south": 200, "west": 200}),
        (of_them, {"north": 200, "south": 100}),
        (others, {"south": 100, "west": 200}),
    ):
        for region, n in exact.items():
            margin = (shown[region]["n_high"] - shown[region]["n_low"]) / 2
            assert abs(shown[region]["n"] - n) <= 3 * margin, region
    assert of_them["west"]["n_status"] == "suppressed:frequency"
    assert others["north"]["n_status"] == "suppressed:frequency"
    assert [each["datasets"] for each in told["questions"]] == [
        ["people"],
        ["people", "pupils"],
        ["people", "pupils"],
    ]
    assert [each["spent"] for each in told["questions"]] == ["0.1"] * 3


def test_the_statement_tells_match_rates_by_the_columns_named(
    tmp_path, sources
) -> None:
    """To everybody, at a fixed price, and only where a group is large enough.

    Pages tell each share with its margin, as the JSON does.

    All of the north is linked, half of the south, and nobody of the west; six standard
    deviations are passed once in some hundred million.
    """
    with _compared(tmp_path / "home", sources) as environment:
        first = _told(environment)
        environment.apply_linkage()
        anew = _told(environment)
        register, facts = environment.register(), environment.dataset("people")
    held = {each["name"]: each for each in register["datasets"]}
    (table,) = facts["tables"]
    exact = {"north": (200, 0), "south": (100, 100), "west": (0, 200)}
    for told in (first, anew):
        assert told["north"][0] is not None
        assert told["west"][1] is not None
        for region, numbers in exact.items():
            for shown, n in zip(told[region], numbers, strict=True):
                assert shown is None or abs(shown - n) < 135
    assert first != anew
    said = table["linkage"]["figures"]["subgroups"]
    assert [each["column"] for each in said] == ["region"]
    assert said == held["people"]["linkage"]["people"]["figures"]["subgroups"]
    shares = [
        "not shown"
        if each["in_another_dataset_percent"] is None
        else f"{each['in_another_dataset_percent']}% ± {each['percent_margin']}"
        for each in said[0]["groups"]
    ]
    for page in (index_page(register), codebook_page(facts)):
        assert all(f'<td class="number">{share}</td>' in page for share in shares)
    most = PROFILE_NANO + HISTOGRAMS_NANO + LINKED_NANO + SUBGROUPS_NANO
    assert most * 0.99 < table["profile"]["rho"] * NANO <= most


def _compared(home: Path, sources: Path) -> Environment:
    """People of whom some are pupils, published with match rates by region."""
    regions = rows()["region"].to_pylist()
    linked = [
        at for at, r in enumerate(regions) if r == "north" or (r == "south" and at % 2)
    ]
    environment = furnished(home, sources)
    pupils = write_source(sources, rows().take(linked), "pupils")
    environment.onboard(pupils, person=STEWARD)
    manifest = write_source(sources, rows(), "people")
    document = json.loads(manifest.read_text())
    by = {"identifiers": ["local"], "by": ["region"]}
    document["resources"][0]["tre"]["link"] = by
    manifest.write_text(json.dumps(document))
    environment.onboard(manifest, person=STEWARD)
    return environment


def _told(environment: Environment) -> dict[str | None, tuple[int | None, ...]]:
    """Of each region, how many are told to be in another dataset, and how many not."""
    (table,) = environment.dataset("people")["tables"]
    (by,) = table["linkage"]["figures"]["subgroups"]
    return {
        each["value"]: (each["in_another_dataset"], each["in_no_other_dataset"])
        for each in by["groups"]
    }
