"""Read a regression, and the question whose noised answer it is fitted to.

    REGRESS pay ON age, score BY region, sex FROM earnings WHERE tax_year = 2015
    LOGISTIC employed BY region, sex FROM earnings

ON has numbers and BY categories, which become one term a value beside the first. What
is asked of the data is an ordinary question, bound, priced and charged as any other: a
linear regression's sums, squares and products in each combination of categories, or a
logistic one's table of counts. The fit is post-processing of what was noised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from privacy.bind import bind
from privacy.catalogue import Catalogue
from privacy.domains import ends
from privacy.errors import Refused
from privacy.keys import coarser
from privacy.literals import written
from privacy.parse import parse
from privacy.query import BoundQuery
from privacy.refusals import refuse
from privacy.scan import scan

MOST_NUMBERS: Final = 12
MOST_COMBINATIONS: Final = 500

_WORDS: Final = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]|,|\w+|\s+|.", re.DOTALL
)
_FORM: Final = (
    "A regression is written REGRESS y ON x, … BY category, … FROM table WHERE …, or "
    "LOGISTIC condition BY category, … FROM table WHERE …."
)


class Family(Enum):
    """What is regressed."""

    LINEAR = "REGRESS"
    LOGISTIC = "LOGISTIC"


@dataclass(frozen=True, slots=True)
class Model:
    """A regression as it was written: expressions of SQL, and where rows are from.

    `source` is everything from FROM on.
    """

    family: Family
    outcome: str
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A model, and the bound question it is fitted to."""

    model: Model
    query: BoundQuery


def is_model(text: str) -> bool:
    """Whether a text begins as a regression does."""
    return re.match(r"\s*(REGRESS|LOGISTIC)\b", text, re.IGNORECASE) is not None


def simpler(text: str) -> Iterator[str]:
    """Regressions like one that is refused: a number clamped, or a term less.

    None of a text that is no regression.
    """
    try:
        found = _read(text) if is_model(text) else None
    except Refused:
        return
    if found is None:
        return
    for number in (found.outcome, *found.numbers):
        clamped = {number: f"CLAMP({number}, 0, 100000)"}
        yield _rewritten(found, clamped)
    for term in (*found.numbers, *found.categories):
        yield _rewritten(found, {term: ""})


def _rewritten(found: Model, instead: Mapping[str, str]) -> str:
    """The text of a regression with other terms in place of some."""

    def terms(written: Iterable[str]) -> list[str]:
        return [new for each in written if (new := instead.get(each, each))]

    (outcome,) = terms([found.outcome])
    source = found.source.removeprefix("FROM").strip()
    on, by = terms(found.numbers), terms(found.categories)
    return model_text(found.family.value, outcome, on, by, source)


def model_text(
    family: str, outcome: str, on: Sequence[str], by: Sequence[str], source: str
) -> str:
    """Write a regression as it is asked."""
    numbers = f" ON {', '.join(on)}" if on else ""
    categories = f" BY {', '.join(by)}" if by else ""
    return f"{family} {outcome}{numbers}{categories} FROM {source}"


def model(text: str, catalogue: Catalogue) -> Asked:
    """Read a regression and bind its question, or refuse it. Reads no data."""
    scan(text)
    try:
        return _model(text, catalogue)
    except Refused as refused:
        if refused.clause not in text:  # but in a question that nobody wrote
            refused.clause = refused.suggestion = ""
        raise


def _model(text: str, catalogue: Catalogue) -> Asked:
    found = _read(text)
    logistic = found.family is Family.LOGISTIC
    asked = _counts(found) if logistic else _moments(found, catalogue)
    query = _bound(asked, catalogue)
    _refuse_unless_public(query, found)
    return Asked(found, query)


def _refuse_unless_public(query: BoundQuery, found: Model) -> None:
    """Every category is one key, whose values are known before rows are read.

    Keys that come out past a threshold have no terms that could be told beforehand.
    """
    if len(query.keys) != len(found.categories) or query.sets or query.having:
        raise refuse("syntax", "BY lists different expressions of a row. " + _FORM)
    for key, category in zip(query.keys, found.categories, strict=True):
        if key.domain.values is None:
            raise refuse(
                "not_public_key",
                f"{category} does not have a list of values that everybody knows, and "
                "a regression's categories need one: each value is a term. List the "
                "ones you mean in a CASE, or use a band, or part of a date.",
                clause=category,
                suggestion=coarser(key.domain, category),
            )


def _bound(text: str, catalogue: Catalogue) -> BoundQuery:
    try:
        query = bind(parse(text), catalogue)
    except Refused as refused:
        refused.position = ""  # of a text that nobody wrote
        raise
    combinations = 1
    for key in query.keys:
        combinations *= len(key.domain.values or ()) + key.domain.nullable
    if combinations > MOST_COMBINATIONS:
        raise refuse(
            "too_many_keys",
            f"The categories have {combinations:,} combinations, of "
            f"{MOST_COMBINATIONS:,} there may be in a regression.",
        )
    return query


# ----------------------------------------------------------------------- questions


def _moments(found: Model, catalogue: Catalogue) -> str:
    """Variances and covariances of all numbers, of which the noised sums are used."""
    columns = [
        _present(each, found, catalogue) for each in (*found.numbers, found.outcome)
    ]
    terms = [f"VAR_POP({each})" for each in columns]
    terms += [
        f"COVAR_POP({one}, {other})"
        for place, one in enumerate(columns)
        for other in columns[place + 1 :]
    ]
    named = [f"{each} AS m{place}" for place, each in enumerate(terms)]
    return _select(["COUNT(*) AS n", *named], [*found.numbers, found.outcome], found)


def _counts(found: Model) -> str:
    return _select(
        ["COUNT(*) AS n", f"COUNT_IF({found.outcome}) AS met"], [found.outcome], found
    )


def _select(terms: list[str], present: list[str], found: Model) -> str:
    """The question of rows in which nothing is missing."""
    known = " AND ".join(f"({each}) IS NOT NULL" for each in present)
    source, where, condition = _where(found.source)
    condition = f"({condition}) AND {known}" if where else known
    grouped = ", ".join(found.categories)
    group = f" GROUP BY {grouped}" if grouped else ""
    return f"SELECT {', '.join(terms)} {source} WHERE {condition}{group}"


def _present(column: str, found: Model, catalogue: Catalogue) -> str:
    """A number that is never missing: WHERE sees to it, and COALESCE says so."""
    source, where, condition = _where(found.source)
    probe = f"SELECT SUM({column}) AS s {source}"
    query = _bound(f"{probe} WHERE {condition}" if where else probe, catalogue)
    argument = query.aggregates[0].argument
    if argument is None or ends(argument.domain) is None:
        raise TypeError("what is summed has bounds")
    if not argument.domain.nullable:
        return column
    lower = written((ends(argument.domain) or (0, 0))[0], argument.domain.scale)
    return f"COALESCE({column}, {lower})"


# --------------------------------------------------------------------------- text


def _read(text: str) -> Model:
    sections = dict(_sections(text.strip().rstrip(";")))
    family = next(each for each in Family if each.value in sections)
    outcome = sections[family.value].strip()
    numbers = _listed(sections.get("ON", ""))
    categories = _listed(sections.get("BY", ""))
    wanted = categories if family is Family.LOGISTIC else (*numbers, *categories)
    if not outcome or not wanted or "FROM" not in sections:
        raise refuse("syntax", _FORM)
    if family is Family.LOGISTIC and numbers:
        raise refuse(
            "unsupported",
            "A logistic regression is of categories: of a number, write bands, as in "
            "BY WIDTH_BUCKET(age, 0, 100, 10).",
        )
    if len({outcome, *numbers}) <= len(numbers):
        raise refuse("syntax", "A regression has every number once. " + _FORM)
    if len(numbers) > MOST_NUMBERS:
        raise refuse(
            "too_many_columns", f"A regression has {MOST_NUMBERS} numbers at most."
        )
    return Model(family, outcome, numbers, categories, f"FROM {sections['FROM']}")


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """What stands after each of the words that begin a section, outside brackets."""
    name, held, depth, left = "", "", 0, ["ON", "BY", "FROM"]
    for piece in _WORDS.findall(text):
        word = piece.upper()
        depth += (piece == "(") - (piece == ")")
        if not name and not piece.isspace():
            name = word
        elif depth == 0 and word in left:
            yield name, held
            name, held = word, ""
            left = left[left.index(word) + 1 :]
        else:
            held += piece
    yield name, held


def _listed(text: str) -> tuple[str, ...]:
    found, depth = [""], 0
    for piece in _WORDS.findall(text):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return tuple(each.strip() for each in found if each.strip())


def _where(source: str) -> tuple[str, bool, str]:
    """What stands before WHERE, whether it is there, and what it demands."""
    depth, before = 0, ""
    pieces = _WORDS.findall(source)
    for place, piece in enumerate(pieces):
        depth += (piece == "(") - (piece == ")")
        if depth == 0 and piece.upper() == "WHERE":
            return before, True, "".join(pieces[place + 1 :]).strip()
        before += piece
    return source, False, ""
