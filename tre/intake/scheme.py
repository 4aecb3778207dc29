"""How records became tokens: under which identifiers and passes, each way once.

Tokens are made anew when their key is rotated, and then have to agree with those
that the same manifests will make of new rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tre.intake.engine import Engine
from tre.intake.passes import Signature, signatures
from tre.intake.spine import SCHEME
from tre.intake.sql import number, sql
from tre.manifest.model import Evidence, Kind

KEEP: Final = """
INSERT INTO :scheme
SELECT $kinds::VARCHAR[], $passes::VARCHAR[][], :epoch
WHERE NOT EXISTS (
    SELECT 1 FROM :scheme
    WHERE kinds = $kinds::VARCHAR[] AND passes = $passes::VARCHAR[][]
)
"""


def keep_scheme(
    engine: Engine,
    kinds: Sequence[Kind],
    passes: Sequence[Sequence[Evidence]],
    epoch: int,
) -> None:
    """Keep how a table's records are signed. Needs `spine` attached."""
    parameters = {
        "kinds": sorted(kind.value for kind in kinds),
        "passes": [[evidence.value for evidence in needed] for needed in passes],
    }
    engine.run(sql(KEEP, scheme=SCHEME, epoch=number(epoch)), parameters)


def unkept(engine: Engine, signatures: Sequence[Signature]) -> list[Signature]:
    """Those of the signatures by which the spine's records have no tokens yet."""
    known = {_value(each) for each in kept_signatures(engine)}
    return [each for each in signatures if _value(each) not in known]


def _value(signature: Signature) -> tuple[str, ...]:
    """What a token of a signature is made of, however strong it is."""
    parts = (part.sql("duckdb") for part in signature.parts)
    return signature.name, *parts


def kept_signatures(engine: Engine) -> Iterator[Signature]:
    """Every signature that a record of the spine can have, each once."""
    found = set()
    for kinds, passes in engine.run("SELECT kinds, passes FROM spine.scheme"):
        needed = [tuple(map(Evidence, each)) for each in passes]
        for signature in signatures([Kind(each) for each in kinds], needed):
            known = (signature.rank, _value(signature))
            if known not in found:
                found.add(known)
                yield signature
