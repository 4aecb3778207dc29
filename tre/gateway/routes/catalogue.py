"""The catalogue for everybody: pages, DCAT and Croissant. Public facts, no token."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, JSONResponse

from tre.gateway.asking import TheEnvironment, ThePlace
from tre.gateway.openapi import PROBLEMS
from tre.gateway.wire import plain

LINKED_DATA: Final = "application/ld+json"
POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""A page here needs one style sheet, and nothing else."""

router: Final = APIRouter(tags=["catalogue"], responses=PROBLEMS)


@router.get("/v1/catalogue", summary="The catalogue as DCAT")
def catalogue(environment: TheEnvironment, place: ThePlace) -> Response:
    """Public facts of every dataset, as DCAT in JSON-LD. Needs no token."""
    return _linked_data(environment.catalogue(place))


@router.get("/v1/catalogue/{name}", summary="One dataset as Croissant")
def dataset(name: str, environment: TheEnvironment, place: ThePlace) -> Response:
    """Public facts of one dataset, as Croissant in JSON-LD. Needs no token."""
    return _linked_data(environment.croissant(name, place))


@router.get("/catalogue", include_in_schema=False)
def catalogue_as_page(environment: TheEnvironment) -> Response:
    """Every dataset, for people."""
    from tre.discovery.pages import catalogue_page

    return HTMLResponse(catalogue_page(plain(environment.datasets())), headers=POLICY)


@router.get("/catalogue/style.css", include_in_schema=False)
def style() -> Response:
    """How the pages look."""
    file = resources.files("tre.discovery").joinpath("templates", "style.css")
    return Response(file.read_text(encoding="utf-8"), media_type="text/css")


@router.get("/catalogue/{name}", include_in_schema=False)
def codebook_as_page(name: str, environment: TheEnvironment) -> Response:
    """One dataset's codebook, for people."""
    from tre.discovery.pages import codebook_page

    return HTMLResponse(codebook_page(plain(environment.dataset(name))), headers=POLICY)


def _linked_data(document: dict[str, Any]) -> Response:
    return JSONResponse(plain(document), media_type=LINKED_DATA)
