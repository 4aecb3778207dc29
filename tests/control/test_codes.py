from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import tre.governance
from privacy.errors import CODES
from tre.ledger.shortfall import _ENDED, _FROZEN

ROOT = Path(tre.governance.__file__).parents[1]


def codes() -> Iterator[str]:
    """Every code that the control plane refuses with, as written in its source."""
    for part in ("control", "audit", "ledger", "governance"):
        for path in (ROOT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _refuses(node.func):
                    yield from _named(node.args[:2])


def _refuses(called: ast.expr) -> bool:
    return isinstance(called, ast.Name) and called.id in ("Refused", "_said")


def _named(arguments: list[ast.expr]) -> Iterator[str]:
    for argument in arguments:
        value = argument.value if isinstance(argument, ast.Constant) else None
        if isinstance(value, str) and re.fullmatch("[a-z_]+", value):
            yield value


def test_every_refusal_of_the_control_plane_is_explained() -> None:
    """A code that somebody can meet is in the list the manual is made from."""
    met = set(codes()) | {code for code, _ in [*_ENDED.values(), *_FROZEN.values()]}
    assert len(met) > 20
    assert met <= set(CODES)
