"""The airlock: what is carried out, and in, and the people who check it."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Response

from tre.gateway.asking import Carrier, Reader, TheEnvironment
from tre.gateway.carrying import ReasonBody, SubmissionBody, VerdictBody, beside
from tre.gateway.openapi import PROBLEMS
from tre.gateway.wire import plain, publication_document

router: Final = APIRouter(tags=["airlock"], responses=PROBLEMS)

BYTES: Final = "application/octet-stream"
ZIP: Final = "application/zip"


@router.get("/v1/submissions", summary="The submissions that you may see")
def submissions(environment: TheEnvironment, person: Reader) -> list[dict[str, Any]]:
    """All of them, oldest first; each has in `may` what you may do with it."""
    found: list[dict[str, Any]] = plain(environment.submissions(person=person))
    return found


@router.post(
    "/v1/projects/{project}/submissions", summary="Ask to carry", status_code=201
)
def submit(
    project: str,
    said: SubmissionBody,
    response: Response,
    environment: TheEnvironment,
    person: Carrier,
) -> dict[str, Any]:
    """Carry files out, or public tables in. Mistakes of form are refused by name."""
    with beside(said.contents()) as folder:
        made = environment.submit(
            said.form(), project=project, person=person, base=folder
        )
    response.headers["Location"] = f"/v1/submissions/{made['id']}"
    return _shown(environment, made["id"], person)


@router.get("/v1/submissions/{submission}", summary="One submission")
def submission(
    submission: str, environment: TheEnvironment, person: Reader
) -> dict[str, Any]:
    """Context, files, findings, history, the votes you may see, what you may do."""
    return _shown(environment, submission, person)


@router.post(
    "/v1/submissions/{submission}/revisions",
    summary="Submit again, changed",
    status_code=201,
)
def resubmit(
    submission: str, said: SubmissionBody, environment: TheEnvironment, person: Carrier
) -> dict[str, Any]:
    """Submit again what was returned for changes."""
    with beside(said.contents()) as folder:
        environment.resubmit(submission, said.form(), person=person, base=folder)
    return _shown(environment, submission, person)


@router.get("/v1/submissions/{submission}/files/{name}", summary="A file of it")
def file(
    submission: str, name: str, environment: TheEnvironment, person: Reader
) -> Response:
    """The file as it was handed in, for whoever may see the submission."""
    data = environment.submission_file(submission, name, person=person)
    return attached(data, name, BYTES)


@router.post("/v1/submissions/{submission}/votes", summary="Give a verdict")
def vote(
    submission: str, said: VerdictBody, environment: TheEnvironment, person: Carrier
) -> dict[str, Any]:
    """`approve`, `reject` or `changes`; it is sealed until it counts."""
    environment.vote(submission, said.verdict, reason=said.reason, person=person)
    return _shown(environment, submission, person)


@router.post("/v1/submissions/{submission}/return", summary="Return it early")
def return_early(
    submission: str, said: ReasonBody, environment: TheEnvironment, person: Carrier
) -> dict[str, Any]:
    """Return it for changes before the votes are in; they stay as drafts."""
    environment.return_submission(submission, reason=said.reason, person=person)
    return _shown(environment, submission, person)


@router.post("/v1/submissions/{submission}/withdraw", summary="Take it back")
def withdraw(
    submission: str, environment: TheEnvironment, person: Carrier
) -> dict[str, Any]:
    """Take your own submission back."""
    environment.withdraw_submission(submission, person=person)
    return _shown(environment, submission, person)


@router.get("/v1/submissions/{submission}/package", summary="What is carried out")
def package(submission: str, environment: TheEnvironment, person: Reader) -> Response:
    """An approved submission as a zipped RO-Crate that anybody can verify."""
    data = environment.carry_out(submission, person=person)
    return attached(data, f"{submission}.zip", ZIP)


@router.post("/v1/submissions/{submission}/take-in", summary="Publish tables")
def take_in(
    submission: str, environment: TheEnvironment, person: Carrier
) -> dict[str, Any]:
    """Publish approved public tables, as a steward of the project's data."""
    return publication_document(environment.carry_in(submission, person=person))


def attached(data: bytes, name: str, media_type: str) -> Response:
    """Bytes to be kept as a file: no browser shows them as a page of ours."""
    plain_name = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
    ascii_name = plain_name.encode("ascii", "replace").decode().replace("?", "_")
    disposition = f'attachment; filename="{ascii_name}"'
    headers = {"Content-Disposition": disposition}
    return Response(data, media_type=media_type, headers=headers)


def _shown(environment: TheEnvironment, id: str, person: str) -> dict[str, Any]:  # noqa: A002 (the contract's)
    found: dict[str, Any] = plain(environment.submission(id, person=person))
    return found
