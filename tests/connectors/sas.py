"""SAS files, written by the part of ReadStat that pyreadstat leaves out.

pyreadstat has no function that writes `.sas7bdat` and `.sas7bcat`; the library that it
is built on can, and its functions can be called in the module it is built into.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

LIBRARY: Final = ctypes.CDLL(str(import_module("pyreadstat._readstat_writer").__file__))

TEXT: Final = 0
NUMBER: Final = 5
WIDTH: Final = 16

Writer = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
)

for _name in ("writer_init", "add_variable", "add_label_set"):
    getattr(LIBRARY, f"readstat_{_name}").restype = ctypes.c_void_p


def write_sas7bdat(
    file: Path,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[str | float | None]],
) -> Path:
    """Write rows of these columns, each with its format; `$` begins those of texts."""
    kinds = [TEXT if form.startswith("$") else NUMBER for form in columns.values()]
    with file.open("wb") as stream:
        writer, keep = _writer(stream)
        variables = []
        for (name, form), kind in zip(columns.items(), kinds, strict=True):
            variable = ctypes.c_void_p(
                LIBRARY.readstat_add_variable(
                    writer, name.encode(), kind, ctypes.c_size_t(WIDTH)
                )
            )
            LIBRARY.readstat_variable_set_format(variable, form.encode())
            variables.append(variable)
        _done(
            LIBRARY.readstat_begin_writing_sas7bdat(
                writer, None, ctypes.c_long(len(rows))
            )
        )
        for row in rows:
            _done(LIBRARY.readstat_begin_row(writer))
            for variable, value in zip(variables, row, strict=True):
                _insert(writer, variable, value)
            _done(LIBRARY.readstat_end_row(writer))
        _end(writer)
        del keep
    return file


def write_sas7bcat(file: Path, formats: Mapping[str, Mapping[float, str]]) -> Path:
    """Write a catalogue of formats: what each value of one is called."""
    with file.open("wb") as stream:
        writer, keep = _writer(stream)
        for name, labels in formats.items():
            found = ctypes.c_void_p(
                LIBRARY.readstat_add_label_set(writer, NUMBER, name.encode())
            )
            for value, label in labels.items():
                LIBRARY.readstat_label_double_value(
                    found, ctypes.c_double(value), label.encode()
                )
        _done(LIBRARY.readstat_begin_writing_sas7bcat(writer, None))
        _end(writer)
        del keep
    return file


def _writer(stream) -> tuple[ctypes.c_void_p, object]:
    """A writer into an open file, and what has to live as long as it."""

    def write(data: int, size: int, _: int) -> int:
        return stream.write(ctypes.string_at(data, size))

    keep = Writer(write)
    writer = ctypes.c_void_p(LIBRARY.readstat_writer_init())
    _done(LIBRARY.readstat_set_data_writer(writer, keep))
    return writer, keep


def _insert(writer, variable, value: str | float | None) -> None:
    if value is None:
        _done(LIBRARY.readstat_insert_missing_value(writer, variable))
    elif isinstance(value, str):
        _done(LIBRARY.readstat_insert_string_value(writer, variable, value.encode()))
    else:
        _done(
            LIBRARY.readstat_insert_double_value(
                writer, variable, ctypes.c_double(value)
            )
        )


def _end(writer) -> None:
    _done(LIBRARY.readstat_end_writing(writer))
    LIBRARY.readstat_writer_free(writer)


def _done(status: int) -> None:
    assert status == 0, f"ReadStat says {status}"
