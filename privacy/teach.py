"""Read a question, and where it is refused say what would pass.

A refusal names its clause; most also know by themselves what to write instead, which is
followed, and where that has another fault, that one's too. For the others small changes
are tried, near the clause first: another kind of join, a function without its wrapping,
a condition or a column left out. What is suggested has been read as a question would
be, so it passes. Public facts alone decide, as for the question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeAlias

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
from privacy.scan import UNPRINTABLE
from privacy.scope import quoted_name

Reader: TypeAlias = Callable[[str], object]
"""Reads a text as a question is read, or raises Refused."""

LONGEST: Final = 2_000
"""Of longer texts no changes are tried."""

MOST_TRIED: Final = 24
"""Changes that are tried, of a question that takes longer to read fewer."""

MOST_SAID: Final = 900
"""Characters of a refusal in all: what nobody would read is left out."""

MOST_NESTED: Final = 24
"""Brackets and CASEs of a text of which changes are tried."""

MOST_FOLLOWED: Final = 4
"""Suggestions that are followed one after the other, of a text with several faults."""

_LONG: Final = 40

_WORDS: Final = 100
_LAST: Final = 20
_SELECTS: Final = re.compile(r"\s*(SELECT|WITH|FROM)\b", re.IGNORECASE)
_WHOLE: Final = re.compile("(SELECT|WITH|REGRESS|LOGISTIC) ")
_FROM: Final = re.compile(r"\sFROM\s")
_JOINS: Final = re.compile(r"\bJOIN\b", re.IGNORECASE)
_PLACE: Final = re.compile(r"line (\d+), column (\d+)")
_QUOTES: Final = ("'", '"', "*/", ")", "))")


def understand(text: str, catalogue: Catalogue) -> BoundQuery:
    """Parse and bind a question, or refuse it with its place and what would pass.

    Raises Refused and nothing else.
    """
    try:
        return bind(parse(text), catalogue)
    except Refused as refused:
        teach(refused, text, catalogue, lambda each: bind(parse(each), catalogue))
        raise


def teach(
    refused: Refused,
    text: str,
    catalogue: Catalogue,
    read: Reader,
    simpler: Iterable[str] = (),
) -> None:
    """Give the refusal of a text its place, and a suggestion that `read` accepts.

    The suggestion is what the refusal suggests, where that passes in place of its
    clause, or else a whole text: one of those like it, of the `simpler` ones, or the
    plainest question of a table it names. Where all that would help is too long to be
    said, what mends the first fault is left.
    """
    _locate(refused, text)
    refused.suggestion = _Search(catalogue, text, read).passing(refused, simpler)


def rewritten(text: str, refused: Refused) -> str:
    """A text with what its refusal suggests: the whole, or in place of the clause."""
    suggestion, clause = refused.suggestion, refused.clause
    if not clause or (_WHOLE.match(suggestion) and _FROM.search(suggestion)):
        return suggestion
    return re.sub(rf"(?<!\w){re.escape(clause)}(?!\w)", lambda _: suggestion, text)


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
    read: Reader
    left: int = MOST_TRIED

    def passing(self, refused: Refused, simpler: Iterable[str]) -> str:
        """What passes, as like the question refused as can be found."""
        room = MOST_SAID - len(refused.message) - len(refused.clause)
        text, again = self._followed(refused)
        if again is None:
            own = text == rewritten(self.text, refused)
            return text if not own and len(text) <= room else refused.suggestion
        if _is_plain(text):
            self.text = text
            near = chain(self._near(again), self._passed(iter(simpler)))
            found = next((each for each in near if len(each) <= room), "")
            if found:
                return found
        elif again is not refused:
            return refused.suggestion
        self.left = 1
        plainest = self._least()
        fits = len(plainest) <= room and self._refused(plainest) is None
        return plainest if fits else ""

    def _followed(self, refused: Refused) -> tuple[str, Refused | None]:
        """The text after suggestions were followed, and how it is refused then."""
        text, again = self.text, refused
        for _ in range(MOST_FOLLOWED if _is_plain(text) else 1):
            better = rewritten(text, again) if again.suggestion else text
            if better == text:
                break
            found = self._refused(better)
            if found is None:
                return better, None
            if (found.code, found.clause) == (again.code, again.clause):
                break
            _locate(found, better)
            text, again = better, found
        return text, again

    def _near(self, refused: Refused) -> Iterator[str]:
        alone = UNPRINTABLE.sub("", self.text).split(";", maxsplit=1)[0]
        if alone != self.text:
            yield from self._passed(iter([alone]))
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
        self.left -= _effort(text)
        if self.left < 0:
            return Refused("too_long", "There is no time left.")
        try:
            self.read(text)
        except Refused as refused:
            return refused
        return None


def _effort(text: str) -> int:
    """How long a text takes to be read, in the least that one takes."""
    joins = len(_JOINS.findall(text))
    return 1 + (len(text.split()) > _LONG) + joins // 4


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
    """A clause's own node, those around it, the smallest first, and those inside it.

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
    return inside[:1] + [-place for _, place in sorted(around)] + inside[1:]


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
    """What a text may lack at its end or before FROM."""
    yield from (f"{text}{each}" for each in _QUOTES)
    before, found, after = text.partition(" FROM ")
    if found:
        yield f"{before}) FROM {after}"
