"""What people decided about pairs of records, kept with the spine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from tre.intake.engine import Engine
from tre.intake.regroup import Pair

DECIDE: Final = (
    """
    DELETE FROM spine.decision AS d USING said AS s
    WHERE d.reviewer = $reviewer AND d.a = s.a AND d.b = s.b
    """,
    """
    INSERT INTO spine.decision
    SELECT s.a, s.b, $reviewer, s.same
    FROM said AS s
    SEMI JOIN spine.record AS a ON a.record = s.a
    SEMI JOIN spine.record AS b ON b.record = s.b
    """,
)


def decide(engine: Engine, said: Mapping[Pair, bool], reviewer: str) -> None:
    """Keep whether each pair is one person, in place of what the reviewer said before.

    Needs `spine` attached. Decisions have an effect from the next spine version on,
    where enough people say the same and nobody otherwise (`evidence.REVIEWERS`).
    """
    table = pa.table(
        {
            "a": pa.array([a for a, _ in said], pa.int64()),
            "b": pa.array([b for _, b in said], pa.int64()),
            "same": pa.array(list(said.values()), pa.bool_()),
        }
    )
    engine.register("said", table)
    try:
        with engine.together():
            for statement in DECIDE:
                engine.run(statement, {"reviewer": reviewer})
    finally:
        engine.unregister("said")
