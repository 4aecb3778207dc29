"""The environment, as stewards, researchers and programs meet it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
from sqlalchemy import Connection

from connectors.errors import Invalid
from privacy.accounting import Loss
from privacy.errors import Refused
from privacy.explain import Explanation
from privacy.model import model_text
from tre.audit.act import Act, acting
from tre.audit.checkpoint import Checkpoint, latest_checkpoint
from tre.audit.note import Note
from tre.audit.verify import Verification, verify
from tre.audit.window import Window, set_place
from tre.backup import back_up
from tre.batch import Batch, explain_batch
from tre.control.canonical import Json
from tre.describe import described_dataset, described_datasets, described_project
from tre.discovery import dcat
from tre.discovery.croissant import croissant
from tre.discovery.dummy import dummy
from tre.enclave.confinement import LAYERS
from tre.enclave.supervisor import ONE, Capacity
from tre.enquiry import ask, explain_question
from tre.governance import people, populations, projects
from tre.governance.admit import admit
from tre.governance.application import read_application
from tre.governance.catalogue import current_catalogue
from tre.governance.confinement import (
    Acceptance,
    accept_layer,
    accepted_layers,
    require_layer,
)
from tre.governance.datasets import check_steward
from tre.governance.project import find_project
from tre.governance.reconcile import reconcile as reconcile_governance
from tre.governance.roles import Action, Role, allowed, permitted
from tre.home import Parts, Terms, make_home, open_home
from tre.identity.desk import Desk
from tre.inspection.report import Report
from tre.intake import Publication
from tre.intake.object import Objected
from tre.keeping import Kept, destroy_key, kept_keys, replace_root, rotate_zone
from tre.ledger.account import Kind, current_account
from tre.ledger.budget import Budget
from tre.ledger.question import Asked
from tre.ledger.reconcile import reconcile as reconcile_ledger
from tre.manifest import load
from tre.objecting import (
    Applied,
    apply_objections,
    resume_destruction,
    take_in_objections,
    withdraw,
)
from tre.publishing import (
    Progress,
    changed_files,
    check_dataset,
    onboard_dataset,
    sweep_zones,
)
from tre.release import Release, release_from
from tre.releases import load_release
from tre.roots import Root
from tre.spend import Spend

OPERATOR: Final = "administrator"
"""Who acts where nobody is named: the first administrator, who holds the home."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of confinement, and whether the operator does without it."""

    name: str
    takes_away: str
    granted: bool
    accepted: Acceptance | None

    @property
    def open(self) -> bool:
        """Whether it is missing and nobody has accepted that."""
        return not self.granted and self.accepted is None


class Environment:
    """One trusted research environment, at a home directory. Safe across threads.

    Methods raise `Refused` for what the rules do not allow, `Invalid` for a manifest,
    source or file that is not right, and `Failed` for an admitted question that could
    not be answered. `person` is who acts; None is the operator.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @classmethod
    def create(cls, home: Path | str, *, control: str | None = None) -> Self:
        """Make an environment, and its first administrator, `administrator`.

        `control` is the address of an empty PostgreSQL database, without a password,
        to keep people, projects and the ledger in; else they are in the home.
        """
        return cls(found(Path(home), Terms(), control))

    @classmethod
    def open(cls, home: Path | str, *, capacity: Capacity = ONE) -> Self:
        """Open an environment; what a crash left half-done is ended.

        `capacity` is how many questions are answered at a time, and in what memory.
        """
        parts = open_home(Path(home), Terms(), capacity)
        sweep_zones(parts)
        resume_destruction(parts, OPERATOR)
        return cls(parts)

    def close(self) -> None:
        """End the enclave and let go of every file."""
        self._parts.close()

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

    # ------------------------------------------------------- people and populations

    def create_population(
        self,
        name: str,
        *,
        epsilon: float,
        delta: float,
        until: date,
        person: str | None = None,
    ) -> None:
        """Make a population: one linkage spine, and one budget until a day."""
        budget = _budget(epsilon, delta)
        with self._acting(person) as act:
            populations.create_population(act, name, populations.Grant(budget, until))

    def add_person(
        self,
        id: str,  # noqa: A002 (the contract's name)
        *,
        roles: Sequence[str],
        controller: str | None = None,
        person: str | None = None,
    ) -> None:
        """Add somebody, with roles; a steward with the controller they act for."""
        named = [_role(role) for role in roles]
        with self._acting(person) as act:
            people.add_person(act, id, named, controller)

    def issue_token(self, id: str, *, person: str | None = None) -> str:  # noqa: A002
        """A bearer token for a week. It is shown this once and kept as a digest."""
        by = OPERATOR if person is None else person
        return self.identity.issue_token(id, by=by).secret

    @property
    def identity(self) -> Desk:
        """Accounts, sessions and tokens: how people show who they are."""
        return self._parts.desk

    # --------------------------------------------------------------------- datasets

    def check(
        self, manifest: Path | str | Mapping[str, Any], *, base: Path | None = None
    ) -> Report:
        """What is wrong with a manifest's sources, and how risky they are.

        For the steward alone: its figures are exact. Publishes nothing.
        """
        return check_dataset(self._parts, manifest, base)

    def onboard(
        self,
        manifest: Path | str | Mapping[str, Any],
        *,
        base: Path | None = None,
        person: str | None = None,
        progress: Progress | None = None,
    ) -> Publication:
        """Take a dataset through intake to publication, and switch to it.

        Paths in the manifest are in `base`: by default the manifest's own folder,
        and for a mapping the current one.
        """
        loaded = load(manifest, base)
        who = OPERATOR if person is None else person
        return onboard_dataset(self._parts, loaded, who, progress=progress)

    def check_steward(self, person: str, controller: str) -> None:
        """Refused with `not_permitted` unless the person is this controller's steward.

        Files in the controller's name are for its stewards alone: an administrator
        may publish for anybody, from files that they were given.
        """
        with self._parts.control.reading() as connection:
            check_steward(connection, person, controller)

    def datasets(self) -> list[dict[str, Any]]:
        """The catalogue: the public facts of every dataset."""
        with self._parts.control.reading() as connection:
            return described_datasets(connection)

    def dataset(self, name: str) -> dict[str, Any]:
        """The public facts of one dataset. Refused with `unknown_dataset`."""
        with self._parts.control.reading() as connection:
            return described_dataset(connection, name)

    def dummy(self, name: str, *, rows: int, seed: int) -> dict[str, pa.Table]:
        """Made-up tables like a dataset's, from its public schema alone.

        `person_id` joins them; the same arguments give the same rows. Refused with
        `unknown_dataset`.
        """
        with self._parts.control.reading() as connection:
            population = described_dataset(connection, name)["population"]
            tables = current_catalogue(connection, population).catalogue.tables
        return dummy(
            [one for one in tables.values() if one.dataset == name], rows, seed
        )

    def catalogue(self, address: str) -> dict[str, Any]:
        """Every dataset's public facts as DCAT (JSON-LD), of an interface's address."""
        return dcat.catalogue(self.datasets(), address)

    def croissant(self, name: str, address: str) -> dict[str, Any]:
        """One dataset's public facts as Croissant. Refused with `unknown_dataset`."""
        return croissant(self.dataset(name), address)

    def withdraw(self, name: str, *, person: str | None = None) -> None:
        """End a dataset, and destroy every version of it: nobody can read it again."""
        withdraw(self._parts, name, OPERATOR if person is None else person)

    # ------------------------------------------------------------------- objections

    def import_objections(
        self,
        file: Path | str,
        *,
        population: str | None = None,
        person: str | None = None,
    ) -> Objected:
        """Take in objections, as a CSV whose columns are kinds of identifiers.

        They are in force from the next publication of each dataset on;
        `apply_objections` writes what is published now anew. `population` may be
        left out where there is only one.
        """
        who = OPERATOR if person is None else person
        chosen = self._population(population)
        return take_in_objections(self._parts, Path(file), chosen, who)

    def apply_objections(
        self, *, population: str | None = None, person: str | None = None
    ) -> Applied:
        """Write every version that is asked anew, without the people who object."""
        who = OPERATOR if person is None else person
        return apply_objections(self._parts, self._population(population), who)

    # --------------------------------------------------------------------- projects

    def propose(
        self, project: Path | str | Mapping[str, Any], *, person: str | None = None
    ) -> str:
        """Propose a project from its file or mapping; its name comes back."""
        application = read_application(project)
        with self._acting(person) as act:
            return projects.propose_project(act, application).name

    def approve(
        self, project: str, *, person: str | None, role: str | None = None
    ) -> dict[str, Any]:
        """Approve in one's own capacity; the last approval needed activates.

        Who is of the committee and a steward of the data says as which, by `role`.
        """
        capacity = None if role is None else _role(role)
        with self._acting(person) as act:
            return described_project(projects.approve_project(act, project, capacity))

    def suspend(
        self, project: str, *, reason: str, person: str | None
    ) -> dict[str, Any]:
        """Stop a project; its next question is refused."""
        with self._acting(person) as act:
            return described_project(projects.suspend_project(act, project, reason))

    def resume(self, project: str, *, person: str | None) -> dict[str, Any]:
        """Let a suspended project ask again."""
        with self._acting(person) as act:
            return described_project(projects.resume_project(act, project))

    def withdraw_approval(self, project: str, *, person: str | None) -> dict[str, Any]:
        """Take back one's approval, or that of those one speaks for."""
        with self._acting(person) as act:
            return described_project(projects.withdraw_approval(act, project))

    def close_project(
        self, project: str, *, outcome: str, person: str | None
    ) -> dict[str, Any]:
        """End a project with its outcome."""
        with self._acting(person) as act:
            return described_project(projects.close_project(act, project, outcome))

    def project(self, name: str) -> dict[str, Any]:
        """A project's application, state and approvals."""
        with self._parts.control.reading() as connection:
            return described_project(find_project(connection, name))

    # -------------------------------------------------------------------- questions

    def explain(  # noqa: PLR0913 (the contract's signature)
        self,
        sql: str,
        *,
        project: str,
        person: str,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Explanation:
        """What a question would compute, cost and err. Reads no protected data."""
        spend = Spend(epsilon, rho, margin, share)
        asked = Asked(project, person, sql, spend.said())
        return explain_question(self._parts.gate, asked, spend)

    def explain_batch(  # noqa: PLR0913 (as `explain`)
        self,
        questions: Sequence[str],
        *,
        project: str,
        person: str,
        parts: Sequence[float] | None = None,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Batch:
        """How wrong each of several questions will be, and what half the error costs.

        What is to be spent is for all of them together: evenly, or by `parts`, such
        as [2, 1, 1]. A margin is each question's own. Reads no protected data.
        """
        spend = Spend(epsilon, rho, margin, share)
        asked = [Asked(project, person, sql, spend.said()) for sql in questions]
        return explain_batch(self._parts.gate, asked, spend, parts)

    def regress(  # noqa: PLR0913 (as `ask` has it)
        self,
        outcome: str,
        *,
        on: Sequence[str] = (),
        by: Sequence[str] = (),
        source: str,
        project: str,
        person: str,
        epsilon: float | None = None,
        rho: float | None = None,
        share: float | None = None,
        fresh: bool = False,
    ) -> Release:
        """A linear regression of a number, fitted to noised moments and charged.

        `on` are numbers and `by` categories, in SQL; `source` is a table, and may go
        on as FROM does: `earnings WHERE age > 17`. The same as asking REGRESS ….
        """
        text = model_text("REGRESS", outcome, on, by, source)
        return self.ask(
            text,
            project=project,
            person=person,
            epsilon=epsilon,
            rho=rho,
            share=share,
            fresh=fresh,
        )

    def ask(  # noqa: PLR0913 (the contract's signature)
        self,
        sql: str,
        *,
        project: str,
        person: str,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
        fresh: bool = False,
        idempotency_key: str | None = None,
    ) -> Release:
        """Ask, and pay. An exact repeat gives the earlier release at no cost.

        Say what to spend as one of `epsilon`, `rho`, `margin` (of a 95% interval) and
        `share` (of what is left; 0.01 where nothing is said). `fresh` draws and
        charges again. A retry with the same `idempotency_key` is not charged again.
        """
        spend = Spend(epsilon, rho, margin, share)
        asked = Asked(
            project=project,
            person=person,
            text=sql,
            spending=spend.said(),
            fresh=fresh,
            idempotency_key=idempotency_key,
        )
        return ask(self._parts.gate, asked, spend)

    def release(self, id: str, *, person: str) -> Release:  # noqa: A002
        """An earlier release of a project that the person may ask in."""
        with self._parts.control.reading() as connection:
            try:
                stored = load_release(connection, id)
                admit(connection, stored.project, person, self._parts.clock())
            except (LookupError, Refused):
                raise Refused(
                    "unknown_release", "There is no such release that you may see."
                ) from None
        return release_from(stored, charged=False)

    def remaining(self, project: str, *, person: str | None = None) -> Loss:
        """What a project has left; for its researchers, or the operator."""
        with self._parts.control.reading() as connection:
            if person is not None:
                admit(connection, project, person, self._parts.clock())
            find_project(connection, project)
            return _left(connection, Kind.PROJECT, project)

    def remaining_of_population(self, name: str) -> Loss:
        """What a population's period has left, over all projects."""
        with self._parts.control.reading() as connection:
            return _left(connection, Kind.POPULATION, name)

    # ------------------------------------------------------------------------- keys

    def keys(self) -> tuple[Kept, ...]:
        """The names of all keys, and their zones."""
        return kept_keys(self._parts)

    def rotate_keys(self, zone: str, *, person: str | None = None) -> int:
        """Wrap a zone's keys under a new zone key; how many there were."""
        with self._acting(person) as act:
            return rotate_zone(self._parts, act, zone)

    def replace_root(
        self,
        kind: str,
        new: Callable[[], tuple[bytes, Root]],
        *,
        person: str | None = None,
    ) -> None:
        """Put every zone's key under another root; open the environment anew then."""
        with self._acting(person) as act:
            replace_root(self._parts, act, kind, new)

    def destroy_key(self, name: str, *, person: str | None = None) -> None:
        """Destroy a key, and with it everything written under it, for good."""
        with self._acting(person) as act:
            destroy_key(self._parts, act, name)

    # ------------------------------------------------------------------ confinement

    def confinement(self) -> tuple[Layer, ...]:
        """What confines the processes that read data, layer by layer."""
        granted = self._parts.gate.enclave.granted()
        with self._parts.control.reading() as connection:
            accepted = accepted_layers(connection)
        return tuple(
            Layer(name, words, name in granted, accepted.get(name))
            for name, words in LAYERS.items()
        )

    def accept_layer(
        self, layer: str, *, reason: str, person: str | None = None
    ) -> None:
        """Answer questions although this layer is missing; on record, with a reason."""
        _known_layer(layer)
        with self._acting(person) as act:
            accept_layer(act, layer, reason)

    def require_layer(self, layer: str, *, person: str | None = None) -> None:
        """Take the acceptance of a missing layer back, from the next question on."""
        _known_layer(layer)
        with self._acting(person) as act:
            require_layer(act, layer)

    # ----------------------------------------------------------------------- backup

    def back_up(self, file: Path, passphrase: str, *, person: str | None) -> None:
        """Write everything to one sealed file; by an administrator."""
        actor = OPERATOR if person is None else person
        with self._parts.control.reading() as connection:
            allowed(connection, actor, Action.BACK_UP)
        back_up(self._parts, file, passphrase, actor)

    # ------------------------------------------------------------------------ audit

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

        Balances, charges, outcomes, roles, the public facts of tables and published
        files are compared with the log. A checkpoint is what `checkpoint()` gave, or
        the file that it or a signed note was kept in, or else the newest that was
        published outside: against it the log cannot have been written anew.
        """
        outside = self.log.outside() if checkpoint is None else None
        kept = outside.newest() if outside else _checkpoint(checkpoint)
        with self._parts.control.reading() as connection:
            found = verify(connection, self.log.key, kept)
            if found.problem:
                return found
            differences = (
                *reconcile_ledger(connection),
                *reconcile_governance(connection),
            )
        return replace(found, differences=(*differences, *changed_files(self._parts)))

    def _population(self, name: str | None) -> str:
        """The population named, or the only one there is."""
        if name is not None:
            return name
        with self._parts.control.reading() as connection:
            names = populations.population_names(connection)
        if len(names) == 1:
            return names[0]
        raise Refused(
            "unknown_population",
            "Say which population.",
            clause="population",
            suggestion=f"There are: {', '.join(names) or 'none yet'}.",
        )

    def _acting(self, person: str | None) -> AbstractContextManager[Act]:
        actor = OPERATOR if person is None else person
        return acting(self._parts.control, actor, self._parts.clock())


def found(home: Path, terms: Terms, control: str | None = None) -> Parts:
    """Make a home, on terms, with its first administrator."""
    parts = make_home(home, terms, server=control)
    with acting(parts.control, OPERATOR, parts.clock()) as act:
        people.found_environment(act)
    return parts


def _known_layer(name: str) -> None:
    if name not in LAYERS:
        raise Refused(
            "unknown_layer",
            "There is no such layer of confinement.",
            clause=str(name)[:80],
            suggestion=f"Layers are {', '.join(LAYERS)}.",
        )


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        known = ", ".join(role.value for role in Role)
    raise Refused(
        "invalid_person",
        "There is no such role.",
        clause=str(name)[:80],
        suggestion=f"Roles are {known}.",
    )


def _budget(epsilon: float, delta: float) -> Budget:
    try:
        return Budget.zcdp(Decimal(str(epsilon)), Decimal(str(delta)))
    except (ValueError, ArithmeticError):
        raise Refused(
            "invalid_budget",
            "A budget is an epsilon above 0 and a delta between 0 and 1.",
            clause="epsilon, delta",
            suggestion="For example epsilon 10 and delta 1e-6.",
        ) from None


def _left(connection: Connection, kind: Kind, name: str) -> Loss:
    try:
        return current_account(connection, kind, name).left
    except LookupError:
        raise Refused(
            "no_budget", f"There is no open budget of the {kind.value} {name[:80]}."
        ) from None


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
