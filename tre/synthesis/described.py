"""A table as the public catalogue describes it, for whoever has no more of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from privacy.catalogue import Column, Domain, Table, Type, Unit, Value
from privacy.errors import Refused


def described(datasets: Sequence[Mapping[str, Any]], name: str) -> Table:
    """The table of this name in the catalogue's documents.

    All of its columns count as granted: who is asked for one that is not refuses it.
    Raises Refused (`unknown_table`) where there is none.
    """
    for facts in datasets:
        for table in facts["tables"]:
            if table["name"] == name:
                return _table(str(facts["name"]), table)
    raise Refused("unknown_table", f"There is no table {name[:80]}.")


def _table(dataset: str, facts: Mapping[str, Any]) -> Table:
    columns = tuple(Column(each["name"], _domain(each)) for each in facts["columns"])
    return Table(
        name=facts["name"],
        dataset=dataset,
        unit=Unit(facts["privacy_unit"]),
        rows_per_person=facts["rows_per_person"] or 1,
        columns=columns,
        granted=frozenset(each.name for each in columns),
    )


def _domain(facts: Mapping[str, Any]) -> Domain:
    kind, scale = Type(facts["type"]), facts["decimals"] or 0
    keys = facts["keys"]
    values = None if keys is None else tuple(_value(each, kind, scale) for each in keys)
    ends = (facts["minimum"], facts["maximum"])
    lower, upper = (None if e is None else _value(e, kind, scale) for e in ends)
    return Domain(kind, scale, lower, upper, not facts["required"], values)


def _value(shown: Any, kind: Type, scale: int) -> Value:  # noqa: ANN401 - JSON's own
    """What the catalogue writes as JSON, as it is inside: numbers as unscaled ones."""
    match kind:
        case Type.NUMBER:
            return int(Decimal(str(shown)).scaleb(scale))
        case Type.DATE:
            return date.fromisoformat(shown)
        case Type.DATETIME:
            return datetime.fromisoformat(shown)
        case Type.BOOLEAN:
            return bool(shown)
        case Type.TEXT:
            return str(shown)
