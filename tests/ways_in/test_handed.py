"""A release that somebody was handed verifies with a public key and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.ways_in.conftest import Said, Served
from tests.ways_in.test_gateway import FORMATS
from tre.audit.merkle import verify_consistency, verify_inclusion
from tre.audit.note import Note, read_verifier_key

Tre = Callable[..., Said]
BY_REGION = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"


@pytest.fixture(scope="module")
def handed(served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One release in every format, and the public key, as files."""
    folder = tmp_path_factory.mktemp("handed")
    with served.http() as http:
        question = {"sql": BY_REGION, "epsilon": 0.5}
        asked = http.post("/v1/projects/pay/queries", json=question)
        files = {"json": folder / "release.json", "key": folder / "key"}
        files["json"].write_bytes(asked.content)
        files["key"].write_text(http.get("/v1/audit/key").text)
        for accept in FORMATS:
            name = accept.rpartition(".")[2].rpartition("/")[2]
            place = asked.headers["content-location"]
            files[name] = folder / f"release.{name}"
            content = http.get(place, headers={"Accept": accept}).content
            files[name].write_bytes(content)
    return files


@pytest.mark.parametrize(
    ("name", "whole"), [("json", 0), ("parquet", 1), ("stream", 1)]
)
def test_a_release_verifies_offline(
    tre: Tre,
    handed: dict[str, Path],
    name: str,
    whole: bool,
    tmp_path: Path,
    monkeypatch,
) -> None:
    """No home is needed; Arrow and Parquet are checked with their tables."""
    monkeypatch.setenv("TRE_HOME", str(tmp_path / "nowhere"))
    said = tre("release", "verify", handed[name], "--key", handed["key"], "--json")
    assert said.status == 0, said.out + said.err
    found = json.loads(said.out)
    assert (found["verified"], found["table"]) == (True, bool(whole))
    assert (found["project"], found["question"]) == ("pay", BY_REGION)
    assert not (tmp_path / "nowhere").exists()


def test_a_changed_table_does_not_verify(
    tre: Tre, handed: dict[str, Path], tmp_path: Path
) -> None:
    """One more in one cell is found, under the very receipt that came with it."""
    table = parquet.read_table(handed["parquet"])
    column = table.schema.get_field_index("n")
    values = table.column("n").to_pylist()
    changed = [value if value is None else value + 1 for value in values]
    array = pa.array(changed, table.schema.field("n").type)
    file = tmp_path / "changed.parquet"
    parquet.write_table(
        table.set_column(column, table.schema.field(column), array), file
    )
    said = tre("release", "verify", file, "--key", handed["key"])
    assert said.status == 1
    assert "the table is not the one that was released" in said.out


@pytest.mark.parametrize("field", ["question", "body", "content", "log", "release"])
def test_a_changed_receipt_does_not_verify(
    tre: Tre, handed: dict[str, Path], tmp_path: Path, field: str
) -> None:
    """Whatever is changed in it is found."""
    receipt = json.loads(handed["json"].read_text())["receipt"]
    receipt[field] = "another" if field == "release" else {**receipt[field], "x": 1}
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(receipt))
    said = tre("release", "verify", file, "--key", handed["key"], "--json")
    assert said.status == 1
    assert json.loads(said.out)["verified"] is False


def test_what_is_no_release_is_said(
    tre: Tre, handed: dict[str, Path], tmp_path: Path
) -> None:
    """Another file, no file, another key: status 1 and words, never a fault."""
    other = tmp_path / "other"
    for content in (b"", b"[]", b"{}", b"PAR1", b"\xff\xff\xff\xff\x00", b"\xff" * 9):
        other.write_bytes(content)
        said = tre("release", "verify", other, "--key", handed["key"])
        assert said.status == 1, content
        assert "fault" not in said.err
    for key in ("a+b+c", str(other), str(tmp_path / "missing")):
        said = tre("release", "verify", handed["json"], "--key", key)
        assert (said.status, "fault" in said.err) == (1, False)
    missing = tre("release", "verify", tmp_path / "missing", "--key", handed["key"])
    assert missing.status == 1


def test_anybody_can_follow_the_log(served: Served) -> None:
    """Two notes and a proof show that it grew; a proof shows where a record is."""
    with served.http(None) as http, served.http() as researcher:
        key = read_verifier_key(http.get("/v1/audit/key").text)
        before = Note.read(http.get("/v1/audit/checkpoint.txt").text)
        researcher.post("/v1/projects/pay/queries", json={"sql": "SELECT 1"})
        after = Note.read(http.get("/v1/audit/checkpoint.txt").text)
        assert before.signed_by(key)
        assert after.signed_by(key)
        assert after.size > before.size
        asked = {"earlier": before.size, "later": after.size}
        grown = http.get("/v1/audit/consistency", params=asked).json()
        path = [bytes.fromhex(each) for each in grown["path"]]
        assert verify_consistency(before.head, after.head, path)
        asked = {"position": 2, "size": after.size}
        proof = http.get("/v1/audit/inclusion", params=asked).json()
        path = [bytes.fromhex(each) for each in proof["path"]]
        leaf, root = bytes.fromhex(proof["leaf"]), after.head.root
        assert verify_inclusion(leaf, 2, after.size, path, root)
        assert proof["head"] == {"size": after.size, "root": root.hex()}
        assert_refused(http.get("/v1/audit/inclusion?position=999999"))


def assert_refused(answer: httpx.Response) -> None:
    """The log has no such record."""
    assert (answer.status_code, answer.json()["code"]) == (404, "not_in_log")
