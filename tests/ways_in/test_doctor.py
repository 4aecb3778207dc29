"""The operator is told what confines the processes, and decides on what is missing."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from privacy.errors import Refused
from tests.environment.world import RESEARCHER, furnished
from tests.ways_in.conftest import Said
from tre.enclave.confinement import LAYERS
from tre.environment import Environment
from tre.undumpable import GUARDS

COUNT = "SELECT COUNT(*) AS n FROM people"


@pytest.fixture
def lacking(tmp_path: Path) -> Iterator[Environment]:
    """An environment whose processes say that they have no seccomp filter."""
    with furnished(tmp_path / "home", tmp_path) as environment:
        enclave = environment._parts.gate.enclave
        enclave.close()
        program = tmp_path / "lacking.py"
        program.write_text(
            "from tre.enclave import confinement\n"
            "whole = confinement.greeting\n"
            "confinement.greeting = lambda granted: whole(granted - {'seccomp'})\n"
            "from tre.enclave.child import main\n"
            "main()\n"
        )
        enclave._program = [sys.executable, str(program)]
        enclave.start()
        yield environment


def ask(environment: Environment) -> bool:
    """Whether the question is answered, and charged."""
    release = environment.ask(
        COUNT, project="pathways", person=RESEARCHER, epsilon=0.1, fresh=True
    )
    return release.charged


def test_nothing_is_answered_until_a_missing_layer_is_accepted(
    lacking: Environment,
) -> None:
    """The refusal names it and costs nothing; acceptance is recorded; both ways."""
    before = lacking.remaining("pathways")
    with pytest.raises(Refused) as refusal:
        ask(lacking)
    assert refusal.value.code == "not_confined"
    assert "seccomp" in refusal.value.message
    assert lacking.remaining("pathways") == before
    lacking.accept_layer("seccomp", reason="A machine without.")
    (layer,) = (each for each in lacking.confinement() if each.name == "seccomp")
    assert not layer.granted
    assert not layer.open
    assert layer.accepted is not None
    assert (layer.accepted.person, layer.accepted.reason) == (
        "administrator",
        "A machine without.",
    )
    assert ask(lacking)
    lacking.require_layer("seccomp")
    with pytest.raises(Refused) as refusal:
        ask(lacking)
    assert refusal.value.code == "not_confined"
    assert lacking.verify_audit().sound


@pytest.mark.parametrize(
    ("layer", "reason", "person", "code"),
    [
        ("no-such", "Why.", None, "unknown_layer"),
        ("seccomp", "  ", None, "reason_missing"),
        ("seccomp", "x" * 1001, None, "reason_missing"),
        ("seccomp", "Why.", RESEARCHER, "not_permitted"),
    ],
)
def test_accepting_takes_a_name_a_reason_and_an_administrator(
    lacking: Environment, layer: str, reason: str, person: str | None, code: str
) -> None:
    """Nothing else does without a layer."""
    with pytest.raises(Refused) as refusal:
        lacking.accept_layer(layer, reason=reason, person=person)
    assert refusal.value.code == code


def test_the_report_says_all_layers(tre: Callable[..., Said]) -> None:
    """`tre doctor` names each layer, what it takes away, and whether it is in force."""
    said = tre("doctor", "--json")
    layers = json.loads(said.out)["layers"]
    assert [each["name"] for each in layers] == list(LAYERS)
    assert said.status == 0
    words = tre("doctor").out
    for each in layers:
        assert each["takes_away"] in words
        assert each["granted"] == (f"{each['name']}: in force" in words)


def test_the_report_says_what_guards_the_keys(
    tre: Callable[..., Said], home: Path
) -> None:
    """The program closes itself to others before it opens a key; a library does not."""
    inside = json.loads(tre("doctor", "--json").out)["guards"]
    words = [sys.executable, "-m", "tre.cli", "doctor", "--home", str(home)]
    run = subprocess.run([*words, "--json"], capture_output=True, text=True, check=True)
    alone = json.loads(run.stdout)["guards"]
    assert [each["name"] for each in inside] == list(GUARDS)
    if sys.platform == "linux":
        assert not {each["name"]: each["granted"] for each in inside}["undumpable"]
        assert all(each["granted"] for each in alone)
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for each in alone:
        assert f"{each['name']}: in force" in said
        assert each["keeps_out"] in said


def test_the_report_says_how_much_headroom_slots_have(
    tre: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the operator says once holds for whatever asks; too little is no headroom.

    A question that somebody asks from the command line has it, too.
    """
    monkeypatch.delenv("TRE_HEADROOM")
    assert json.loads(tre("doctor", "--json").out)["headroom"] == 16
    monkeypatch.setenv("TRE_HEADROOM", "128")
    assert json.loads(tre("doctor", "--json").out)["headroom"] == 128
    assert "slot is 128 times its predicted work" in tre("doctor").out
    asking = ("query", COUNT, "--project", "pay", "--person", RESEARCHER)
    for command in (("doctor",), ("serve",), ("demo",), asking):
        for wrong in ("15", "1025", "much"):
            monkeypatch.setenv("TRE_HEADROOM", wrong)
            said = tre(*command)
            assert (said.status, said.out) == (2, "")
            assert "TRE_HEADROOM" in said.err


def test_acceptance_from_the_command_line(tre: Callable[..., Said]) -> None:
    """It is given and taken back by name, and an acceptance too many is refused."""
    accept = ("doctor", "--accept", "limits", "--reason", "A test.")
    assert tre("doctor", "--accept", "limits").status == 3
    assert tre("doctor", "--accept", "limits", "--require", "limits").status == 2
    assert tre(*accept).status == 0
    assert tre(*accept).status == 3
    assert tre("doctor", "--require", "limits").status == 0
    assert tre("doctor", "--require", "limits").status == 3
