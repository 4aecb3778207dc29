"""What changed from one version of a dataset to the next, as anybody may know it.

It is read off what both versions said in public: schemas, bounds, caps, and figures
that were measured under differential privacy. Rows are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from privacy.catalogue import Column, Table
from privacy.profile import Profile


def changed(before: Sequence[Table], after: Sequence[Table]) -> list[str]:
    """Each change in a sentence, by table and column; none where nothing did."""
    old = {table.name: table for table in before}
    new = {table.name: table for table in after}
    found = [f"The table {name} is gone." for name in old if name not in new]
    for name, table in new.items():
        if name in old:
            found += _table(old[name], table)
        else:
            found.append(f"The table {name} is new.")
    return found


def _table(old: Table, new: Table) -> Iterator[str]:
    columns = {column.name: column for column in old.columns}
    for column in new.columns:
        yield from _column(new.name, columns.pop(column.name, None), column)
    for name in columns:
        yield f"{new.name}.{name} is gone."
    if old.rows_per_person != new.rows_per_person:
        yield (
            f"{new.name} keeps at most {new.rows_per_person} rows of a person"
            f" ({old.rows_per_person} before)."
        )
    if old.bounds != new.bounds:
        yield f"{new.name} has other bounds by group."
    if old.profile is not None and new.profile is not None:
        yield from _figures(new.name, old.profile, new.profile)


def _column(table: str, old: Column | None, new: Column) -> Iterator[str]:
    if old is None:
        yield f"{table}.{new.name} is new."
    elif old.domain != new.domain:
        yield f"{table}.{new.name} has another type, other bounds or another list."


def _figures(table: str, old: Profile, new: Profile) -> Iterator[str]:
    """Noised figures beside the earlier ones, where either was measured anew."""
    if old == new:
        return
    people, dropped = _people(new), max(0, new.dropped)
    yield (
        f"{table} has about {people:,} people ({_people(old):,} before); its cap drops"
        f" about {dropped:,} rows ({max(0, old.dropped):,} before)."
    )


def _people(profile: Profile) -> int:
    return sum(max(0, held) for held in profile.people)
