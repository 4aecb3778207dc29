from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors import Invalid, Source
from connectors.installed import GROUP, installed, kinds
from connectors.source import BATCH_ROWS
from tests.connectors.declaring import package
from tests.connectors.reading import CANARY, read, refused, rows

PLACE = "resources[0].tre.source"


class Numbers:
    """A source that counts, and fails as it is told to."""

    name = "numbers"

    def __init__(self, options: Mapping[str, Any], folder: Path) -> None:
        self.folder = folder
        if "count" not in options:
            raise Invalid("count", "expected a whole number")
        self.count = int(options["count"])
        self.fails = options.get("fails")

    @property
    def schema(self) -> pa.Schema:
        """Two columns."""
        if self.fails == "schema":
            raise ValueError(CANARY)
        return pa.schema([("n", pa.int64()), ("text", pa.string())])

    def select(self, columns: Sequence[str]) -> Source:
        """Only the first is ever asked for here."""
        assert columns == ["n"]
        return self

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:
        """One batch, and then what it was told."""
        assert not rejects
        yield pa.RecordBatch.from_pydict({"n": pa.array(range(self.count))})
        if self.fails == "change":
            yield pa.RecordBatch.from_pydict({"n": [CANARY]})
        if self.fails:
            raise RuntimeError(CANARY)


@pytest.fixture(autouse=True)
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package, as pip would leave it, that adds two kinds of source."""
    said = tmp_path / "counting-1.0.dist-info"
    said.mkdir()
    (said / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: counting\nVersion: 1.0\n"
    )
    (said / "entry_points.txt").write_text(
        f"[{GROUP}]\nnumbers = {__name__}:Numbers\ngone = nowhere_at_all:Source\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Numbers.__module__])


def _source(**options: Any) -> Source:
    return installed("numbers", options, Path(), PLACE)


def test_a_package_adds_a_kind() -> None:
    """A kind is found by its entry point, gets its options, and gives rows."""
    assert {"numbers", "gone"} <= kinds()
    source = _source(count=BATCH_ROWS + 5).select(["n"])
    assert [row["n"] for row in rows(source)] == list(range(BATCH_ROWS + 5))


def test_a_wrong_option_is_named_in_the_manifest() -> None:
    """What the connector says of an option has the option's place."""
    refused(_source, f"{PLACE}.count", "a whole number")


def test_no_error_of_a_connector_is_passed_on() -> None:
    """Whatever it raises, and wherever, says only that it failed."""
    broken = {"count": CANARY}
    refused(lambda: _source(**broken), PLACE, "the connector numbers failed")
    told = _source(count=1, fails="schema")
    refused(lambda: told.schema, "numbers", "the connector numbers failed")
    later = _source(count=1, fails="later").select(["n"])
    refused(lambda: read(later), "numbers", "the connector numbers failed")
    gone = {"count": 1}
    refused(lambda: installed("gone", gone, Path(), PLACE), PLACE, "failed")


def test_a_source_keeps_its_columns() -> None:
    """A batch of other columns or types than the schema says ends the reading."""
    changing = _source(count=1, fails="change").select(["n"])
    refused(lambda: read(changing), "numbers", "changed its columns")


PACKAGE = """
import pyarrow as pa


class Ledger:
    name = "ledger"

    def __init__(self, options, folder):
        self.file = folder / options["book"]

    @property
    def schema(self):
        return pa.schema([("nr", pa.string()), ("pay", pa.int64())])

    def select(self, columns):
        return self

    def batches(self, rejects):
        pairs = [line.split() for line in self.file.read_text().splitlines()]
        numbers, pays = zip(*pairs)
        yield pa.RecordBatch.from_pydict(
            {"nr": list(numbers), "pay": [int(pay) for pay in pays]}
        )
"""


@pytest.mark.slow
def test_an_installed_package_is_read_by_a_command(tmp_path: Path) -> None:
    """A wheel of somebody else's, installed by pip, is a source like any other."""
    _install(tmp_path, tmp_path / "installed")
    (tmp_path / "book.txt").write_text("p1 10\np2 20\np1 30\n")
    document = package(source={"kind": "ledger", "book": "book.txt"})
    document["resources"][0]["schema"]["fields"] = [
        {"name": "nr", "tre": {"role": "identifier", "kind": "local-id"}},
        {"name": "pay", "type": "integer"},
    ]
    (tmp_path / "package.json").write_text(json.dumps(document))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    environment["TRE_HOME"] = str(tmp_path / "home")
    for words in (("init",), ("dataset", "check", tmp_path / "package.json", "--json")):
        said = subprocess.run(
            [sys.executable, "-m", "tre.cli", *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    (table,) = json.loads(said.stdout)["tables"]
    assert (table["counts"]["landed"], table["counts"]["people"]) == (3, 2)


def _install(folder: Path, target: Path) -> None:
    """Build a wheel of one module and an entry point, and have pip install it."""
    wheel = folder / "books-1.0-py3-none-any.whl"
    said = "books-1.0.dist-info"
    files = {
        "books.py": PACKAGE,
        f"{said}/METADATA": "Metadata-Version: 2.1\nName: books\nVersion: 1.0\n",
        f"{said}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{said}/entry_points.txt": f"[{GROUP}]\nledger = books:Ledger\n",
    }
    files[f"{said}/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True)
