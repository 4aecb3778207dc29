"""A DuckDB connection that can read published files and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import duckdb

from tre.enclave.limits import LARGEST_SPILL_MIB
from tre.encryption import crypto_extension

LOCKED: Final = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
    "temp_file_encryption": "true",
    "lock_configuration": "true",
}
"""Settings in force once the connection is handed out; read back and asserted."""


def locked_engine(
    published: Path, scratch: Path, *, memory_mib: int
) -> duckdb.DuckDBPyConnection:
    """Open a connection locked to the published files under `published`.

    `scratch` is where it spills, encrypted, what `memory_mib` do not hold. Raises
    RuntimeError where a setting did not take, before anything can be asked.
    """
    connection = duckdb.connect(
        config={
            "autoload_known_extensions": "false",
            "autoinstall_known_extensions": "false",
            "extension_directory": str(scratch),
            "temp_directory": str(scratch),
            "max_temp_directory_size": f"{LARGEST_SPILL_MIB}MiB",
            "memory_limit": f"{memory_mib}MiB",
            "threads": str(os.cpu_count() or 1),
        }
    )
    connection.load_extension(str(crypto_extension()))
    connection.execute("SET allowed_directories = [?]", [str(published)])
    for setting, value in LOCKED.items():
        if setting not in ("autoload_known_extensions", "autoinstall_known_extensions"):
            connection.execute(f"SET {setting} = {value}")
    _assert_locked(connection)
    return connection


def _assert_locked(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute("SELECT name, value FROM duckdb_settings()").fetchall()
    in_force = {name: str(value).lower() for name, value in rows}
    wrong = [name for name, value in LOCKED.items() if in_force.get(name) != value]
    if wrong:
        raise RuntimeError(f"the engine is not locked: {', '.join(sorted(wrong))}")
