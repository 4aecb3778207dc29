"""The latest questions of each project: what is held of the log, and what is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from privacy.masked import MASK
from tests.control.world import KEY
from tre.control.database import Control, open_control
from tre.control.tables import audit_record
from tre.earlier import MOST_COMPARED, Asking, Latest

ASKED = 3_000
PROJECTS = ("often", "seldom", "elsewhere")
MINE = Asking("seldom", "residents", ())


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """A log of questions, one in seven of them `seldom`'s, one of other people."""
    made = open_control(tmp_path_factory.mktemp("control") / "control.db", KEY)
    with made.writing() as connection:
        connection.execute(insert(audit_record), [_record(at) for at in range(ASKED)])
    yield made
    made.close()


def _record(at: int) -> dict[str, object]:
    project = PROJECTS[{0: 1, 1: 2}.get(at % 7, 0)]
    detail = {
        "project": project,
        "population": "others" if project == "elsewhere" else "residents",
        "shown": f"SELECT {MASK if at % 3 else at}",
    }
    return {
        "position": at,
        "at": "2026-01-01T00:00:00.000000Z",
        "actor": "somebody",
        "kind": "question.reserved",
        "subject": f"q{at}",
        "detail": json.dumps(detail),
    }


def _exactly(project: str | None, *, public: bool) -> list[str]:
    """The questions of a project, or of the others, with the whole log at hand."""
    held = [
        (each, json.loads(str(each["detail"]))) for each in map(_record, range(ASKED))
    ]
    return [
        str(each["subject"])
        for each, detail in held
        if detail["population"] == "residents"
        and (project is None or (detail["project"] == project))
        and not (public and MASK in detail["shown"])
    ]


def test_what_is_compared_is_the_latest_there_is(control: Control) -> None:
    """Of one's own, of others' that hide nothing, and of all for those who check."""
    latest = Latest()
    with control.reading() as connection:
        own = latest.own(connection, MINE)
        others = latest.others(connection, MINE)
        every = latest.everybodys(connection, MINE)
    assert [e.id for e in own] == _exactly("seldom", public=False)[-MOST_COMPARED:]
    assert [e.id for e in others] == _exactly("often", public=True)[-MOST_COMPARED:]
    assert [e.id for e in every] == _exactly(None, public=False)[-2 * MOST_COMPARED :]
    assert not any(MASK in each.shown for each in others)


def test_a_question_is_not_compared_with_itself(control: Control) -> None:
    """It is in the log by then, where it is told on its receipt."""
    (last,) = _exactly("seldom", public=False)[-1:]
    asking = Asking("seldom", "residents", (), last)
    with control.reading() as connection:
        assert last not in {each.id for each in Latest().own(connection, asking)}


def test_what_is_held_is_bounded_by_projects_and_not_by_questions(
    control: Control,
) -> None:
    """Of each at most three times as many as are compared, however much is asked."""
    latest = Latest()
    with control.reading() as connection:
        latest.own(connection, MINE)
        held = {
            each.id
            for kept in latest._kept.values()
            for each in (*kept.every, *kept.public)
        }
    assert len(latest._kept) == len(PROJECTS)
    assert len(held) <= len(PROJECTS) * 3 * MOST_COMPARED < ASKED
