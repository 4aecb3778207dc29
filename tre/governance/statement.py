"""The linkage statement of a table: how its people were linked, and how well.

What GUILD asks for (Gilbert et al., GUILD: guidance for information about linking data
sets, Journal of Public Health 40, 2018), as far as it is a fact of a version. The
method is public; every figure was noised, and is given with its margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any, Final

from privacy.catalogue import Table
from privacy.linked import (
    CLASSES,
    Linked,
    Rate,
    Subgroups,
    false_matches,
    match_rate,
    missed_matches,
    rates,
    weighed_from,
)
from privacy.profile import Profile

STRICTER: Final = (0.95, 0.99)
"""Thresholds at which fewer people would be linked, as far as classes tell."""


def statements(
    descriptor: Mapping[str, Any], tables: Iterable[Table]
) -> dict[str, Any]:
    """The statement of each table of a version whose people are linked, by its name.

    `descriptor` is the public part of the version's manifest.
    """
    methods = methods_of(descriptor)
    found = {
        table.name: statement(methods.get(table.name), table.profile)
        for table in tables
    }
    return {name: said for name, said in found.items() if said is not None}


def methods_of(descriptor: Mapping[str, Any]) -> dict[str, Mapping[str, Any] | None]:
    """How the people of each table are linked; None where nobody is."""
    resources = descriptor.get("resources", [])
    return {each["name"]: each.get("link") for each in resources}


def statement(
    method: Mapping[str, Any] | None, profile: Profile | None
) -> dict[str, Any] | None:
    """The statement of a table, by its method; None where nobody is linked.

    `figures` is None where none were measured. What `estimated` says of matches rests
    on the weights alone: it is as right as the model is, and None where nothing is
    weighed.
    """
    if method is None:
        return None
    linked = None if profile is None else profile.linked
    if profile is None or linked is None:
        return {"method": dict(method), "figures": None}
    weighed = method["threshold"] is not None
    figures = {
        "measured_of": profile.version,
        **_figures(linked),
        "estimated": _estimated(linked, method) if weighed else None,
    }
    return {"method": dict(method), "figures": figures}


def _figures(linked: Linked) -> dict[str, Any]:
    return {
        "people": dict(zip(CLASSES, linked.people, strict=True)),
        "people_margin": margin(linked.people_deviation),
        **_percent(match_rate(linked)),
        "doubtful_pairs": linked.doubtful,
        "doubtful_margin": margin(linked.doubtful_deviation),
        "without": dict(linked.missing),
        "without_margin": margin(linked.missing_deviation),
        "subgroups": [_subgroups(each) for each in linked.subgroups],
    }


def _subgroups(by: Subgroups) -> dict[str, Any]:
    """People by a column's values, and the share of each who are in another dataset.

    A value is None where it is missing, a number where it may not be shown, and a
    share where either of its numbers is.
    """
    counted = zip(by.keys, by.linked, by.unlinked, rates(by), strict=True)
    return {
        "column": by.column,
        "people_margin": margin(by.deviation),
        "groups": [
            {
                "value": value,
                "in_another_dataset": linked,
                "in_no_other_dataset": unlinked,
                **_percent(rate),
            }
            for value, linked, unlinked, rate in counted
        ],
    }


def _percent(rate: Rate | None) -> dict[str, int | None]:
    """A match rate in whole percent, its margin wide enough for the rounding."""
    return {
        "in_another_dataset_percent": None if rate is None else round(100 * rate.share),
        "percent_margin": None if rate is None else ceil(100 * rate.margin + 0.5),
    }


def _estimated(linked: Linked, method: Mapping[str, Any]) -> dict[str, Any]:
    """What the weights say of mistakes, and what another threshold would link."""
    threshold, review = float(method["threshold"]), float(method["review"])
    return {
        "false_matches": round(false_matches(linked, threshold)),
        "missed_matches": round(missed_matches(linked, review, threshold)),
        "fewer_linked_at": {
            str(each): weighed_from(linked, each)
            for each in STRICTER
            if each > threshold
        },
        "more_linked_at": {str(review): max(0, linked.doubtful)},
    }


def margin(deviation: int) -> int:
    """How far a figure with noise of this deviation may be off, 95 times in 100."""
    return ceil(1.96 * deviation)
