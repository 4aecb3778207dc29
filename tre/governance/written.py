"""What people write down for the environment to act on: YAML that fits a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from connectors.errors import Invalid

_LARGEST_FILE: Final = 1 << 20

Model = TypeVar("Model", bound=BaseModel)


def written(model: type[Model], source: Path | str | Mapping[str, Any]) -> Model:
    """What a YAML or JSON file, or a mapping of its shape, says, as a model has it.

    Invalid names the path of what is wrong, and what was expected, without the value.
    """
    facts = _load(Path(source)) if isinstance(source, Path | str) else source
    try:
        return model.model_validate(facts)
    except ValidationError as problems:
        first = problems.errors(include_url=False, include_input=False)[0]
        raise Invalid(_path(first["loc"]), expected(first["msg"])) from None


def expected(message: str) -> str:
    """What pydantic expected, in our words.

    >>> expected("Input should be 'table' or 'text'"), expected("Value error, no name")
    ("expected 'table' or 'text'", 'no name')
    >>> expected("Input should be greater than 0")
    'expected a number greater than 0'
    """
    plain = message.removeprefix("Value error, ")
    plain = plain.replace("Input should be greater", "expected a number greater", 1)
    plain = plain.replace("Input should be less", "expected a number less", 1)
    return plain.replace("Input should be", "expected", 1)


def _load(path: Path) -> object:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise Invalid(path.name, "expected a file of at most 1 MiB")
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise Invalid(path.name, "expected a file that can be read") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        # A day like 2027-02-30 is a ValueError of the date it cannot become.
        raise Invalid(
            path.name, "expected YAML or JSON in UTF-8, with days that there are"
        ) from None


def _path(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".")
