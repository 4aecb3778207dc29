"""Dominance and class disclosure, from a manifest to a release."""

import numpy as np
import pyarrow as pa

from tre.lab import Lab


def _listed(name: str, *values: str, role: str | None = None) -> dict:
    field = {
        "name": name,
        "type": "string",
        "constraints": {"required": True, "enum": list(values)},
    }
    return field | ({"tre": {"role": role}} if role else {})


PACKAGE = {
    "name": "clinics",
    "tre": {"controller": "me", "legal_basis": "my own data", "population": "people"},
    "resources": [
        {
            "name": "visits",
            "tre": {"privacy_unit": "row"},
            "schema": {
                "fields": [
                    _listed("town", "Ely", "Ware"),
                    _listed("illness", "none", "flu", role="sensitive"),
                    {
                        "name": "cost",
                        "type": "integer",
                        "constraints": {
                            "required": True,
                            "minimum": 0,
                            "maximum": 1_000_000,
                        },
                    },
                ]
            },
        }
    ],
}


def _visits() -> pa.Table:
    """In Ely everybody has flu; in Ware half have, and one visit cost a fortune."""
    town = np.repeat(["Ely", "Ware"], 2_000)
    illness = np.where(np.arange(4_000) % 2 == 0, "none", "flu")
    illness[:2_000] = "flu"
    cost = np.ones(4_000, dtype=np.int64)
    cost[-1] = 1_000_000
    return pa.table({"town": town, "illness": illness, "cost": cost})


def test_what_the_manifest_calls_sensitive_is_kept_from_class_disclosure() -> None:
    """Through subqueries and computed keys, too; what is not sensitive is shown."""
    with Lab({"visits": _visits()}, PACKAGE, epsilon=100) as lab:
        plain = "SELECT town, illness, COUNT(*) AS n FROM visits GROUP BY town, illness"
        nested = (
            "WITH ill AS (SELECT town, illness = 'flu' AS flu FROM visits) "
            "SELECT town, flu, COUNT(*) AS n FROM ill GROUP BY town, flu"
        )
        share = (
            "SELECT town, AVG(CASE WHEN illness = 'flu' THEN 1 ELSE 0 END) AS n "
            "FROM visits GROUP BY town"
        )
        assert _statuses(lab, plain) == [
            "suppressed:frequency",
            "suppressed:class",
            "ok",
            "ok",
        ]
        assert _statuses(lab, nested) == [
            "suppressed:frequency",
            "suppressed:class",
            "ok",
            "ok",
        ]
        assert _statuses(lab, share) == ["suppressed:class", "ok"]
        towns = "SELECT town, COUNT(*) AS n FROM visits GROUP BY town"
        assert _statuses(lab, towns) == ["ok", "ok"]


def test_a_total_that_one_person_may_dominate_is_not_shown() -> None:
    """Neither it nor its average; with bounds that prove more, it is."""
    with Lab({"visits": _visits()}, PACKAGE, epsilon=1e4) as lab:
        total = "SELECT SUM(cost) AS n FROM visits"
        average = "SELECT AVG(cost) AS n FROM visits"
        for sql in (total, average):  # dearly, so that noise alone proves nothing
            assert _statuses(lab, sql, epsilon=50) == ["suppressed:dominance"]
        clamped = "SELECT SUM(CLAMP(cost, 0, 100)) AS n FROM visits"
        assert _statuses(lab, clamped) == ["ok"]
        (told,) = lab.explain(total, epsilon=5).certificates
        assert told.total_from is not None
        assert told.total_from > 2_000_000


def _statuses(lab: Lab, sql: str, *, epsilon: float = 5) -> list[str]:
    return lab.ask(sql, epsilon=epsilon).to_arrow()["n_status"].to_pylist()
