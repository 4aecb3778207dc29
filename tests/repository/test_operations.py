"""The unit and the container file start what there is, with limits, and as nobody."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tre.cli.program import program

FOLDER = Path(__file__).parents[2] / "docs" / "operations"
UNIT = FOLDER / "tre.service"
IMAGE = FOLDER / "Containerfile"


def unit() -> dict[str, list[str]]:
    """The unit's [Service] section; a setting may stand there several times."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def options(words: list[str]) -> dict[str, object]:
    """What the program makes of a command line of its own; it fails on a wrong one."""
    name, command, *rest = words
    assert (Path(name).name, command) == ("tre", "serve")
    group = typer.main.get_command(program)
    serve = group.commands["serve"]  # type: ignore[attr-defined] # a group
    return dict(serve.make_context("serve", rest).params)


def test_both_start_the_server_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their command lines are ones that `tre serve` takes, beyond itself by address."""
    for name, value in (each.split("=", 1) for each in unit()["Environment"]):
        monkeypatch.setenv(name, value)
    said = options(shlex.split(unit()["ExecStart"][0]))
    assert said["host"] == "127.0.0.1"
    assert str(said["address"]).startswith("https://")
    (words,) = re.findall(r"^CMD (\[.+\])$", IMAGE.read_text("utf-8"), re.MULTILINE)
    assert options(json.loads(words))["host"] == "0.0.0.0"  # noqa: S104 - in a container


def test_both_run_as_nobody_in_particular() -> None:
    """Neither is root, nor can it become root; the image's port and probe fit."""
    service = unit()
    assert service["User"] == ["tre"]
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["CapabilityBoundingSet"] == [""]
    image = IMAGE.read_text(encoding="utf-8")
    assert re.search(r"^USER tre$", image, re.MULTILINE)
    assert "/readyz" in image
    assert "--require-hashes" in image


def instructions() -> list[tuple[str, str]]:
    """The container file's instructions, continued lines joined."""
    text = re.sub(r"^#.*\n", "", IMAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (e.partition(" ") for e in lines)]


def test_the_image_is_made_of_what_there_is() -> None:
    """Every file that is copied is there, from where it is; nothing is fetched unasked.

    Packages are copied by name, so that no home or key beside them can get in.
    """
    root, stages, copied = FOLDER.parents[1], set[str](), set[str]()
    for word, rest in instructions():
        if word == "FROM":
            base, _, stage = rest.partition(" AS ")
            assert base == "docker.io/library/python:3.11-slim"
            stages.add(stage)
        elif word == "COPY" and rest.startswith("--from="):
            assert rest.removeprefix("--from=").split()[0] in stages
        elif word == "COPY":
            copied.update(rest.split()[:-1])
    assert copied > {"connectors", "privacy", "tre"}
    assert all((root / name).exists() for name in copied)
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE"}
    known |= {"STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {word for word, _ in instructions() if word} <= known


def test_the_unit_has_limits() -> None:
    """Memory, tasks, files and core files; and an enclave that is killed is not it."""
    service = unit()
    for limit in ("MemoryMax", "TasksMax", "LimitNOFILE", "TimeoutStopSec"):
        assert service[limit][0] not in {"", "infinity"}
    assert service["LimitCORE"] == ["0"]
    assert service["MemorySwapMax"] == ["0"]
    assert service["OOMPolicy"] == ["continue"]
    assert int(service["TimeoutStopSec"][0]) > 60  # what the server itself takes


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd here"
)
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    """Every setting is one that it knows, with a value that it takes."""
    text = UNIT.read_text(encoding="utf-8")
    there = text.replace("/opt/tre/.venv/bin/tre", sys.executable)
    (tmp_path / "tre.service").write_text(there)
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "tre.service")],
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
