"""Call a library whose errors quote what it read, and say only what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias, TypeVar

from connectors.errors import Invalid

T = TypeVar("T")
Rules: TypeAlias = Mapping[type[Exception], str]
"""What to say of each kind of error; the first that fits, in order."""


def attempt(action: Callable[[], T], place: str, rules: Rules) -> T:
    """What `action` returns; `Invalid` at `place` where it raises one of `rules`.

    The library's error is not even the new one's context: a traceback of `Invalid`
    shows nothing that was read. What is `Invalid` already is left as it is.
    """
    try:
        return action()
    except Invalid:
        raise
    except tuple(rules) as error:
        message = _rule(error, rules)
    raise Invalid(place, message)


def attempted(items: Iterator[T], place: str, rules: Rules) -> Iterator[T]:
    """The items, `Invalid` at `place` where getting one raises one of `rules`."""
    while found := attempt(lambda: list(islice(items, 1)), place, rules):
        yield from found


def _rule(error: Exception, rules: Rules) -> str:
    return next(message for kind, message in rules.items() if isinstance(error, kind))
