"""Completion in `%%tre` cells, as IPython's completer asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from privacy.errors import Refused
from tre.magic.desk import Desk
from tre.magic.vocabulary import completions

CELL = "%%tre"


class HasDesk(Protocol):
    """Whoever knows whom the notebook asks."""

    desk: Desk | None


def completer(
    magics: HasDesk,
) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """A matcher for the cells of `magics`; elsewhere it offers nothing."""

    @context_matcher(identifier="tre.magic")
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        offered = _offered(magics.desk, context)
        found = [SimpleCompletion(text=each, type="tre") for each in offered]
        return {"completions": found, "suppress": bool(found)}

    return matcher  # type: ignore[no-any-return]  # IPython's decorator has no types


def _offered(desk: Desk | None, context: CompletionContext) -> tuple[str, ...]:
    if desk is None or not context.full_text.startswith(CELL):
        return ()
    if context.cursor_line == 0:
        return ()
    lines = context.full_text.split("\n")
    before = "\n".join([*lines[1 : context.cursor_line], context.text_until_cursor])
    try:
        facts = desk.datasets()
    except (Refused, ConnectionError):
        return ()
    return completions(facts, "\n".join(lines[1:]), before)
