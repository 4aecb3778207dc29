"""Frequent names give encodings of names away, and not encodings of records."""

from __future__ import annotations

import secrets

from tests.attacks.judging import clearly_succeeds, may_be_chance
from tre.attacks.encodings import (
    frequency,
    known_people,
    made_names,
    record_encodings,
    surname_encodings,
)
from tre.intake.bloom import SECRET_BYTES, Encoder

NAMED = made_names(2_000, seed=4)
ENCODER = Encoder(secrets.token_bytes(SECRET_BYTES))


def test_encodings_of_surnames_alone_are_deciphered() -> None:
    """Equal names have equal encodings, flips and all, so counting them tells."""
    score = frequency("surnames alone", surname_encodings(NAMED, ENCODER), NAMED)
    assert clearly_succeeds(score), score
    assert score.share > 0.9


def test_encodings_of_whole_records_are_not() -> None:
    """Nearly each is seen once; naming the commonest always is no worse."""
    score = frequency("whole records", record_encodings(NAMED, ENCODER), NAMED)
    assert may_be_chance(score), score


def test_encodings_stay_personal_data() -> None:
    """Whoever knows a tenth of the people reads most of the others' surnames.

    That they do is why encodings are handed to the linkage zone and to nobody else.
    """
    encodings = record_encodings(NAMED, ENCODER)
    score = known_people("whole records", encodings, NAMED, known=200)
    assert clearly_succeeds(score), score
