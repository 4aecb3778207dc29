"""Read the profiles that are shipped."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import yaml
from pydantic import ValidationError

from connectors.errors import Invalid
from tre.profiles.profile import Profile

_SHIPPED = files("tre.profiles")


def shipped() -> tuple[str, ...]:
    """The names of the profiles shipped, sorted."""
    found = (each.name for each in _SHIPPED.iterdir())
    return tuple(sorted(n.removesuffix(".yaml") for n in found if n.endswith(".yaml")))


@lru_cache
def load_profile(name: str) -> Profile:
    """The shipped profile of this name; Invalid where there is none."""
    if name not in shipped():
        raise Invalid("profile", f"expected one of {', '.join(shipped())}")
    return read_profile((_SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))


def read_profile(text: str) -> Profile:
    """A profile as YAML; Invalid names the place and what was expected there."""
    try:
        return Profile.model_validate(yaml.safe_load(text))
    except yaml.YAMLError:
        raise Invalid("profile", "expected YAML") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(each) for each in first["loc"]) or "profile"
        raise Invalid(place, first["msg"]) from None
