"""A question's one way: refused before any data is read, or charged and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from privacy.accounting import Measure
from privacy.arrange import arrange
from privacy.errors import Failed, Refused
from privacy.explain import Explanation, explain
from privacy.extent import groups
from privacy.levels import Part
from privacy.logistic import logistic
from privacy.margins import check
from privacy.model import Family, Model
from privacy.policy import Policy
from privacy.price import Price
from privacy.regress import explain_fit, regress
from privacy.relation import tables
from privacy.spending import Intent
from privacy.table import NoisedTable, ReleasedTable
from tre.affordable import beside_left
from tre.audit.act import log_size
from tre.control.database import Control
from tre.control.rates import Limits
from tre.earlier import Asking, Earlier, Warned
from tre.enclave.confinement import Unavailable
from tre.enclave.job import Attachment, Job
from tre.enclave.supervisor import Enclave, Seat
from tre.governance.admit import Admission, admit
from tre.governance.catalogue import Version
from tre.jobs import jobs, together
from tre.ledger.outcome import find_repeat, settled_outcome
from tre.ledger.question import Asked, Cost, Reserved, Settled
from tre.ledger.reserve import reserve
from tre.ledger.settle import record_refusal, record_repeat, settle_failed
from tre.pace import Pace
from tre.planning import Planned, payable, paying, plan_question, price_question
from tre.receipt import loss_of, receipt_body
from tre.release import Release, arrow_table, content_of, release_from
from tre.releases import load_release, publish
from tre.spend import Spend
from tre.trace import Step, step


@dataclass(frozen=True, slots=True)
class Gate:
    """All that answering a question needs, by name."""

    control: Control
    enclave: Enclave
    policy: Policy
    pace: Pace
    owner: str
    clock: Callable[[], datetime]
    attachment: Callable[[Version], Attachment] = field(repr=False)
    """A version's published file and its key, under the name its tables go by."""
    limits: Limits = field(default_factory=Limits)
    earlier: Earlier | None = None
    """What was asked before, for questions to be compared with; None where nobody is
    to be warned, as in a laboratory."""


def explain_question(gate: Gate, asked: Asked, spend: Spend) -> Explanation:
    """What a question would do and cost. Reads no protected data, spends nothing."""
    with step(Step.ADMIT):
        admission = admitted(gate, asked)
    with step(Step.PLAN):
        planned = plan_question(asked, admission, gate.policy)
    with step(Step.PRICE):
        repeats = _repeated(gate, planned)
        spend = _as_paid(gate, planned, spend, repeats)
        priced = price_question(planned, spend)
        paid = paying(planned, priced, spend)
        told = explain(priced) if planned.model is None else explain_fit(priced)
        told = beside_left(told, paid, repeats or "")
        return replace(told, history=tuple(w.words for w in _warned(gate, planned)))


def ask(gate: Gate, asked: Asked, spend: Spend) -> Release:
    """Answer one question, or give the release that already answers it.

    Raises Refused, at no cost, before any data is read; or Failed, charged.
    """
    try:
        with step(Step.ADMIT):
            admission = admitted(gate, asked)
        with step(Step.PLAN):
            known: str | Planned | None = _retried(gate, asked)
            known = known or plan_question(asked, admission, gate.policy)
        with step(Step.ANSWER):
            return _given(gate, asked, known, spend)
    except Refused as refusal:
        _note(gate, asked, refusal)
        raise


def _given(gate: Gate, asked: Asked, known: str | Planned, spend: Spend) -> Release:
    """An earlier release, by its id or as an exact repeat, or else an answer.

    One step, whichever it is: who traces steps does not learn of repeats.
    """
    if isinstance(known, str):
        return _again(gate, asked, known)
    repeated = _repeated(gate, known)
    if repeated is not None:
        return _again(gate, asked, repeated)
    priced = price_question(known, spend)
    try:
        return _answered(gate, known, priced)
    except Refused as refused:
        raise payable(refused, known, priced, spend) from None


def _note(gate: Gate, asked: Asked, refusal: Refused) -> None:
    """Write a refusal down. Refused with rate_limited where there are too many."""
    try:
        record_refusal(gate.control, asked, refusal, gate.clock(), gate.limits.refusals)
    except Refused as unwritten:
        if unwritten.code == "rate_limited":
            raise unwritten from None
        # What cannot be written down just now is refused all the same.


def admitted(gate: Gate, asked: Asked) -> Admission:
    """What the person may ask in the project now. Refused where they may not."""
    with gate.control.reading() as connection:
        return admit(connection, asked.project, asked.person, gate.clock())


def _retried(gate: Gate, asked: Asked) -> str | None:
    """The release this is a retry of, whatever became of the data meanwhile."""
    if asked.idempotency_key is None:
        return None
    with gate.control.reading() as connection:
        return settled_outcome(connection, asked)


def _repeated(gate: Gate, planned: Planned) -> str | None:
    """The release this is an exact repeat of."""
    if planned.asked.fresh:
        return None
    with gate.control.reading() as connection:
        return find_repeat(connection, planned.question)


def _as_paid(gate: Gate, planned: Planned, spend: Spend, repeats: str | None) -> Spend:
    """What is said; where a share repeats a release, as much as that one cost.

    What it is a share of has become less, and may be nothing.
    """
    if repeats is None or spend.spending.intent is not Intent.SHARE:
        return spend
    with gate.control.reading() as connection:
        loss = loss_of(load_release(connection, repeats).receipt)
    pure = planned.admission.account.measure is Measure.PURE
    return Spend(epsilon=loss.epsilon) if pure else Spend(rho=loss.rho)


def _answered(gate: Gate, planned: Planned, priced: Price) -> Release:
    """Charge and answer. Who waits for a process to be free waits uncharged."""
    asked_of = _jobs(gate, planned, priced)
    planned = replace(planned, warned=_warned(gate, planned))
    with _seat(gate) as seat:
        reserved = reserve(
            gate.control,
            planned.question,
            Cost.of(priced, planned.asked.draws),
            owner=gate.owner,
            now=gate.clock(),
            check=lambda connection: _check_admitted(gate, planned, connection),
        )
        noised = None
        if isinstance(reserved, Reserved):
            noised = _noised(gate, planned, asked_of, seat)
    if isinstance(reserved, Settled):
        return _again(gate, planned.asked, reserved.release)
    try:
        return _released(gate, planned, priced, reserved, noised)
    except Exception:  # noqa: BLE001 (whatever it is, it may depend on the data)
        with suppress(Exception):  # recovery settles what cannot be settled now
            settle_failed(gate.control, reserved, gate.clock())
        raise Failed from None


@contextmanager
def _seat(gate: Gate) -> Iterator[Seat]:
    """An enclave process, or a refusal: nothing is charged, and no data was read."""
    with ExitStack() as held:
        try:
            seat = held.enter_context(gate.enclave.seat())
        except Unavailable as unavailable:
            raise _unavailable(unavailable.missing) from None
        yield seat


def _unavailable(missing: frozenset[str]) -> Refused:
    if missing:
        return Refused(
            "not_confined",
            "This machine does not confine the process that reads data:"
            f" {', '.join(sorted(missing))} is missing.",
            suggestion="Its administrator can see why, and accept it, with"
            " `tre doctor`.",
        )
    return Refused(
        "unavailable",
        "No process is free to answer just now. Nothing was changed or charged.",
        suggestion="Ask again in a moment.",
    )


def _noised(
    gate: Gate, planned: Planned, asked_of: Mapping[Job, Part], seat: Seat
) -> NoisedTable | None:
    """The answer when its slot is over; None where the question has failed."""
    plans = [part.plan for part in asked_of.values()]
    slot = gate.pace.slot(plans, draws=planned.asked.draws)
    with suppress(Failed):
        answers = seat.answers(tuple(asked_of), slot=slot)
        return together(tuple(asked_of.values()), answers)
    return None


def _released(
    gate: Gate,
    planned: Planned,
    priced: Price,
    reserved: Reserved,
    noised: NoisedTable | None,
) -> Release:
    """What is made of noised figures: free, and no longer of the time it takes."""
    if noised is None:
        raise Failed
    shown = _shown(noised, planned, priced)
    table = arrow_table(shown, draws=planned.asked.draws)
    history = [each.facts() for each in planned.warned]
    stored = publish(
        gate.control,
        reserved,
        {**receipt_body(priced, table), "history": history},
        content_of(table),
        gate.clock(),
    )
    return release_from(stored, charged=True)


def _shown(noised: NoisedTable, planned: Planned, priced: Price) -> ReleasedTable:
    """What is shown of the noised figures: themselves, or the fit to them."""
    match planned.model:
        case None:
            return arrange(check(noised, priced))
        case Model(family=Family.LINEAR) as linear:
            return regress(noised, priced, linear)
        case fitted:
            return logistic(noised, priced, fitted)


def _check_admitted(gate: Gate, planned: Planned, connection: Connection) -> None:
    """Refuse where leave was taken back while the question was planned."""
    asked, clock = planned.asked, gate.clock()
    same_day = clock.astimezone(UTC).date() == planned.admission.day
    if same_day and log_size(connection) == planned.admission.log_size:
        return  # leave ends with a day, or by what is in the log
    now = admit(connection, asked.project, asked.person, clock)
    read = {table.name: table for table in tables(planned.plan.query.relation)}
    known = {name: now.catalogue.tables.get(name) for name in read}
    if now.policy != planned.admission.policy:
        raise Refused(
            "data_changed",
            "The disclosure policy changed while the question was read.",
            suggestion="Ask again.",
        )
    before = {name: planned.admission.versions[name].id for name in read}
    found = {name: now.versions[name].id for name in read if name in now.versions}
    if known != read or found != before:
        raise Refused(
            "data_changed",
            "What the project may ask changed while the question was read.",
            suggestion="Ask again.",
        )


def _jobs(gate: Gate, planned: Planned, priced: Price) -> Mapping[Job, Part]:
    attachments = {v.id: gate.attachment(v) for v in planned.versions}
    locations = {
        name: attachments[version.id].alias
        for name, version in planned.admission.versions.items()
        if version.id in attachments
    }
    return jobs(planned.asked, priced, tuple(attachments.values()), locations)


def _warned(gate: Gate, planned: Planned) -> tuple[Warned, ...]:
    """How the question goes together with earlier ones: from public facts alone."""
    if gate.earlier is None:
        return ()
    asked, population = planned.asked, planned.admission.population
    asking = Asking(asked.project, population, groups(planned.plan.query))
    with gate.control.reading() as connection:
        return gate.earlier.told_researchers(connection, asking)


def _again(gate: Gate, asked: Asked, release: str) -> Release:
    with gate.control.reading() as connection:
        stored = load_release(connection, release)
    record_repeat(gate.control, asked, release, gate.clock(), gate.limits.repeats)
    return release_from(stored, charged=False)
