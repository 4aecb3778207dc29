"""What the log proves, and to whom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.errors import Invalid
from tre.airlock.reconcile import reconcile as reconcile_airlock
from tre.audit.checkpoint import Checkpoint, latest_checkpoint
from tre.audit.note import Note
from tre.audit.verify import Verification, verify
from tre.audit.window import Window, set_place
from tre.control.canonical import Json
from tre.environment.acting import Acting
from tre.governance.reconcile import reconcile as reconcile_governance
from tre.governance.roles import Action, permitted
from tre.identity.reconcile import reconcile as reconcile_identity
from tre.ledger.reconcile import reconcile as reconcile_ledger
from tre.publishing import changed_files
from tre.releases import reconcile as reconcile_releases


class Log(Acting):
    """What the log proves, and to whom."""

    def checkpoint(self) -> Mapping[str, Json]:
        """The log's newest signed head, to be kept somewhere else."""
        with self._parts.control.reading() as connection:
            return latest_checkpoint(connection).facts()

    @property
    def log(self) -> Window:
        """What anybody may know of the log: heads, proofs, and its public key."""
        return Window(self._parts.control, self._parts.clock)

    def publish_heads_to(self, place: str, *, person: str | None = None) -> None:
        """Publish signed heads to a folder or an address; by an administrator."""
        with self._acting(person) as act:
            permitted(act, Action.SET_HEADS_PLACE)
            set_place(act, place)

    def verify_audit(
        self, checkpoint: Mapping[str, Any] | Path | str | None = None
    ) -> Verification:
        """Check every record of the log, and that the environment acts on what it says.

        Balances, charges, outcomes, releases, roles, tokens, sessions, projects and
        their approvals, what was accepted, policies, what was carried, the public
        facts of tables, and published files are compared with the log. A checkpoint
        is what `checkpoint()` gave, or the file that it or a signed note was kept in,
        or else the newest that was published outside: against it the log cannot have
        been written anew.
        """
        outside = self.log.outside() if checkpoint is None else None
        kept = outside.newest() if outside else _checkpoint(checkpoint)
        with self._parts.control.reading() as connection:
            found = verify(connection, self.log.key, kept)
            if found.problem:
                return found
            found_too = (
                *reconcile_ledger(connection),
                *reconcile_governance(connection),
                *reconcile_identity(connection),
                *reconcile_releases(connection, self.log.key),
                *reconcile_airlock(connection),
            )
        every = (*found_too, *changed_files(self._parts))
        return replace(
            found,
            differences=tuple(each for each in every if not each.unsaid),
            unsaid=tuple(each for each in every if each.unsaid),
        )


def _checkpoint(
    given: Mapping[str, Any] | Path | str | None,
) -> Checkpoint | Note | None:
    if given is None:
        return None
    try:
        if isinstance(given, Mapping):
            return Checkpoint.read(json.dumps(given))
        text = Path(given).read_text(encoding="utf-8")
        return Checkpoint.read(text) if text.startswith("{") else Note.read(text)
    except OSError:
        raise Invalid(str(given), "expected a file that can be read") from None
    except (TypeError, ValueError):
        raise Invalid("checkpoint", "expected a checkpoint of the log") from None
