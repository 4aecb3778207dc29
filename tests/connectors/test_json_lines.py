from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from connectors import JsonLinesSource
from connectors.source import BATCH_ROWS
from tests.connectors.reading import CANARY, read, refused, rows


def _source(folder: Path, content: str) -> JsonLinesSource:
    file = folder / "t.jsonl"
    file.write_text(content, encoding="utf-8")
    return JsonLinesSource(file, ("a", "b"))


def test_values_are_text_as_written(tmp_path: Path) -> None:
    """Numbers keep their digits, truth is a word, null is missing like no key."""
    content = (
        '{"a": 0.10, "b": 12345678901234567890123}\n\n'
        '{"b": true}\r\n{"a": "é\\n", "b": null}\n{"a": 1e400, "b": NaN}'
    )
    assert rows(_source(tmp_path, content)) == [
        {"a": "0.10", "b": "12345678901234567890123"},
        {"a": None, "b": "true"},
        {"a": "é\n", "b": None},
        {"a": "1e400", "b": "NaN"},
    ]


def test_only_selected_columns_are_kept(tmp_path: Path) -> None:
    """A selection has its columns in the order asked for, whatever the others hold."""
    source = _source(tmp_path, '{"a": [1], "b": 2}\n').select(["b"])
    assert rows(source) == [{"b": "2"}]


def test_long_files_come_in_batches(tmp_path: Path) -> None:
    """No batch is longer than the bound, and no row is lost between two."""
    source = _source(tmp_path, '{"a": 1}\n' * (BATCH_ROWS + 5))
    assert len(rows(source)) == BATCH_ROWS + 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f'{{"a": "{CANARY}"', "one JSON object"),
        (f'["{CANARY}"]', "one JSON object"),
        (f'{{"a": 1, "a": "{CANARY}"}}', "one JSON object"),
        (f'{{"a": ["{CANARY}"]}}', "expected text, a number"),
        (f'{{"{CANARY}": 1}}', "has a key"),
        ('{"a": ' + "[" * 100_000, "nested"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    """What is no flat object of declared keys ends the reading at its line."""
    source = _source(tmp_path, f'{{"a": 1}}\n{line}\n')
    refused(lambda: read(source), "t.jsonl:2", message)


def test_long_texts_come_in_smaller_batches(tmp_path: Path) -> None:
    """A batch is bounded in text too: few long rows are not held all at once."""
    source = _source(tmp_path, f'{{"a": "{"x" * 1_000_000}"}}\n' * 40)
    batches = [batch.num_rows for batch in source.batches(Counter())]
    assert batches == [17, 17, 6]


def test_text_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Half of a surrogate pair is no text."""
    source = _source(tmp_path, f'{{"a": "{CANARY}\\ud800"}}\n')
    refused(lambda: read(source), "t.jsonl", "Unicode")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The schema is only told of a file that is there."""
    source = JsonLinesSource(tmp_path / "no.jsonl", ("a",))
    refused(lambda: source.schema, "no.jsonl", "no such file")
