"""Who takes part in the demo: populations, people, projects."""

from __future__ import annotations

from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import yaml

if TYPE_CHECKING:  # the story's environment brings everything with it
    from tre.environment import Environment

RESEARCHER: Final = "researcher@example.org"
COMMITTEE: Final = "committee@example.org"
STEWARDS: Final = MappingProxyType(
    {
        "Agency A": "steward@a.example.org",
        "Agency B": "steward@b.example.org",
        "Agency C": "steward@c.example.org",
        "Agency D": "steward@d.example.org",
        "Education Agency": "steward@education.example.org",
        "Earnings Agency": "steward@earnings.example.org",
        "Benefits Agency": "steward@benefits.example.org",
    }
)

BUDGETS: Final = MappingProxyType(
    {
        "residents": (4.0, 1e-6),
        "adults-1994": (4.0, 1e-6),
        "young-men-1980": (5.0, 1e-5),
        "made-people": (4.0, 1e-6),
    }
)
"""Of each population: ε and δ until UNTIL. The fewer people, the more it takes."""

UNTIL: Final = date(2030, 12, 31)

PROJECTS: Final = MappingProxyType(
    {
        "people-and-places": ("Agency A", "Agency B"),
        "work-and-income": ("Agency C",),
        "pilot": ("Agency C",),
        "wages-over-time": ("Agency D",),
        "learning-and-pay": ("Education Agency", "Earnings Agency"),
    }
)
"""Whose stewards approve each project, beside the committee."""


def appoint(environment: Environment) -> None:
    """Make the populations with their budgets, and the people with their roles."""
    for name, (epsilon, delta) in BUDGETS.items():
        environment.create_population(name, epsilon=epsilon, delta=delta, until=UNTIL)
    environment.add_person(RESEARCHER, roles=["researcher"])
    environment.add_person(COMMITTEE, roles=["committee"])
    for controller, steward in STEWARDS.items():
        environment.add_person(steward, roles=["steward"], controller=controller)


def accept_what_is_missing(environment: Environment) -> list[str]:
    """Do without the layers of confinement this machine lacks; their names.

    The demo's files are public. Whoever holds others reads `tre doctor` first.
    """
    missing = [layer.name for layer in environment.confinement() if not layer.granted]
    for name in missing:
        environment.accept_layer(name, reason="The demonstration's files are public.")
    return missing


def approve(environment: Environment) -> None:
    """Have every project proposed, and approved by all who must."""
    folder = resources.files("tre.demo").joinpath("projects")
    for name, controllers in PROJECTS.items():
        proposal = yaml.safe_load(folder.joinpath(f"{name}.yaml").read_text())
        environment.propose(proposal, person=RESEARCHER)
        environment.approve(name, person=COMMITTEE)
        for controller in controllers:
            environment.approve(name, person=STEWARDS[controller])
