"""No two columns of a release have one name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from privacy.bind import bind
from privacy.catalogue import Catalogue, Column, Domain, Type
from privacy.errors import Refused
from privacy.names import ADDED
from privacy.parse import parse
from tests.language.example import CATALOGUE

_LISTED = Domain(Type.TEXT, values=("a", "b"))


def names(sql: str) -> list[str]:
    """The columns asked, on a table with awkwardly named ones."""
    earnings = CATALOGUE.tables["earnings"]
    awkward = ("n_status", "draw", "n_low")
    columns = (*earnings.columns, *(Column(name, _LISTED) for name in awkward))
    granted = frozenset(column.name for column in columns)
    table = replace(earnings, columns=columns, granted=granted)
    catalogue = Catalogue("residents", {"earnings": table})
    return [output.name for output in bind(parse(sql), catalogue).outputs]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n_status, COUNT(*) AS n FROM earnings GROUP BY n_status",
        "SELECT draw, n_low, n_status, COUNT(*) AS N FROM earnings GROUP BY ALL",
        "SELECT n_low, SUM(age) AS n, COUNT(*) FROM earnings GROUP BY 1",
    ],
)
def test_what_a_release_adds_is_not_taken(sql: str) -> None:
    """A key keeps its name unless a noised column's companion would have it."""
    asked = names(sql)
    added = [f"{name}{ending}" for name in asked for ending in ADDED]
    folded = [name.casefold() for name in (*asked, *added)]
    assert len({*asked}) == len(asked)
    assert not {name.casefold() for name in asked} & {name.casefold() for name in added}
    assert "draw" not in folded


def test_a_name_that_means_something_is_refused() -> None:
    """The laboratory's counter of draws is one of them."""
    with pytest.raises(Refused) as refusal:
        names("SELECT COUNT(*) AS draw FROM earnings")
    assert refusal.value.code == "reserved_name"
