"""Libraries that only some sources need, and that not everybody installs."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from connectors.attempt import attempt


def extra(module: str, name: str, place: str) -> ModuleType:
    """The module; where it is not installed, `Invalid` naming the extra that has it."""
    message = f"needs what `pip install 'tre[{name}]'` adds"
    return attempt(lambda: import_module(module), place, {ImportError: message})
