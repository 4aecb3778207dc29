"""Errors as RFC 9457 problem details: each kind is turned into HTTP here, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from connectors.errors import Invalid
from privacy.errors import Failed, Refused

MEDIA_TYPE: Final = "application/problem+json"

LARGEST_BODY: Final = 1024 * 1024
"""Bytes a request's body may have; a question may have 64 KiB of SQL."""

LARGEST_CARRIED: Final = 16 * LARGEST_BODY
"""Bytes of one that carries files to the airlock."""

STATUS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "not_authenticated": 401,
        "no_inbox": 403,
        "forged_request": 403,
        "not_in_scope": 403,
        "not_accredited": 403,
        "not_trained": 403,
        "condition_unmet": 403,
        "not_permitted": 403,
        "project_not_active": 403,
        "project_expired": 403,
        "period_ended": 403,
        "separation_of_duties": 403,
        "unknown_project": 404,
        "unknown_dataset": 404,
        "unknown_population": 404,
        "unknown_person": 404,
        "unknown_release": 404,
        "unknown_question": 404,
        "unknown_token": 404,
        "unknown_submission": 404,
        "unknown_file": 404,
        "no_provider": 404,
        "not_in_log": 404,
        "not_there_yet": 404,
        "budget_exhausted": 409,
        "no_budget": 409,
        "data_changed": 409,
        "in_doubt": 409,
        "not_confined": 409,
        "dataset_withdrawn": 409,
        "question_in_progress": 409,
        "wrong_state": 409,
        "rate_limited": 429,
        "unavailable": 429,
    }
)
"""Statuses of refusals that are not simply 422: the question itself will not pass."""

_SOON: Final = frozenset(
    {"busy", "data_changed", "question_in_progress", "unavailable"}
)
"""Codes that the same request may not meet again a moment later."""

_OF_HTTP: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        400: ("invalid_request", "The request's body could not be read as JSON."),
        404: ("not_found", "There is nothing at this address."),
        405: ("method_not_allowed", "This address does not take that method."),
        413: (
            "too_large",
            f"A request may have {LARGEST_BODY:,} bytes, and {LARGEST_CARRIED:,}"
            " where files are carried.",
        ),
    }
)

_OF_FIELD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "this is required",
        "extra_forbidden": "there is no such field here",
        "json_invalid": "expected JSON",
        "bool_type": "expected true or false",
        "float_type": "expected a number",
        "string_type": "expected text",
        "string_too_short": "expected some text",
        "string_unicode": "expected well-formed Unicode",
        "model_attributes_type": "expected a JSON object",
        "int_type": "expected a whole number",
        "greater_than_equal": "this is too small",
        "less_than": "this is too large",
        "less_than_equal": "this is too large",
        "int_parsing": "expected a whole number",
        "list_type": "expected a list",
        "too_short": "expected at least one",
        "too_long": "there are too many",
        "dict_type": "expected a JSON object",
    }
)


class Problem(Exception):
    """An error of HTTP itself: a status, a stable code and a sentence."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: str | list[dict[str, str]],
) -> Response:
    """A problem details response; members that are empty are left out."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **{name: value for name, value in more.items() if value},
    }
    content = json.dumps(body, ensure_ascii=False)
    return Response(content, status, headers, media_type=MEDIA_TYPE)


def install_handlers(app: FastAPI) -> None:
    """Answer every error the routes may raise; what is not named here is a bug."""
    app.exception_handler(Refused)(_refused)
    app.exception_handler(Failed)(_failed)
    app.exception_handler(Invalid)(_invalid)
    app.exception_handler(Problem)(_problem)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(HTTPException)(_http)


def _refused(request: Request, error: Refused) -> Response:
    request.state.refusal = error.code
    return problem(
        STATUS.get(error.code, 422),
        error.code,
        error.message,
        headers=_headers(error.code),
        clause=error.clause,
        suggestion=error.suggestion,
        position=error.position,
    )


def _headers(code: str) -> dict[str, str]:
    if code == "not_authenticated":
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": "1"} if code in _SOON else {}


def _failed(_request: Request, error: Failed) -> Response:
    return problem(500, error.code, error.message)


def _invalid(_request: Request, error: Invalid) -> Response:
    return problem(422, "invalid", error.message, path=error.path)


def _problem(_request: Request, error: Problem) -> Response:
    headers = _headers(error.code)
    return problem(error.status, error.code, error.detail, headers=headers)


def _http(_request: Request, error: HTTPException) -> Response:
    unnamed = ("invalid_request", "This request cannot be answered.")
    code, detail = _OF_HTTP.get(error.status_code, unnamed)
    return problem(error.status_code, code, detail, headers=error.headers)


def _malformed(_request: Request, error: RequestValidationError) -> Response:
    """Name each field that is wrong and the rule, never the value or a library."""
    errors = [
        {
            "path": _path(each["loc"]),
            "message": _OF_FIELD.get(each["type"], "expected another kind of value"),
        }
        for each in error.errors()
    ]
    first = errors[0]
    return problem(
        400,
        "invalid_request",
        f"{first['path']}: {first['message']}.",
        errors=errors,
    )


def _path(location: tuple[int | str, ...]) -> str:
    """`("body", "sql")` as `body.sql`; positions in broken JSON are left out."""
    return ".".join(str(part) for part in location if not isinstance(part, int))
