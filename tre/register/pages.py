"""The register as pages: no script, no account, nothing that is not in the register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from privacy.errors import Refused
from tre.register.algorithm import algorithm
from tre.register.linked import linked
from tre.register.used import Dealt, choices, used
from tre.templates import templates

_PAGES: Final = templates("tre.register")
_PAGES.filters["words"] = lambda name: str(name).replace("_", " ").capitalize()


def index_page(register: Mapping[str, Any]) -> str:
    """Projects, datasets, how people were linked, budgets and incidents."""
    page = _PAGES.get_template("index.html")
    return page.render(register=register, linked=[*linked(register)])


def project_page(register: Mapping[str, Any], name: str) -> str:
    """One project: why, of whose data, approved by whom, and what was asked.

    Refused with unknown_project.
    """
    for project in register["projects"]:
        if project["name"] == name:
            return _PAGES.get_template("project.html").render(project=project)
    raise Refused("unknown_project", "The register has no such project.")


def used_page(register: Mapping[str, Any], dealt: Dealt) -> str:
    """Which projects used data like mine: what one may say, and the answer."""
    return _PAGES.get_template("used.html").render(
        choices=choices(register),
        dealt=dealt,
        found=None if dealt.nothing else used(register, dealt),
    )


def algorithm_page(register: Mapping[str, Any]) -> str:
    """The gateway's transparency record."""
    record = algorithm(register)
    return _PAGES.get_template("algorithm.html").render(record=record)
