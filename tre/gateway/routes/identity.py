"""Signing in and out, and one's own tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from tre.environment import Environment
from tre.gateway.asking import (
    SESSION_COOKIE,
    Address,
    Holder,
    InPerson,
    SessionCookie,
    TheCaller,
    TheEnvironment,
    ThePlace,
)
from tre.gateway.bodies import Acceptance, Back, SignIn, TokenWish, Welcome
from tre.gateway.openapi import PROBLEMS
from tre.gateway.wire import plain
from tre.governance.scopes import read_scopes
from tre.identity.accounts import Credentials
from tre.identity.desk import Means
from tre.identity.flow import Arrival
from tre.identity.sessions import Session, page_token

router: Final = APIRouter(prefix="/v1", tags=["identity"], responses=PROBLEMS)

_UNDER_WAY: Final = "__Host-tre-sign-in"


@router.post("/enrolment", summary="What an invitation is for")
def enrolment(
    welcome: Welcome, environment: TheEnvironment, address: Address
) -> dict[str, str]:
    """Whom an administrator invited, and what to put into an authenticator app."""
    found = environment.identity.enrolment(welcome.invitation, address=address)
    return {"person": found.person, "authenticator": found.uri}


@router.post("/enrolment/accept", summary="Choose a password", status_code=204)
def accept(said: Acceptance, environment: TheEnvironment, address: Address) -> Response:
    """Use an invitation, with a password and a code from the authenticator."""
    environment.identity.enrol(
        said.invitation, said.password, said.code, address=address
    )
    return Response(status_code=204)


@router.post("/session", summary="Sign in", status_code=201)
def sign_in(
    said: SignIn,
    response: Response,
    *,
    environment: TheEnvironment,
    address: Address,
    before: SessionCookie,
) -> dict[str, str]:
    """Open a session with a password and a code: a cookie, and the pages' token.

    The browser's session before, whosever it was, ends.
    """
    credentials = Credentials(said.person, said.password, said.code)
    session = environment.identity.sign_in(credentials, address=address)
    replace_session(environment, response, before, session)
    return {"person": session.person, "csrf": session.page_token}


@router.post("/session/end", summary="Sign out", status_code=204)
def sign_out(
    environment: TheEnvironment, _caller: TheCaller, session: SessionCookie
) -> Response:
    """End the session of the cookie."""
    if session is not None:
        environment.identity.sign_out(session)
    response = Response(status_code=204)
    end_session(response)
    return response


@router.get("/sign-in", summary="Sign in by the provider", status_code=303)
def depart(
    request: Request, environment: TheEnvironment, place: ThePlace, address: Address
) -> Response:
    """Send the browser to the provider, with PKCE; it comes back to `/back`."""
    departure = environment.identity.depart(_back(request, place), address=address)
    response = Response(status_code=303, headers={"Location": departure.address})
    _set_cookie(response, _UNDER_WAY, departure.memory)
    return response


@router.get("/sign-in/back", summary="Back from the provider", status_code=201)
def arrive(  # noqa: PLR0913 - one argument for each thing HTTP may say
    request: Request,
    response: Response,
    *,
    environment: TheEnvironment,
    place: ThePlace,
    address: Address,
    before: SessionCookie,
    back: Annotated[Back, Query()],
) -> dict[str, str]:
    """Open a session for whom the provider vouches for; one before it ends."""
    arrival = Arrival(
        back.code, back.state, request.cookies.get(_UNDER_WAY, ""), back.iss
    )
    session = environment.identity.arrive(
        arrival, _back(request, place), address=address
    )
    replace_session(environment, response, before, session)
    _end_cookie(response, _UNDER_WAY)
    return {"person": session.person, "csrf": session.page_token}


@router.get("/me", summary="Who is speaking")
def me(caller: TheCaller, session: SessionCookie) -> dict[str, Any]:
    """The person, what for, and in a session the token that changes need."""
    facts = {"person": caller.person, "scopes": caller.scopes, "means": caller.means}
    if caller.means is Means.SESSION and session is not None:
        facts["csrf"] = page_token(session)
    document: dict[str, Any] = plain(facts)
    return document


@router.get("/tokens", summary="Your tokens")
def tokens(environment: TheEnvironment, person: Holder) -> list[dict[str, Any]]:
    """All of them, newest first, without what is secret of them."""
    found: list[dict[str, Any]] = plain(environment.identity.tokens(person, by=person))
    return found


@router.post("/tokens", summary="Issue a token", status_code=201)
def issue(
    wish: TokenWish, environment: TheEnvironment, person: InPerson
) -> dict[str, Any]:
    """A token for oneself, in a session; it is shown this once."""
    issued = environment.identity.issue_token(
        person,
        by=person,
        life=timedelta(hours=wish.hours),
        scopes=read_scopes(wish.scopes),
    )
    document: dict[str, Any] = plain(issued)
    return document | {"token": issued.secret}


@router.delete("/tokens/{token}", summary="Revoke a token", status_code=204)
def revoke(token: str, environment: TheEnvironment, person: Holder) -> Response:
    """End one of your tokens now."""
    environment.identity.revoke_token(token, by=person)
    return Response(status_code=204)


def _back(request: Request, place: str) -> str:
    """Where the provider sends the browser: the operator's word, not the request's."""
    return place + str(request.app.url_path_for("arrive"))


def replace_session(
    environment: Environment, response: Response, before: str | None, session: Session
) -> None:
    """End the browser's session before, whosever it was, and put in a new one."""
    if before is not None:
        environment.identity.sign_out(before)
    set_session(response, session)


def set_session(response: Response, session: Session) -> None:
    """Put the session into the browser: for this site, over TLS, out of scripts' reach.

    The `__Host-` prefix makes the browser hold us to all of that.
    """
    _set_cookie(response, SESSION_COOKIE, session.secret)


def end_session(response: Response) -> None:
    """Take the session out of the browser."""
    _end_cookie(response, SESSION_COOKIE)


def _set_cookie(response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, path="/", secure=True, httponly=True, samesite="lax"
    )


def _end_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
