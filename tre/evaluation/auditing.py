"""Audit the claim as a part of an evaluation: every game once, kept by what it was.

The games have made-up data of their own: what they test is the gateway, and not the
plan's data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tre.evaluation.outcome import VERSION, write_table
from tre.evaluation.plan import Audit
from tre.evaluation.schedule import Told, in_processes
from tre.evaluation.site import Site

FOUND: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("setting", "game", "question", "claim")),
        *((name, pa.float64()) for name in ("claimed", "measured", "confidence")),
        *((name, pa.int64()) for name in ("plays", "asked", "right", "wrong")),
        *((name, pa.float64()) for name in ("epsilon", "delta")),
    ]
)
"""A line a game: the fields of `tre.distinguish.finding.Finding`."""


@dataclass(frozen=True, slots=True)
class Played:
    """The games of one setting, by its place in the suite, and where they are kept."""

    place: int
    audit: Audit
    folder: Path

    def file(self, game: str) -> Path:
        """Where what was found of a game is kept, named by all it depends on."""
        said = self.audit.model_dump_json(exclude={"only"})
        text = f"{VERSION} {self.place} {game} {said}"
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self.folder / f"{name}.parquet"


def audited(site: Site, workers: int, told: Told) -> pa.Table:
    """What the plan's audit found, as FOUND has it; nothing where it asks for none."""
    if site.plan.audit is None:
        return FOUND.empty_table()
    from tre.distinguish.suite import SUITE  # of the extra `evaluation`

    folder = site.folder / "audit"
    every = [Played(place, site.plan.audit, folder) for place in range(len(SUITE))]
    left = [each for each in every if _left(each)]

    def look() -> None:
        told("audit", len(every) - sum(bool(_left(each)) for each in every), len(every))

    in_processes(play, left, workers, look, site.folder)
    kept = [
        pq.read_table(file)
        for each in every
        for game in _games(each)
        if (file := each.file(game)).is_file()
    ]
    return pa.concat_tables(kept) if kept else FOUND.empty_table()


def play(played: Played) -> None:
    """Play the games of one setting that were not played before."""
    from tre.distinguish.audit import audit
    from tre.distinguish.labs import neighbours
    from tre.distinguish.suite import SUITE

    setting, games = SUITE[played.place]
    named, said = _left(played), played.audit
    left = [game for game in games if game.name in named]
    with neighbours(setting, left) as labs:
        for game in left:
            found = audit(
                labs,
                game,
                draws=said.draws,
                asked=said.asked,
                confidence=said.confidence,
            )
            line = pa.Table.from_pylist([asdict(found)], schema=FOUND)
            write_table(played.file(game.name), line)


def _left(played: Played) -> list[str]:
    """The names of a setting's games that are asked for and were not played before."""
    return [game for game in _games(played) if not played.file(game).is_file()]


def _games(played: Played) -> Iterator[str]:
    """The names of a setting's games that the plan asks for."""
    from tre.distinguish.suite import SUITE

    for game in SUITE[played.place][1]:
        if not played.audit.only or game.name in played.audit.only:
            yield game.name
