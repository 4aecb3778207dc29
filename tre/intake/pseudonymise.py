"""Stage 4: identifiers become keyed tokens, and are forgotten.

A token is HMAC-SHA-256 (RFC 2104) under a key of the linkage zone, cut to its first
128 bits. Without the key nobody can try the few possible NHS numbers or names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import sqlglot.expressions as exp

from tre.intake.engine import Engine
from tre.intake.passes import Signature, signatures
from tre.intake.sql import Tree, column, every, named, relation, select, sql, text
from tre.manifest.model import Kind

IDENTIFIERS: Final = relation("linkage", "identifiers")
RECORDS: Final = relation("linkage", "records")
MEMBERS: Final = relation("linkage", "members")
TOKENS: Final = relation("linkage", "tokens")

BLOCK_BYTES: Final = 64
"""The block of SHA-256, to which HMAC pads its key."""

HMAC: Final = "sha256($outer || unhex(sha256($inner || encode(:message))))"
TOKEN: Final = f"CAST(left({HMAC}, 32) AS UUID)"

MAKE_TOKENS: Final = """
CREATE TABLE :tokens (record BIGINT, rank TINYINT, token UUID)
"""
MAKE_RECORDS: Final = "CREATE TABLE :records AS :rows"
MAKE_MEMBERS: Final = """
CREATE TABLE :members AS
SELECT i._row, r.record FROM :identifiers AS i INNER JOIN :records AS r ON :same
"""
ADD_TOKENS: Final = "INSERT INTO :tokens SELECT * FROM :rows"


def pseudonymise(engine: Engine, kinds: Sequence[Kind], key: bytes) -> None:
    """Replace `linkage.identifiers`, whose columns `i0`, `i1`, … are of `kinds`.

    Leaves `linkage.members` (`_row`, `record`: rows with equal identifiers share
    one) and `linkage.tokens` (`record`, `rank`, `token`); a record without enough
    identifiers for any pass has no token.
    """
    with engine.together():
        _number(engine, len(kinds))
        _sign(engine, kinds, key)
        for table in (IDENTIFIERS, RECORDS):
            engine.run(sql("DROP TABLE :table", table=table))


def _sign(engine: Engine, kinds: Sequence[Kind], key: bytes) -> None:
    """Give each record its tokens."""
    inner, outer = padded(key)
    engine.run(sql(MAKE_TOKENS, tokens=TOKENS))
    for signature in signatures(kinds):
        rows = select(_row(signature), RECORDS).where(
            every(exp.Not(this=part.is_(exp.Null())) for part in signature.parts)
        )
        add = sql(ADD_TOKENS, tokens=TOKENS, rows=rows.subquery("source"))
        engine.run(add, {"inner": inner, "outer": outer})


def padded(key: bytes) -> tuple[bytes, bytes]:
    """The inner and outer block that HMAC-SHA-256 puts before what it hashes."""
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    block = key.ljust(BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def _number(engine: Engine, identifiers: int) -> None:
    """Number the distinct records, and say which row has which."""
    places = range(identifiers)
    distinct = select([column(f"i{place}") for place in places], IDENTIFIERS).distinct()
    record = sql("row_number() OVER () - 1")
    values = [named(column(f"i{place}"), f"n{place}") for place in places]
    rows = select([named(record, "record"), *values], distinct)
    engine.run(sql(MAKE_RECORDS, records=RECORDS, rows=rows))
    same = every(
        exp.NullSafeEQ(
            this=column(f"i{place}", "i"), expression=column(f"n{place}", "r")
        )
        for place in places
    )
    engine.run(
        sql(
            MAKE_MEMBERS,
            members=MEMBERS,
            identifiers=IDENTIFIERS,
            records=RECORDS,
            same=same,
        )
    )


def _row(signature: Signature) -> list[Tree]:
    token = sql(TOKEN, message=message(signature.name, signature.parts))
    return [column("record"), sql(str(signature.rank)), named(token, "token")]


def message(name: str, parts: Sequence[Tree]) -> Tree:
    """What is signed: the pass, then each part behind its length.

    No two different sequences of parts are written alike.
    """
    tree: Tree = text(name)
    for part in parts:
        template = ":tree || ' ' || CAST(strlen(:part) AS VARCHAR) || ':' || :part"
        tree = sql(template, tree=tree, part=part)
    return tree
