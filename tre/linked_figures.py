"""What the enclave counts of how a table's people were linked, for its profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from privacy.linked import Linked
from privacy.links import IN_ANOTHER, KINDS, Links
from tre.enclave.job import Attachment, Job
from tre.enclave.supervisor import Enclave
from tre.intake.carry import brought_by
from tre.intake.sql import column, named, relation, select, select_from, sql

CLASSES: Final = "SELECT linked AS k0, count(*) AS c0 FROM :brought GROUP BY linked"

SUBGROUPS: Final = """
SELECT b.linked > 0 AS k1, count(*) AS c0
FROM :rows AS r INNER JOIN :brought AS b ON b.person_id = r.person_id
WHERE r._rank = 1
GROUP BY ALL
"""
"""Every person with rows has one of rank 1, which was drawn by lot."""


def linked_figures(
    enclave: Enclave, table: str, attachment: Attachment, links: Links
) -> Linked:
    """The statement's figures, noised before they leave the enclave."""
    classes, sums, *cells = (
        enclave.answer(job).values for job in link_jobs(table, attachment, links)
    )
    return links.counted(
        classes[0][0].tolist(),
        [int(each[0][0]) for each in sums],
        [each[0][0].tolist() for each in cells],
    )


def link_jobs(table: str, attachment: Attachment, links: Links) -> Iterator[Job]:
    """People by how they were linked; doubtful pairs and who lacks what; subgroups."""
    brought = relation(attachment.alias, brought_by(table))
    yield Job(
        attachments=(attachment,),
        sql=select_from(CLASSES, brought=brought).sql("duckdb"),
        keys=(KINDS,),
        mechanisms=(links.people,),
        once=True,
    )
    flags = ["doubtful", *(f"x{place}" for place, _ in enumerate(links.identifiers))]
    figures = [
        named(sql("count_if(:flag)", flag=column(flag)), f"c{place}")
        for place, flag in enumerate(flags)
    ]
    yield Job(
        attachments=(attachment,),
        sql=select(figures, brought).sql("duckdb"),
        keys=(),
        mechanisms=links.sums,
        once=True,
    )
    for each in links.compared:
        rows = relation(attachment.alias, table)
        cells = select_from(SUBGROUPS, rows=rows, brought=brought)
        value = named(column(each.column.name, "r"), "k0")
        yield Job(
            attachments=(attachment,),
            sql=cells.select(value, copy=False).sql("duckdb"),
            keys=(each.column.domain, IN_ANOTHER),
            mechanisms=(each.mechanism,),
            once=True,
        )
