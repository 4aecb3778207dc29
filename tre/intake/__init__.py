"""Intake: from a controller's files to a published version, or to nothing.

Rows walk one way: land → check → separate → pseudonymise → link → publish. After
`separate` no table holds identifiers beside attributes, and only the linkage zone has
identifiers; what is published has none, nor anything that joins it back to its source.
"""

from __future__ import annotations

from tre.intake.inspect import inspect
from tre.intake.onboard import onboard
from tre.intake.publication import (
    Counts,
    Options,
    Progress,
    Publication,
    Reason,
    Reject,
    Stage,
    Versions,
)
from tre.intake.sweep import sweep
from tre.intake.zones import Zones

__all__ = [
    "Counts",
    "Options",
    "Progress",
    "Publication",
    "Reason",
    "Reject",
    "Stage",
    "Versions",
    "Zones",
    "inspect",
    "onboard",
    "sweep",
]
