"""Read a question, and where it is refused say what would pass.

A refusal names its clause; most also know by themselves what to write instead. For the
others small changes are tried, near the clause first: another kind of join, a function
without its wrapping, a condition or a column left out. What is suggested has been bound
as a question would be, so it passes. Public facts alone decide, as for the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlglot
import sqlglot.expressions as exp
from sqlglot.errors import SqlglotError

from privacy.bind import bind
from privacy.catalogue import Catalogue, Unit
from privacy.changes import CHANGES
from privacy.errors import Refused
from privacy.parse import parse
from privacy.query import BoundQuery
from privacy.quote import position
from privacy.refusals import nearest
from privacy.scope import quoted_name

LONGEST: Final = 2_000
"""Of longer texts no changes are tried."""

MOST_TRIED: Final = 24
"""Changes that are tried, of a question that takes long to read half as many."""

MOST_SAID: Final = 900
"""Characters of a refusal in all: what nobody would read is left out."""

MOST_NESTED: Final = 24
"""Brackets and CASEs of a text of which changes are tried."""

_LONG: Final = 40

_WORDS: Final = 100
_LAST: Final = 20
_SELECTS: Final = re.compile(r"\s*(SELECT|WITH|FROM)\b", re.IGNORECASE)
_PLACE: Final = re.compile(r"line (\d+), column (\d+)")
_QUOTES: Final = ("'", '"', "*/", ")", "))")


def understand(text: str, catalogue: Catalogue) -> BoundQuery:
    """Parse and bind a question, or refuse it with its place and what would pass.

    Raises Refused and nothing else.
    """
    try:
        return bind(parse(text), catalogue)
    except Refused as refused:
        _locate(refused, text)
        if not refused.suggestion:
            refused.suggestion = _Search(catalogue, text).passing(refused)
        raise


def _locate(refused: Refused, text: str) -> None:
    """Where the clause is, for those that were not quoted from the text."""
    if refused.position or not refused.clause:
        return
    found = text.find(refused.clause)
    if found >= 0:
        refused.position = position(text, found)


@dataclass(slots=True)
class _Search:
    """What is looked for, and how many changes are left to try."""

    catalogue: Catalogue
    text: str
    left: int = MOST_TRIED

    def passing(self, refused: Refused) -> str:
        """A whole question that passes, as like the one refused as can be found."""
        room = MOST_SAID - len(refused.message) - len(refused.clause)
        near = self._near(refused) if _is_plain(self.text) else iter(())
        found = next((each for each in near if len(each) <= room), "")
        if found:
            return found
        self.left = 1
        plainest = self._least()
        fits = len(plainest) <= room and self._refused(plainest) is None
        return plainest if fits else ""

    def _near(self, refused: Refused) -> Iterator[str]:
        tree = _tree(self.text)
        if tree is None:
            yield from self._passed(_closed(self.text))
            return
        later: list[tuple[str, Refused]] = []
        for each in self._while_time(_changed(self.text, tree, refused)):
            found = self._refused(each)
            if found is None:
                yield each
            else:
                later.append((each, found))
        for changed, again in later:
            _locate(again, changed)
            tree = _tree(changed)
            if tree is not None:
                yield from self._passed(_changed(changed, tree, again))

    def _passed(self, texts: Iterator[str]) -> Iterator[str]:
        some = self._while_time(texts)
        return (each for each in some if self._refused(each) is None)

    def _while_time(self, texts: Iterator[str]) -> Iterator[str]:
        """These texts, and no more once there is no time left to look."""
        while self.left > 0 and (text := next(texts, None)) is not None:
            yield text

    def _least(self) -> str:
        """The plainest question of a table that was asked."""
        known = self.catalogue.tables
        people = [name for name, t in known.items() if t.unit is not Unit.NONE]
        words = re.findall(r"\w+", self.text[:LONGEST])[:_WORDS]
        folded = {name.casefold(): name for name in people}
        asked = [folded[w.casefold()] for w in words if w.casefold() in folded]
        like = [found for word in words if (found := nearest(word, people))]
        chosen = (*asked, *like, *sorted(people))[:1]
        return "".join(f"SELECT COUNT(*) AS n FROM {quoted_name(n)}" for n in chosen)

    def _refused(self, text: str) -> Refused | None:
        """The refusal of a text; of any, once there is no time left to look."""
        self.left -= 1 if len(text.split()) <= _LONG else 2
        if self.left < 0:
            return Refused("too_long", "There is no time left.")
        try:
            bind(parse(text), self.catalogue)
        except Refused as refused:
            return refused
        return None


def _is_plain(text: str) -> bool:
    """Whether a text is read so soon that it can be read some times over."""
    nested = text.count("(") + text.upper().count("CASE")
    return len(text) <= LONGEST and nested <= MOST_NESTED


def _tree(text: str) -> exp.Expr | None:
    """The text as a tree; none of what the parser would write into a log."""
    if not _SELECTS.match(text):
        return None
    try:
        found = [each for each in sqlglot.parse(text, dialect="duckdb") if each]
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError):
        return None
    usable = found and isinstance(found[0], exp.Select | exp.Union)
    return found[0] if usable else None


def _changed(text: str, tree: exp.Expr, refused: Refused) -> Iterator[str]:
    """The question after each change there is, from the clause outwards.

    A change that says it made none has left the tree as it was.
    """
    every = list(tree.walk())
    offset = _offset(refused, text)
    copy = tree.copy()
    nodes = list(copy.walk())
    for place in _places(every, offset, len(refused.clause)):
        for change in CHANGES:
            if change(nodes[place]):
                yield _written(copy)
                copy = tree.copy()
                nodes = list(copy.walk())


def _places(every: list[exp.Expr], offset: int | None, length: int) -> list[int]:
    """The nodes around a clause, the smallest first, and then those inside it.

    Without a clause, the last of all.
    """
    if offset is None:
        return [*range(len(every) - 1, -1, -1)][:_LAST]
    around, inside = [], []
    for place, node in enumerate(every):
        metas = [n.meta for n in node.walk() if n.meta and "start" in n.meta]
        if metas:
            start, end = min(m["start"] for m in metas), max(m["end"] for m in metas)
            if start <= offset + 1 and offset <= end:
                around.append((end - start, -place))
            elif offset <= start and end <= offset + length:
                inside.append(place)
    return [-place for _, place in sorted(around)] + inside


def _offset(refused: Refused, text: str) -> int | None:
    found = _PLACE.fullmatch(refused.position)
    if found is None:
        return None
    line, column = (int(each) for each in found.groups())
    starts = [0, *(each.end() for each in re.finditer("\n", text))]
    return starts[line - 1] + column - 1 if line <= len(starts) else None


def _written(tree: exp.Expr) -> str:
    try:
        return str(tree.sql(dialect="duckdb"))
    except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError):
        return ""


def _closed(text: str) -> Iterator[str]:
    """What a text may lack at its end or before FROM; and its first statement."""
    yield from (f"{text}{each}" for each in _QUOTES)
    before, found, after = text.partition(" FROM ")
    if found:
        yield f"{before}) FROM {after}"
    yield text.split(";", maxsplit=1)[0]
