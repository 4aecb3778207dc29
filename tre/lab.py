"""The evaluator's laboratory: the real gateway over data its user brought.

A question asked here is parsed, planned, charged, noised and checked by the same
code as anywhere else. Beside it, and only here, are exact answers and the spine:
whoever opens a laboratory holds the data already.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa

from connectors.arrow import TableSource
from connectors.errors import Invalid
from privacy.accounting import ATTO, Loss, Measure
from privacy.explain import Explanation
from privacy.names import DRAW
from privacy.policy import POLICIES
from privacy.profile import Profile
from tre.audit.act import acting
from tre.batch import Batch
from tre.control.engines import Durability
from tre.control.rates import Limits
from tre.control.tables import LARGEST
from tre.enquiry import ask
from tre.environment import OPERATOR, Environment, found
from tre.exactly import Behind, Brought
from tre.governance import people, populations, projects
from tre.governance.application import Criteria, read_application
from tre.governance.catalogue import last_profiles
from tre.governance.roles import Role
from tre.home import Confinement, Parts, Terms
from tre.intake import Options
from tre.ledger.budget import Budget
from tre.ledger.question import Asked
from tre.manifest import Manifest, load, public_tables
from tre.pace import Waiting
from tre.publishing import onboard_dataset
from tre.release import Release
from tre.spend import Spend
from tre.synthesis.columns import BANDS
from tre.synthesis.synthesise import Synthetic

PROJECT: Final = "laboratory"
RESEARCHER: Final = "researcher"
_COMMITTEE: Final = "committee"
_STEWARD: Final = "steward"
_LAST_DAY: Final = date(9999, 12, 31)


class Lab:
    """A throw-away environment around tables its user brings.

    `tables` are Arrow tables by resource name; `package` a manifest, as a path or as
    a mapping. `epsilon`, `delta` and `measure` ("zcdp" or "pure") are the project's
    budget; the population's never binds. `policy` is a disclosure policy by name:
    "gateway", or "none" for differential privacy without certificates. Answers wait
    for no time slot unless `quantise_time`. With `profiles`, those of another
    laboratory, none is measured: two that have the same plan alike. Raises Invalid
    where tables and package do not fit. Everything it wrote is gone when it is closed.
    """

    def __init__(  # noqa: PLR0913 (the contract's signature)
        self,
        tables: Mapping[str, pa.Table],
        package: Path | str | Mapping[str, Any],
        *,
        epsilon: float = 10.0,
        delta: float = 1e-6,
        measure: str = "zcdp",
        policy: str = "gateway",
        quantise_time: bool = False,
        profiles: Mapping[str, Profile] | None = None,
    ) -> None:
        if policy not in POLICIES:
            known = ", ".join(sorted(POLICIES))
            raise Invalid("policy", f"expected one of {known}")
        manifest = load(package)
        self._sources = _sources(tables, manifest)
        self._manifest = manifest
        self._folder = Path(tempfile.mkdtemp(prefix="tre-lab-"))
        self._brought: Brought | None = None
        waiting = Waiting.QUANTISED if quantise_time else Waiting.NONE
        terms = Terms(
            POLICIES[policy],
            waiting,
            Durability.PROCESS_END,
            Limits(None, None),
            Confinement.WHATEVER_THERE_IS,
            compared=False,  # nobody is to be warned of a throw-away question
        )
        asked: Mapping[str, float | str] = {
            "epsilon": epsilon,
            "delta": delta,
            "measure": measure,
        }
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._parts = found(self._folder / "home", terms)
            undo.callback(self._parts.close)
            self._environment = Environment(self._parts)
            self._links = _furnish(
                self._parts, manifest, self._sources, asked, profiles
            )
            self._undo = undo.pop_all()

    def ask(
        self,
        sql: str,
        *,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
        fresh: bool = False,
    ) -> Release:
        """Ask as a researcher would: charged, noised and checked."""
        return self._environment.ask(
            sql,
            project=PROJECT,
            person=RESEARCHER,
            epsilon=epsilon,
            rho=rho,
            margin=margin,
            share=share,
            fresh=fresh,
        )

    def regress(  # noqa: PLR0913 (as `ask` has it)
        self,
        outcome: str,
        *,
        on: Sequence[str] = (),
        by: Sequence[str] = (),
        source: str,
        epsilon: float | None = None,
        rho: float | None = None,
        share: float | None = None,
        fresh: bool = False,
    ) -> Release:
        """A linear regression, as `Environment.regress` fits it."""
        return self._environment.regress(
            outcome,
            on=on,
            by=by,
            source=source,
            project=PROJECT,
            person=RESEARCHER,
            epsilon=epsilon,
            rho=rho,
            share=share,
            fresh=fresh,
        )

    def synthesise(  # noqa: PLR0913 (as `ask` has it)
        self,
        table: str,
        columns: Sequence[str] = (),
        *,
        bands: int = BANDS,
        rows: int | None = None,
        epsilon: float | None = None,
        rho: float | None = None,
        fresh: bool = False,
    ) -> Synthetic:
        """Synthetic rows of a table, as `Environment.synthesise` makes them."""
        return self._environment.synthesise(
            table,
            columns,
            project=PROJECT,
            person=RESEARCHER,
            bands=bands,
            rows=rows,
            epsilon=epsilon,
            rho=rho,
            fresh=fresh,
        )

    def draws(
        self,
        sql: str,
        *,
        times: int,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> pa.Table:
        """Draw one question's release `times` times over; each draw is charged.

        One Arrow table, rows draw by draw, with the number of the draw, from 0, in
        the first column, `draw`. The data is read once.
        """
        if times < 1 or times != int(times):
            raise Invalid("times", "expected a whole number above 0")
        spend = Spend(epsilon, rho, margin, share)
        asked = Asked(PROJECT, RESEARCHER, sql, spend.said(), draws=times, fresh=True)
        table = ask(self._parts.gate, asked, spend).to_arrow()
        if times > 1:
            return table
        only = pa.array([0] * table.num_rows, type=pa.int64())
        return table.add_column(0, DRAW, only)

    def exact(self, sql: str) -> pa.Table:
        """The exact answer on the tables as brought: no cap, clamp, noise or check.

        The columns and rows of a release without its intervals and statuses: every
        public key, absent ones too.
        """
        return self._as_brought().answer(sql)

    def behind(self, sql: str) -> Behind:
        """The rows behind each cell of a question, on the tables as brought.

        What other systems, the evaluation's baselines, are asked over.
        """
        return self._as_brought().behind(sql)

    def _as_brought(self) -> Brought:
        if self._brought is None:
            self._brought = Brought(
                self._manifest, self._sources, self._links, self._folder
            )
        return self._brought

    def explain_batch(
        self,
        questions: Sequence[str],
        *,
        parts: Sequence[float] | None = None,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Batch:
        """How wrong each of several questions will be, at one split of the price."""
        return self._environment.explain_batch(
            questions,
            project=PROJECT,
            person=RESEARCHER,
            parts=parts,
            epsilon=epsilon,
            rho=rho,
            margin=margin,
            share=share,
        )

    def explain(
        self,
        sql: str,
        *,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Explanation:
        """What a question would compute, cost and err; charges nothing."""
        return self._environment.explain(
            sql,
            project=PROJECT,
            person=RESEARCHER,
            epsilon=epsilon,
            rho=rho,
            margin=margin,
            share=share,
        )

    def remaining(self) -> Loss:
        """What is left of the project's budget."""
        return self._environment.remaining(PROJECT)

    def profiles(self) -> Mapping[str, Profile]:
        """The profile of each table, as it was measured when it was published."""
        with self._parts.control.reading() as connection:
            return last_profiles(connection, self._manifest.name)

    def links(self) -> pa.Table:
        """Which person each row became: resource, row (its position), person.

        Rows that intake rejected have no person.
        """
        return self._links

    def close(self) -> None:
        """End the environment and remove everything it wrote."""
        if self._brought is not None:
            self._brought.close()
            self._brought = None
        self._undo.close()

    def __enter__(self) -> Self:
        """Use as a context manager: closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def _sources(
    tables: Mapping[str, pa.Table], manifest: Manifest
) -> Mapping[str, TableSource]:
    """Each resource's table; every table has a resource and the other way round."""
    named = [resource.name for resource in manifest.resources]
    for name in named:
        if name not in tables:
            raise Invalid("tables", f"expected a table named {name}")
    for name in tables:
        if name not in named:
            raise Invalid("tables", f"the package has no resource named {name}")
    return {name: TableSource(name, _arrow(tables[name])) for name in named}


def _arrow(table: object) -> pa.Table:
    """An Arrow table; a pandas frame is taken without its index."""
    if isinstance(table, pa.Table):
        return table
    try:
        return pa.Table.from_pandas(table, preserve_index=False)
    except (AttributeError, TypeError):
        raise Invalid("tables", "expected Arrow tables") from None


def _furnish(
    parts: Parts,
    manifest: Manifest,
    sources: Mapping[str, TableSource],
    budget: Mapping[str, float | str],
    profiles: Mapping[str, Profile] | None,
) -> pa.Table:
    """Onboard the tables, and have a project of every column approved."""
    controller = manifest.package.tre.controller
    boundless = Budget(Measure.ZCDP, "no limit", "1", LARGEST, LARGEST, ATTO // 2)
    with acting(parts.control, OPERATOR, parts.clock()) as act:
        grant = populations.Grant(boundless, _LAST_DAY)
        populations.create_population(act, manifest.population, grant)
        people.add_person(act, RESEARCHER, [Role.RESEARCHER])
        people.add_person(act, _COMMITTEE, [Role.COMMITTEE])
        people.add_person(act, _STEWARD, [Role.STEWARD], controller)
    options = Options(fewest_rows=0, keep_links=True, profiles=profiles)
    publication = onboard_dataset(
        parts, manifest, _STEWARD, sources=sources, options=options
    )
    application = read_application(_application(manifest, budget))
    with acting(parts.control, RESEARCHER, parts.clock()) as act:
        projects.propose_project(act, application)
    for approver in (_COMMITTEE, _STEWARD):
        with acting(parts.control, approver, parts.clock()) as act:
            projects.approve_project(act, PROJECT)
    return publication.links


def _application(
    manifest: Manifest, budget: Mapping[str, float | str]
) -> Mapping[str, Any]:
    pure = budget["measure"] == "pure"
    why = "A laboratory's user holds the data already."
    return {
        "name": PROJECT,
        "title": "Laboratory",
        "lay_summary": why,
        "criteria": dict.fromkeys(Criteria.model_fields, why),
        "population": manifest.population,
        "datasets": {
            table.name: [column.name for column in table.columns]
            for table in public_tables(manifest)
        },
        "researchers": [RESEARCHER],
        "budget": {**budget, "delta": 0} if pure else dict(budget),
        "purposes": ["evaluation"],
        "until": _LAST_DAY.isoformat(),
    }
