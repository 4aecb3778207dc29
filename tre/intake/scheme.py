"""How records became tokens: under which identifiers and passes, each way once.

Every record of a population has its tokens by the passes of every manifest that was
taken in, whichever came first: who is linked to whom, and whom an objection reaches,
does not turn on the order of deliveries. Tokens are made anew when their key is
rotated, and then have to agree with those that the same manifests will make of new
rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tre.intake.engine import Engine
from tre.intake.passes import Signature, signatures
from tre.intake.spine import APPLIED, SCHEME
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

APPLY: Final = "INSERT INTO :applied SELECT $value::VARCHAR[], :epoch"


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


def with_kept(engine: Engine, own: Sequence[Signature]) -> list[Signature]:
    """A manifest's own signatures, and those of earlier manifests, each value once."""
    every = {_value(each): each for each in own}
    for kept in kept_signatures(engine):
        every.setdefault(_value(kept), kept)
    return list(every.values())


def unapplied(engine: Engine, signatures: Sequence[Signature]) -> list[Signature]:
    """Those of the signatures by which not every record of the spine has its tokens.

    They are new; or the spine is of a time when records got no tokens by passes of
    manifests that came before theirs.
    """
    rows = engine.run(sql("SELECT value FROM :applied", applied=APPLIED))
    known = {tuple(value) for (value,) in rows}
    return [each for each in signatures if _value(each) not in known]


def keep_applied(engine: Engine, signatures: Sequence[Signature], epoch: int) -> None:
    """Keep that every record has its tokens by these: `sign_known` gave them."""
    for each in signatures:
        parameters = {"value": list(_value(each))}
        engine.run(sql(APPLY, applied=APPLIED, epoch=number(epoch)), parameters)


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
