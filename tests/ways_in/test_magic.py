"""Questions in a notebook: asked, shown, completed, and without any row or script."""

from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from tests.ways_in.conftest import Served
from tests.ways_in.world import RESEARCHER
from tre.magic.desk import in_environment
from tre.magic.pictures import interval_plot
from tre.magic.vocabulary import completions

BY_REGION = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
FACTS = [
    {
        "tables": [
            {"name": "people", "columns": [{"name": "region"}, {"name": "union"}]},
            {"name": "pay", "columns": [{"name": "amount"}, {"name": "Year of pay"}]},
        ]
    }
]


@pytest.fixture
def shell(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A notebook's shell with the magic loaded, connected to the real server."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("TRE_TOKEN", served.tokens[RESEARCHER])
    shell: Any = InteractiveShell()
    shell.history_manager.end_session()
    shell.extension_manager.load_extension("tre.magic")
    shell.run_line_magic("tre", f"connect {served.url} --project pay")
    yield shell
    shell.restore_sys_module_state()


def test_a_cell_is_a_question(shell) -> None:
    """The answer is kept under its name, with intervals, a picture and a budget bar."""
    answer = shell.run_cell_magic("tre", "--epsilon 0.5 --as kept", BY_REGION)
    assert shell.user_ns["kept"] is answer
    assert list(answer.to_pandas()["region"]) == ["North East", "London", "Wales"]
    page = answer._repr_html_()
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert "is left" in page
    again = shell.run_cell_magic("tre", "--epsilon 0.5", BY_REGION)
    assert again.release.id == answer.release.id
    assert "cost nothing" in again._repr_html_()
    told = shell.run_cell_magic("tre", "--epsilon 0.5 --explain", BY_REGION).data
    assert f"Release {answer.release.id} answers exactly this" in told


def test_explaining_spends_nothing(shell) -> None:
    """The same budget is there afterwards, and the price was said."""
    before = shell.run_line_magic("tre", "budget").data
    told = shell.run_cell_magic("tre", "--margin 20 --explain", BY_REGION).data
    assert "This costs" in told
    assert shell.run_line_magic("tre", "budget").data == before


def test_a_refusal_is_said_as_everywhere(shell) -> None:
    """Its code, its clause and what would pass; nothing in a stack trace."""
    with pytest.raises(UsageError, match=r"\[.*\]"):
        shell.run_cell_magic("tre", "", "SELECT pay FROM people")
    with pytest.raises(UsageError, match="choose from"):
        shell.run_line_magic("tre", "nonsense")


def test_a_name_that_cannot_be_one_is_told_before_it_is_paid(shell) -> None:
    """The answer would be lost."""
    before = shell.run_line_magic("tre", "").data
    with pytest.raises(UsageError, match="is a word: --as 2x"):
        shell.run_cell_magic("tre", "--epsilon 0.5 --as 2x", BY_REGION)
    assert shell.run_line_magic("tre", "budget").data == before


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:1", "begins with https://"),
        ("http://127.0.0.1:1", "did not answer"),
        ("{url}", r"\[unknown_project\]"),
    ],
)
def test_a_connection_that_cannot_be_is_told(
    shell, served: Served, url: str, said: str
) -> None:
    """In words; what was connected before stays so."""
    with pytest.raises(UsageError, match=said):
        shell.run_line_magic("tre", f"connect {url.format(url=served.url)} --project x")
    assert "is left" in shell.run_line_magic("tre", "budget").data


def test_tables_and_columns_are_completed(shell) -> None:
    """In a cell, by the completer that Jupyter asks; elsewhere by nobody."""
    cell = "%%tre\nSELECT reg"
    with provisionalcompleter():
        found = [each.text for each in shell.Completer.completions(cell, len(cell))]
        other = [each.text for each in shell.Completer.completions("reg", 3)]
    assert set(found) == {"region", "REGRESS"}
    assert "region" not in other


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("SELECT x FROM p", ("people", "pay")),
        ("SELECT x FROM people JOIN pa", ("pay",)),
        ("SELECT people.", ("region", '"union"')),
        ("SELECT am", ("amount",)),
        ("SELECT y", ('"Year of pay"',)),
        ("SELECT amount FROM people WHERE regi", ("region",)),
        ("SELECT region FROM people GR", ("GROUP BY",)),
    ],
)
def test_what_is_offered_fits_the_place(question: str, found: tuple[str, ...]) -> None:
    """Tables after FROM, columns of the tables named, names quoted where they must."""
    assert completions(FACTS, question, question) == found


def test_a_desk_needs_no_server(served: Served) -> None:
    """An environment on this machine answers as the server does."""
    desk = in_environment(served.environment, "pay", RESEARCHER)
    told = desk.explain(BY_REGION, {"epsilon": 0.5})
    assert any("people" in line or "n:" in line for line in told)
    release = desk.ask(BY_REGION, {"epsilon": 3.0})
    picture = interval_plot(release.table)
    assert "(suppressed)" in picture  # three people in the North East
    assert "<script" not in picture


def test_without_a_token_nothing_is_connected(
    shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is never typed into a notebook."""
    monkeypatch.delenv("TRE_TOKEN")
    with pytest.raises(UsageError, match="TRE_TOKEN"):
        shell.run_line_magic("tre", "connect http://127.0.0.1:1 --project pay")
