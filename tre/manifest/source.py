"""Where a table's rows come from, where a path and its format do not say enough.

A manifest names places and never how to get in: `credentials` is the name under
which the environment or a keyring holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, get_args

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from connectors.installed import kinds
from connectors.object_store import local
from connectors.statistics import CATALOGUED, Values
from tre.manifest.shape import ColumnName, CredentialName, Model, Text

Paths: TypeAlias = Text | tuple[Text, ...]


class FixedColumn(Model):
    """A column of a fixed-width file: its first character, from 1, and its width."""

    name: ColumnName
    start: int = Field(strict=True, ge=1, le=1_000_000)
    width: int = Field(strict=True, ge=1, le=1_000_000)


class FixedWidth(Model):
    """Text files whose columns stand at fixed positions."""

    kind: Literal["fixed-width"]
    path: Paths
    columns: tuple[FixedColumn, ...] = Field(min_length=1)
    line_width: int | None = Field(default=None, strict=True, ge=1)


class Excel(Model):
    """A sheet of Excel workbooks; the first one if none is named."""

    kind: Literal["excel"]
    path: Paths
    sheet: Text | None = None


class Statistics(Model):
    """Files of SAS, SPSS or Stata. SAS has labels in a catalogue of formats beside."""

    kind: Literal["statistics"]
    path: Paths
    values: Values = Values.CODES
    catalogue: Text | None = None

    @model_validator(mode="after")
    def _of_labels(self) -> Self:
        files = self.path if isinstance(self.path, tuple) else (self.path,)
        of_sas = [file.lower().endswith(CATALOGUED) for file in files]
        if self.catalogue is None:
            if self.values is Values.LABELS and any(of_sas):
                raise ValueError(
                    f"expected catalogue: {CATALOGUED} files have no labels"
                )
        elif self.values is Values.CODES:
            raise ValueError("expected values: labels beside a catalogue")
        elif not all(of_sas):
            raise ValueError(f"expected a catalogue of {CATALOGUED} files alone")
        return self


class Sqlite(Model):
    """A table or view of a SQLite file."""

    kind: Literal["sqlite"]
    path: Paths
    table: Text


class Postgresql(Model):
    """A table or view of a PostgreSQL database."""

    kind: Literal["postgresql"]
    host: Text
    port: int = Field(default=5432, strict=True, ge=1, le=65_535)
    database: Text
    schema_name: Text = Field(default="public", alias="schema")
    table: Text
    credentials: CredentialName


class Store(Model):
    """A bucket of an S3-compatible store. `http` is for a store on this machine."""

    host: Text
    port: int = Field(default=443, strict=True, ge=1, le=65_535)
    scheme: Literal["https", "http"] = "https"
    region: Text = "us-east-1"
    bucket: Text
    credentials: CredentialName

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.scheme != "https" and not local(self.host):
            raise ValueError("expected scheme https for a store on another machine")
        return self


class S3(Store):
    """Objects of a bucket, each a file of a format that is read as a stream."""

    kind: Literal["s3"]
    path: Paths


class Delta(Model):
    """A Delta Lake table, in a folder beside the manifest or of a bucket."""

    kind: Literal["delta"]
    path: Text
    version: int | None = Field(default=None, strict=True, ge=0)
    store: Store | None = None


class Installed(Model):
    """A source that an installed package adds; its keys are for that package."""

    model_config = ConfigDict(extra="allow")

    kind: str

    @property
    def options(self) -> Mapping[str, Any]:
        """What the manifest says beside the kind."""
        return self.__pydantic_extra__ or {}


BuiltIn: TypeAlias = FixedWidth | Excel | Statistics | Sqlite | Postgresql | S3 | Delta


def _kinds(models: tuple[type[Model], ...]) -> tuple[str, ...]:
    return tuple(get_args(model.model_fields["kind"].annotation)[0] for model in models)


BUILT_IN: Final = _kinds(get_args(BuiltIn))

FILE_KINDS: Final = _kinds((FixedWidth, Excel, Statistics, Sqlite))
"""Those that read nothing but the files that the manifest names."""


def known_kinds() -> tuple[str, ...]:
    """Every kind of source there is, those that packages add included."""
    return tuple(sorted({*BUILT_IN, *kinds()}))


def _tag(said: object) -> str | None:
    kind = said.get("kind") if isinstance(said, Mapping) else None
    if not isinstance(kind, str):
        return None
    if kind in BUILT_IN:
        return kind
    return "installed" if kind in kinds() else None


SourceModel: TypeAlias = Annotated[
    Annotated[FixedWidth, Tag("fixed-width")]
    | Annotated[Excel, Tag("excel")]
    | Annotated[Statistics, Tag("statistics")]
    | Annotated[Sqlite, Tag("sqlite")]
    | Annotated[Postgresql, Tag("postgresql")]
    | Annotated[S3, Tag("s3")]
    | Annotated[Delta, Tag("delta")]
    | Annotated[Installed, Tag("installed")],
    Discriminator(_tag),
]
