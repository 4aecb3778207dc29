"""The manual knows every command, and every command the pages show exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer._click.core import Command
from typer.core import TyperGroup

from tre.cli.program import program

ROOT = Path(__file__).parents[2]
COMMANDS = ROOT / "docs" / "reference" / "commands.md"
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"```sh\n(.*?)```", re.DOTALL)
OPTION = re.compile(r"--[a-z-]+")


def commands(group: TyperGroup, name: str) -> Iterator[tuple[str, Command]]:
    """Every command of a group and of the groups in it, with its whole name."""
    for word, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def whole() -> dict[str, Command]:
    """Every command of the program."""
    group = typer.main.get_command(program)
    assert isinstance(group, TyperGroup)
    return dict(commands(group, "tre"))


def shown() -> Iterator[tuple[str, list[str]]]:
    """Every `tre` command line that a page shows, in words."""
    for page in PAGES:
        for fence in FENCE.findall(page.read_text(encoding="utf-8")):
            for line in fence.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words and Path(words[0]).name == "tre":
                    yield f"{page.name}: {line}", words


@pytest.mark.parametrize("name", whole())
def test_every_command_is_in_the_manual(name: str) -> None:
    """The page of commands names every command there is."""
    assert f"`{name}" in COMMANDS.read_text(encoding="utf-8")


def test_the_manual_names_no_other_command() -> None:
    """Every command on the page exists."""
    named = re.findall(
        r"`(tre [a-z]+(?: [a-z-]+)?)", COMMANDS.read_text(encoding="utf-8")
    )
    known = whole()
    assert not [name for name in named if name not in known]


def test_shown_commands_have_their_options() -> None:
    """Every command line on a page uses options that its command has."""
    known = whole()
    for place, words in shown():
        name = next(
            found
            for length in (3, 2)
            if (found := " ".join(["tre", *words[1:length]])) in known
        )
        options = {option for each in known[name].params for option in each.opts}
        used = {word for word in words if OPTION.fullmatch(word)}
        assert used <= options, place
