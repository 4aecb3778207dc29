"""When two records that agree are two people all the same.

Twins share surname, birthday, sex as often as not, and an address; whoever lives
with a person may be written down under that person's number. So what a record says
of its own person alone, its forename, sex and check-digit-valid number, is held
against what was found to agree.
"""

from __future__ import annotations

from typing import Final

from tre.intake.identity import valid
from tre.intake.sql import Tree, column, sql
from tre.manifest.model import Kind

ALIKE: Final = 0.8
"""Jaro-Winkler similarity from which two forenames may be two spellings of one."""

OTHER_FORENAME: Final = f"""
coalesce(
    jaro_winkler_similarity(a.forename, b.forename) < {ALIKE}
    AND NOT starts_with(a.forename, b.forename)
    AND NOT starts_with(b.forename, a.forename)
    AND coalesce(jaro_winkler_similarity(a.forename, b.surname) < {ALIKE}, TRUE)
    AND coalesce(jaro_winkler_similarity(b.forename, a.surname) < {ALIKE}, TRUE),
    FALSE
)
"""
"""Neither two spellings of one name, nor its short form, nor names changed round."""

SAME_NUMBER: Final = """
(
    coalesce(:both_issued AND a.nhs_number = b.nhs_number, FALSE)
    OR coalesce(
        damerau_levenshtein(a.national_insurance_number, b.national_insurance_number)
        <= 2, FALSE
    )
    OR coalesce(list_has_any(a.other, b.other), FALSE)
    OR coalesce(damerau_levenshtein(a.other[1], b.other[1]) <= 2, FALSE)
)
"""
"""An NHS number that was misread fails its check; others are allowed two slips."""

OTHER_BIRTHDAY: Final = """
coalesce(
    left(a.date_of_birth, 4) <> left(b.date_of_birth, 4)
    AND substr(a.date_of_birth, 5) <> substr(b.date_of_birth, 5), FALSE
)
"""
"""Another year, and another day of it: not one slip of the pen."""

CONTRADICTION: Final = """
coalesce(:both_issued AND a.nhs_number <> b.nhs_number, FALSE)
OR CASE
    WHEN :same_number
    THEN :other_forename AND (:other_birthday OR coalesce(a.sex <> b.sex, FALSE))
    ELSE :other_forename OR coalesce(a.sex <> b.sex, FALSE)
END
"""


def contradiction() -> Tree:
    """Whether records `a` and `b` are of two people, whatever else they share.

    They are where two different NHS numbers that can both have been issued say so;
    where forenames or sexes differ; and, where a number is shared, where forenames
    differ and birthday or sex too: a person may change their name, or be misread.
    What is missing contradicts nothing. Equal local ids are above this.
    """
    both_issued = _both_issued()
    return sql(
        CONTRADICTION,
        both_issued=both_issued,
        same_number=sql(SAME_NUMBER, both_issued=both_issued),
        other_forename=sql(OTHER_FORENAME),
        other_birthday=sql(OTHER_BIRTHDAY),
    )


def _both_issued() -> Tree:
    issued = [
        valid(Kind.NHS_NUMBER, column("nhs_number", record)) for record in ("a", "b")
    ]
    return sql("(:a AND :b)", a=issued[0], b=issued[1])
