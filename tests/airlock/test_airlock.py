"""From a release to a package that is checked far away, past two people."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest
from rich.console import Console

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.environment.world import (
    COMMITTEE,
    CONTROLLER,
    RESEARCHER,
    STEWARD,
    furnished,
    project,
)
from tre.airlock.package import verify_package
from tre.airlock.pages import Reader, submission_page
from tre.audit.attested import Unverified
from tre.cli.show_submission import submission_in_words
from tre.environment import Environment
from tre.handed import verify_handed
from tre.release import Release

FIRST, SECOND, THIRD = (f"checker{n}@example.org" for n in (1, 2, 3))
COUNTS = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"


@dataclass(frozen=True)
class Place:
    """An environment with checkers, a release, and a folder for forms."""

    environment: Environment
    release: Release
    folder: Path

    def table(self, name: str = "table.csv") -> Path:
        """The release's table as a file that somebody could carry."""
        shown = self.release.table.drop_columns(["n_status"])
        pacsv.write_csv(shown, self.folder / name)
        return self.folder / name

    def form(self, **changes: Any) -> Mapping[str, Any]:
        """A form with one table."""
        self.table()
        cited = {"kind": "table", "releases": [self.release.id]}
        return {
            "title": "Where people live",
            "what": "One table of counts by region.",
            "why": "For the committee's report.",
            "for_whom": "The public.",
            "files": [{"path": "table.csv", **cited}],
            **changes,
        }

    def submitted(self, **changes: Any) -> str:
        """A new submission's id."""
        form = self.form(**changes)
        return self.environment.submit(
            form, project="pathways", person=RESEARCHER, base=self.folder
        )["id"]

    def vote(self, submission: str, verdict: str, person: str) -> str:
        """Somebody's verdict; what state it leaves."""
        return self.environment.vote(
            submission, verdict, reason=f"{person} says so.", person=person
        )["state"]

    def state(self, submission: str, person: str = RESEARCHER) -> dict[str, Any]:
        """The submission as somebody sees it."""
        return self.environment.submission(submission, person=person)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One environment for all of this module."""
    home, sources = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    with furnished(home / "tre", sources) as environment:
        for checker in (FIRST, SECOND, THIRD):
            environment.add_person(checker, roles=["output-checker"])
        environment.add_person("auditor@example.org", roles=["auditor"])
        release = environment.ask(
            COUNTS, project="pathways", person=RESEARCHER, epsilon=2.0
        )
        yield Place(environment, release, tmp_path_factory.mktemp("forms"))


def refused(place: Place, **changes: Any) -> Refused:
    """How a form is refused."""
    with pytest.raises(Refused) as refusal:
        place.submitted(**changes)
    return refusal.value


def test_what_two_checkers_approve_is_carried_out_and_verified_offline(
    place: Place, tmp_path: Path
) -> None:
    """The package needs the public key alone; any change to it is found."""
    made = place.submitted()
    assert place.vote(made, "approve", FIRST) == "submitted"
    assert place.vote(made, "approve", SECOND) == "approved"
    package = place.environment.carry_out(made, person=RESEARCHER)
    assert package == place.environment.carry_out(made, person=RESEARCHER)
    key = place.environment.log.key
    found = verify_package(package, key)
    assert found["files"] == ["table.csv"]
    assert found["releases"] == [place.release.id]
    file = tmp_path / "package.zip"
    file.write_bytes(package)
    said = place.environment.log.verifier_key()
    assert verify_handed(file, said)["submission"] == made
    for forged in _forgeries(package):
        with pytest.raises(Unverified):
            verify_package(forged, key)


def _forgeries(package: bytes) -> Iterator[bytes]:
    """The package with each file changed, dropped or joined by another."""
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    for name in parts:
        yield _zip({**parts, name: parts[name].replace(b"a", b"b", 1)})
        yield _zip({other: data for other, data in parts.items() if other != name})
    yield _zip({**parts, "files/other.csv": b"n\n1\n"})
    metadata = json.loads(parts["ro-crate-metadata.json"])
    metadata["@graph"][1]["description"] = "Approved for something else."
    yield _zip({**parts, "ro-crate-metadata.json": json.dumps(metadata).encode()})


def _zip(parts: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return sink.getvalue()


def test_the_public_register_tells_what_went_out_and_not_who_checked_it(
    place: Place,
) -> None:
    """By the real records of an approved submission; one that waits is not told."""
    made = place.submitted(title="What went out.")
    place.submitted(title="What waits.")
    for checker in (FIRST, SECOND):
        place.vote(made, "approve", checker)
    told = json.dumps(place.environment.register(), default=str)
    assert "What went out." in told
    assert "What waits." not in told
    assert FIRST not in told


def test_a_release_is_a_package_of_its_own(place: Place) -> None:
    """RO-Crate metadata with the rules, parameters and price that made it."""
    package = place.environment.export_release(place.release.id, person=RESEARCHER)
    assert verify_package(package, place.environment.log.key) == {
        "releases": [place.release.id]
    }
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        graph = json.loads(opened.read("ro-crate-metadata.json"))["@graph"]
    (check,) = [each for each in graph if each["@type"] == "DisclosureCheck"]
    told = {each["name"]: each["value"] for each in check["additionalProperty"]}
    assert json.loads(check["policy"])["name"] == "gateway"
    assert json.loads(told["mechanisms"])[0]["noise"]
    assert json.loads(told["price"])["rho_nano"] > 0
    with pytest.raises(Refused, match="no such release"):
        place.environment.export_release(place.release.id, person=FIRST)


def test_checkers_do_not_see_each_other_before_both_have_voted(place: Place) -> None:
    """Not the verdict, not the reason, not that there is a vote; the log has a seal."""
    made = place.submitted()
    before = [place.state(made, SECOND), place.state(made)]
    place.vote(made, "reject", FIRST)
    assert [place.state(made, SECOND), place.state(made)] == before
    assert [each["checker"] for each in place.state(made, FIRST)["votes"]] == [FIRST]
    place.vote(made, "reject", SECOND)
    assert len(place.state(made)["votes"]) == 2
    assert place.state(made)["state"] == "rejected"


def test_where_checkers_differ_a_third_decides_who_sees_both_reasons(
    place: Place,
) -> None:
    """Disagreement is shown, and ended."""
    made = place.submitted()
    place.vote(made, "approve", FIRST)
    assert place.vote(made, "changes", SECOND) == "disagreed"
    shown = place.state(made, THIRD)["votes"]
    assert {each["reason"] for each in shown} == {
        f"{checker} says so." for checker in (FIRST, SECOND)
    }
    with pytest.raises(Refused) as again:
        place.vote(made, "approve", FIRST)
    assert again.value.code == "already_voted"
    assert place.vote(made, "changes", THIRD) == "changes"
    place.environment.resubmit(
        made, place.form(title="Better"), person=RESEARCHER, base=place.folder
    )
    found = place.state(made)
    assert (found["revision"], found["state"], found["votes"]) == (2, "submitted", [])


def test_an_early_return_keeps_votes_as_drafts(place: Place) -> None:
    """The checker finds their own again; nobody else ever sees it."""
    made = place.submitted()
    place.vote(made, "approve", FIRST)
    place.environment.return_submission(made, reason="Title it.", person=SECOND)
    found = place.state(made)
    assert (found["state"], found["returned"], found["votes"]) == (
        "changes",
        "Title it.",
        [],
    )
    place.environment.resubmit(made, place.form(), person=RESEARCHER, base=place.folder)
    (draft,) = place.state(made, FIRST)["votes"]
    assert (draft["draft"], draft["verdict"]) == (True, "approve")
    assert place.state(made, SECOND)["votes"] == []
    assert place.vote(made, "approve", FIRST) == "submitted"
    assert place.vote(made, "approve", SECOND) == "approved"


def test_nobody_checks_what_their_own_project_carries(place: Place) -> None:
    """Not its researchers, whatever roles they have; and only checkers check."""
    environment = place.environment
    environment.add_person("both@example.org", roles=["researcher", "output-checker"])
    environment.propose(
        project(name="other", researchers=["both@example.org"]),
        person="both@example.org",
    )
    for person in (COMMITTEE, STEWARD):
        environment.approve("other", person=person)
    release = environment.ask(
        COUNTS, project="other", person="both@example.org", epsilon=0.5
    )
    shown = release.table.drop_columns(["n_status"])
    pacsv.write_csv(shown, place.folder / "other.csv")
    file = {"path": "other.csv", "kind": "table", "releases": [release.id]}
    made = environment.submit(
        place.form(files=[file]),
        project="other",
        person="both@example.org",
        base=place.folder,
    )["id"]
    for person, code in (
        ("both@example.org", "separation_of_duties"),
        (RESEARCHER, "not_permitted"),
        (STEWARD, "not_permitted"),
    ):
        with pytest.raises(Refused) as refusal:
            environment.vote(made, "approve", reason="Mine.", person=person)
        assert refusal.value.code == code
    with pytest.raises(Refused) as hidden:
        environment.submission(made, person=RESEARCHER)
    assert hidden.value.code == "unknown_submission"


def test_mechanical_faults_are_refused_in_the_form(place: Place) -> None:
    """Each names the place; nothing of them reaches a checker."""
    place.table()
    text = (place.folder / "table.csv").read_text()
    head, first, *_ = text.splitlines()
    region, n, low, high = first.split(",")
    cited = {"kind": "table", "releases": [place.release.id]}
    cases: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
        "no receipt": ("table.csv", text, {"kind": "table"}),
        "another's": ("table.csv", text, {"kind": "table", "releases": ["f" * 32]}),
        "no interval": ("bare.csv", f'"region","n"\n{region},{n}\n', cited),
        "digits": (
            "fine.csv",
            f"{head}\n{region},{n}.3,{low},{high}\n",
            cited,
        ),
        "restored": ("full.csv", f'{head}\n"east",3,1,5\n', cited),
    }
    for case, (name, content, said) in cases.items():
        (place.folder / name).write_text(content)
        refusal = refused(place, files=[{"path": name, **said}])
        assert refusal.code == "form", case
        assert refusal.clause, case


def test_what_cannot_be_recomputed_is_pointed_out(place: Place) -> None:
    """A figure nobody released reaches the checkers with a remark."""
    place.table()
    text = (place.folder / "table.csv").read_text().splitlines()
    region, _, low, high = text[1].split(",")
    (place.folder / "odd.csv").write_text(f"{text[0]}\n{region},4711,{low},{high}\n")
    (place.folder / "note.md").write_text("We found 4711 of them.\n")
    cited = {"releases": [place.release.id]}
    made = place.submitted(
        files=[
            {"path": "odd.csv", "kind": "table", **cited},
            {"path": "note.md", "kind": "text", **cited},
        ]
    )
    places = [finding["place"] for finding in place.state(made, FIRST)["findings"]]
    assert places == ["odd.csv: n, row 1", "note.md: line 1"]


def test_a_cell_that_a_spreadsheet_runs_is_pointed_out(place: Place) -> None:
    """Whatever is in it; a negative number runs as itself."""
    place.table()
    text = (place.folder / "table.csv").read_text().splitlines()
    rows = [f"{text[0]},note", *(f'{line},"=1+1"' for line in text[1:2])]
    (place.folder / "odd.csv").write_text("\n".join([*rows, ""]))
    cited = {"kind": "table", "releases": [place.release.id]}
    made = place.submitted(files=[{"path": "odd.csv", **cited}])
    found = place.state(made, FIRST)["findings"]
    assert [each["place"] for each in found] == [
        "odd.csv: note",
        "odd.csv: note, row 1",
    ]


def test_a_suspended_project_carries_nothing(place: Place) -> None:
    """Neither what is asked for now nor what was approved before."""
    made = place.submitted()
    waiting = place.submitted()
    for checker in (FIRST, SECOND):
        place.vote(made, "approve", checker)
    place.vote(waiting, "changes", FIRST)
    place.vote(waiting, "changes", SECOND)
    environment = place.environment
    environment.suspend("pathways", reason="A leak.", person=COMMITTEE)
    form, who = place.form(), {"person": RESEARCHER}
    try:
        for attempt in (
            lambda: place.submitted(),
            lambda: environment.resubmit(waiting, form, base=place.folder, **who),
            lambda: environment.carry_out(made, **who),
        ):
            with pytest.raises(Refused, match="suspended") as refusal:
                attempt()
            assert refusal.value.code == "wrong_state"
    finally:
        environment.resume("pathways", person=COMMITTEE)
    assert environment.carry_out(made, **who)


def test_a_stranger_cannot_ask_what_a_release_holds(place: Place) -> None:
    """Recomputing compares with releases, so it is for their project alone."""
    for person in (FIRST, STEWARD, "auditor@example.org"):
        with pytest.raises(Refused) as refusal:
            place.environment.submit(
                place.form(), project="pathways", person=person, base=place.folder
            )
        assert refusal.value.code == "not_permitted"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("picture.png", b"GIF89a", "figure"),
        ("picture.svg", b"<svg><script>1</script></svg>", "figure"),
        ("story.ipynb", b'{"cells": [{"outputs": [{"output_type": "x"}]}]}', "code"),
        ("text.md", b"\xff\xfe", "text"),
        ("empty.csv", b"", "table"),
        ("ragged.csv", b"a,b\n1\n", "table"),
        ("../outside.csv", b"a\n1\n", "table"),
        ("table.exe", b"MZ", "table"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(
    place: Place, name: str, content: bytes, kind: str
) -> None:
    """Before anybody looks at it."""
    (place.folder / name).write_bytes(content)
    with pytest.raises(Invalid):
        place.submitted(
            files=[{"path": name, "kind": kind, "releases": [place.release.id]}]
        )


def areas(**resource: Any) -> dict[str, Any]:
    """A manifest of one public table."""
    return {
        "name": "areas",
        "title": "Kinds of area",
        "tre": {
            "controller": CONTROLLER,
            "legal_basis": "Open data",
            "population": "residents",
        },
        "resources": [
            {
                "name": "areas",
                "path": "areas.csv",
                "tre": {"privacy_unit": "none"},
                **resource,
                "schema": {
                    "fields": [
                        {"name": "region", "constraints": {"enum": ["north", "south"]}},
                        {"name": "kind", "constraints": {"enum": ["hill", "plain"]}},
                    ]
                },
            }
        ],
    }


INWARD = [
    {"path": "areas.json", "kind": "manifest"},
    {"path": "areas.csv", "kind": "table"},
]
SERVER = {
    "kind": "postgresql",
    "host": "db.internal",
    "database": "hr",
    "table": "pay",
    "credentials": "warehouse",
}


@pytest.mark.parametrize(
    "resource",
    [
        {"path": "other.csv"},
        {"path": ["areas.csv", "other.csv"]},
        {"path": "/etc/passwd", "format": "csv"},
        {"path": "../areas.csv"},
        {"path": None, "tre": {"privacy_unit": "none", "source": SERVER}},
        {
            "path": None,
            "tre": {
                "privacy_unit": "none",
                "source": {"kind": "sqlite", "path": "areas.csv", "table": "x"},
            },
        },
    ],
)
def test_a_manifest_carried_in_reads_what_was_handed_in(
    place: Place, resource: dict[str, Any]
) -> None:
    """No server, no file of the machine, and no source of another kind."""
    (place.folder / "areas.csv").write_text("region,kind\nnorth,hill\n")
    (place.folder / "areas.json").write_text(json.dumps(areas(**resource)))
    refusal = refused(place, direction="in", files=INWARD)
    assert refusal.code == "form"


def test_public_tables_come_in_past_a_steward(place: Place) -> None:
    """The steward approves and publishes; then questions join them."""
    (place.folder / "areas.csv").write_text("region,kind\nnorth,hill\nsouth,plain\n")
    (place.folder / "areas.json").write_text(json.dumps(areas()))
    made = place.submitted(direction="in", files=INWARD)
    with pytest.raises(Refused):
        place.vote(made, "approve", FIRST)
    with pytest.raises(Refused, match="submitted"):
        place.environment.carry_in(made, person=STEWARD)
    assert place.vote(made, "approve", STEWARD) == "approved"
    with pytest.raises(Refused):
        place.environment.carry_in(made, person=RESEARCHER)
    place.environment.carry_in(made, person=STEWARD)
    assert place.environment.dataset("areas")["name"] == "areas"
    protected = areas(tre={"privacy_unit": "row"})
    (place.folder / "areas.json").write_text(json.dumps(protected))
    assert refused(place, direction="in", files=INWARD).code == "form"


def test_the_log_has_every_step_and_verifies(place: Place) -> None:
    """What was carried can be followed from the log alone."""
    made = place.submitted()
    place.environment.withdraw_submission(made, person=RESEARCHER)
    assert place.state(made)["state"] == "withdrawn"
    assert place.environment.verify_audit().problem == ""


def test_checkers_are_shown_what_columns_are(place: Place) -> None:
    """Renamed and computed ones, by command and on the page, in the form's words."""
    shown = place.release.table.select(["region", "n", "n_low", "n_high"])
    renamed = shown.rename_columns(["region", "people", "people_low", "people_high"])
    doubled = pc.multiply(shown["n"], 2)
    pacsv.write_csv(
        renamed.append_column("twice", doubled), place.folder / "renamed.csv"
    )
    file = {
        "path": "renamed.csv",
        "kind": "table",
        "releases": [place.release.id],
        "columns": {"people": "n", "people_low": "n_low", "people_high": "n_high"},
        "derived": {"twice": "n * 2"},
    }
    found = place.state(place.submitted(files=[file]), FIRST)
    page = submission_page(Reader(FIRST, "token"), found)
    assert "<code>people</code> is <code>n</code>" in page
    assert "<code>twice = n * 2</code>" in page
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(*submission_in_words(found))
    words = console.export_text()
    assert "people is n" in words
    assert "twice = n * 2" in words
