"""Datasets: the public catalogue, and onboarding from the server's inbox."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Response

from tre.gateway.asking import Publisher, Reader, TheEnvironment, TheInbox
from tre.gateway.bodies import Manifest
from tre.gateway.inbox import inbox_of, opened_inbox
from tre.gateway.openapi import PROBLEMS
from tre.gateway.wire import plain, publication_document
from tre.manifest import load

router: Final = APIRouter(prefix="/v1/datasets", tags=["datasets"], responses=PROBLEMS)


@router.get("", summary="The catalogue")
def datasets(environment: TheEnvironment, _person: Reader) -> list[dict[str, Any]]:
    """Public facts of every dataset: its tables, their columns, bounds and keys."""
    catalogue: list[dict[str, Any]] = plain(environment.datasets())
    return catalogue


@router.get("/{name}", summary="One dataset")
def dataset(name: str, environment: TheEnvironment, _person: Reader) -> dict[str, Any]:
    """Public facts of one dataset."""
    facts: dict[str, Any] = plain(environment.dataset(name))
    return facts


@router.post("", summary="Onboard a dataset", status_code=201)
def onboard(
    manifest: Manifest,
    response: Response,
    environment: TheEnvironment,
    inbox: TheInbox,
    person: Publisher,
) -> dict[str, Any]:
    """Take the files a manifest names through intake to publication.

    Files are those in the controller's folder of the server's inbox; nothing is
    uploaded here, and only the controller's stewards may send a manifest. The answer
    has the version now in force and what was rejected, by column and reason.
    """
    described = manifest.model_dump()
    controller = load(described).package.tre.controller
    environment.check_steward(person, controller)
    folder = opened_inbox(inbox_of(inbox, controller), described)
    publication = environment.onboard(described, base=folder, person=person)
    response.headers["Location"] = f"/v1/datasets/{publication.dataset}"
    return publication_document(publication)
