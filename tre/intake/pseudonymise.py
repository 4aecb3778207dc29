"""Stage 4: identifiers become records of one shape, known by keyed tokens.

A token is HMAC-SHA-256 (RFC 2104) under a key of the linkage zone, cut to its first
128 bits. Without the key nobody can try the few possible NHS numbers or names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import sqlglot.expressions as exp

from tre.intake.engine import Engine
from tre.intake.passes import Signature
from tre.intake.record import COLUMNS, COMPLETE, name_of, record_columns, shown
from tre.intake.sql import (
    Tree,
    column,
    every,
    named,
    number,
    relation,
    select,
    sql,
    text,
)
from tre.manifest.model import Kind

IDENTIFIERS: Final = relation("linkage", "identifiers")
RECORDS: Final = relation("linkage", "records")
MEMBERS: Final = relation("linkage", "members")
TOKENS: Final = relation("linkage", "tokens")
KNOWN: Final = relation("spine", "record")

BLOCK_BYTES: Final = 64
"""The block of SHA-256, to which HMAC pads its key."""

HMAC: Final = "sha256($outer{of} || unhex(sha256($inner{of} || encode(:message))))"
TOKEN: Final = f"CAST(left({HMAC}, 32) AS UUID)"

MAKE_TOKENS: Final = """
CREATE TABLE :tokens (record BIGINT, rank TINYINT, token UUID)
"""
NUMBER: Final = """
CREATE TABLE :records AS
SELECT :first + row_number() OVER () - 1 AS record, s.*
FROM :shapes AS s ANTI JOIN :known AS k ON :same
"""
MAKE_MEMBERS: Final = """
CREATE TABLE :members AS
WITH every AS (SELECT * FROM :records UNION ALL BY NAME SELECT * FROM :known)
SELECT s._row, k.record FROM :shaped AS s INNER JOIN every AS k ON :same
"""
ADD_KNOWN: Final = """
INSERT INTO spine.token BY NAME
SELECT s.*, :epoch AS epoch
FROM :rows
ANTI JOIN spine.token AS t ON t.record = s.record AND t.token = s.token
"""
ADD_TOKENS: Final = "INSERT INTO :tokens SELECT * FROM :rows"


def pseudonymise(
    engine: Engine,
    kinds: Sequence[Kind],
    signatures: Sequence[Signature],
    own: Sequence[Signature],
    key: bytes,
    first: int,
) -> None:
    """Replace `linkage.identifiers`, whose columns `i0`, `i1`, … are of `kinds`.

    Leaves `linkage.members` (`_row`, `record`: rows with equal identifiers share
    one, which may be a known record of the spine), `linkage.records` (the fresh ones:
    `record`, counted from `first`, and a record's columns) and `linkage.tokens`
    (`record`, `rank`, `token`, by all of `signatures`). A record without enough
    identifiers for any of the `own` has no token, and its rows are no members: not even
    where the record is known, or how many rows are left would tell who is.
    """
    with engine.together():
        _number(engine, kinds, own, first)
        _sign(engine, signatures, own, key)
        engine.run(sql("DROP TABLE :table", table=IDENTIFIERS))


def _sign(
    engine: Engine,
    signatures: Sequence[Signature],
    own: Sequence[Signature],
    key: bytes,
) -> None:
    """Give those of `linkage.records` that `own` identify tokens by all signatures."""
    inner, outer = padded(key)
    engine.run(sql(MAKE_TOKENS, tokens=TOKENS))
    for signature in signatures:
        rows = select(_row(signature), RECORDS).where(has(signature), _any(own))
        add = sql(ADD_TOKENS, tokens=TOKENS, rows=rows.subquery("source"))
        engine.run(add, {"inner": inner, "outer": outer})


def sign_known(
    engine: Engine, signatures: Sequence[Signature], key: bytes, epoch: int
) -> None:
    """Give the spine's records the tokens of these signatures that they do not have.

    Then a manifest's passes find whom an earlier manifest brought, too.
    """
    inner, outer = padded(key)
    for signature in signatures:
        rows = select(_row(signature), KNOWN).where(has(signature))
        add = sql(ADD_KNOWN, rows=rows.subquery("s"), epoch=number(epoch))
        engine.run(add, {"inner": inner, "outer": outer})


def token(signature: Signature, of: str = "") -> Tree:
    """A record's token, under the key padded in the parameters `inner` and `outer`.

    Where there are two keys, `of` ends the names of these parameters.
    """
    return sql(TOKEN.format(of=of), message=message(signature.name, signature.parts))


def padded(key: bytes) -> tuple[bytes, bytes]:
    """The inner and outer block that HMAC-SHA-256 puts before what it hashes."""
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    block = key.ljust(BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def has(signature: Signature) -> Tree:
    """Whether a record has every part of a signature."""
    return every(exp.Not(this=part.is_(exp.Null())) for part in signature.parts)


def _any(signatures: Sequence[Signature]) -> Tree:
    """Whether a record has every part of one of them."""
    return exp.or_(exp.Boolean(this=False), *map(has, signatures), copy=False)


def _number(
    engine: Engine, kinds: Sequence[Kind], own: Sequence[Signature], first: int
) -> None:
    """Number the records nobody has seen yet, and say which row has which record."""
    shape = record_columns(kinds)
    present = [*{name_of(kind) for kind in shown(kinds)}, COMPLETE]
    absent = [name for name in COLUMNS if name not in present]
    same = every(
        exp.NullSafeEQ(this=column(name, "s"), expression=column(name, "k"))
        for name in present
    )
    known = select([exp.Star()], KNOWN).where(
        every(column(name).is_(exp.Null()) for name in absent)
    )
    engine.run(
        sql(
            NUMBER,
            records=RECORDS,
            first=number(first),
            shapes=select(shape, IDENTIFIERS).distinct().subquery(),
            known=known.subquery(),
            same=same,
        )
    )
    columns = ["record", *COLUMNS]
    shaped = select([column("_row"), *shape], IDENTIFIERS)
    engine.run(
        sql(
            MAKE_MEMBERS,
            members=MEMBERS,
            records=RECORDS,
            known=select([column(name) for name in columns], known).subquery(),
            shaped=select([exp.Star()], shaped).where(_any(own)).subquery(),
            same=same,
        )
    )


def _row(signature: Signature) -> list[Tree]:
    rank = named(number(signature.rank), "rank")
    return [column("record"), rank, named(token(signature), "token")]


def message(name: str, parts: Sequence[Tree]) -> Tree:
    """What is signed: the pass, then each part behind its length.

    No two different sequences of parts are written alike.
    """
    tree: Tree = text(name)
    for part in parts:
        template = ":tree || ' ' || CAST(strlen(:part) AS VARCHAR) || ':' || :part"
        tree = sql(template, tree=tree, part=part)
    return tree
