"""The catalogue and its codebooks as pages: public facts, no script, no account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tre.templates import templates

MOST_KEYS: Final = 200
"""Keys that a codebook lists; a column with more says how many there are."""

UNITS: Final = {
    "person": "rows of linked people",
    "row": "every row is another person",
    "none": "a public reference table",
}

_PAGES: Final = templates("tre.discovery")


def catalogue_page(datasets: Sequence[Mapping[str, Any]]) -> str:
    """Every dataset, with what it is about and who answers for it."""
    return _PAGES.get_template("catalogue.html").render(datasets=datasets)


def codebook_page(facts: Mapping[str, Any]) -> str:
    """One dataset: its tables, and what is publicly known of every column."""
    page = _PAGES.get_template("codebook.html")
    return page.render(facts=facts, units=UNITS, most_keys=MOST_KEYS)
