"""Who acts, and through what: what every part of an environment stands on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from privacy.errors import Refused
from tre.audit.act import Act, acting
from tre.governance import populations
from tre.home import Parts

OPERATOR: Final = "administrator"
"""Who acts where nobody is named: the first administrator, who holds the home."""


class Acting:
    """An open home, and acts on it in somebody's name. None is the operator."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def _acting(self, person: str | None) -> AbstractContextManager[Act]:
        return acting(self._parts.control, actor_of(person), self._parts.clock())

    def _population(self, name: str | None) -> str:
        """The population named, or the only one there is."""
        if name is not None:
            return name
        with self._parts.control.reading() as connection:
            names = populations.population_names(connection)
        if len(names) == 1:
            return names[0]
        raise Refused(
            "unknown_population",
            "Say which population.",
            clause="population",
            suggestion=f"There are: {', '.join(names) or 'none yet'}.",
        )


def actor_of(person: str | None) -> str:
    """Who acts: the person named, or the operator."""
    return OPERATOR if person is None else person
