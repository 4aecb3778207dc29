"""A published file, made as intake makes them, for tests of the enclave alone."""

from __future__ import annotations

import secrets
from pathlib import Path

import duckdb

from tre.enclave.job import Attachment
from tre.encryption import crypto_extension

PEOPLE = """
CREATE TABLE published.people AS
SELECT
    i::INTEGER AS person_id,
    1::UTINYINT AS _rank,
    CASE WHEN i % 3 = 0 THEN NULL ELSE ['north', 'south'][i % 3] END
        ::ENUM ('north', 'south', 'west') AS region,
    (i % 50)::SMALLINT AS age
FROM range(300) AS numbers(i)
"""


def publish(folder: Path, statement: str = PEOPLE) -> Attachment:
    """Write an encrypted file with one table, and say how to attach it."""
    key = secrets.token_hex(32)
    path = folder / f"{secrets.token_hex(8)}.duckdb"
    with duckdb.connect(
        config={
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
        }
    ) as connection:
        connection.load_extension(str(crypto_extension()))
        connection.execute(f"ATTACH '{path}' AS published (ENCRYPTION_KEY ?)", [key])
        connection.execute(statement)
        connection.execute("DETACH published")
    return Attachment("v1", str(path), key)
