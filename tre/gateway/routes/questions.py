"""Questions: what they would cost, their answers, and what is left to spend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from tre.gateway.asking import Asker, Reader, TheEnvironment, TheLine, ThePending
from tre.gateway.bodies import BudgetDocument, Draft, Drafts, Question
from tre.gateway.formats import WRITERS, negotiate
from tre.gateway.openapi import PROBLEMS, RELEASE
from tre.gateway.pending import wait_preferred
from tre.gateway.wire import batch_document, loss_document, plain
from tre.release import Release

router: Final = APIRouter(tags=["questions"], responses=PROBLEMS)

IdempotencyKey = Annotated[
    str | None,
    Header(description="Makes a retry return the first outcome, uncharged."),
]
Prefer = Annotated[
    str | None,
    Header(description="`wait=5` answers 202 after 5 seconds, with a place to poll."),
]


def _format(request: Request) -> str:
    """The format agreed on, before anything is charged."""
    return negotiate(request.headers.get("accept"))


Format = Annotated[str, Depends(_format)]


@router.post("/v1/projects/{project}/explain", summary="Price a question")
async def explain(
    project: str,
    draft: Draft,
    *,
    environment: TheEnvironment,
    line: TheLine,
    person: Asker,
) -> dict[str, Any]:
    """The plan, price and expected error of a question. Reads no protected data."""

    def explained() -> dict[str, Any]:
        explanation = environment.explain(
            draft.sql, project=project, person=person, **draft.spending()
        )
        document: dict[str, Any] = plain(explanation)
        return document | {"words": list(explanation.words)}

    return await line.through(explained)


@router.post("/v1/projects/{project}/explanations", summary="Price a list of questions")
async def explain_batch(
    project: str,
    drafts: Drafts,
    *,
    environment: TheEnvironment,
    line: TheLine,
    person: Asker,
) -> dict[str, Any]:
    """How wrong each question will be at its part, and what half the error costs."""

    def explained() -> dict[str, Any]:
        batch = environment.explain_batch(
            drafts.questions,
            project=project,
            person=person,
            parts=drafts.parts,
            **drafts.spending(),
        )
        return batch_document(batch)

    return await line.through(explained)


@router.post(
    "/v1/projects/{project}/queries", summary="Ask a question", responses=RELEASE
)
async def ask(  # noqa: PLR0913 - one argument for each thing HTTP may say
    project: str,
    question: Question,
    *,
    environment: TheEnvironment,
    line: TheLine,
    pending: ThePending,
    person: Asker,
    media_type: Format,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Response:
    """Charge the project and release a table, or refuse and charge nothing."""

    def answer() -> Release:
        return environment.ask(
            question.sql,
            project=project,
            person=person,
            fresh=question.fresh,
            idempotency_key=idempotency_key,
            **question.spending(),
        )

    seconds = wait_preferred(prefer)
    if seconds is None:
        return await line.through(lambda: released(answer(), media_type))
    ticket = pending.start(answer, person=person, project=project)
    release = await pending.wait(ticket, seconds, person=person, project=project)
    return await _now_or_later(release, media_type, project=project, ticket=ticket)


@router.get(
    "/v1/projects/{project}/queries/{ticket}",
    summary="Poll a question under way",
    responses=RELEASE,
)
async def poll(
    project: str,
    ticket: str,
    *,
    environment: TheEnvironment,
    pending: ThePending,
    person: Asker,
    media_type: Format,
) -> Response:
    """The outcome of a question that answered 202, or 202 again."""
    release = await pending.wait(ticket, 0, person=person, project=project)
    if release is not None:  # leave to read it may have been taken back meanwhile
        await run_in_threadpool(environment.release, release.id, person=person)
    return await _now_or_later(release, media_type, project=project, ticket=ticket)


@router.get(
    "/v1/releases/{release}",
    summary="Read a release again",
    responses=RELEASE,
    tags=["releases"],
)
def read(
    release: str, environment: TheEnvironment, person: Reader, media_type: Format
) -> Response:
    """A release of one of your projects, at no cost."""
    return released(environment.release(release, person=person), media_type)


@router.get("/v1/projects/{project}/budget", summary="What is left to spend")
def budget(project: str, environment: TheEnvironment, person: Reader) -> BudgetDocument:
    """What the project has left, as ρ and as its conversion to (ε, δ)."""
    left = environment.remaining(project, person=person)
    return BudgetDocument.model_validate(
        {"project": project, "left": loss_document(left)}
    )


def released(release: Release, media_type: str) -> Response:
    """A release in the format agreed on."""
    write: Callable[[Release], bytes] = WRITERS[media_type]
    return Response(
        write(release),
        media_type=media_type,
        headers={"Content-Location": f"/v1/releases/{release.id}", "Vary": "Accept"},
    )


async def _now_or_later(
    release: Release | None, media_type: str, *, project: str, ticket: str
) -> Response:
    if release is not None:
        return await run_in_threadpool(released, release, media_type)
    place = f"/v1/projects/{project}/queries/{ticket}"
    return Response(status_code=202, headers={"Location": place, "Retry-After": "1"})
