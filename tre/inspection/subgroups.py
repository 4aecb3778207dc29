"""Columns by which the linkage statement could tell match rates, and does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tre.inspection.landed import Landed
from tre.inspection.report import Finding, Level
from tre.inspection.risk import quasi_identifiers
from tre.manifest import MOST_COMPARED

FEW: Final = 20
"""Values of a column that is proposed: more are bands or areas to be made larger."""


def uncompared(landed: Landed) -> Iterator[Finding]:
    """That linking may miss some people more than others, and no figure would tell.

    Proposed are columns with few listed values of what others may know of a person,
    or of what is sensitive.
    """
    link = landed.resource.tre.link
    if link is None or link.by:
        return
    known, _ = quasi_identifiers(landed)
    names = [
        one.name
        for at, one in enumerate(landed.columns)
        if (at in known or one.sensitive) and 1 < len(one.domain.values or ()) <= FEW
    ]
    if names:
        yield Finding(
            Level.NOTE,
            "no_subgroups",
            landed.name,
            "",
            "linking may miss some people more often than others, and the linkage"
            " statement tells match rates only by the columns that the manifest names",
            change=f"tre: {{link: {{by: [{', '.join(names[:MOST_COMPARED])}]}}}}",
        )
