"""Lay the fetched files out as their controllers would hold them.

Each dataset becomes a folder with a Data Package and its CSV. The key to the
linkage exercise, `rec_id`, is cut off here: intake never sees it.
"""

from __future__ import annotations

import bz2
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import yaml

from tre.demo.agencies import made_agencies, write_agencies

CENSUS_COLUMNS: Final = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status"),
    *("occupation", "relationship", "race", "sex", "capital_gain", "capital_loss"),
    *("hours_per_week", "native_country", "income"),
)


@dataclass(frozen=True, slots=True)
class Controllers:
    """The manifest each controller holds, next to its data."""

    agency_a: Path
    agency_b: Path
    census: Path
    wages: Path
    made: tuple[Path, ...]

    def in_order(self) -> tuple[Path, ...]:
        """The manifests of agencies A to D, then of those whose people are made up."""
        return self.agency_a, self.agency_b, self.census, self.wages, *self.made


def prepare(sources: Path, folder: Path) -> Controllers:
    """Write one folder a dataset under `folder`, from the files of `fetch`."""
    for name, file in (("agency-a", "dataset4a.csv"), ("agency-b", "dataset4b.csv")):
        content = (sources / file).read_text(encoding="ascii")
        _write(folder / name / "people.csv", without_answers(content))
    _write(folder / "census" / "census.csv", census(sources))
    panel = bz2.decompress((sources / "wagepan.csv.bz2").read_bytes())
    _write(folder / "wages" / "wagepan.csv", panel.decode("ascii"))
    return Controllers(
        agency_a=_manifest(folder, "agency-a"),
        agency_b=_manifest(folder, "agency-b"),
        census=_manifest(folder, "census"),
        wages=_manifest(folder, "wages"),
        made=write_agencies(folder, made_agencies()),
    )


_BUNDLED: Final = {
    "adult": "census",
    "clinical": "clinical",
    "labour": "labour",
    "wages": "wages",
}
_PACKED: Final = {"labour": "labsup.csv.bz2", "wages": "wagepan.csv.bz2"}


def bundled_package(name: str) -> dict[str, Any]:
    """The manifest of a bundled data set, by the name that plans have for it."""
    packages = resources.files("tre.demo").joinpath("packages")
    text = packages.joinpath(f"{_BUNDLED[name]}.yaml").read_text(encoding="utf-8")
    return {**yaml.safe_load(text)}


def bundled_tables(name: str, sources: Path) -> Mapping[str, pa.Table]:
    """The table of `adult`, `labour` or `wages`, from the files of `fetch`."""
    if name == "adult":
        content = census(sources)
    else:
        packed = (sources / _PACKED[name]).read_bytes()
        content = bz2.decompress(packed).decode("ascii")
    return {_BUNDLED[name]: text_table(content)}


def without_answers(content: str) -> str:
    r"""The same lines without their first column, which says who is who.

    >>> without_answers("rec_id, surname\nrec-7-org, lund\n")
    'surname\nlund\n'
    """
    lines = (line.partition(", ")[2] for line in content.splitlines())
    return "".join(f"{line}\n" for line in lines)


def census(sources: Path) -> str:
    """Both parts of the census extract as one CSV with a header.

    The second part opens with a line of its own and ends each income with a full
    stop; both parts end with an empty line. Nothing else is touched.
    """
    records = [*_records(sources / "adult.data"), *_records(sources / "adult.test")]
    return "".join(f"{line}\n" for line in (", ".join(CENSUS_COLUMNS), *records))


def answers(sources: Path, name: str) -> list[str]:
    """Who each row of a linkage file really is, in file order.

    Both files number the people alike: `rec-1070-org` and `rec-1070-dup-0` are
    the same person, here `1070`.
    """
    with (sources / name).open(encoding="ascii", newline="") as file:
        return [row["rec_id"].split("-")[1] for row in csv.DictReader(file)]


def columns(file: Path) -> pa.Table:
    """A CSV as a table of text, missing where a field is empty, rows in file order."""
    return text_table(file.read_text(encoding="ascii"))


def text_table(content: str) -> pa.Table:
    """The same of a CSV's text."""
    rows = list(csv.DictReader(content.splitlines(), skipinitialspace=True))
    text = {name: [row[name] or None for row in rows] for name in rows[0]}
    return pa.table(text, schema=pa.schema([(name, pa.string()) for name in text]))


def _records(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("|"):
            yield line.removesuffix(".")


def _manifest(folder: Path, name: str) -> Path:
    text = resources.files("tre.demo").joinpath("packages", f"{name}.yaml").read_text()
    return _write(folder / name / "datapackage.yaml", text)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path
