"""What the log proves of published versions: asked before anything is removed.

The tables say what is asked, and may have been changed, lost, or put back older than
the files. What is removed is gone; so the whole log is checked first, against the
newest head outside, and the tables against it. That takes a while where there is
something to remove, and no time where there is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from connectors.errors import Invalid
from tre.audit.verify import verify
from tre.audit.window import Window
from tre.governance.reconcile import states, states_told, versions
from tre.governance.replacing import Doomed, doomed_versions
from tre.governance.versions import known_files
from tre.home import Parts
from tre.intake.spine import unsettled
from tre.intake.successor import successors
from tre.intake.sweep import drafts
from tre.intake.zones import Zones, digest_of

_ADVICE = (
    "nothing was removed. Look with a copy of the home at what became of the control"
    " database, and put the newest backup of it back"
)


def zones_of(parts: Parts) -> Zones:
    """The zones of an open home."""
    return Zones(parts.layout.root, parts.keystore)


def files_on_record(parts: Parts) -> frozenset[Path]:
    """The file of every version there has been, relative to the home.

    Needs the intake lock: an intake that ended in between would leave a version in
    force that looks like a draft. Invalid where there are drafts, additions to a
    spine or spines to be, and it cannot be proven that they were never in force.
    """
    zones = zones_of(parts)
    with parts.control.reading() as connection:
        files = frozenset(Path(known.file) for known in known_files(connection))
        left = [
            file for file in drafts(zones) if file.relative_to(zones.home) not in files
        ]
        if left or unsettled(zones) or successors(zones):
            told = _proven(parts, connection)
            for file in left:
                _check_never_published(file, told)
    return files


def versions_to_destroy(parts: Parts) -> tuple[Doomed, ...]:
    """What is withdrawn and not yet destroyed.

    Invalid where the log does not say so, or the file is not the one it speaks of.
    """
    with parts.control.reading() as connection:
        doomed = doomed_versions(connection)
        if doomed:
            told = _proven(parts, connection)
            for each in doomed:
                _check_its_own(zones_of(parts), each, told[each.version])
    return doomed


def _proven(parts: Parts, connection: Connection) -> Mapping[str, Mapping[str, Any]]:
    """What the log says of every version; Invalid unless it stands, and the table."""
    window = Window(parts.control, parts.clock)
    outside = window.outside()
    found = verify(connection, window.key, outside.newest() if outside else None)
    if found.problem:
        raise Invalid("the log", f"{found.problem}; {_ADVICE}")
    told = states_told(connection)
    stored = states(connection)
    for version in sorted(told.keys() | stored.keys()):
        if told.get(version) != stored.get(version):
            raise Invalid(
                f"version {version}",
                f"the log has it as {told.get(version, 'unheard of')}, and the table of"
                f" versions as {stored.get(version, 'unheard of')}; {_ADVICE}",
            )
    return dict(versions(connection))


def _check_never_published(file: Path, told: Mapping[str, Mapping[str, Any]]) -> None:
    found = digest_of(file) if file.exists() else None
    for version, facts in told.items():
        if found is not None and facts.get("file_sha256") == found:
            raise Invalid(str(file), f"it is the file of version {version}; {_ADVICE}")


def _check_its_own(zones: Zones, doomed: Doomed, facts: Mapping[str, Any]) -> None:
    file = zones.home / doomed.file
    told = facts.get("file_sha256")
    if doomed.key_name != zones.key_name(file) or (
        file.exists() and told is not None and digest_of(file) != told
    ):
        raise Invalid(
            f"version {doomed.version}",
            f"its file or its key is not the one that was published; {_ADVICE}",
        )
