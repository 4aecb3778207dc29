"""Every refusal is documented, and every documented refusal exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from privacy.errors import CODES

ROOT = Path(__file__).parents[2]
MODULES = [
    path for name in ("privacy", "tre") for path in sorted((ROOT / name).rglob("*.py"))
]


def raised(module: Path) -> Iterator[str]:
    """The codes a module refuses under, as they stand in its text."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Name(id="Refused" | "refuse"),
                args=[ast.Constant(value=str(code)), *_],
            ) if re.fullmatch(r"[a-z_]+", code):
                yield code


def test_every_code_is_documented() -> None:
    """Whatever a question or an action is refused with has its sentence."""
    codes = {code for module in MODULES for code in raised(module)}
    assert codes - set(CODES) == set()


def test_no_code_is_documented_in_vain() -> None:
    """Every documented code is one that some module uses."""
    users = [module for module in MODULES if module.name != "errors.py"]
    source = "\n".join(module.read_text(encoding="utf-8") for module in users)
    assert not [code for code in CODES if not re.search(f'"{code}"', source)]
