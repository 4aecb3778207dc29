"""An evaluation from its plan to its page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from privacy.catalogue import Catalogue
from tre.evaluation.advise import Advice, Margin, advise, margins
from tre.evaluation.attacking import attacked
from tre.evaluation.auditing import audited
from tre.evaluation.checked import checked
from tre.evaluation.outcome import VERSION, write_table
from tre.evaluation.page import page_of
from tre.evaluation.peers.installed import reachable
from tre.evaluation.plan import Plan, read_plan
from tre.evaluation.report import NAMES, Report
from tre.evaluation.schedule import Told, live, work_off
from tre.evaluation.site import Site
from tre.evaluation.summary import Summary, summarise

PAGE: Final = "report.html"
_FINER: Final = 13
"""At how many ε a margin's cost is drawn."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Where an evaluation's page is, and all that stands on it."""

    page: Path
    report: Report


def evaluate(
    source: Path | str | Mapping[str, Any],
    folder: Path,
    *,
    workers: int | None = None,
    told: Told = lambda _stage, _done, _total: None,
) -> Evaluated:
    """Do what a plan says, and write `folder`: a page, and Parquet files beside it.

    What is there already of the same plan and data is not asked again, so whatever
    was interrupted goes on where it was. Raises Invalid and Refused for a plan that
    cannot be, before anything is asked.
    """
    plan, base = read_plan(source)
    catalogue = checked(plan, base)
    site = Site(plan, base, folder.resolve())
    site, missing = _without_missing(site, told)
    told("data", 0, 0)
    data = site.data()
    fingerprint = data.fingerprint
    processes = workers or os.cpu_count() or 1
    work_off(site, data, processes, told)
    found = _Found(
        lives=live(site, data, processes, told),
        audit=audited(site, processes, told),
        attacks=attacked(site, data, processes, told),
        missing=missing,
        summary=summarise(site, fingerprint),
    )
    told("report", 0, 0)
    rows = sum(table.num_rows for table in data.tables.values())
    report = _report(site.plan, found, catalogue, rows)
    _write(site.folder, report, found)
    page = site.folder / PAGE
    page.write_text(page_of(report), encoding="utf-8")
    return Evaluated(page, report)


def advised(source: Path | str | Mapping[str, Any]) -> Advice:
    """What a plan's targets cost: from public facts alone, and nothing is written."""
    plan, base = read_plan(source)
    return advise(plan, checked(plan, base))


def _without_missing(site: Site, told: Told) -> tuple[Site, Mapping[str, str]]:
    """The site without the peers that are not to be had here, and why they are not."""
    peers = site.plan.peers
    if peers is None:
        return site, {}
    told("peers", 0, 0)
    why = reachable(peers.systems, site.fetched / "peers")
    there = tuple(name for name in peers.systems if not why[name])
    left = peers.model_copy(update={"systems": there}) if there else None
    plan = site.plan.model_copy(update={"peers": left})
    return replace(site, plan=plan), {name: each for name, each in why.items() if each}


@dataclass(frozen=True, slots=True)
class _Found:
    """Everything that was measured: tables as ASKED, FOUND and ATTACKED."""

    summary: Summary
    lives: pa.Table = field(repr=False)
    audit: pa.Table = field(repr=False)
    attacks: pa.Table = field(repr=False)
    missing: Mapping[str, str]


def _report(plan: Plan, found: _Found, catalogue: Catalogue, rows: int) -> Report:
    measured = found.summary.measured.to_pandas()
    measured["method"] = measured["method"].map(lambda name: NAMES.get(name, name))
    finest = np.geomspace(min(plan.epsilons), max(plan.epsilons), _FINER)
    bought = margins(plan, catalogue, [float(f"{each:.3g}") for each in finest])
    return Report(
        plan=plan,
        measured=measured,
        spent=found.summary.spent.to_pandas(),
        workload=found.lives.to_pandas(),
        margins=pd.DataFrame(map(asdict, bought), columns=[*Margin.__slots__]),
        advice=advise(plan, catalogue),
        rows=rows,
        audit=found.audit.to_pandas(),
        attacks=found.attacks.to_pandas(),
        missing=found.missing,
        made=f"Made with tre {VERSION}.",
    )


def _write(folder: Path, report: Report, found: _Found) -> None:
    """The tables behind the page, but for sections that the plan has not."""
    write_table(folder / "measured.parquet", found.summary.measured)
    write_table(folder / "spent.parquet", found.summary.spent)
    others = {
        "workload": found.lives,
        "audit": found.audit,
        "attacks": found.attacks,
        "margins": pa.Table.from_pandas(report.margins, preserve_index=False),
    }
    for name, table in others.items():
        if table.num_rows:
            write_table(folder / f"{name}.parquet", table)
