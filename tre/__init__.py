"""A trusted research environment: the parts with a disk, a clock or a person.

>>> import tre
>>> environment = tre.Environment.create(home)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from privacy.errors import Failed, Refused

if TYPE_CHECKING:
    from connectors.errors import Invalid
    from tre.environment import Environment

__all__ = ["Environment", "Failed", "Invalid", "Refused"]


def __getattr__(name: str) -> object:
    """Import what is slow to import when it is first named."""
    if name == "Environment":
        from tre.environment import Environment

        return Environment
    if name == "Invalid":
        from connectors.errors import Invalid

        return Invalid
    raise AttributeError(f"module 'tre' has no attribute {name!r}")
