"""Keeping an environment's keys: listed, rotated, put under another root, destroyed.

Every change is an administrator's, on record, and waits for no intake to be running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from connectors.errors import Invalid
from tre.audit.act import Act
from tre.governance.roles import Action, permitted
from tre.home import IDENTITY, SIGNING, Parts
from tre.intake import Zones
from tre.keystore import KeyUnavailable, zone_of
from tre.roots import Root


@dataclass(frozen=True, slots=True)
class Kept:
    """A key there is, by name, and the zone whose key it is wrapped under."""

    name: str
    zone: str


def kept_keys(parts: Parts) -> tuple[Kept, ...]:
    """Every key, by name. No secret is among what is said."""
    return tuple(Kept(name, zone_of(name)) for name in sorted(parts.keystore.names()))


def rotate_zone(parts: Parts, act: Act, zone: str) -> int:
    """Replace a zone's key; how many keys were wrapped again."""
    permitted(act, Action.KEEP_KEYS)
    with _locked(parts), _said(zone):
        rotated = parts.keystore.rotate_zone(zone)
    act.record("key.rotated", zone, {"keys": rotated})
    return rotated


def replace_root(
    parts: Parts, act: Act, kind: str, new: Callable[[], tuple[bytes, Root]]
) -> None:
    """Put all zones under another root. What is open now has to be opened again."""
    permitted(act, Action.KEEP_KEYS)
    with _locked(parts), _said("root"):
        parts.keystore.replace_root(new)
    act.record("key.root_replaced", kind, {})


def destroy_key(parts: Parts, act: Act, name: str) -> None:
    """Destroy a key for good.

    Invalid where there is none of that name, and of those without which the
    environment is nothing: nobody could open it, or sign in, ever again.
    """
    permitted(act, Action.KEEP_KEYS)
    with _locked(parts):
        if name not in parts.keystore.names():
            raise Invalid(name[:80], "there is no such key; `tre key list` has all")
        if name in {SIGNING, IDENTITY}:
            rule = "the environment needs it for as long as there is one"
            anew = f"`tre key rotate {zone_of(name)}` puts it under a new zone key"
            raise Invalid(name, f"{rule}; {anew}")
        parts.keystore.destroy(name)
    act.record("key.destroyed", name, {})


def _locked(parts: Parts) -> AbstractContextManager[None]:
    return Zones(parts.layout.root, parts.keystore).locked()


@contextmanager
def _said(place: str) -> Iterator[None]:
    """What is wrong with a key or a passphrase, as a place and a rule."""
    try:
        yield
    except KeyUnavailable as problem:
        raise Invalid(place, problem.message) from None
    except ValueError as problem:
        raise Invalid(place, str(problem)) from None
