"""Which versions of datasets can be asked at all."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_

from tre.control.tables import dataset_version

_LATER: Final = dataset_version.alias("later")


def askable() -> ColumnElement[bool]:
    """Whether a version can be asked: it is current, or none since was withdrawn.

    What an objection or a withdrawal ended is withdrawn, and so is all before it.
    """
    withdrawn = exists().where(
        _LATER.c.dataset == dataset_version.c.dataset,
        _LATER.c.number >= dataset_version.c.number,
        _LATER.c.state == "withdrawn",
    )
    columns = dataset_version.c
    kept = and_(columns.state == "replaced", ~withdrawn)
    return or_(columns.state == "current", kept)
