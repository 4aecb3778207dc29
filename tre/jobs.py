"""What the enclave is asked for one question, and its answers put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from privacy.key_counts import compile_key_counts
from privacy.levels import Part, parts
from privacy.noise import Pick
from privacy.plan import Plan, most_cells
from privacy.price import Price
from privacy.table import NoisedTable
from privacy.tally import compile_tallies, position
from tre.enclave.job import Attachment, Job, Keyed
from tre.ledger.question import Asked
from tre.remembered import compiled


def together(measured: Sequence[Part], tables: Sequence[NoisedTable]) -> NoisedTable:
    """The noised components, in the plan's order, and what was chosen."""
    values = [
        pair
        for part, table in zip(measured, tables, strict=True)
        for pair in zip(part.positions, table.values, strict=True)
    ]
    return NoisedTable(
        tuple(each for _, each in sorted(values, key=itemgetter(0))),
        tuple(each for table in tables for each in table.picked),
        next((each.emerged for each in tables if each.emerged is not None), None),
    )


def jobs(
    asked: Asked,
    priced: Price,
    attachments: Sequence[Attachment],
    locations: Mapping[str, str],
) -> Mapping[Job, Part]:
    """What the enclave is asked: one job for each grouping set that is measured.

    `locations` has the name that each table's file goes by in the engine.
    """
    return {
        Job(
            attachments=tuple(attachments),
            sql=compiled(asked.project, part.plan, locations),
            keys=tuple(key.domain for key in part.plan.query.keys),
            mechanisms=part.mechanisms,
            draws=asked.draws,
            keyed=_keyed(part.plan, priced, locations),
            tallies=tuple(each.sql for each in compile_tallies(part.plan, locations)),
            picks=tuple(
                Pick(position(part.plan, choice), selector)
                for choice, selector in zip(
                    part.plan.choices, part.selectors, strict=True
                )
            ),
        ): part
        for part in parts(priced)
    }


def _keyed(plan: Plan, priced: Price, locations: Mapping[str, str]) -> Keyed | None:
    """How keys that are not public come out, where there are any."""
    if priced.threshold is None or plan.emerging is None:
        return None
    return Keyed(
        compile_key_counts(plan, locations).sql,
        priced.threshold,
        plan.emerging.fewest,
        most_cells(plan),
    )
