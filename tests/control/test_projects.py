from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from connectors.errors import Invalid
from privacy.accounting import Measure
from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.world import (
    ADMINISTRATOR,
    COLLEAGUE,
    COMMITTEE,
    CRITERIA,
    KEY,
    NOW,
    RESEARCHER,
    STEWARD,
    World,
    application,
    publication,
    table,
)
from tre.audit.act import Act
from tre.audit.verify import verify
from tre.control.tables import audit_record
from tre.governance.admit import admit
from tre.governance.amendments import find_amendment
from tre.governance.application import read_application
from tre.governance.datasets import switch_versions, withdraw_dataset
from tre.governance.people import add_person, change_roles, disable_person
from tre.governance.project import Project, Standing, find_project, list_projects
from tre.governance.projects import (
    amend_project,
    approve_project,
    close_project,
    propose_project,
    resume_project,
    suspend_project,
    withdraw_amendment,
    withdraw_approval,
)
from tre.governance.roles import Role
from tre.ledger.account import Kind, State


def project(world: World, name: str = "pathways") -> Project:
    """The project as it stands."""
    with world.control.reading() as connection:
        return find_project(connection, name)


def refusal(world: World, actor: str, deed: Callable[[Act], object]) -> Refused:
    """The refusal of a deed."""
    with pytest.raises(Refused) as caught, world.act(actor) as act:
        deed(act)
    return caught.value


def granted(world: World, person: str = RESEARCHER) -> dict[str, set[str]]:
    """What an admitted person may use, by table."""
    with world.control.reading() as connection:
        admission = admit(connection, "pathways", person, NOW)
    return {
        name: set(table.granted) for name, table in admission.catalogue.tables.items()
    }


def not_admitted(
    world: World, person: str = RESEARCHER, now: datetime = NOW, name: str = "pathways"
) -> str:
    """The code with which somebody is not admitted."""
    with world.control.reading() as connection, pytest.raises(Refused) as caught:
        admit(connection, name, person, now)
    return caught.value.code


# ------------------------------------------------------------------- applications


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "Two Words"}, "name"),
        ({"title": ""}, "title"),
        ({"extra": 1}, "extra"),
        ({"criteria": CRITERIA | {"luck": "yes"}}, "criteria.luck"),
        ({"criteria": {"privacy": 3}}, "criteria.privacy"),
        ({"datasets": {}}, "datasets"),
        ({"datasets": {"people": [1]}}, "datasets.people[0]"),
        ({"researchers": []}, "researchers"),
        ({"budget": {"epsilon": 0, "delta": "1e-6"}}, "budget.epsilon"),
        ({"budget": {"epsilon": "NaN", "delta": "1e-6"}}, "budget.epsilon"),
        ({"budget": {"epsilon": "inf", "delta": "1e-6"}}, "budget.epsilon"),
        ({"budget": {"epsilon": "1e999999999", "delta": "1e-6"}}, "budget.epsilon"),
        ({"budget": {"epsilon": "1e390", "delta": "1e-6"}}, "budget"),
        ({"budget": {"epsilon": 1, "delta": "1e-999999999"}}, "budget.delta"),
        ({"budget": {"epsilon": 1, "delta": 1}}, "budget.delta"),
        ({"budget": {"epsilon": 1}}, "budget"),
        ({"budget": {"epsilon": "1e-12", "measure": "pure"}}, "budget"),
        ({"budget": {"epsilon": 1, "delta": "1e-18"}}, "budget"),
        ({"budget": {"epsilon": 1, "measure": "renyi"}}, "budget.measure"),
        ({"purposes": []}, "purposes"),
        ({"until": "someday"}, "until"),
    ],
)
def test_a_wrong_application_names_its_path(changes: dict[str, Any], path: str) -> None:
    """Every fault of form is named by its place, before anything is written."""
    with pytest.raises(Invalid) as caught:
        read_application(application(**changes))
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"population": "nowhere"}, "population"),
        ({"datasets": {"people": [], "secrets": []}}, "datasets.secrets"),
        ({"datasets": {"people": ["age", "name"]}}, "datasets.people[1]"),
        ({"researchers": [RESEARCHER, "nobody"]}, "researchers[1]"),
        ({"researchers": [RESEARCHER, RESEARCHER]}, "researchers[1]"),
        ({"researchers": [STEWARD]}, "researchers[0]"),
        ({"until": date(2026, 6, 30)}, "until"),
        ({"starts": date(2028, 6, 30)}, "starts"),
        ({"reasons": {"earnings": {"pay": "Why."}}}, "reasons.earnings"),
        ({"reasons": {"people": {"pay": "Why."}}}, "reasons.people.pay"),
    ],
)
def test_an_application_names_only_what_there_is(
    populated: World, changes: dict[str, Any], path: str
) -> None:
    """What it names and there is not is named by its place."""
    with pytest.raises(Invalid) as caught:
        worlds.propose(populated, **changes)
    assert caught.value.path == path


def test_an_application_is_read_from_its_file(tmp_path: Path) -> None:
    """A YAML file and a mapping of the same shape are the same application."""
    path = tmp_path / "pathways.yaml"
    path.write_text(yaml.safe_dump(application()))
    read = read_application(path)
    assert read == read_application(application()) == read_application(str(path))
    assert read_application(dict(read.facts())) == read
    assert read.budget.budget().measure is Measure.ZCDP


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"a: [", b"- a list", b"", b"until: 2027-02-30", b"[" * 2_000],
)
def test_a_file_that_is_no_application_is_invalid(
    tmp_path: Path, content: bytes
) -> None:
    """A file of another kind is an error that names it, not a crash."""
    path = tmp_path / "pathways.yaml"
    path.write_bytes(content)
    with pytest.raises(Invalid):
        read_application(path)
    path.write_bytes(b"a" * (2 << 20))
    with pytest.raises(Invalid, match="1 MiB"):
        read_application(path)
    path.unlink()
    with pytest.raises(Invalid, match="can be read"):
        read_application(path)


# ---------------------------------------------------------------------- approvals


def test_a_project_is_active_once_everybody_approved(populated: World) -> None:
    """The committee and every controller approve, in any order, and then it runs."""
    worlds.propose(populated)
    assert not_admitted(populated) == "project_not_active"
    with populated.act(COMMITTEE) as act:
        assert approve_project(act, "pathways").missing == {"Department of Examples"}
    assert not_admitted(populated) == "project_not_active"
    with populated.act(STEWARD) as act:
        assert approve_project(act, "pathways").standing is Standing.ACTIVE
    assert granted(populated) == {"people": {"age"}}
    held = populated.account(Kind.PROJECT, "pathways")
    assert (held.epsilon, held.until, held.state) == (
        "2",
        date(2027, 12, 31),
        State.OPEN,
    )


@pytest.mark.parametrize("blank", ["lay_summary", *CRITERIA])
def test_activation_is_refused_while_a_criterion_is_blank(
    populated: World, blank: str
) -> None:
    """The last approval is refused, names what is blank, and leaves nothing behind."""
    changes: dict[str, Any] = {"criteria": CRITERIA | {blank: "  "}}
    if blank == "lay_summary":
        changes = {"lay_summary": ""}
    worlds.propose(populated, **changes)
    with populated.act(STEWARD) as act:
        approve_project(act, "pathways")
    refused = refusal(
        populated, COMMITTEE, lambda act: approve_project(act, "pathways")
    )
    assert refused.code == "criterion_blank"
    assert blank in refused.clause
    assert blank in refused.message
    assert project(populated).missing == {""}
    with populated.act(RESEARCHER) as act:
        amended = amend_project(act, read_application(application()))
    assert not amended.approvals
    worlds.approve(populated)
    assert project(populated).standing is Standing.ACTIVE


def test_nobody_judges_their_own_project(populated: World) -> None:
    """Neither proposer nor researcher approves or resumes, whatever else they are."""
    with populated.act(ADMINISTRATOR) as act:
        change_roles(act, RESEARCHER, [Role.RESEARCHER, Role.COMMITTEE])
        change_roles(act, COLLEAGUE, [Role.RESEARCHER, Role.COMMITTEE])
    worlds.propose(populated, researchers=[COLLEAGUE])
    for person in (RESEARCHER, COLLEAGUE):
        refused = refusal(
            populated, person, lambda act: approve_project(act, "pathways")
        )
        assert refused.code == "separation_of_duties"
    worlds.approve(populated)
    with populated.act(COMMITTEE) as act:
        suspend_project(act, "pathways", "A question came up.")
    refused = refusal(populated, COLLEAGUE, lambda act: resume_project(act, "pathways"))
    assert refused.code == "separation_of_duties"


def test_nobody_approves_in_two_capacities(populated: World) -> None:
    """Who is both committee and steward says which, and is only one of them."""
    both = [Role.COMMITTEE, Role.STEWARD]
    with populated.act(ADMINISTRATOR) as act:
        add_person(act, "both", both, "Department of Examples")
        add_person(act, "outsider", [Role.STEWARD], "Outside")
    worlds.propose(populated)

    def approve(role: Role | None = None) -> Callable[[Act], object]:
        return lambda act: approve_project(act, "pathways", role)

    assert refusal(populated, "both", approve()).code == "capacity_unclear"
    assert refusal(populated, "outsider", approve()).code == "not_permitted"
    assert refusal(populated, "both", approve(Role.AUDITOR)).code == "not_permitted"
    with populated.act("both") as act:
        approve_project(act, "pathways", Role.STEWARD)
    assert refusal(populated, "both", approve()).code == "separation_of_duties"
    assert refusal(populated, STEWARD, approve()).code == "already_approved"
    with populated.act(COMMITTEE) as act:
        assert approve_project(act, "pathways").standing is Standing.ACTIVE


def test_every_controller_of_its_data_approves(populated: World) -> None:
    """A project of two controllers needs both, and has each one's tables by it."""
    with populated.act(ADMINISTRATOR) as act:
        add_person(act, "other", [Role.STEWARD], "Office of Others")
        tables = (table("earnings", "earnings", "pay"),)
        switch_versions(
            act,
            [publication("earnings", controller="Office of Others", tables=tables)],
        )
    worlds.propose(populated, datasets={"people": ["age"], "earnings": ["pay"]})
    worlds.approve(populated)
    assert project(populated).missing == {"Office of Others"}
    with populated.act("other") as act:
        approve_project(act, "pathways")
    assert granted(populated) == {"people": {"age"}, "earnings": {"pay"}}
    with populated.act("other") as act:
        withdraw_approval(act, "pathways")
    assert granted(populated) == {"people": {"age"}, "earnings": set()}
    with populated.act("other") as act:
        approve_project(act, "pathways")
    assert granted(populated)["earnings"] == {"pay"}


def test_without_the_committees_approval_a_project_stops(world: World) -> None:
    """Taken back, it suspends the project; resuming needs it again."""
    with world.act(COMMITTEE) as act:
        assert withdraw_approval(act, "pathways").standing is Standing.SUSPENDED
    resume = lambda act: resume_project(act, "pathways")
    assert refusal(world, COMMITTEE, resume).code == "approval_missing"
    with world.act(COMMITTEE) as act:
        approve_project(act, "pathways")
        assert resume_project(act, "pathways").standing is Standing.ACTIVE
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "another", [Role.COMMITTEE])
    with world.act("another") as act:
        assert withdraw_approval(act, "pathways").standing is Standing.SUSPENDED


def test_an_approval_is_taken_back_by_who_speaks_for_its_controller_now(
    world: World,
) -> None:
    """A successor takes back what a steward who left had approved; nobody else does."""
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "successor", [Role.STEWARD], "Department of Examples")
        add_person(act, "outsider", [Role.STEWARD], "Outside")
        disable_person(act, STEWARD)
    withdraw = lambda act: withdraw_approval(act, "pathways")
    assert refusal(world, "outsider", withdraw).code == "not_permitted"
    with world.act("successor") as act:
        withdraw_approval(act, "pathways")
    assert granted(world) == {"people": set()}
    assert refusal(world, "successor", withdraw).code == "not_permitted"


def test_only_its_proposer_amends_a_proposal(populated: World) -> None:
    """A proposal changes by its proposer's hand, and within its population."""
    worlds.propose(populated)
    changed = read_application(application(title="Changed"))
    amend = lambda act: amend_project(act, changed)
    assert refusal(populated, COLLEAGUE, amend).code == "not_permitted"
    moved = read_application(application(population="elsewhere"))
    with pytest.raises(Invalid), populated.act(RESEARCHER) as act:
        amend_project(act, moved)
    with populated.act(RESEARCHER) as act:
        assert amend_project(act, changed).application["title"] == "Changed"
    with populated.act(RESEARCHER) as act:
        close_project(act, "pathways", "Not to be.")
    assert refusal(populated, RESEARCHER, amend).code == "wrong_state"


# ------------------------------------------------------------------ states, closing


def test_a_suspended_project_asks_nothing(world: World) -> None:
    """The next question is refused, by admission and by the ledger itself."""
    suspend = lambda act: suspend_project(act, "pathways", " ")
    assert refusal(world, STEWARD, suspend).code == "reason_missing"
    with world.act(STEWARD) as act:
        suspend_project(act, "pathways", "We were not told.")
    assert not_admitted(world) == "project_not_active"
    with pytest.raises(Refused) as caught:
        world.reserve(1)
    assert caught.value.code == "project_not_active"
    with world.act(COMMITTEE) as act:
        resume_project(act, "pathways")
    world.reserve(1)
    assert granted(world)


def test_stewards_suspend_what_uses_their_data(world: World) -> None:
    """A steward whose data a project does not use cannot stop it."""
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "outsider", [Role.STEWARD], "Outside")
    suspend = lambda act: suspend_project(act, "pathways", "Why not.")
    assert refusal(world, "outsider", suspend).code == "not_permitted"


def test_a_project_closes_with_its_outcome(world: World) -> None:
    """Closing needs to say what came of it, and is for good."""
    for outcome in ("", "  "):
        unsaid = partial(close_project, name="pathways", outcome=outcome)
        assert refusal(world, RESEARCHER, unsaid).code == "outcome_missing"
    close = lambda act: close_project(act, "pathways", "It does.")
    assert refusal(world, COLLEAGUE, close).code == "not_permitted"
    with world.act(RESEARCHER) as act:
        assert close_project(act, "pathways", " It does. ").outcome == "It does."
    assert refusal(world, RESEARCHER, close).code == "wrong_state"
    assert not_admitted(world) == "project_not_active"
    with pytest.raises(Refused):
        world.reserve(1)
    approve = lambda act: approve_project(act, "pathways")
    assert refusal(world, COMMITTEE, approve).code == "wrong_state"
    again = lambda act: propose_project(act, read_application(application()))
    assert refusal(world, RESEARCHER, again).code == "project_exists"


# ---------------------------------------------------------------------- admission


def test_only_its_researchers_ask(world: World) -> None:
    """Neither strangers, nor colleagues, nor those who approved are admitted."""
    for person in (COLLEAGUE, STEWARD, COMMITTEE, ADMINISTRATOR, "nobody", "\ud800"):
        assert not_admitted(world, person) == "not_permitted"
    for name in ("nothing", "\ud800", "x" * 10_000):
        assert not_admitted(world, name=name) == "unknown_project"


def test_admission_ends_with_the_project(world: World) -> None:
    """The last day counts; the day after does not."""
    last = datetime(2027, 12, 31, 23, 59, tzinfo=UTC)
    with world.control.reading() as connection:
        assert admit(connection, "pathways", RESEARCHER, last).person == RESEARCHER
    assert (
        not_admitted(world, now=datetime(2028, 1, 1, tzinfo=UTC)) == "project_expired"
    )


def test_admission_ends_with_the_person(world: World) -> None:
    """Who is no researcher any more, or disabled, is refused the next question."""
    with world.act(ADMINISTRATOR) as act:
        change_roles(act, RESEARCHER, [Role.AUDITOR])
    assert not_admitted(world) == "not_permitted"
    with world.act(ADMINISTRATOR) as act:
        change_roles(act, RESEARCHER, [Role.RESEARCHER])
        disable_person(act, RESEARCHER)
    assert not_admitted(world) == "not_permitted"


def test_columns_added_later_are_not_granted(world: World) -> None:
    """A new version's new columns exist, and need asking for."""
    tables = (table("people", "people", "age", "pay", "health"),)
    with world.act(STEWARD) as act:
        switch_versions(act, [publication(number=2, tables=tables)])
    assert granted(world) == {"people": {"age"}}


def test_only_granted_tables_have_a_version_to_read(world: World) -> None:
    """A question may name no column: a table nobody granted is not read for it."""
    with world.act(ADMINISTRATOR) as act:
        switch_versions(act, [publication("secrets", controller="Office of Others")])
    with world.control.reading() as connection:
        admission = admit(connection, "pathways", RESEARCHER, NOW)
    assert admission.version("people").id == "people/1"
    with pytest.raises(Refused) as caught:
        admission.version("secrets")
    assert caught.value.code == "not_granted"


def test_a_table_without_its_controllers_approval_is_not_read(world: World) -> None:
    """Approval taken back takes the table back, whatever is asked of it."""
    with world.act(STEWARD) as act:
        withdraw_approval(act, "pathways")
    with world.control.reading() as connection:
        admission = admit(connection, "pathways", RESEARCHER, NOW)
    with pytest.raises(Refused) as caught:
        admission.version("people")
    assert caught.value.code == "not_granted"


def test_leave_for_one_datasets_table_is_none_for_anothers(world: World) -> None:
    """A table of the same name, of a dataset nobody approved, is not granted."""
    with world.act(ADMINISTRATOR) as act:
        withdraw_dataset(act, "people")
        tables = (table("people", "census", "age"),)
        switch_versions(
            act, [publication("census", controller="Office of Others", tables=tables)]
        )
    assert granted(world) == {"people": set()}


def test_projects_are_listed_by_name(world: World) -> None:
    """Every project there has been is listed."""
    worlds.propose(world, name="another")
    with world.control.reading() as connection:
        names = [one.name for one in list_projects(connection)]
    assert names == ["another", "pathways"]


# ------------------------------------------------------------------ state machine

PEOPLE = (RESEARCHER, COLLEAGUE, STEWARD, COMMITTEE, ADMINISTRATOR, "second")


class Projects(RuleBasedStateMachine):
    """Anybody tries anything; the project's life stays what the rules say."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.world = worlds.populated(Path(self.folder.name) / "control.db")
        with self.world.act(ADMINISTRATOR) as act:
            add_person(act, "second", [Role.COMMITTEE, Role.RESEARCHER])
        worlds.propose(self.world)
        self.standing = Standing.PROPOSED
        self.records = self.recorded()

    def recorded(self) -> int:
        """How many records the log has."""
        with self.world.control.reading() as connection:
            return len(connection.execute(select(audit_record.c.position)).all())

    def attempt(
        self, actor: str, deed: Callable[[Act], Project], allowed: set[Standing]
    ) -> None:
        """Try; what is not refused moved from an allowed state, and was recorded."""
        before = self.recorded()
        try:
            with self.world.act(actor) as act:
                self.standing = deed(act).standing
        except Refused:
            assert self.recorded() == before
        else:
            assert project(self.world).standing in allowed
            assert self.recorded() > before

    @rule(actor=st.sampled_from(PEOPLE))
    def approve(self, actor: str) -> None:
        """Somebody approves; the project is where it was, or active."""
        before = self.standing
        self.attempt(
            actor,
            lambda act: approve_project(act, "pathways"),
            {before, Standing.ACTIVE},
        )
        assert actor not in (RESEARCHER, COLLEAGUE, ADMINISTRATOR) or (
            self.standing is before
        )

    @rule(actor=st.sampled_from(PEOPLE))
    def withdraw(self, actor: str) -> None:
        """Somebody takes their approval back."""
        self.attempt(
            actor,
            lambda act: withdraw_approval(act, "pathways"),
            {self.standing, Standing.SUSPENDED},
        )

    @rule(actor=st.sampled_from(PEOPLE), title=st.sampled_from(["One", "Two"]))
    def amend(self, actor: str, title: str) -> None:
        """Somebody changes the proposal, or asks for a change: no state changes."""
        changed = read_application(
            application(title=title, purposes=["research", title])
        )
        before = project(self.world)
        try:
            self.attempt(
                actor, lambda act: amend_project(act, changed), {self.standing}
            )
        except Invalid:
            assert before.application["title"] == title
        if before.standing is not Standing.PROPOSED:
            assert project(self.world) == before

    @rule(actor=st.sampled_from(PEOPLE))
    def withdraw_change(self, actor: str) -> None:
        """Somebody asks for the change no longer; the terms in force stay."""
        before = project(self.world)
        self.attempt(
            actor, lambda act: withdraw_amendment(act, "pathways"), {self.standing}
        )
        assert project(self.world) == before

    @rule(actor=st.sampled_from(PEOPLE))
    def suspend(self, actor: str) -> None:
        """Somebody stops the project."""
        self.attempt(
            actor,
            lambda act: suspend_project(act, "pathways", "Why not."),
            {Standing.SUSPENDED},
        )

    @rule(actor=st.sampled_from(PEOPLE))
    def resume(self, actor: str) -> None:
        """Somebody lets it go on."""
        self.attempt(
            actor, lambda act: resume_project(act, "pathways"), {Standing.ACTIVE}
        )

    @rule(actor=st.sampled_from((STEWARD, RESEARCHER, COLLEAGUE)), said=st.booleans())
    def close(self, actor: str, said: bool) -> None:
        """Somebody ends it, with an outcome or without."""
        outcome = "It does." if said else " "
        self.attempt(
            actor,
            lambda act: close_project(act, "pathways", outcome),
            {Standing.CLOSED},
        )

    @rule()
    def ask(self) -> None:
        """Only an active project is charged."""
        try:
            self.world.reserve(1)
        except Refused:
            assert self.standing is not Standing.ACTIVE
        else:
            assert self.standing is Standing.ACTIVE

    @invariant()
    def an_active_project_is_approved_by_two_others(self) -> None:
        """No state is reached without the approvals it stands on."""
        held = project(self.world)
        assert held.standing is self.standing
        people = [given.person for given in held.approvals]
        assert len(people) == len(set(people))
        assert not set(people) & held.own
        with self.world.control.reading() as connection:
            asked = find_amendment(connection, held)
        if asked is not None:
            assert held.standing in {Standing.ACTIVE, Standing.SUSPENDED}
            assert asked.terms.missing
            assert not {each.person for each in asked.terms.approvals} & held.own
        if held.standing is Standing.ACTIVE:
            assert "" in held.approved_by
            assert self.world.account(Kind.PROJECT, "pathways").state is State.OPEN
            for table_ in held.tables.values():
                if table_.controller not in held.approved_by:
                    assert granted(self.world) == {"people": set()}
        if held.standing is Standing.CLOSED:
            assert held.outcome

    @invariant()
    def nothing_happened_unseen(self) -> None:
        """The log is sound after every step."""
        with self.world.control.reading() as connection:
            assert verify(connection, KEY.public_key()).sound

    def teardown(self) -> None:
        """Let go of the files."""
        self.world.control.close()
        self.folder.cleanup()


TestProjects = Projects.TestCase
TestProjects.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


# --------------------------------------------------------------------- who is told


DEEDS: dict[str, Callable[[Act], object]] = {
    "amend": lambda act: amend_project(act, read_application(application())),
    "approve": lambda act: approve_project(act, "pathways"),
    "approve as a steward": lambda act: approve_project(act, "pathways", Role.STEWARD),
    "withdraw": lambda act: withdraw_approval(act, "pathways"),
    "suspend": lambda act: suspend_project(act, "pathways", "Why."),
    "resume": lambda act: resume_project(act, "pathways"),
    "close": lambda act: close_project(act, "pathways", "Done."),
}
"""Everything that is done to a project, but proposing it."""

STRANGERS = {f"{role.value}@elsewhere.example": role for role in Role}


@pytest.fixture(scope="module")
def standings(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[Standing, World]]:
    """The project in each of its states, and people who have no part in it."""
    made = {}
    for standing in Standing:
        path = tmp_path_factory.mktemp("standing") / "control.db"
        world = worlds.populated(path)
        worlds.propose(world)
        if standing is not Standing.PROPOSED:
            worlds.approve(world)
        if standing in {Standing.SUSPENDED, Standing.CLOSED}:
            last = "suspend" if standing is Standing.SUSPENDED else "close"
            with world.act(COMMITTEE) as act:
                DEEDS[last](act)
        for stranger, role in STRANGERS.items():
            controller = "Elsewhere" if role is Role.STEWARD else None
            with world.act(ADMINISTRATOR) as act:
                add_person(act, stranger, [role], controller)
        assert project(world).standing is standing
        made[standing] = world
    yield made
    for world in made.values():
        world.control.close()


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("deed", DEEDS)
def test_a_state_is_told_to_nobody_who_may_not_change_it(
    standings: dict[Standing, World], stranger: str, deed: str
) -> None:
    """Whoever may do a thing in no state is refused in the same words in each."""
    said = set()
    for world in standings.values():
        try:
            with world.act(stranger) as act:
                undone(act, deed)
        except Refused as refused:
            said.add((refused.code, refused.message, refused.suggestion))
        except Undone:
            return  # theirs to do
    words = {code for code, _, _ in said}
    if "not_permitted" in words:
        assert len(said) == 1
    else:
        assert STRANGERS[stranger] in {Role.COMMITTEE, Role.ADMINISTRATOR}


class Undone(Exception):
    """A deed that was allowed, and is taken back."""


def undone(act: Act, deed: str) -> None:
    """Do a thing, and take it back."""
    DEEDS[deed](act)
    raise Undone
