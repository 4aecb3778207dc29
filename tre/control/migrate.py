"""Bringing an older control database up to date, in the caller's transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection

from connectors.errors import Invalid

SCRIPTS: Final = ScriptDirectory(str(Path(__file__).parent / "migrations"))


def migrate(connection: Connection, *, to: str = "head") -> None:
    """Run every migration up to one that the database has not seen, oldest first.

    Invalid where the database is at a revision this program does not know.
    """
    context = MigrationContext.configure(connection)
    current = context.get_current_revision() or "base"
    try:
        steps = list(SCRIPTS.iterate_revisions(to, current))
    except RevisionError:
        raise Invalid(
            "the control database",
            "a later version of the program made it: run that version. Nothing was"
            " touched",
        ) from None
    with Operations.context(context):
        for step in reversed(steps):
            step.module.upgrade()
    context.stamp(SCRIPTS, to)
