"""What the OpenAPI document says of answers that are not plain JSON models."""

from __future__ import annotations

from typing import Any, Final

from tre.gateway.bodies import ProblemDocument, ReleaseDocument
from tre.gateway.formats import ARROW, CSV, JSON, PARQUET
from tre.gateway.problems import MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}

PROBLEMS: Final[Responses] = {
    "default": {
        "description": "An error; `code` says which.",
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
        },
    }
}

RELEASE: Final[Responses] = {
    200: {
        "description": "The release, in the format that `Accept` asks for.",
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/ReleaseDocument"}},
            CSV: {"schema": {"type": "string"}},
            ARROW: _BINARY,
            PARQUET: _BINARY,
        },
    },
    202: {"description": "Not there yet: poll `Location`."},
}


def with_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """The generated document, with the models that are only named in it."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (ProblemDocument, ReleaseDocument):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    return document
