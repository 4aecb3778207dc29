"""How far intake has come is told to people and to logs, never on stdout."""

import sys

import pytest

from tre.cli.progress import shown


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_goes_to_stderr(
    terminal: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each stage is named; a log has one line for it however often it is told."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with shown() as progress:
        for rows in (0, 10, 20):
            progress("people: land", rows, 0)
        progress("people: check", 20, 20)
    said = capsys.readouterr()
    assert said.out == ""
    if terminal:
        assert "people: check" in said.err
    else:
        assert said.err == "people: land …\npeople: check …\n"
