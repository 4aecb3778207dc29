"""The airlock for people with a browser: forms that work without a script."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from importlib import resources
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.airlock.pages import (
    Problem,
    Reader,
    form_page,
    problem_page,
    queue_page,
    sign_in_page,
    submission_page,
)
from tre.gateway.asking import Address, SessionCookie, TheEnvironment, ThePlace
from tre.gateway.carrying import beside
from tre.gateway.page_forms import MOST_FILES, Fields, blank, filled_of, form_sent
from tre.gateway.problems import STATUS
from tre.gateway.routes.airlock import BYTES, ZIP, attached
from tre.gateway.routes.identity import end_session, replace_session
from tre.identity.accounts import Credentials
from tre.identity.sessions import check_page_token, page_token

POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # with less, browsers do not say our own origin
}
_QUEUE: Final = "/airlock"
_SIGN_IN: Final = "/airlock/sign-in"


class _Page(APIRoute):
    """A route whose refusals are pages, and that sends strangers to sign in."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await answer(request)
            except Refused as refusal:
                request.state.refusal = refusal.code
                if refusal.code == "not_authenticated":
                    return RedirectResponse(_SIGN_IN, 303)
                status = STATUS.get(refusal.code, 422)
                return _html(problem_page(None, _of_refusal(refusal)), status)
            except Invalid as wrong:
                problem = Problem(wrong.message, wrong.path)
                return _html(problem_page(None, problem), 422)
            except RequestValidationError:
                problem = Problem("This page is not reached in this way.")
                return _html(problem_page(None, problem), 400)

        return handler


router: Final = APIRouter(prefix="/airlock", route_class=_Page, include_in_schema=False)


def _reader(environment: TheEnvironment, session: SessionCookie) -> Reader:
    """Who signed in. Refused with not_authenticated where nobody did."""
    if session is None:
        raise Refused("not_authenticated", "Sign in first.")
    return Reader(environment.identity.session(session).person, page_token(session))


TheReader = Annotated[Reader, Depends(_reader)]


async def _fields(request: Request) -> Fields:
    return await form_sent(request)


Sent = Annotated[Fields, Depends(_fields)]


def _own(_reader: TheReader, session: SessionCookie, sent: Sent) -> Fields:
    """The fields of a form that comes from a page of this session."""
    check_page_token(session or "", sent.text("csrf"))
    return sent


Own = Annotated[Fields, Depends(_own)]


@router.get("/style.css")
def style() -> Response:
    """How the pages look: as the register's, and more forms."""
    places = ("tre.discovery", "tre.register", "tre.airlock")
    files = (resources.files(each) / "templates" / "style.css" for each in places)
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return Response(text, media_type="text/css")


@router.get("/sign-in")
def sign_in_form() -> Response:
    """Where people say who they are."""
    return _html(sign_in_page(None))


@router.post("/sign-in")
def sign_in(
    request: Request,
    sent: Sent,
    *,
    environment: TheEnvironment,
    place: ThePlace,
    address: Address,
    before: SessionCookie,
) -> Response:
    """Open a session; only a page of ours may ask for one."""
    _check_origin(request, place)
    person = sent.text("person")
    said = Credentials(person, sent.text("password"), sent.text("code"))
    try:
        session = environment.identity.sign_in(said, address=address)
    except Refused as refusal:
        request.state.refusal = refusal.code
        page = sign_in_page(_of_refusal(refusal), person=person)
        return _html(page, STATUS.get(refusal.code, 422))
    response = RedirectResponse(_QUEUE, 303)
    replace_session(environment, response, before, session)
    return response


@router.post("/sign-out")
def sign_out(
    _sent: Own, environment: TheEnvironment, session: SessionCookie
) -> Response:
    """End the session."""
    if session is not None:
        environment.identity.sign_out(session)
    response = RedirectResponse(_SIGN_IN, 303)
    end_session(response)
    return response


@router.get("")
def queue(environment: TheEnvironment, reader: TheReader) -> Response:
    """What one may see, what waits for oneself first."""
    found = environment.submissions(person=reader.person)
    carries = environment.may_carry(reader.person)
    return _html(queue_page(reader, found, researches=carries))


@router.get("/new")
def new(
    reader: TheReader, files: Annotated[int, Query(ge=1, le=MOST_FILES)] = 3
) -> Response:
    """The form to submit something."""
    return _html(form_page(reader, blank(files)))


@router.post("/new")
def submit(
    request: Request, sent: Own, environment: TheEnvironment, reader: TheReader
) -> Response:
    """Submit, or see what is wrong above what was filled in."""

    def made() -> str:
        with beside(sent.contents()) as folder:
            found = environment.submit(
                sent.form(),
                project=sent.text("project"),
                person=reader.person,
                base=folder,
            )
        return str(found["id"])

    return _made(request, made, lambda wrong: form_page(reader, sent.filled(), wrong))


@router.get("/{submission}")
def submission(
    submission: str, environment: TheEnvironment, reader: TheReader
) -> Response:
    """One submission."""
    found = environment.submission(submission, person=reader.person)
    return _html(submission_page(reader, found))


@router.get("/{submission}/revise")
def revise_form(
    submission: str, environment: TheEnvironment, reader: TheReader
) -> Response:
    """The form, filled in as it was."""
    found = environment.submission(submission, person=reader.person)
    return _html(form_page(reader, filled_of(found), of=submission))


@router.post("/{submission}/revise")
def revise(
    request: Request,
    submission: str,
    sent: Own,
    environment: TheEnvironment,
    reader: TheReader,
) -> Response:
    """Submit again what had to be changed."""

    def made() -> str:
        with beside(sent.contents()) as folder:
            environment.resubmit(
                submission, sent.form(), person=reader.person, base=folder
            )
        return submission

    def page(wrong: Problem) -> str:
        return form_page(reader, sent.filled(), wrong, of=submission)

    return _made(request, made, page)


@router.post("/{submission}/{move}")
def act(
    request: Request,
    submission: str,
    move: str,
    sent: Own,
    environment: TheEnvironment,
    reader: TheReader,
) -> Response:
    """Vote on it, return it, take it back, or publish its tables."""
    person, reason = reader.person, sent.text("reason")
    moves: dict[str, Callable[[], object]] = {
        "vote": lambda: environment.vote(
            submission, sent.text("verdict"), reason=reason, person=person
        ),
        "return": lambda: environment.return_submission(
            submission, reason=reason, person=person
        ),
        "withdraw": lambda: environment.withdraw_submission(submission, person=person),
        "take-in": lambda: environment.carry_in(submission, person=person),
    }
    if move not in moves:
        raise HTTPException(404)

    def made() -> str:
        moves[move]()
        return submission

    def page(wrong: Problem) -> str:
        found = environment.submission(submission, person=person)
        return submission_page(reader, found, wrong)

    return _made(request, made, page)


@router.get("/{submission}/files/{name}")
def file(
    submission: str, name: str, environment: TheEnvironment, reader: TheReader
) -> Response:
    """A file of it, to be kept and looked at."""
    data = environment.submission_file(submission, name, person=reader.person)
    return attached(data, name, BYTES)


@router.get("/{submission}/package")
def package(
    submission: str, environment: TheEnvironment, reader: TheReader
) -> Response:
    """What is carried out, once it is approved."""
    data = environment.carry_out(submission, person=reader.person)
    return attached(data, f"{submission}.zip", ZIP)


def _made(
    request: Request, deed: Callable[[], str], page: Callable[[Problem], str]
) -> Response:
    """On to the submission that a deed was about, or the page with what is wrong."""
    try:
        return RedirectResponse(f"{_QUEUE}/{deed()}", 303)
    except Refused as refusal:
        request.state.refusal = refusal.code
        status = STATUS.get(refusal.code, 422)
        return _html(page(_of_refusal(refusal)), status)
    except Invalid as wrong:
        return _html(page(Problem(wrong.message, wrong.path)), 422)


def _check_origin(request: Request, place: str) -> None:
    """Refused with forged_request where the form was another site's.

    Browsers name the page a form is sent from; there is no session yet to tell by.
    """
    if request.headers.get("origin") != place:
        raise Refused(
            "forged_request",
            "People sign in from our own page.",
            suggestion="Open /airlock/sign-in, and sign in there.",
        )


def _of_refusal(refusal: Refused) -> Problem:
    return Problem(refusal.message, refusal.clause, refusal.suggestion)


def _html(page: str, status: int = 200) -> Response:
    return HTMLResponse(page, status, headers=POLICY)
