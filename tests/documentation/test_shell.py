"""Every command line that a page shows runs as it stands there.

Lessons are a story of their own (`test_lessons`). Here the other pages meet one world
with all that they name: people, linked datasets, a project that is approved. What
stands for something on a page (`5c1e…`, `/mnt/witness`) is put in its place; some
lines find a file that their reader would have written.
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml

from tests.confinement import accept_what_is_missing
from tests.documentation.test_pages import ALONE, named
from tests.enclave.clocks import leap, reopened
from tests.evaluation.conftest import small_plan, write_plan
from tre.cli.run import run
from tre.environment import Environment
from tre.gateway.formats import as_parquet

FENCE = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NOT_HERE = {
    "make ": "continuous integration runs them, or they change the checkout",
    "podman ": "it needs a container engine, and images from a registry",
    "pip ": "it installs from a registry",
    "curl ": "tests of the ways in run them against a server",
    ".venv/bin/tre query": "`make demo` makes what it asks, and prints it",
    "tre evaluate adult": "it takes a minute, or an hour",
    "tre evaluate plan.yaml -o": "a lesson has it",
    "tre serve": "tests of the ways in run it: it ends when it is told to",
    "tre provider set": "tests of signing in run it against a provider",
}
"""Lines that begin so, and why they are not run by this test."""

RESEARCHER, STEWARD = "researcher@example.org", "steward@example.org"
MEMBERS = ("committee@example.org", "another.member@example.org")
CHECKERS = ("checker@example.org", "second.checker@example.org")
LINKER = "linker@example.org"
BEGUN = (
    *("tre init", "tre audit publish", "tre organisation", "tre person add"),
    *("tre person qualify", "tre person disqualify"),
)
"""Lines that a page begins with in a home of its own."""
ACTS_FOR = {"tre condition": STEWARD, "tre linkage apply": LINKER}
"""Who types lines that begin so: pages say in words whose act it is."""


@dataclass
class World:
    """A folder that commands run in, its home, and what words on pages stand for."""

    folder: Path
    stands: dict[str, str] = field(default_factory=dict)
    home: str = "home"

    def environment(self) -> Environment:
        """The environment, to prepare what a page takes for granted."""
        return reopened(self.folder / "home")

    def run(self, line: str) -> None:
        """Run a line as somebody would, with what stands for something replaced."""
        for word, meant in self.stands.items():
            line = line.replace(word, meant)
        who = next((w for start, w in ACTS_FOR.items() if line.startswith(start)), None)
        program, *words = shlex.split(line, comments=True)
        assert program == "tre", line
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
            leap(patch)
            patch.chdir(self.folder)
            patch.setenv("TRE_HOME", self.home)
            patch.setenv("TRE_PERSON", who) if who else patch.delenv(
                "TRE_PERSON", False
            )
            status = run(words[:-2] if ">" in words else words)
        assert status == 0, (line, said.getvalue())
        if ">" in words:
            (self.folder / words[-1]).write_text(said.getvalue(), encoding="utf-8")


def lines(page: Path) -> Iterator[str]:
    """The command lines of a page, each whole."""
    for fence in FENCE.findall(page.read_text(encoding="utf-8")):
        for line in fence.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line


def elsewhere(line: str) -> bool:
    """Whether another test has it."""
    return line.startswith(tuple(NOT_HERE))


SHOWN = [page for page in ALONE if not all(map(elsewhere, lines(page)))]


def test_what_is_not_run_is_on_a_page() -> None:
    """No exception is left over from a line that is gone."""
    every = [line for page in ALONE for line in lines(page)]
    assert not [
        start for start in NOT_HERE if not any(e.startswith(start) for e in every)
    ]


@pytest.mark.slow
@pytest.mark.seen
@pytest.mark.parametrize("page", SHOWN, ids=named)
def test_command_lines_of_a_page_run(page: Path, world: World) -> None:
    """Each ends with status 0, one after the other."""
    for line in lines(page):
        fresh = line.startswith(BEGUN)
        world.home = f"home of {page.stem}" if fresh else "home"
        for start, prepare in PREPARED.items():
            if line.startswith(start):
                prepare(world)
        if not elsewhere(line):
            world.run(line)


# ------------------------------------------------------------------------- the world

FIELDS: dict[str, list[dict[str, Any]]] = {
    "people": [
        {"name": "nhs", "tre": {"role": "identifier", "kind": "local-id"}},
        {
            "name": "birth_year",
            "type": "integer",
            "constraints": {"minimum": 1940, "maximum": 2010},
        },
        {"name": "region", "constraints": {"enum": ["North", "South"]}},
    ],
    "earnings": [
        {"name": "nhs", "tre": {"role": "identifier", "kind": "local-id"}},
        {
            "name": "tax_year",
            "type": "integer",
            "constraints": {"minimum": 2019, "maximum": 2024},
        },
        {"name": "region", "constraints": {"enum": ["North", "South"]}},
        {"name": "sex", "constraints": {"enum": ["F", "M"]}},
        {
            "name": "pay",
            "type": "integer",
            "constraints": {"minimum": 0, "maximum": 90_000},
        },
    ],
}
ROWS = {
    "people": lambda n: (f"i{n}", 1940 + n % 70, ("North", "South")[n % 2]),
    "earnings": lambda n: (
        *(f"i{n}", 2019 + n % 6, ("North", "South")[n % 2], "FM"[n % 3 % 2]),
        10_000 + 37 * n % 70_000,
    ),
}


def write_dataset(folder: Path, name: str, people: int = 1_200) -> Path:
    """A manifest of one table, and its rows beside it."""
    head = ",".join(each["name"] for each in FIELDS[name])
    rows = [",".join(map(str, ROWS[name](n))) for n in range(people)]
    (folder / f"{name}.csv").write_text("\n".join([head, *rows, ""]))
    described = {
        "name": name,
        "version": "2026.1",
        "tre": {
            "controller": "Department of Examples",
            "legal_basis": "None needed",
            "population": "residents",
        },
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "tre": {"privacy_unit": "person", "rows_per_person": 1},
                "schema": {"fields": FIELDS[name]},
            }
        ],
    }
    manifest = folder / f"{name}.yaml"
    manifest.write_text(yaml.safe_dump(described))
    return manifest


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Everybody and everything that pages name; and a home where nothing is yet."""
    made = World(tmp_path_factory.mktemp("pages"))
    with Environment.create(made.folder / "home") as environment:
        accept_what_is_missing(environment)
        environment.create_population(
            "residents", epsilon=50.0, delta=1e-5, until=date(2099, 12, 31)
        )
        environment.add_person(
            STEWARD, roles=["steward"], controller="Department of Examples"
        )
        environment.add_person(RESEARCHER, roles=["researcher"])
        for role, names in (
            ("committee", MEMBERS),
            ("output-checker", CHECKERS),
            ("linker", (LINKER,)),
        ):
            for name in names:
                environment.add_person(name, roles=[role])
        for name in FIELDS:
            environment.onboard(write_dataset(made.folder, name), person=STEWARD)
        project = environment.propose(PROJECT, person=RESEARCHER)
        environment.approve(project, person=MEMBERS[0])
        environment.approve(project, person=STEWARD)
    (made.folder / "secret").write_text(token_hex(32))
    (made.folder / "secret").chmod(0o600)
    made.stands |= {
        "/mnt/witness": str(made.folder / "witness"),
        "/mnt/backups/2027-01-31": str(made.folder / "backup"),
        "/run/secrets/backup": str(made.folder / "secret"),
        "/var/lib/tre/home": str(made.folder / "restored"),
    }
    (made.folder / "witness").mkdir()
    return made


WHY = "To know what pays off."
PROJECT = {
    "name": "pathways",
    "title": "Does further education raise pay?",
    "lay_summary": WHY,
    "criteria": dict.fromkeys(
        ("public_benefit", "analytical_merit", "feasibility", "privacy", "ethics"), WHY
    ),
    "population": "residents",
    "datasets": {
        "people": ["birth_year", "region"],
        "earnings": ["tax_year", "region", "sex", "pay"],
    },
    "researchers": [RESEARCHER],
    "budget": {"epsilon": 20.0, "delta": 1e-6},
    "purposes": ["research"],
    "until": date(2099, 12, 31),
}
ASKED = "SELECT region, COUNT(*) AS people FROM earnings GROUP BY region"


def a_fresh_home(world: World) -> None:
    """A home that a page takes for its own."""
    if not (world.folder / world.home).exists():
        with Environment.create(world.folder / world.home) as environment:
            accept_what_is_missing(environment)


def a_release(world: World) -> None:
    """A release as somebody was handed it, and the environment's public key."""
    with world.environment() as environment:
        release = environment.ask(
            ASKED, project="pathways", person=RESEARCHER, epsilon=1.0
        )
    (world.folder / "release.parquet").write_bytes(as_parquet(release))
    world.stands["8f72de61…"] = release.id
    world.run("tre audit key > environment.key")


def a_form(world: World) -> None:
    """A text that rests on a release, and the form to carry it."""
    a_release(world)
    (world.folder / "text.md").write_text("Most people earn something.\n")
    cites = [
        {"path": "text.md", "kind": "text", "releases": [world.stands["8f72de61…"]]}
    ]
    form = dict.fromkeys(("title", "what", "why", "for_whom"), WHY)
    (world.folder / "form.yaml").write_text(yaml.safe_dump({**form, "files": cites}))


def a_submission(world: World) -> None:
    """What the form asked for, and the other checker's verdict on it."""
    with world.environment() as environment:
        (found,) = environment.submissions(person=CHECKERS[0])
        environment.vote(found["id"], "approve", reason=WHY, person=CHECKERS[1])
    world.stands["5c1e…"] = found["id"]


def an_incident(world: World) -> None:
    """One that is not resolved."""
    with world.environment() as environment:
        world.stands["0123456789ab"] = environment.record_incident(WHY)


def a_weaker_policy(world: World) -> None:
    """A policy that waits for a second member, instead of the one that was shown."""
    weaker = yaml.safe_load((world.folder / "policy.yaml").read_text())
    weaker["threshold_people"] -= 1
    weaker["version"] += 1
    (world.folder / "policy.yaml").write_text(yaml.safe_dump(weaker))


def its_hash(world: World) -> None:
    """The hash of the policy that waits."""
    with world.environment() as environment:
        proposed = environment.proposed_policy()
    assert proposed is not None
    world.stands["3f2a…"] = proposed.policy.hash


def conditions(world: World) -> None:
    """What a controller allows."""
    (world.folder / "conditions.yaml").write_text("purposes: [research]\n")


def identified(world: World) -> None:
    """A manifest with identifiers."""
    described = yaml.safe_load((world.folder / "people.yaml").read_text())
    (resource,) = described["resources"]
    resource["schema"]["fields"][0]["tre"]["kind"] = "surname"
    resource["tre"]["link"] = {"identifiers": ["nhs"]}
    (world.folder / "datapackage.yaml").write_text(yaml.safe_dump(described))


def a_plan(world: World) -> None:
    """A plan, and the data that it is about."""
    write_plan(world.folder, small_plan())


PREPARED: dict[str, Callable[[World], None]] = {
    "tre organisation add": a_fresh_home,
    "tre release verify release": a_release,
    "tre review submit": a_form,
    "tre review list": a_submission,
    "tre incident resolve": an_incident,
    "tre policy set": a_weaker_policy,
    "tre policy confirm": its_hash,
    "tre condition set": conditions,
    "tre encode": identified,
    "tre evaluate plan.yaml --advice": a_plan,
}
"""What is there before a line that begins so."""
