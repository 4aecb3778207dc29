"""How identifiers are written before they are compared: one form for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tre.intake.incoming import Incoming
from tre.intake.parsing import moment
from tre.intake.sql import Tree, cast, column, sql, text
from tre.manifest.model import FieldType, Kind

PLAIN: Final = "NULLIF(regexp_replace(strip_accents(lower(:x)), :noise, '', 'g'), '')"
NOISE: Final = r"[^\p{L}\p{N}]"
TRIMMED: Final = "NULLIF(trim(:x), '')"
EMAIL: Final = "NULLIF(lower(trim(:x)), '')"
PHONE: Final = "NULLIF(right(regexp_replace(:x, '[^0-9]', '', 'g'), 10), '')"
WRITTEN_DATE: Final = "try_strptime(trim(:x), ['%Y-%m-%d', '%Y%m%d', '%d/%m/%Y'])"
ISO: Final = "coalesce(CAST(:date AS VARCHAR), :plain)"

NATIONAL_INSURANCE: Final = "[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z][0-9]{6}[a-d]?"

FULL_NAME: Final = """
NULLIF(trim(regexp_replace(regexp_replace(
    strip_accents(lower(:x)), '[''’.-]', '', 'g'
), '[^\\p{L}\\p{N}]+', ' ', 'g')), '')
"""
SEX: Final = """
CASE left(lower(trim(:x)), 1)
    WHEN 'm' THEN 'm' WHEN '1' THEN 'm' WHEN 'f' THEN 'f' WHEN 'w' THEN 'f'
    WHEN '2' THEN 'f'
END
"""
"""The first letter of a word for it, or the NHS's code. Anything else says nothing."""

TEMPLATES: Final[Mapping[Kind, str]] = {
    Kind.LOCAL_ID: TRIMMED,
    Kind.ENCODED: TRIMMED,
    Kind.EMAIL: EMAIL,
    Kind.FULL_NAME: FULL_NAME,
    Kind.SEX: SEX,
    Kind.PHONE: PHONE,
}


_PLAIN: Final = "case, accents, punctuation and blanks left out"
_WORDS: Final[Mapping[Kind, str]] = {
    Kind.LOCAL_ID: "blanks at its ends left out",
    Kind.ENCODED: "blanks at its ends left out",
    Kind.EMAIL: "blanks at its ends left out, in lower case",
    Kind.FULL_NAME: "case, accents and punctuation left out, words kept apart",
    Kind.SEX: "its first letter, or the NHS's code",
    Kind.PHONE: "its last ten digits",
    Kind.DATE_OF_BIRTH: "as ISO 8601, or as letters and digits if it is no date",
}


def cleaning(kind: Kind) -> str:
    """What is done with identifiers of a kind before they are compared, in words."""
    return _WORDS.get(kind, _PLAIN)


def identity(incoming: Incoming) -> Tree:
    """The landed identifier in its compared form; NULL where nothing is left of it.

    Case, accents, punctuation and blanks do not matter, but in a local id, where
    only blanks at the ends do not. A date of birth is written as ISO, or, where it
    is no date, as its letters and digits: a wrong date may still be the same one.
    """
    kind = incoming.field.tre.kind or Kind.OTHER
    x = cast(column(incoming.landed), "VARCHAR")
    if kind in TEMPLATES:
        return sql(TEMPLATES[kind], x=x)
    plain = sql(PLAIN, x=x, noise=text(NOISE))
    if kind is Kind.DATE_OF_BIRTH:
        dated = incoming.field.type in {FieldType.DATE, FieldType.DATETIME}
        found = moment(incoming) if dated else sql(WRITTEN_DATE, x=x)
        return sql(ISO, date=cast(found, "DATE"), plain=plain)
    return plain


def valid(kind: Kind, identity_of: Tree) -> Tree:
    """Whether a national number in its compared form is one that can be issued.

    An NHS number carries a check digit (weights 10 to 2, modulo 11), which ten equal
    digits have, too: they are written where there is none, and never issued. A National
    Insurance number has a prefix that leaves letters out. Numbers that fail are
    worth no more than any other number: they identify only beside something else.
    """
    if kind is Kind.NHS_NUMBER:
        return sql(NHS_CHECK, n=identity_of)
    pattern = text(NATIONAL_INSURANCE)
    return sql("regexp_full_match(:n, :pattern)", n=identity_of, pattern=pattern)


def _nhs_check() -> str:
    terms = " + ".join(
        f"{10 - place} * CAST(substr(:n, {place + 1}, 1) AS INTEGER)"
        for place in range(9)
    )
    return f"""
    CASE WHEN regexp_full_match(:n, '[0-9]{{10}}')
        THEN
            (11 - ({terms}) % 11) % 11 = CAST(substr(:n, 10, 1) AS INTEGER)
            AND replace(:n, left(:n, 1), '') <> ''
        ELSE FALSE
    END
    """


NHS_CHECK: Final = _nhs_check()
