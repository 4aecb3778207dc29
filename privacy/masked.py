"""A question's text for the public: what somebody may have put into it is masked.

What stays is the language and the public catalogue: keywords, functions, tables,
columns, and constants that are among some column's public values. Every other
constant becomes `…`, and every other name (of a column of the answer, a subquery, a
person) `name1`, `name2`, … in order of appearance. Comments go. Keywords are printed
in capitals and names as the catalogue has them: a case of letters can be a message.

A constant counts as public where any column of the population lists it: a list that
anybody may read names nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, zip_longest
from typing import Final

import sqlglot.expressions as exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from privacy.catalogue import Catalogue, Column, Domain, Type, Value
from privacy.scope import PERSON_ID

MASK: Final = "…"

WORDS: Final = frozenset(
    {
        *("REGRESS", "LOGISTIC", "BY", "ON", "WITHIN", "GROUP", "FIRST", "LAST"),
        *("CLAMP", "EPOCH"),
        *("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFWEEK", "DAYOFYEAR"),
        *("HOUR", "MINUTE", "SECOND", "ISODOW", "DOW", "DOY"),
        *("COUNT_IF", "VAR_POP", "VAR_SAMP", "STDDEV_POP", "STDDEV_SAMP"),
        *("VARIANCE", "STDDEV", "COVAR_POP", "COVAR_SAMP", "CORR", "REGR_SLOPE"),
        *("REGR_INTERCEPT", "MEDIAN", "QUANTILE_CONT", "QUANTILE_DISC"),
        *("PERCENTILE_CONT", "PERCENTILE_DISC", "GROUPING", "MIN", "MAX"),
    }
)
"""Words of the language that the tokenizer takes for names."""

_FUNCTIONS: Final = frozenset(exp.FUNCTION_BY_NAME)
_TOKENIZER: Final = DuckDB.Tokenizer
_SIGNS: Final = frozenset(_TOKENIZER.SINGLE_TOKENS)
_KEYWORDS: Final = frozenset(_TOKENIZER.KEYWORDS)


def masked(text: str, catalogue: Catalogue) -> str:
    """The text with what is not public masked; only the mask where it is not SQL."""
    try:
        tokens = DuckDB().tokenize(text)
    except SqlglotError:
        return MASK
    public = _Public(catalogue)
    parts: list[str] = []
    end = -1
    for token, following in zip_longest(tokens, tokens[1:]):
        if parts and token.start > end + 1:
            parts.append(" ")
        parts.append(public.shown(token, following))
        end = token.end
    return "".join(parts)


@dataclass(slots=True)
class _Public:
    """What may be shown, and the names that stand for those that may not."""

    catalogue: Catalogue
    names: Mapping[str, str] = field(init=False)
    """Public names as the catalogue spells them, by what they are in any case."""
    given: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tables = self.catalogue.tables.values()
        named = (table.name for table in tables), (each.name for each in self._columns)
        known = chain(*named, [PERSON_ID])
        self.names = {name.casefold(): name for name in known}

    @property
    def _columns(self) -> Iterator[Column]:
        return chain.from_iterable(
            table.columns for table in self.catalogue.tables.values()
        )

    def shown(self, token: Token, following: Token | None) -> str:
        match token.token_type:
            case TokenType.STRING:
                public = any(_says(each.domain, token.text) for each in self._columns)
                text = token.text.replace("'", "''") if public else MASK
                return f"'{text}'"
            case TokenType.NUMBER:
                return self._number(token.text)
            case TokenType.IDENTIFIER | TokenType.VAR:
                return self._name(token, following)
            case _:
                return self._word(token, following)

    def _number(self, text: str) -> str:
        try:
            number = Decimal(text)
        except ArithmeticError:
            return MASK
        public = any(_counts(each.domain, number) for each in self._columns)
        return f"{number.normalize():f}" if public else MASK

    def _name(self, token: Token, following: Token | None) -> str:
        public = self.names.get(token.text.casefold())
        if public is not None:
            return public
        called = following is not None and following.token_type is TokenType.L_PAREN
        word = token.text.upper()
        if token.token_type is TokenType.VAR and (
            word in WORDS or (called and word in _FUNCTIONS)
        ):
            return word
        known = f"name{len(self.given) + 1}"
        return self.given.setdefault(token.text.casefold(), known)

    def _word(self, token: Token, following: Token | None) -> str:
        """A keyword or a sign; what is neither is masked, whatever else it is."""
        word = " ".join(token.text.upper().split())
        if token.text in _SIGNS or word in _KEYWORDS:
            return word
        called = following is not None and following.token_type is TokenType.L_PAREN
        if called and word in _FUNCTIONS:
            return word
        return MASK


def _says(domain: Domain, text: str) -> bool:
    """Whether a column lists a text publicly, or a day or moment written so."""
    try:
        match domain.type:
            case Type.TEXT:
                return _lists(domain, text)
            case Type.DATE:
                return _lists(domain, date.fromisoformat(text))
            case Type.DATETIME:
                return _lists(domain, datetime.fromisoformat(text))
            case _:
                return False
    except ValueError:
        return False


def _counts(domain: Domain, number: Decimal) -> bool:
    """Whether a column lists a number publicly."""
    if domain.type is not Type.NUMBER or abs(number) > _LARGEST:
        return False
    unscaled = number.scaleb(domain.scale)
    return unscaled == int(unscaled) and _lists(domain, int(unscaled))


def _lists(domain: Domain, value: Value) -> bool:
    """Whether a value is in a column's public list, or one of its ends."""
    return value in (domain.lower, domain.upper) or value in (domain.values or ())


_LARGEST: Final = Decimal(10) ** 20
"""Past what any column holds: larger numbers are not looked up."""
