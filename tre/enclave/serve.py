"""Answer jobs in turn. Everything that goes wrong becomes the same empty reply."""

from __future__ import annotations

import os
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO, Final, NoReturn

import duckdb
import numpy as np
import pyarrow as pa

from privacy.catalogue import Domain, Type
from privacy.emerge import at_most, emerge, filled, presence
from privacy.mechanism import Kind, Mechanism
from privacy.noise import noise
from privacy.table import NoisedTable
from tre.enclave.execute import Read, execute, key_counts
from tre.enclave.job import (
    FAILED,
    LONGEST_JOB,
    MARK_BYTES,
    Attachment,
    Job,
    Keyed,
    decode_job,
    encode_emerged,
    encode_noised,
    receive,
    send,
)

_FIRST: Final = Job(
    attachments=(),
    sql="SELECT k0, count(*) AS c0, sum(i) AS c1"
    " FROM (SELECT i, i % 2 = 0 AS k0 FROM range(1000) AS numbers(i)) GROUP BY k0",
    keys=(Domain(Type.BOOLEAN, 0, nullable=True, values=(False, True)),),
    mechanisms=(Mechanism(Kind.LAPLACE, 1, 1, 1), Mechanism(Kind.GAUSSIAN, 1, 1, 1)),
)
"""A question about nobody."""


def warm_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Answer a question about nobody, and throw the answer away.

    Engine, Arrow and OpenDP load and set up much of themselves when they are used
    first, which would be in somebody's slot. Raises where that cannot be done: such a
    process answers no question either.
    """
    _noised(_FIRST, connection)


def serve(
    connection: duckdb.DuckDBPyConnection, jobs: BinaryIO, replies: BinaryIO
) -> NoReturn:
    """Read a job, write its reply, over and over. Never raises for a job.

    The process ends when `jobs` does, at once and in the middle of a job too.
    """
    waiting: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(jobs, waiting), daemon=True).start()
    attached: set[str] = set()
    while True:
        payload = waiting.get()
        mark, job = payload[:MARK_BYTES], payload[MARK_BYTES:]
        send(replies, mark + _reply(job, connection, attached))


def _listen(jobs: BinaryIO, waiting: SimpleQueue[bytes]) -> None:
    try:
        while (payload := receive(jobs, at_most=MARK_BYTES + LONGEST_JOB)) is not None:
            waiting.put(payload)
    finally:
        os._exit(0)


def _reply(
    payload: bytes, connection: duckdb.DuckDBPyConnection, attached: set[str]
) -> bytes:
    try:
        return _answer(decode_job(payload), connection, attached)
    except Exception:  # noqa: BLE001 (engine and OpenDP errors quote protected values)
        return FAILED


def _answer(
    job: Job, connection: duckdb.DuckDBPyConnection, attached: set[str]
) -> bytes:
    for attachment in job.attachments:
        if attachment.alias not in attached:
            _attach(connection, attachment)
            attached.add(attachment.alias)
    try:
        return _noised(job, connection)
    finally:
        if job.once:
            _let_go(connection, job, attached)


def _noised(job: Job, connection: duckdb.DuckDBPyConnection) -> bytes:
    def read(sql: str) -> pa.Table:
        return connection.execute(sql).to_arrow_table()

    if job.keyed is None:
        exact = execute(job, read)
        noised = noise(exact, job.mechanisms, job.draws, job.picks, job.cells)
        return encode_noised(noised, draws=job.draws, cells=job.cells)
    return _with_keys(job, job.keyed, read)


def _with_keys(job: Job, keyed: Keyed, read: Read) -> bytes:
    """Keys first, and then the figures of those that came out, and of no others."""
    counts = key_counts(keyed.sql, read)
    found = emerge(counts, keyed.threshold, keyed.fewest, job.draws)
    emerged = at_most(found, keyed.most_cells, job.cells)
    settled = replace(job, keys=filled(job.keys, emerged), keyed=None)
    if settled.cells == 0:
        return encode_emerged(emerged, b"")
    exact = execute(settled, read)
    noised = noise(exact, job.mechanisms, job.draws, job.picks, settled.cells)
    present = presence(job.keys, settled.keys, emerged)
    shown = NoisedTable(
        tuple(np.where(present, each, 0) for each in noised.values),
        tuple(np.where(present, each, 0) for each in noised.picked),
    )
    figures = encode_noised(shown, draws=job.draws, cells=settled.cells)
    return encode_emerged(emerged, figures)


def _let_go(
    connection: duckdb.DuckDBPyConnection, job: Job, attached: set[str]
) -> None:
    """Detach the job's files, and with them their keys."""
    for attachment in job.attachments:
        connection.execute(f"DETACH {_quoted(attachment.alias)}")
        attached.discard(attachment.alias)


def _attach(connection: duckdb.DuckDBPyConnection, file: Attachment) -> None:
    path = file.path.replace("'", "''")
    connection.execute(
        f"ATTACH '{path}' AS {_quoted(file.alias)} (READ_ONLY, ENCRYPTION_KEY ?)",
        [file.key],
    )


def _quoted(alias: str) -> str:
    doubled = alias.replace('"', '""')
    return f'"{doubled}"'
