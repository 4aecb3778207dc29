"""Encode a dataset on its controller's side: identifiers do not leave it.

What `tre encode` writes is a dataset of its own: the same attributes, one column of
encodings in place of the identifiers, and a manifest that says so. What a source says
besides its rows, in the metadata of a schema and in their order, stays behind.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import sqlglot.expressions as exp

from connectors.errors import Invalid
from privacy.catalogue import Column, Type
from tre.intake.bloom import SECRET_BYTES, Encoder
from tre.intake.check import present
from tre.intake.engine import Engine
from tre.intake.identity import identity
from tre.intake.incoming import Incoming, incoming, linking
from tre.intake.making import lookups
from tre.intake.origin import origin
from tre.intake.reading import Reading, readings
from tre.intake.references import take_references
from tre.intake.sql import Tree, cast, column, named, select
from tre.keystore import KEY_BYTES
from tre.manifest import (
    Kind,
    Manifest,
    PrivacyUnit,
    Resource,
    TableField,
    columns,
    load,
)
from tre.manifest.load import read
from tre.manifest.model import Role
from tre.shuffle import bare, write_shuffled

ENCODING: Final = "encoding"
"""The column that replaces the identifiers."""

DERIVED: Final = "derived "
FILE_FACTS: Final = frozenset({"path", "format", "dialect", "encoding", "mediatype"})
"""What a manifest says of the file that was read, and not of the one written."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The new manifest, and how many rows of each table were encoded.

    `left_out` has the tables of which rows could not be told apart into columns, and
    how many those are.
    """

    manifest: Path
    rows: Mapping[str, int]
    left_out: Mapping[str, int]


def encode(manifest: Path, folder: Path, secret_file: Path) -> Encoded:
    """Write the dataset of `manifest` into `folder`, encoded under a secret.

    The secret is at least 32 bytes in a file that its owner alone can read, the same
    for all controllers whose data is to be linked, and unknown to the environment.
    Raises Invalid where there is nothing to encode, where rows are told apart by what
    does not leave, or something is there already.
    """
    loaded = load(manifest)
    for index, resource in enumerate(loaded.resources):
        _check_row_key(resource, f"resources[{index}]")
    encoder = Encoder(_secret(secret_file))
    if folder.exists() and any(folder.iterdir()):
        raise Invalid(str(folder), "expected a folder that is empty or not there yet")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    ragged: Counter[str] = Counter()
    rows = {
        resource.name: _resource(loaded, index, folder, encoder, ragged)
        for index, resource in enumerate(loaded.resources)
    }
    written = folder / "datapackage.json"
    document = _document(manifest, loaded)
    written.touch(mode=0o600)
    written.write_text(
        json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"
    )
    return Encoded(written, rows, dict(ragged))


def _secret(file: Path) -> bytes:
    try:
        mode, secret = file.stat().st_mode, file.read_bytes().strip()
    except OSError as error:
        raise Invalid(str(file), f"cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise Invalid(str(file), "expected a file that only its owner can read")
    if len(secret) < SECRET_BYTES:
        raise Invalid(str(file), f"expected a secret of {SECRET_BYTES} bytes or more")
    return secret


def _check_row_key(resource: Resource, place: str) -> None:
    """Rows are corrected by what their key is there, so it has to be handed over."""
    roles = {one.name: one.tre.role for one in resource.table_schema.fields}
    for index, name in enumerate(resource.tre.row_key or ()):
        if roles[name] is Role.IDENTIFIER:
            raise Invalid(
                f"{place}.tre.row_key[{index}]",
                f"{name} is an identifier, which does not leave: tell rows apart by "
                "fields that are none, or leave row_key out and deliver whole",
            )


def _resource(
    manifest: Manifest,
    index: int,
    folder: Path,
    encoder: Encoder,
    ragged: Counter[str],
) -> int:
    """Write one table; how many rows it has. Those left out are counted in `ragged`."""
    resource = manifest.resources[index]
    place = f"resources[{index}]"
    source = origin(resource, manifest.base, place)
    fields = incoming(resource, source, place)
    chosen = {field.name for field in linking(resource)}
    table = _Table(
        resource,
        [each for each in fields if each.field.name in chosen],
        [e for e in fields if e.field.tre.derive and not _stays(e.field, resource)],
    )
    file = folder / f"{resource.name}.parquet"
    file.touch(mode=0o600)
    rejects: Counter[str] = Counter()
    with _engine() as engine:
        take_references(engine, table.derived, manifest.base, place)
        made = (
            _made(engine, table, pa.Table.from_batches([batch]), encoder)
            for batch in source.batches(rejects)
        )
        rows = write_shuffled(made, file)
    if not rows:
        raise Invalid(resource.name, "expected rows: the source has none")
    ragged += Counter({resource.name: rejects.total()})
    _take_along(manifest, table, folder)
    return rows


def _take_along(manifest: Manifest, table: _Table, folder: Path) -> None:
    """The public tables that values which stay are looked up in, where they are."""
    for field in table.kept:
        for _, lookup in lookups(field):
            copy = folder / lookup.table
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy.touch(mode=0o600)
            shutil.copyfile(manifest.base / lookup.table, copy)


@contextmanager
def _engine() -> Iterator[Engine]:
    """An engine with a landing zone that nobody keeps the key of."""
    with tempfile.TemporaryDirectory() as scratch:
        engine = Engine.open(Path(scratch), memory_mib=512, threads=2)
        try:
            key = secrets.token_bytes(KEY_BYTES)
            engine.attach("landing", Path(scratch) / "landing", key)
            yield engine
        finally:
            engine.close()


@dataclass(frozen=True, slots=True)
class _Table:
    """What of a table is encoded, and what is derived before it goes."""

    resource: Resource
    chosen: list[Incoming]
    derived: list[Incoming]

    @property
    def kept(self) -> list[TableField]:
        """The fields that stay as they are."""
        return [
            f for f in self.resource.table_schema.fields if _stays(f, self.resource)
        ]


def _stays(field: TableField, resource: Resource) -> bool:
    """What is published, and what marks whole rows: no identifier, and no free text."""
    marking = {*(resource.tre.row_key or ()), resource.tre.removed}
    return field.published or field.name in marking


def _made(engine: Engine, table: _Table, rows: pa.Table, encoder: Encoder) -> pa.Table:
    """The rows with an encoding first, and without identifiers and free text."""
    made = bare(rows.select([field.name for field in table.kept]))
    found = _read(engine, table, rows)
    for name, values in found.items():
        if name.startswith(DERIVED):
            made = made.append_column(name.removeprefix(DERIVED), values)
    if not table.chosen:
        return made
    kinds = [each.field.tre.kind or Kind.OTHER for each in table.chosen]
    texts = [found[f"i{at}"].to_pylist() for at in range(len(kinds))]
    encodings = [
        encoder.encode(zip(kinds, values, strict=True)) or None
        for values in zip(*texts, strict=True)
    ]
    return made.add_column(0, ENCODING, pa.array(encodings, pa.string()))


def _read(engine: Engine, table: _Table, rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Identifiers in their compared form, and parts of dates, in the rows' order."""
    fields = {each.landed: each for each in [*table.chosen, *table.derived]}
    if not fields:
        return {}
    missing = table.resource.table_schema.missing_values
    landed = {name: rows[each.field.name] for name, each in fields.items()}
    trees = [named(identity(each), f"i{at}") for at, each in enumerate(table.chosen)]
    made = readings(table.derived)
    trees += [named(_plain(each), f"{DERIVED}{each.name}") for each in made]
    parsed = [
        named(tree, name) for reading in made for name, tree in reading.parsed.items()
    ]
    order = column("_row")
    numbered = pa.table({**landed, "_row": pa.array(range(rows.num_rows))})
    shown = [present(each, missing) for each in fields.values()]
    source = select([order, *shown], exp.to_table("landed"))
    source = select([order, *map(column, fields), *parsed], source)
    engine.register("landed", numbered)
    try:
        found = engine.table(select([order, *trees], source).order_by(order))
    finally:
        engine.unregister("landed")
    return {name: found[name] for name in found.column_names}


def _document(file: Path, manifest: Manifest) -> dict[str, Any]:
    """The manifest of what was written: encodings in place of identifiers."""
    said = read(file)
    document: dict[str, Any] = {**said} if isinstance(said, Mapping) else {}
    tables = zip(document["resources"], manifest.resources, strict=True)
    document["resources"] = [_described(*each) for each in tables]
    return document


def _plain(reading: Reading) -> Tree:
    """A derived column as any reader understands it."""
    text = reading.domain.type is Type.TEXT
    return cast(reading.published, "VARCHAR" if text else "BIGINT")


def _described(document: dict[str, Any], resource: Resource) -> dict[str, Any]:
    fields = zip(
        document["schema"]["fields"], resource.table_schema.fields, strict=True
    )
    described = [said for said, field in fields if _stays(field, resource)]
    derived = [
        _part(made)
        for made in columns(resource)
        if made.name in _derived_names(resource)
    ]
    extension = {
        name: said
        for name, said in document["tre"].items()
        if name not in {"link", "source"}
    }
    if resource.tre.privacy_unit is PrivacyUnit.PERSON:
        said = document["tre"].get("link", {})
        kept = {name: said[name] for name in ("similarity", "by") if name in said}
        extension["link"] = {"identifiers": [ENCODING], **kept}
        encoded = {"role": "identifier", "kind": Kind.ENCODED.value}
        described.insert(0, {"name": ENCODING, "type": "string", "tre": encoded})
    facts = {name: said for name, said in document.items() if name not in FILE_FACTS}
    schema = {**document["schema"], "fields": [*described, *derived]}
    path = f"{resource.name}.parquet"
    return {**facts, "path": path, "schema": schema, "tre": extension}


def _derived_names(resource: Resource) -> frozenset[str]:
    """Columns derived from fields that do not stay."""
    return frozenset(
        name
        for field in resource.table_schema.fields
        if not _stays(field, resource)
        for name in field.tre.derive
    )


def _part(made: Column) -> dict[str, Any]:
    """A derived column as a field of the new manifest."""
    name, known = made.name, made.domain
    if known.type not in {Type.TEXT, Type.NUMBER} or known.scale:
        message = "expected a text or whole number: derive it where it is published"
        raise Invalid(f"tre.derive.{name}", message)
    if known.type is Type.TEXT:
        enum = None if known.values is None else [*known.values]
        constraints: dict[str, Any] = {"enum": enum}
    else:
        constraints = {"minimum": known.lower, "maximum": known.upper}
    said = {key: value for key, value in constraints.items() if value is not None}
    kind = "string" if known.type is Type.TEXT else "integer"
    role = {"tre": {"role": Role.SENSITIVE.value}} if made.sensitive else {}
    return {"name": name, "type": kind, "constraints": said, **role}
