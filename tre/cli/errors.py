"""What is said, and with which exit status, when a command does not do its work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import typer

from privacy.errors import Failed, Refused

DONE: Final = 0
FAILED: Final = 1
REFUSED: Final = 3


def status_of(error: Exception) -> int:
    """3 for what was refused, 1 for everything else."""
    return REFUSED if isinstance(error, Refused) else FAILED


def complain(error: Exception, *, as_json: bool) -> None:
    """Say on stderr what is wrong, where, and what would pass."""
    facts = error_facts(error)
    typer.echo(json.dumps(facts) if as_json else in_words(facts), err=True)


def error_facts(error: Exception) -> dict[str, str]:
    """The error by its stable code, with the fields that it has."""
    match error:
        case Refused():
            facts = {
                "code": error.code,
                "message": error.message,
                "clause": error.clause,
                "position": error.position,
                "suggestion": error.suggestion,
            }
        case Failed():
            facts = {"code": error.code, "message": error.message}
        case OSError(strerror=str(reason)):
            facts = {"code": "failed", "path": _file(error), "message": reason}
        case _:
            facts = _other_facts(error)
    return {name: value for name, value in facts.items() if value}


def _other_facts(error: Exception) -> dict[str, str]:
    from connectors.errors import Invalid  # its package is slow to import

    if isinstance(error, Invalid):
        return {"code": "invalid", "path": error.path, "message": error.message}
    return {"code": "failed", "message": _unexpected(error)}


def in_words(facts: dict[str, str]) -> str:
    """The error as a person reads it, each part on a line of its own.

    >>> print(in_words({"code": "syntax", "message": "FORM is not SQL.",
    ...                 "clause": "FORM people", "suggestion": "FROM people"}))
    FORM is not SQL. [syntax]
      where: FORM people
      try:   FROM people
    """
    place = f"{facts['path']}: " if "path" in facts else ""
    lines = [f"{place}{facts['message']} [{facts['code']}]"]
    for label, name in (("where:", "clause"), ("try:  ", "suggestion")):
        if name in facts:
            place = f"{facts['position']}: " if _placed(name, facts) else ""
            lines.append(f"  {label} {place}" + _indented(facts[name]))
    return "\n".join(lines)


def _placed(name: str, facts: dict[str, str]) -> bool:
    return name == "clause" and "position" in facts


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n" + " " * 9)


def _file(error: OSError) -> str:
    name: Any = error.filename
    return name if isinstance(name, str) else ""


def _unexpected(error: Exception) -> str:
    """The kind of error and its place; its own text may quote a value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        place = f" at {file.parent.name}/{file.name}:{trace.tb_lineno}"
    return f"This is a fault of the program: {type(error).__name__}{place}."
