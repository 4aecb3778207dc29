from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors import PostgresqlSource
from connectors.credential import Credential
from connectors.postgresql import Server
from connectors.retry import Patience
from tests.connectors.declaring import package
from tests.connectors.reading import CANARY, read, refused, rows
from tests.intake.support import Register, new_zones, published
from tests.postgres import started
from tre.intake import onboard
from tre.intake.credentials import credential
from tre.manifest import load

PASSWORD = "CANARYPASSWORD"

TABLES = f"""
CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}';
CREATE TABLE kinds (
    n bigint, pay numeric(10, 2), rate float8, born date, seen timestamp,
    zoned timestamptz, ok boolean, id uuid, "a ""name" text
);
INSERT INTO kinds VALUES (
    9007199254740993, 2.50, 0.1, '1980-02-03', '2020-01-02',
    '2020-01-02 03:04:05+02', true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'Zoë'
), (NULL, 'NaN', 'Infinity', 'infinity', NULL, NULL, false, NULL, '');
CREATE VIEW long AS SELECT n FROM generate_series(1, 200000) AS s (n);
CREATE VIEW failing AS SELECT CAST('{CANARY}' || n AS integer) AS n FROM long;
CREATE VIEW wide AS SELECT repeat('x', 1000) AS n FROM long;
CREATE TABLE hidden (n integer);
CREATE TABLE people (nr text, tax_year int, region text, pay numeric);
INSERT INTO people VALUES
    ('p1', 2010, 'North', 12.5), ('p2', 2011, NULL, 7.25), ('p1', 2011, 'South', 1);
GRANT SELECT ON kinds, long, wide, failing, people TO reader;
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Any]:
    """A real server, on a socket, that asks its reader for a password."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    server = started(folder / "data")
    try:
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text("local all reader scram-sha-256\n" + rules.read_text())
        server.psql(TABLES)
        server.psql("SELECT pg_reload_conf()")
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def host(postgres: Any) -> str:
    """The folder of the server's socket."""
    return str(postgres.get_uri().partition("host=")[2])


def _source(host: str, table: str = "kinds", **other: Any) -> PostgresqlSource:
    kept = Credential(other.pop("user", "reader"), other.pop("password", PASSWORD))
    server = Server(host, 5432, other.pop("database", "postgres"), kept)
    return PostgresqlSource(server, "public", table, **other)


def test_values_are_the_text_of_every_type(host: str) -> None:
    """Numbers keep their digits, dates are ISO, moments UTC, NULL is missing."""
    assert rows(_source(host)) == [
        {
            "n": "9007199254740993",
            "pay": "2.50",
            "rate": "0.1",
            "born": "1980-02-03",
            "seen": "2020-01-02 00:00:00",
            "zoned": "2020-01-02 01:04:05",
            "ok": "true",
            "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            'a "name': "Zoë",
        },
        {
            "n": None,
            "pay": "NaN",
            "rate": "Infinity",
            "born": "infinity",
            "seen": None,
            "zoned": None,
            "ok": "false",
            "id": None,
            'a "name': "",
        },
    ]
    assert rows(_source(host).select(["ok", "n"]))[1] == {"ok": "false", "n": None}


def test_long_tables_come_in_batches(host: str) -> None:
    """No batch is longer than the bound, and no row is lost between two."""
    numbers = [int(row["n"]) for row in rows(_source(host, "long"))]
    assert numbers == list(range(1, 200_001))


def test_what_a_server_refuses_is_told_without_its_words(host: str) -> None:
    """Credentials, database, table, rights, values: each by its rule alone."""
    for wrong in ({"password": CANARY}, {"password": ""}):
        bad = _source(host, **wrong)
        refused(partial(read, bad), "public.kinds", "refused the credentials")
    for absent in ({"database": CANARY}, {"user": CANARY}):
        away = _source(host, **absent)
        refused(partial(read, away), "public.kinds", "no such database or")
    unknown = _source(host, "other")
    refused(lambda: unknown.schema, "public.other", "has no table other")
    hidden = _source(host, "hidden")
    refused(partial(read, hidden), "public.hidden", "does not let its user")
    failing = _source(host, "failing")
    refused(partial(read, failing), "public.failing", "the server gave up")


def test_a_table_that_changes_its_columns_is_refused(host: str, postgres: Any) -> None:
    """Columns that have gone since they were told are an error, not other values."""
    postgres.psql("CREATE TABLE moving (a int); GRANT SELECT ON moving TO reader")
    source = _source(host, "moving").select(["a"])
    postgres.psql("ALTER TABLE moving RENAME COLUMN a TO b")
    refused(partial(read, source), "public.moving", "changed the columns")


def test_a_connection_that_is_lost_ends_the_reading(host: str, postgres: Any) -> None:
    """Rows that were given cannot be taken back, so nothing is tried again."""
    batches = _source(host, "wide").batches(Counter())
    next(batches)
    postgres.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE usename = 'reader' AND state = 'active'"
    )
    refused(partial(list, batches), "public.wide", "connection was lost")


def test_a_server_that_is_away_is_tried_again(host: str, tmp_path: Path) -> None:
    """A server that answers at a later try is read; one that never does is named."""
    waited: list[float] = []
    late = Path(tempfile.mkdtemp(prefix="pg")) / "s"

    def pause(delay: float) -> None:
        waited.append(delay)
        if len(waited) == 2:
            late.symlink_to(host)

    patience = Patience((1.0, 2.0, 4.0), pause)
    assert _source(str(late), patience=patience).schema.names[0] == "n"
    assert waited == [1.0, 2.0]
    never = _source(str(tmp_path), patience=Patience((1.0, 2.0), waited.append))
    refused(lambda: never.schema, "public.kinds", "cannot be reached")
    assert waited == [1.0, 2.0, 1.0, 2.0]
    shutil.rmtree(late.parent)


def test_a_manifest_reaches_a_table_and_shows_no_secret(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """A whole intake over the database publishes; no file or log has the password."""
    said = {"kind": "postgresql", "host": host, "database": "postgres"}
    source = {**said, "table": "people", "credentials": "the_reader"}
    manifest = load(package(source=source), tmp_path)
    zones = new_zones(tmp_path / "home")
    refused(
        lambda: onboard(manifest, zones, Register()),
        "resources[0].tre.source.credentials",
        "TRE_CREDENTIALS_THE_READER_PASSWORD",
    )
    kept = {"HOST": host, "USER": "reader", "PASSWORD": PASSWORD}
    for part, value in kept.items():
        monkeypatch.setenv(f"TRE_CREDENTIALS_THE_READER_{part}", value)
    with caplog.at_level(0):
        publication = onboard(manifest, zones, Register())
    assert publication.counts[0].landed == 3
    assert published(zones, publication).num_rows == 3
    assert PASSWORD not in caplog.text + repr(manifest) + repr(publication)
    for file in (each for each in tmp_path.rglob("*") if each.is_file()):
        assert PASSWORD.encode() not in file.read_bytes()


def test_a_credential_is_shown_by_nothing(host: str) -> None:
    """Neither repr, nor text, nor a traceback of a refusal has the password."""
    source = _source(host, password="WRONG" + PASSWORD, user="reader")
    shown = f"{source!r} {source.server!s} {source.server.credential!r}"
    try:
        read(source)
    except Exception as error:  # noqa: BLE001 - whatever it is, it shows nothing
        shown += "".join(traceback.format_exception(error)) + repr(error.__context__)
    assert "refused the credentials" in shown
    assert "CANARY" not in shown
    with pytest.raises(TypeError, match="stays in the process"):
        source.server.credential.__reduce__()


def test_credentials_are_for_one_host() -> None:
    """A manifest that names another host does not get what is kept for this one."""
    environment = {
        "TRE_CREDENTIALS_A_HOST": "db.example.org",
        "TRE_CREDENTIALS_A_USER": "reader",
        "TRE_CREDENTIALS_A_PASSWORD": CANARY,
    }
    found = credential("a", "db.example.org", "p", environment)
    assert (found.user, found.password) == ("reader", CANARY)
    refused(lambda: credential("a", "evil", "p", environment), "p", "the host that")


def test_credentials_may_be_in_a_keyring(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table is read with what `keyring set` keeps, and nothing shows it."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "kept"))
    monkeypatch.setenv("TRE_HOME", str(tmp_path / "home"))
    said = {"kind": "postgresql", "host": host, "database": "postgres"}
    source = {**said, "table": "people", "credentials": "the_reader"}
    (tmp_path / "package.json").write_text(json.dumps(package(source=source)))
    _run("tre.cli", "init")
    look = ("dataset", "check", tmp_path / "package.json")
    told = _run("tre.cli", *look, status=1)
    assert "TRE_CREDENTIALS_THE_READER_PASSWORD in the environment or a" in told
    kept = {"host": host, "user": "reader", "password": PASSWORD}
    for part, value in kept.items():
        _run("keyring", "set", "tre", f"the_reader.{part}", said=value)
    shown = _run("tre.cli", *look, "--report", tmp_path / "report.html")
    assert "Nothing was published" in shown
    _run("keyring", "set", "tre", "the_reader.password", said="WRONG" + PASSWORD)
    refused_by_server = _run("tre.cli", *look, status=1)
    assert "the server refused the credentials" in refused_by_server
    assert "CANARY" not in told + shown + refused_by_server
    places = (tmp_path / "home", tmp_path / "report.html")
    files = [each for place in places for each in (place, *place.rglob("*"))]
    assert not [
        file for file in files if file.is_file() and b"CANARY" in file.read_bytes()
    ]


def _run(module: str, *words: object, said: str = "", status: int = 0) -> str:
    """What a command says on both of its streams, ending with this status."""
    command = [sys.executable, "-m", module, *map(str, words)]
    found = subprocess.run(
        command, input=said, capture_output=True, text=True, check=False, timeout=120
    )
    assert found.returncode == status, found
    return " ".join((found.stdout + found.stderr).split())


def test_a_far_server_must_prove_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Off this machine, nothing is sent before the server's certificate is verified."""
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    kept = Credential("it's", "back\\slash")
    far = Server("db.example.org", 5432, "d", kept)
    assert "sslmode='verify-full' sslrootcert='system'" in far.conninfo()
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/ours.pem")
    assert "sslmode='verify-full' gssencmode" in far.conninfo()
    assert r"user='it\'s' password='back\\slash'" in far.conninfo()
    assert "sslmode='prefer'" in Server("localhost", 5432, "d", kept).conninfo()
