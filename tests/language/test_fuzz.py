"""Texts by the thousand: each is bound or refused in few steps, and none crashes."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis.strategies import SearchStrategy

from privacy.errors import Refused
from privacy.model import is_model, model
from privacy.parse import parse
from privacy.teach import understand
from tests.language.example import CATALOGUE, planned
from tests.language.steps import at_once
from tests.language.test_bad_input import EVERY, WORDS, taught
from tests.laws.grammar import questions
from tests.laws.relations import related

MODELS = [
    "REGRESS pay ON age, score BY region, sex FROM earnings WHERE tax_year = 2015",
    "LOGISTIC employed BY region, sex FROM earnings",
]


def right() -> SearchStrategy[str]:
    """Questions that are mostly accepted."""
    return st.one_of(
        questions(), related(), st.sampled_from(EVERY), st.sampled_from(MODELS)
    )


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A question with up to four pieces cut out, doubled, swapped or put in."""
    text = draw(right())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 30)))
        other = draw(st.sampled_from([*WORDS, "", text[start:end] * 2]))
        text = text[:start] + other + text[end:]
    return text


@st.composite
def nested(draw: st.DrawFn) -> str:
    """A question wrapped in itself, or with a piece many times over."""
    text, times = draw(right()), draw(st.integers(1, 60))
    piece = draw(st.sampled_from(["(", "NOT ", "-", "age + ", "ABS(", "CASE WHEN "]))
    place = draw(st.integers(0, len(text)))
    wrapped = f"SELECT COUNT(*) FROM ({text}) AS q"
    return draw(st.sampled_from([wrapped, text[:place] + piece * times + text[place:]]))


SOUP = st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join)
TEXTS = {
    "spoilt": spoilt(),
    "nested": nested(),
    "words": SOUP,
    "anything": st.text(max_size=400),
}
"""Text of every kind somebody may send; each a test, as one may take 900 seconds."""


def steps_of(text: str) -> int:
    """How many calls it takes to read or refuse a text; few, or this fails."""
    with at_once() as steps:
        try:
            if is_model(text):
                model(text, CATALOGUE)
            else:
                understand(text, CATALOGUE)
        except Refused as refused:
            taught(refused)
    return steps.taken


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_every_text_is_read_or_refused_in_few_steps(
    kind: str, data: st.DataObject
) -> None:
    """Nothing but a refusal in words is raised: as many texts as the profile says."""
    steps_of(data.draw(TEXTS[kind]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
@settings(
    max_examples=30,  # each takes seconds, once the search is near what takes longest
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
)
@given(st.data())
def test_the_longest_work_that_a_search_finds_is_short(
    kind: str, data: st.DataObject
) -> None:
    """Texts are changed towards those that take more steps, and none takes many."""
    target(float(steps_of(data.draw(TEXTS[kind]))))


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(spoilt())
def test_what_is_accepted_is_planned_or_refused(text: str) -> None:
    """A question that was bound is planned in few steps, or refused in words."""
    try:
        with at_once():
            parse(text)
            planned(text)
    except Refused as refused:
        taught(refused)
