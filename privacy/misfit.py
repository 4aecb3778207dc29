"""A combination of expressions that has no meaning, before it is quoted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NO_CLAMPS: Final[Mapping[int, tuple[str, str]]] = MappingProxyType({})


class Misfit(Exception):
    """Expressions that cannot be combined as asked.

    Raised where no text is at hand; the binder turns it into a refusal. In
    `message` and `template`, `{0}` stands for the text of the first argument and
    so on. `template` is SQL to write instead of the whole combination. `clamps`
    says which arguments to put in CLAMP, and the bounds to suggest.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        template: str = "",
        clamps: Mapping[int, tuple[str, str]] = NO_CLAMPS,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.template = template
        self.clamps = clamps
