"""Who acts, and through what: what every part of an environment stands on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from tre.audit.act import Act, acting
from tre.home import Parts

OPERATOR: Final = "administrator"
"""Who acts where nobody is named: the first administrator, who holds the home."""


class Acting:
    """An open home, and acts on it in somebody's name. None is the operator."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def _acting(self, person: str | None) -> AbstractContextManager[Act]:
        return acting(self._parts.control, actor_of(person), self._parts.clock())


def actor_of(person: str | None) -> str:
    """Who acts: the person named, or the operator."""
    return OPERATOR if person is None else person
