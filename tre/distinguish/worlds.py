"""Neighbouring databases that are as far apart as a person may make them.

Everybody but one has one row in the middle of everything. The one has more rows than
the cap lets through, all beyond the bounds that values are clamped to, and keys that
nobody else has. The people are made up, and always the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from tre.distinguish.game import Setting

CAP: Final = 3
"""Rows that publication keeps of one person's visits."""

BROUGHT: Final = 5
"""Rows that the one person brings."""

PAY: Final = 1_000
HOURS: Final = 20
SHARING: Final = 4
"""People whose ward the one has, too: about as many as make a key come out or not."""

SPENDING: Final = 5
"""One in so many spends much: enough for their average to be known in a profile."""

HIGH: Final = 10
"""One in so many of either shift is high: the rarer, the more one person's rows say."""

SCORE: Final = 15
SECOND: Final = 4
"""People of the second wave: so few that a quantile is anywhere, or nearly."""

AISLES: Final = tuple(f"aisle {each}" for each in range(48))
"""So many that a cell is small beside its noise, where leaving values out gains."""

REGIONS: Final = ("east", "north", "south", "west")


def setting(
    name: str, *, people: int, measure: str, policy: str, delta: float = 1e-6
) -> Setting:
    """A laboratory of visits and people; of `people`, and of one more."""
    return Setting(
        name=f"{measure}, {name}",
        fewer=_tables(people, one_more=False),
        more=_tables(people, one_more=True),
        package=PACKAGE,
        measure=measure,
        policy=policy,
        delta=delta,
    )


def _tables(people: int, *, one_more: bool) -> Mapping[str, pa.Table]:
    extra = people if one_more else None
    return {
        "visits": pa.Table.from_pylist(_visits(people, extra), _VISITS),
        "people": pa.Table.from_pylist(_people(people, extra), _PEOPLE),
        "purchases": pa.Table.from_pylist(_purchases(people, extra), _PURCHASES),
    }


def _visits(people: int, extra: int | None) -> list[Mapping[str, Any]]:
    """One row a person, in the middle of what pays; a few are of the second wave."""
    rows: list[Mapping[str, Any]] = [
        {
            "id": person,
            "region": "north",
            "employer": "a firm",
            "ward": "elm" if person < SHARING else "oak",
            "shift": "night" if person % 2 else "day",
            "trade": "all trades",
            "high": person // 2 % HIGH == 0,
            "pay": PAY / 2,
            "hours": person % (HOURS + 1),
            "wave": 2 if person < SECOND else 1,
            "score": SCORE // 2 + person % 2,
        }
        for person in range(people)
    ]
    if extra is not None:
        one = {
            "id": extra,
            "region": "north",
            "employer": "nobody else's",
            "ward": "elm",
            "shift": "night",
            "high": True,
            "pay": 50.0 * PAY,
            "hours": HOURS,
            "wave": 2,
            "score": SCORE,
        }
        rows += [{**one, "trade": f"trade {each}"} for each in range(BROUGHT)]
    return rows


def _people(people: int, extra: int | None) -> list[Mapping[str, Any]]:
    everybody = range(people if extra is None else people + 1)
    return [{"id": each, "sex": "f" if each == extra else "m"} for each in everybody]


def _purchases(people: int, extra: int | None) -> list[Mapping[str, Any]]:
    """One row a person: most spend little, and one in `SPENDING` much."""
    rows: list[Mapping[str, Any]] = [
        {
            "id": person,
            "aisle": AISLES[person // SPENDING % len(AISLES)],
            "spent": PAY * (0.4 if person % SPENDING == 0 else 0.02),
        }
        for person in range(people)
    ]
    if extra is not None:
        rows += [{"id": extra, "aisle": AISLES[0], "spent": 50.0 * PAY}] * BROUGHT
    return rows


_VISITS: Final = pa.schema(
    {
        "id": pa.int64(),
        "region": pa.string(),
        "employer": pa.string(),
        "ward": pa.string(),
        "trade": pa.string(),
        "shift": pa.string(),
        "high": pa.bool_(),
        "pay": pa.float64(),
        "hours": pa.int64(),
        "wave": pa.int64(),
        "score": pa.int64(),
    }
)
_PEOPLE: Final = pa.schema({"id": pa.int64(), "sex": pa.string()})
_PURCHASES: Final = pa.schema(
    {"id": pa.int64(), "aisle": pa.string(), "spent": pa.float64()}
)


def _number(name: str, most: int, **tre: Any) -> dict[str, Any]:  # noqa: ANN401 (YAML)
    return {
        "name": name,
        "type": "number" if tre else "integer",
        "constraints": {"required": True, "minimum": 0, "maximum": most},
        "tre": tre,
    }


def _listed(name: str, values: tuple[str, ...]) -> dict[str, Any]:
    return {"name": name, "constraints": {"required": True, "enum": [*values]}}


_ID: Final = {
    "name": "id",
    "type": "integer",
    "tre": {"role": "identifier", "kind": "local-id"},
}

PACKAGE: Final[Mapping[str, Any]] = {
    "name": "audited",
    "tre": {
        "controller": "Nobody",
        "legal_basis": "None: made-up people",
        "population": "audited",
    },
    "resources": [
        {
            "name": "visits",
            "tre": {"privacy_unit": "person", "rows_per_person": CAP},
            "schema": {
                "fields": [
                    _ID,
                    _listed("region", REGIONS),
                    {"name": "employer", "constraints": {"required": True}},
                    {"name": "ward", "constraints": {"required": True}},
                    {"name": "trade", "constraints": {"required": True}},
                    _listed("shift", ("day", "night")),
                    {
                        "name": "high",
                        "type": "boolean",
                        "constraints": {"required": True},
                    },
                    _number("pay", PAY, decimals=2, out_of_range="clamp"),
                    _number("hours", HOURS),
                    _number("wave", 2),
                    _number("score", SCORE),
                ]
            },
        },
        {
            "name": "people",
            "tre": {"privacy_unit": "person", "rows_per_person": 1},
            "schema": {"fields": [_ID, _listed("sex", ("f", "m"))]},
        },
        {
            "name": "purchases",
            "tre": {"privacy_unit": "person", "rows_per_person": CAP},
            "schema": {
                "fields": [
                    _ID,
                    _listed("aisle", AISLES),
                    _number("spent", PAY, decimals=2, out_of_range="clamp"),
                ]
            },
        },
    ],
}
