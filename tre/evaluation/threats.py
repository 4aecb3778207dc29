"""The attacks that a plan may ask for: their names, in words, and what each is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from tre.evaluation.cell import Family, Method
from tre.evaluation.plan import (
    ANSWERS,
    ENCODINGS,
    OUTCOMES,
    REGISTER,
    TIMING,
    UNPROTECTED,
)

ALONE: Final = Method(Family.ENCODINGS, "surnames encoded alone")
WHOLE: Final = Method(Family.ENCODINGS, "whole records encoded")

WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "differencing": "subtracting two counts that differ by one person",
        "tracker": "padding one person with many others, and subtracting those",
        "repeats": "averaging answers to a question asked again and again",
        "rewrites": "averaging answers to one question in other words",
        "least_absolute": "solving for every secret, by a linear programme",
        "least_squared": "solving for every secret, by least squares",
        "singling_out": "narrowing a condition down to one person",
        "membership": "telling who is in the data, learned on shadow tables",
        "attribute_inference": "reading a known person's secret off a small cell",
        "linkage": "finding the people of an outside register",
        "outcomes": "watching refusals, prices and what is left",
        "timing": "watching how long answers take",
        "frequency": "naming surnames by how common they are",
        "known_people": "naming surnames by people who are known",
        "register_membership": "telling who of a register is in the data",
        "register_attribute": "reading a secret off the cell of a known person",
        "register_differencing": "subtracting two large counts, for a known person",
        "register_singling_out": "finding conditions that one person meets",
    }
)
"""What each attack does, as a committee is told."""


def attacks_on(method: Method) -> Sequence[str]:
    """The attacks there are on a way of answering.

    Exact answers are given to everything, so that outcomes tell nothing, and how long
    other systems take is their own affair. Peers are given the rows behind a plan's
    questions, and so cannot be asked an attacker's.
    """
    match method.family:
        case Family.ENCODINGS:
            return ENCODINGS
        case Family.PEER:
            return ()
        case Family.GATEWAY:
            return (*ANSWERS, OUTCOMES, TIMING, *REGISTER)
        case _:
            aside = TIMING if method.name == UNPROTECTED else OUTCOMES
            return (*ANSWERS, aside, *REGISTER)
