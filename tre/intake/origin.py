"""Which source a resource's rows come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, assert_never

from connectors import (
    ArrowSource,
    ChainSource,
    CsvSource,
    DeltaSource,
    ExcelSource,
    FixedWidthSource,
    JsonLinesSource,
    ObjectStore,
    ParquetSource,
    PostgresqlSource,
    Source,
    Span,
    SqliteSource,
    StatisticsSource,
    StoredObject,
)
from connectors import Dialect as CsvDialect
from connectors.delta import StoredFolder
from connectors.errors import Invalid
from connectors.installed import installed
from connectors.place import Place
from connectors.postgresql import Server
from connectors.statistics import READERS
from tre.intake.credentials import credential
from tre.manifest import Format, Resource
from tre.manifest.source import (
    S3,
    Delta,
    Excel,
    FixedWidth,
    Installed,
    Paths,
    Postgresql,
    SourceModel,
    Sqlite,
    Statistics,
    Store,
)

SUFFIXES: Final[Mapping[str, Format]] = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".parquet": Format.PARQUET,
    ".arrow": Format.ARROW,
    ".arrows": Format.ARROW,
    ".feather": Format.ARROW,
    ".ipc": Format.ARROW,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".xlsx": Format.EXCEL,
    ".xlsm": Format.EXCEL,
    **dict.fromkeys(READERS, Format.STATISTICS),
}

COMPRESSIONS: Final = frozenset({".gz", ".bz2", ".zst", ".lz4"})


def origin(resource: Resource, base: Path, path: str) -> Source:
    """The source a manifest's resource names. Opens nothing."""
    said = resource.tre.source
    if said is not None:
        return _declared(said, resource, base, f"{path}.tre.source")
    if resource.path is None:
        raise Invalid(f"{path}.path", "expected the path of a file, or tre.source")
    place = f"{path}.path"
    return _each(resource.path, base, lambda file: _file(resource, file, place))


def _declared(said: SourceModel, resource: Resource, base: Path, path: str) -> Source:
    match said:
        case FixedWidth():
            return _each(said.path, base, lambda file: _fixed(said, resource, file))
        case Excel():
            return _each(said.path, base, lambda file: ExcelSource(file, said.sheet))
        case Statistics():
            formats = None if said.catalogue is None else base / said.catalogue
            return _each(
                said.path,
                base,
                lambda file: StatisticsSource(file, said.values, formats),
            )
        case Sqlite():
            return _each(said.path, base, lambda file: SqliteSource(file, said.table))
        case Installed():
            return installed(said.kind, said.options, base, path)
        case _:
            return _served(said, resource, base, path)


def _served(
    said: Postgresql | S3 | Delta, resource: Resource, base: Path, path: str
) -> Source:
    """A source that a server gives, or may give."""
    match said:
        case Postgresql():
            return _postgresql(said, path)
        case S3():
            return _objects(said, resource, path)
        case Delta():
            return _delta(said, base, path)
        case _:
            assert_never(said)


def _each(paths: Paths, base: Path, source: Callable[[Path], Source]) -> Source:
    return _chained(tuple(source(base / one) for one in _every(paths)))


def _every(paths: Paths) -> tuple[str, ...]:
    return paths if isinstance(paths, tuple) else (paths,)


def _chained(sources: tuple[Source, ...]) -> Source:
    return sources[0] if len(sources) == 1 else ChainSource(sources)


def _objects(said: S3, resource: Resource, path: str) -> Source:
    store = _store(said, path)
    place = f"{path}.path"

    def source(stored: StoredObject) -> Source:
        found = resource.format or _format(stored.name, place)
        return _stream(found, resource, stored, place)

    return _chained(
        tuple(source(StoredObject(store, key)) for key in _every(said.path))
    )


def _delta(said: Delta, base: Path, path: str) -> DeltaSource:
    if said.store is None:
        return DeltaSource(base / said.path, said.version)
    store = _store(said.store, f"{path}.store")
    return DeltaSource(StoredFolder(store, said.path), said.version)


def _store(said: Store, path: str) -> ObjectStore:
    kept = credential(said.credentials, said.host, f"{path}.credentials")
    return ObjectStore(
        said.host, said.bucket, said.region, kept, said.port, said.scheme
    )


def _postgresql(said: Postgresql, path: str) -> PostgresqlSource:
    kept = credential(said.credentials, said.host, f"{path}.credentials")
    server = Server(said.host, said.port, said.database, kept)
    return PostgresqlSource(server, said.schema_name, said.table)


def _fixed(said: FixedWidth, resource: Resource, file: Path) -> FixedWidthSource:
    spans = tuple(Span(one.name, one.start, one.width) for one in said.columns)
    return FixedWidthSource(file, spans, resource.encoding, said.line_width)


def _file(resource: Resource, file: Path, path: str) -> Source:
    found = resource.format or _format(file.name, path)
    if found is Format.STATISTICS:
        return StatisticsSource(file)
    return _stream(found, resource, file, path)


def _stream(found: Format, resource: Resource, file: Path | Place, path: str) -> Source:
    """A file that is read as a stream of bytes, wherever it is."""
    match found:
        case Format.CSV:
            return CsvSource(file, _dialect(resource), _header(resource))
        case Format.PARQUET:
            return ParquetSource(file)
        case Format.ARROW:
            return ArrowSource(file)
        case Format.JSON_LINES:
            return JsonLinesSource(file, _fields(resource), resource.encoding)
        case Format.EXCEL:
            return ExcelSource(file)
        case Format.STATISTICS:
            message = "files of SAS, SPSS and Stata are read from this machine only"
            raise Invalid(path, message)
        case _:
            assert_never(found)


def _format(name: str, path: str) -> Format:
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    if not suffixes or suffixes[-1] not in SUFFIXES:
        known = ", ".join(sorted(SUFFIXES))
        raise Invalid(path, f"expected format, or a file named {known}")
    return SUFFIXES[suffixes[-1]]


def _dialect(resource: Resource) -> CsvDialect:
    said = resource.dialect
    return CsvDialect(
        delimiter=said.delimiter,
        quote=said.quote_char,
        double_quote=said.double_quote,
        escape=said.escape_char,
        skip_initial_space=said.skip_initial_space,
        encoding=resource.encoding,
    )


def _header(resource: Resource) -> tuple[str, ...]:
    return () if resource.dialect.header else _fields(resource)


def _fields(resource: Resource) -> tuple[str, ...]:
    return tuple(field.name for field in resource.table_schema.fields)
