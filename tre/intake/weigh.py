"""Probabilistic linkage: what agreement and disagreement are worth, added up.

The model is Fellegi and Sunter's (A Theory for Record Linkage, JASA 1969) as Splink
has it: how often two records of one person agree (m) is learnt by expectation
maximisation, how often those of two people do (u) from random pairs, and rare names
count for more than common ones. It learns from all records of the population, and
weighs pairs with a fresh record that agree on enough to be worth comparing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tre.intake.contradict import contradiction
from tre.intake.engine import Engine
from tre.intake.record import name_of, shown
from tre.intake.sql import number, relation, sql
from tre.manifest.model import Kind

if TYPE_CHECKING:
    from splink import SettingsCreator
    from splink.internals.comparison_creator import ComparisonCreator

RECORDS: Final = relation("linkage", "records")
TOKENS: Final = relation("linkage", "tokens")
PAIRS: Final = relation("linkage", "pairs")
COMPARED: Final = relation("linkage", "compared")
KNOWN: Final = relation("spine", "record")

FEWEST: Final = 1_000
"""Records below which a model cannot be learnt; the passes decide alone."""

FEWEST_PAIRS: Final = 30
"""Pairs that the passes must have found, for there to be matches to learn from."""

FEWEST_COLUMNS: Final = 4
"""With fewer, weighing could add nothing to exact agreement but error."""

PAIRS_TO_LEARN_FROM: Final = 1_000_000
SEED: Final = 1969
"""Which pairs the model learns from: the same ones each time. It draws no secret."""

RANK: Final = 100
"""Weaker than any deterministic pass."""

COMPARABLE: Final = ("surname", "forename", "date_of_birth", "postcode")
"""Of which a record needs two to be worth comparing."""

BLOCKS: Final[Sequence[tuple[str, ...]]] = (
    ("nhs_number",),
    ("national_insurance_number",),
    ("number",),
    ("surname", "forename"),
    ("surname", "date_of_birth"),
    ("forename", "date_of_birth"),
    ("date_of_birth", "postcode"),
    ("forename", "postcode"),
    ("surname", "postcode"),
    ("phone",),
    ("email",),
)
"""Pairs are compared when they agree on all of one of these."""

LEARNT_FROM: Final[Sequence[tuple[str, ...]]] = (
    ("date_of_birth",),
    ("surname", "forename"),
)
"""Pairs that agree on these are matches often enough to learn from."""

COMPARE: Final = """
CREATE TABLE :compared AS
WITH every AS (
    SELECT * FROM :records
    UNION ALL BY NAME
    SELECT * EXCLUDE (person, epoch) FROM :known
)
SELECT
    record,
    record >= :first AS fresh,
    nhs_number,
    national_insurance_number,
    other[1] AS number,
    forename,
    surname,
    date_of_birth,
    sex,
    postcode,
    address,
    phone[1] AS phone,
    email[1] AS email
FROM every
WHERE
    (surname IS NULL)::INT + (forename IS NULL)::INT
    + (date_of_birth IS NULL)::INT + (postcode IS NULL)::INT <= 2
"""

FILLED: Final = """
SELECT
    count(*), count(nhs_number), count(national_insurance_number), count(number),
    count(forename), count(surname), count(date_of_birth), count(sex),
    count(postcode), count(address), count(phone), count(email)
FROM :compared
"""
COLUMNS: Final = (
    *("nhs_number", "national_insurance_number", "number", "forename", "surname"),
    *("date_of_birth", "sex", "postcode", "address", "phone", "email"),
)

PRIOR: Final = """
SELECT
    (SELECT count(*) FROM :pairs WHERE NOT contradicted)
    + (SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM (
        SELECT count(*) AS n FROM :known GROUP BY person
    ))
"""

ADD_WEIGHED: Final = """
INSERT INTO :pairs
SELECT
    w.a,
    w.b,
    :rank,
    w.probability,
    :contradiction
FROM (
    SELECT
        greatest(record_l, record_r) AS a,
        least(record_l, record_r) AS b,
        match_probability AS probability
    FROM weighed
) AS w
INNER JOIN (SELECT * FROM :records) AS a ON a.record = w.a
INNER JOIN (
    SELECT * FROM :records
    UNION ALL BY NAME
    SELECT * EXCLUDE (person, epoch) FROM :known
) AS b ON b.record = w.b
ANTI JOIN :pairs AS p ON p.a = w.a AND p.b = w.b
"""


@dataclass(frozen=True, slots=True)
class Weighing:
    """How sure weighing must be: of a link, and of what a person should look at.

    `similarity` is the least Dice coefficient of two encodings of one person.
    """

    threshold: float
    review: float
    similarity: float = 1


ALONE: Final = Weighing(threshold=1, review=1)
"""The passes decide alone."""


def weigh(engine: Engine, weighing: Weighing, first: int) -> bool:
    """Add to `linkage.pairs` what no pass found and whose probability is enough.

    Pairs from `weighing.review` on are added, with rank `RANK`; those under the
    threshold are for `link` to set aside. Records from `first` on are fresh. Returns
    whether there was enough to learn from; where not, nothing is added.
    """
    if weighing.threshold >= 1:
        return False
    parts = {"compared": COMPARED, "records": RECORDS, "known": KNOWN}
    engine.run(sql(COMPARE, first=number(first), **parts))
    records, *filled = engine.run(sql(FILLED, compared=COMPARED))[0]
    present = [name for name, rows in zip(COLUMNS, filled, strict=True) if rows]
    found = engine.count(sql(PRIOR, pairs=PAIRS, known=KNOWN))
    if records < FEWEST or found < FEWEST_PAIRS or len(present) < FEWEST_COLUMNS:
        return False
    prior = max(found, 1) / (records * (records - 1) / 2)
    with engine.lent("linkage") as lent:
        name = _weighed(lent, present, prior, weighing.review)
        engine.run(f"CREATE OR REPLACE TEMP VIEW weighed AS FROM {name}")
        engine.run(
            sql(
                ADD_WEIGHED,
                pairs=PAIRS,
                records=RECORDS,
                known=KNOWN,
                rank=number(RANK),
                contradiction=contradiction(),
            )
        )
        engine.run("DROP VIEW weighed")
    return True


def blocking(kinds: Iterable[Kind]) -> list[str]:
    """What pairs must agree on, all of one of these, for weighing to compare them."""
    names = {"number" if kind is Kind.OTHER else name_of(kind) for kind in shown(kinds)}
    return [" + ".join(block) for block in _possible(names)]


def _possible(present: Collection[str]) -> list[tuple[str, ...]]:
    return [block for block in BLOCKS if set(block) <= set(present)]


def _weighed(lent: object, present: Sequence[str], prior: float, least: float) -> str:
    """The table of weighed pairs that Splink makes from `linkage.compared`."""
    from splink import DuckDBAPI, Linker, block_on  # a second to import

    interface = DuckDBAPI(connection=lent)  # type: ignore[arg-type]  # the engine's own
    linker = Linker(
        interface.register("compared"),
        _settings(present, prior),
        log_level=logging.ERROR,  # what it says of the model is learnt from people
    )
    linker.training.estimate_u_using_random_sampling(
        max_pairs=PAIRS_TO_LEARN_FROM, seed=SEED, min_count_per_level=None, num_chunks=1
    )
    for rule in LEARNT_FROM:
        if set(rule) <= set(present):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*rule), max_pairs=PAIRS_TO_LEARN_FROM
            )
    found = linker.inference.predict(
        threshold_match_probability=least, warning_mode="never"
    )
    return str(found.physical_name)


def _settings(present: Sequence[str], prior: float) -> SettingsCreator:
    from splink import SettingsCreator

    compared = _comparisons()
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        probability_two_random_records_match=prior,
        comparisons=[compared[name] for name in present],
        blocking_rules_to_generate_predictions=[
            {"blocking_rule": _rule(block), "sql_dialect": "duckdb"}
            for block in _possible(present)
        ],
        retain_matching_columns=False,
    )


def _rule(block: Sequence[str]) -> str:
    """Agreement on all of a block, where a fresh record has part in it.

    Splink has the lower number on the left, and fresh ones are the highest. Named so,
    the known are never held against each other: a block of them grows with its square.
    """
    same = [f"l.{name} = r.{name}" for name in block]
    return " AND ".join([*same, "r.fresh"])


def _comparisons() -> Mapping[str, ComparisonCreator]:
    """How each column is compared; how often it agrees by chance is learnt."""
    import splink.comparison_library as library

    name = [0.92, 0.8]
    return {
        "nhs_number": library.DamerauLevenshteinAtThresholds("nhs_number", [1]),
        "national_insurance_number": library.DamerauLevenshteinAtThresholds(
            "national_insurance_number", [1]
        ),
        "number": library.DamerauLevenshteinAtThresholds("number", [1, 2]),
        "forename": library.JaroWinklerAtThresholds("forename", name).configure(
            term_frequency_adjustments=True
        ),
        "surname": library.JaroWinklerAtThresholds("surname", name).configure(
            term_frequency_adjustments=True
        ),
        "date_of_birth": library.DamerauLevenshteinAtThresholds(
            "date_of_birth", [1, 2]
        ),
        "sex": library.ExactMatch("sex"),
        "postcode": library.DamerauLevenshteinAtThresholds("postcode", [1]),
        "address": library.ArrayIntersectAtSizes("address", [3, 2, 1]),
        "phone": library.ExactMatch("phone"),
        "email": library.ExactMatch("email"),
    }
