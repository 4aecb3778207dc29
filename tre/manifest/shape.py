"""What every part of a manifest is made of: names, texts, and unknown keys refused."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _named(pattern: str, expected: str) -> AfterValidator:
    compiled = re.compile(pattern, re.ASCII)

    def check(name: str) -> str:
        if not compiled.fullmatch(name):
            raise ValueError(f"expected {expected}")
        return name

    return AfterValidator(check)


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("expected a number, not true or false")  # noqa: TRY004 - what pydantic reads
    return value


DatasetName: TypeAlias = Annotated[
    str,
    _named(
        r"[a-z0-9][a-z0-9._-]{0,62}",
        "lower-case letters, digits, '.', '_' and '-', at most 63",
    ),
]
TableName: TypeAlias = Annotated[
    str,
    _named(
        r"[A-Za-z][A-Za-z0-9_]{0,62}",
        "a letter, then letters, digits and '_', at most 63",
    ),
]
ColumnName: TypeAlias = Annotated[
    str,
    _named(
        r"[A-Za-z][A-Za-z0-9_ .()/%-]{0,62}",
        "a letter, then letters, digits, blanks and any of _ . ( ) / % -, at most 63",
    ),
]
CredentialName: TypeAlias = Annotated[
    str,
    _named(
        r"[a-z][a-z0-9_]{0,31}",
        "the name of credentials: lower-case letters, digits and '_', at most 32",
    ),
]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
Character: TypeAlias = Annotated[str, Field(min_length=1, max_length=1)]
Positive: TypeAlias = Annotated[float, BeforeValidator(_no_bool), Field(gt=0)]


class Model(BaseModel):
    """A part of a manifest: frozen, and without keys that are not known."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


def known_keys() -> frozenset[str]:
    """Every key that some part of a manifest has."""
    return frozenset(
        known.alias or name
        for model in Model.__subclasses__()
        for part in (model, *model.__subclasses__())
        for name, known in part.model_fields.items()
    )
