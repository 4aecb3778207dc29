"""The public register: JSON, pages and a feed. Nobody has to say who they are."""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from tre.gateway.asking import TheEnvironment
from tre.gateway.openapi import PROBLEMS
from tre.register.algorithm import algorithm
from tre.register.feed import MEDIA_TYPE as ATOM
from tre.register.register import written
from tre.register.used import Dealt

POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""A page here needs one style sheet; one of them has a form that leads to itself."""

Names = Annotated[list[str], Query(max_length=500)]
Year = Annotated[str, Query(pattern="^([0-9]{4})?$")]

router: Final = APIRouter(tags=["register"], responses=PROBLEMS)


def dealt(
    agency: Names = [],  # noqa: B006 (FastAPI copies it)
    dataset: Names = [],  # noqa: B006 (as above)
    column: Names = [],  # noqa: B006 (as above)
    since: Year = "",
    until: Year = "",
) -> Dealt:
    """What somebody says they have dealt with; a form sends empty years as nothing."""
    return Dealt(
        frozenset(agency),
        frozenset(dataset),
        frozenset(column),
        int(since) if since else None,
        int(until) if until else None,
    )


Said = Annotated[Dealt, Depends(dealt)]


@router.get("/v1/register", summary="The public register")
def register(environment: TheEnvironment) -> Response:
    """Who asked what of whose data, why, and under whose approval. Needs no token."""
    return Response(written(environment.register()), media_type="application/json")


@router.get("/v1/register/algorithm", summary="The gateway's transparency record")
def algorithm_record(environment: TheEnvironment) -> Response:
    """In the shape of the Algorithmic Transparency Recording Standard."""
    record = algorithm(environment.register())
    return Response(written(record), media_type="application/json")


@router.get("/v1/register/used", summary="Which projects used data like mine")
def used(environment: TheEnvironment, said: Said) -> list[Any]:
    """By agencies, datasets and columns that somebody has dealt with, and years.

    It is looked up in the register; nobody learns whether anybody is in the data.
    """
    return environment.used(said)


@router.get("/register", include_in_schema=False)
def index(environment: TheEnvironment) -> Response:
    """The register, for people."""
    from tre.register.pages import index_page

    return HTMLResponse(index_page(environment.register()), headers=POLICY)


@router.get("/register/feed.atom", include_in_schema=False)
def feed(environment: TheEnvironment) -> Response:
    """What happened last."""
    return Response(environment.feed(), media_type=ATOM)


@router.get("/register/style.css", include_in_schema=False)
def style() -> Response:
    """How the pages look: as the catalogue's, and forms."""
    folder = resources.files("tre.discovery").joinpath("templates", "style.css")
    more = resources.files("tre.register").joinpath("templates", "style.css")
    text = f"{folder.read_text(encoding='utf-8')}{more.read_text(encoding='utf-8')}"
    return Response(text, media_type="text/css")


@router.get("/register/used", include_in_schema=False)
def used_as_page(environment: TheEnvironment, said: Said) -> Response:
    """Which projects used data like mine, for people."""
    from tre.register.pages import used_page

    return HTMLResponse(used_page(environment.register(), said), headers=POLICY)


@router.get("/register/algorithm", include_in_schema=False)
def algorithm_as_page(environment: TheEnvironment) -> Response:
    """How answers are made, for people."""
    from tre.register.pages import algorithm_page

    return HTMLResponse(algorithm_page(environment.register()), headers=POLICY)


@router.get("/register/projects/{name}", include_in_schema=False)
def project_as_page(name: str, environment: TheEnvironment) -> Response:
    """One project, for people."""
    from tre.register.pages import project_page

    return HTMLResponse(project_page(environment.register(), name), headers=POLICY)
