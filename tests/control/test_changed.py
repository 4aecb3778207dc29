"""What changed between versions is told by what both said in public."""

from __future__ import annotations

from dataclasses import replace

from privacy.catalogue import Column, Domain, Table, Type, Unit
from tre.governance.changed import changed

AGE = Column("age", Domain(Type.NUMBER, 0, nullable=False, lower=0, upper=99))
SEX = Column("sex", Domain(Type.TEXT, 0, nullable=True, values=("f", "m")))
PEOPLE = Table("people", "census", Unit.PERSON, 2, (AGE, SEX), frozenset())


def test_what_is_the_same_is_no_change() -> None:
    """Nothing is said of two versions that say the same."""
    assert changed([PEOPLE], [replace(PEOPLE, title="Another title")]) == []


def test_each_change_is_a_sentence_with_its_place() -> None:
    """Tables and columns that came or went, other domains, another cap."""
    older = replace(AGE, domain=replace(AGE.domain, upper=120))
    pay = replace(AGE, name="pay")
    after = replace(PEOPLE, columns=(older, pay), rows_per_person=3)
    places = replace(PEOPLE, name="places")
    assert changed([PEOPLE, places], [after, replace(PEOPLE, name="homes")]) == [
        "The table places is gone.",
        "people.age has another type, other bounds or another list.",
        "people.pay is new.",
        "people.sex is gone.",
        "people keeps at most 3 rows of a person (2 before).",
        "The table homes is new.",
    ]
