"""The CDEI's test of value, in our reading: one test a row of it."""

from __future__ import annotations

import pytest

from privacy.errors import Refused
from tests.environment.world import COMMITTEE, RESEARCHER, STEWARD, package, project
from tests.environment.world import rows as people
from tests.trust.conftest import ask
from tre.environment import Environment
from tre.lab import Lab

CRITERIA = ("public_benefit", "analytical_merit", "feasibility", "privacy", "ethics")
COUNT = "SELECT COUNT(*) AS n FROM people"
BOUND = 5.5
"""Standard deviations that chance exceeds less than once in a million, skew and all."""


@pytest.mark.parametrize("blank", ["lay_summary", *CRITERIA])
def test_activation_is_refused_when_a_criterion_is_blank(
    environment: Environment, blank: str
) -> None:
    """A project without one of the five criteria, or a summary, starts not, by name."""
    name = f"blank-{blank.replace('_', '-')}"
    asked = dict(project(name=name))
    if blank == "lay_summary":
        asked["lay_summary"] = " "
    else:
        asked["criteria"] = {**asked["criteria"], blank: ""}
    environment.propose(asked, person=RESEARCHER)
    environment.approve(name, person=COMMITTEE)
    with pytest.raises(Refused) as caught:
        environment.approve(name, person=STEWARD)
    assert caught.value.code == "criterion_blank"
    assert blank in caught.value.clause
    assert environment.project(name)["state"] == "proposed"


def test_the_preview_opens_no_protected_table(environment: Environment) -> None:
    """Price and error are told with every published file out of reach."""
    layout = environment._parts.layout
    away = layout.zones / "elsewhere"
    layout.published.rename(away)
    try:
        told = environment.explain(
            COUNT, project="pathways", person=RESEARCHER, rho=0.002
        )
    finally:
        away.rename(layout.published)
    assert told.loss.rho == pytest.approx(0.002)
    assert told.columns


def test_the_intervals_of_the_preview_cover_as_promised() -> None:
    """The width told beforehand is the width, and holds the answer 95 times in 100."""
    times = 3_000
    with Lab({"people": people()}, package(), epsilon=1e6) as lab:
        (told,) = lab.explain(COUNT, rho=0.05).columns
        exact = lab.exact(COUNT)["n"][0].as_py()
        drawn = lab.draws(COUNT, rho=0.05, times=times).to_pydict()
    covered = sum(
        low <= exact <= high
        for low, high in zip(drawn["n_low"], drawn["n_high"], strict=True)
    )
    deviation = (0.95 * 0.05 * times) ** 0.5
    assert covered >= 0.95 * times - BOUND * deviation
    half = (drawn["n_high"][0] - drawn["n_low"][0]) / 2
    assert half == pytest.approx(told.margin, abs=1)


def test_closing_without_an_outcome_is_refused(environment: Environment) -> None:
    """A project ends with what came of it, on record and for everybody."""
    environment.propose(project(name="brief"), person=RESEARCHER)
    with pytest.raises(Refused) as caught:
        environment.close_project("brief", outcome=" ", person=RESEARCHER)
    assert caught.value.code == "outcome_missing"
    environment.close_project("brief", outcome="Nothing came of it.", person=RESEARCHER)
    shown = {each["name"]: each for each in environment.register()["projects"]}
    assert shown["brief"]["outcome"] == "Nothing came of it."
    assert ask(environment, COUNT).loss.rho > 0
