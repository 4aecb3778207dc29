"""Who is who in a population: what linkers look at, decide, and put in force."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tre.environment.acting import Acting, actor_of
from tre.intake.review import MOST, SURE, Asked
from tre.relinking import Applied, apply_linkage, rotate_linkage_key
from tre.reviewing import decide_links, review_links


class Linkage(Acting):
    """Who is who in a population: what linkers look at, decide, and put in force."""

    def review_links(
        self,
        *,
        population: str | None = None,
        identifiers: bool = False,
        sure: float = SURE,
        most: int = MOST,
        person: str | None = None,
    ) -> pa.Table:
        """Pairs of records to decide on, for a linker: doubtful ones, and links.

        Links are those of a probability up to `sure`, least sure first. Masked unless
        `identifiers` are asked for. Each pair has an empty `decision`, for `same` or
        `different`.
        """
        who, chosen = actor_of(person), self._population(population)
        asked = Asked(who, identifiers=identifiers, sure=sure, most=most)
        return review_links(self._parts, chosen, asked)

    def decide_links(
        self,
        file: Path | str,
        *,
        population: str | None = None,
        person: str | None = None,
    ) -> int:
        """Take in a linker's decisions, a CSV of `pair` and `decision`; how many.

        They have an effect from the next spine version on, where two linkers say the
        same of a pair and nobody otherwise.
        """
        chosen = self._population(population)
        return decide_links(self._parts, Path(file), chosen, actor_of(person))

    def apply_linkage(
        self, *, population: str | None = None, person: str | None = None
    ) -> Applied:
        """Make a new spine version, and publish what is asked anew under it."""
        chosen = self._population(population)
        return apply_linkage(self._parts, chosen, actor_of(person))

    def rotate_linkage_key(
        self, *, population: str | None = None, person: str | None = None
    ) -> None:
        """Put a population's pseudonyms under a new key, and destroy the old."""
        chosen = self._population(population)
        rotate_linkage_key(self._parts, chosen, actor_of(person))
