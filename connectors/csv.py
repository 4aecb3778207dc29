"""Rows of CSV files, every value as text.

RFC 4180 with a choice of delimiter, quote, escape and encoding; compressed where
the file's name says so (.gz, .bz2, .zst, .lz4). Blank lines are not rows.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pacsv

from connectors.errors import Invalid
from connectors.lines import LONGEST, bad_line, plain, short
from connectors.place import Place, decompressed, placed
from connectors.rows import batched
from connectors.source import RAGGED, distinct, places, slices, texts

BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    quote: str = '"'
    double_quote: bool = True
    escape: str | None = None
    skip_initial_space: bool = False
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class CsvSource:
    """The rows of one CSV file, in file order.

    `header` names the columns of a file that has no header line of its own;
    `columns`, where not empty, are the only ones read.
    """

    path: Path | Place
    dialect: Dialect = Dialect()
    header: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return placed(self.path).name

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text. Raises `Invalid` for a file without a header."""
        names = self.header or self._first_record()
        distinct(names, self.name)
        return texts(names)

    def select(self, columns: Sequence[str]) -> CsvSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:
        """The rows, every value as text."""
        names = self.schema.names
        columns = self.columns or tuple(names)
        if self.dialect.skip_initial_space:
            yield from self._read_lines(names, columns, rejects)
        else:
            yield from self._read_blocks(names, columns, rejects)

    def _read_blocks(
        self, names: list[str], columns: Sequence[str], rejects: Counter[str]
    ) -> Iterator[pa.RecordBatch]:
        """Read with Arrow, which splits and decodes blocks side by side."""

        def skip(_: pacsv.InvalidRow) -> str:
            rejects[RAGGED] += 1
            return "skip"

        try:
            with decompressed(placed(self.path)) as stream:
                reader = pacsv.open_csv(stream, **self._options(names, columns, skip))
                for batch in reader:
                    yield from slices(batch)
        except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
            failure = type(error)
        else:
            self._check_quotes()
            return
        # The other reader knows the place, or finds nothing below a header, which
        # Arrow takes for a broken file where the line does not end.
        if sum(1 for _ in self._records(skip=not self.header)):
            raise self._failed(failure)

    def _check_quotes(self) -> None:
        """Raise `Invalid` where a quote never closes.

        Arrow takes what follows such a quote, to the end of the file, for one value.
        An odd number of quotes is the cheap sign of it; the strict reader decides.
        """
        quote = self.dialect.quote.encode(self.dialect.encoding)
        found = 0
        with decompressed(placed(self.path)) as stream:
            while block := stream.read(BLOCK_BYTES):
                found += block.count(quote)
        if found % 2:
            for _ in self._records(skip=False):
                pass

    def _options(
        self, names: list[str], columns: Sequence[str], skip: object
    ) -> dict[str, object]:
        return {
            "read_options": pacsv.ReadOptions(
                block_size=BLOCK_BYTES,
                column_names=names,
                skip_rows_after_names=0 if self.header else 1,
                encoding=self.dialect.encoding,
            ),
            "parse_options": pacsv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char=self.dialect.quote,
                double_quote=self.dialect.double_quote,
                escape_char=self.dialect.escape or False,
                newlines_in_values=True,
                invalid_row_handler=skip,
            ),
            "convert_options": pacsv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                include_columns=list(columns),
            ),
        }

    def _read_lines(
        self, names: list[str], columns: Sequence[str], rejects: Counter[str]
    ) -> Iterator[pa.RecordBatch]:
        """Read with Python, which knows blanks between a delimiter and a quote."""
        rows = self._whole_records(names, columns, rejects)
        yield from batched(rows, columns, self.name)

    def _whole_records(
        self, names: list[str], columns: Sequence[str], rejects: Counter[str]
    ) -> Iterator[list[str]]:
        positions = places(columns, names)
        for record in self._records(skip=not self.header):
            if len(record) == len(names):
                yield [record[position] for position in positions]
            else:
                rejects[RAGGED] += 1

    def _first_record(self) -> tuple[str, ...]:
        for record in self._records(skip=False):
            return tuple(value.strip() for value in record)
        raise Invalid(self.name, "is empty: expected a header line")

    def _records(self, *, skip: bool) -> Iterator[list[str]]:
        """Every record that is not blank, but the first where `skip` says so."""
        failure: type[Exception]
        seen = 0
        try:
            with (
                decompressed(placed(self.path)) as stream,
                io.TextIOWrapper(
                    stream, plain(self.dialect.encoding), newline=""
                ) as text,
            ):
                reader = self._reader(short(text, self.name))
                for record in reader:
                    seen += 1
                    if record and not skip:
                        yield record
                    skip = skip and not record
                return
        except csv.Error:
            raise self._malformed(seen + 1) from None
        except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
            failure = type(error)
        raise self._failed(failure)

    def _reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(
            lines,
            delimiter=self.dialect.delimiter,
            quotechar=self.dialect.quote,
            doublequote=self.dialect.double_quote,
            escapechar=self.dialect.escape,
            skipinitialspace=self.dialect.skip_initial_space,
            strict=True,
        )

    def _malformed(self, record: int) -> Invalid:
        place = f"{self.name}, record {record}"
        return Invalid(
            place, "expected CSV: is a quote left open, or a value very long?"
        )

    def _failed(self, failure: type[Exception]) -> Invalid:
        """What to say of a failed read: never the library's text, which quotes data."""
        if issubclass(failure, OSError):
            return Invalid(self.name, f"cannot be read ({failure.__name__})")
        with decompressed(placed(self.path)) as stream:
            line = bad_line(stream, self.dialect.encoding)
        if line is None:
            message = f"expected CSV, and lines of at most {LONGEST:,} characters"
            return Invalid(self.name, message)
        rule = f"expected text in {self.dialect.encoding}"
        return Invalid(f"{self.name}:{line}", rule)
