"""What a token may be used for, whatever its holder may do."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from privacy.errors import Refused


class Scope(Enum):
    """One kind of use. A holder's roles and a token's scopes must both allow it."""

    READ = "read"  # the catalogue, releases, budgets
    ASK = "ask"  # prices and answers
    PUBLISH = "publish"  # datasets
    CARRY = "carry"  # submissions to the airlock, and verdicts on them
    ACCOUNT = "account"  # the holder's own tokens


EVERY_USE: Final = frozenset(Scope)
"""What somebody who signed in in person may do."""

USUAL: Final = EVERY_USE - {Scope.ACCOUNT}
"""What a token is for where nothing is said: it does not make further tokens."""


def read_scopes(names: Iterable[str]) -> frozenset[Scope]:
    """The scopes of these names. Refused with invalid_token for others, or none."""
    known = {scope.value: scope for scope in Scope}
    wanted = list(names)
    if not wanted or not known.keys() >= set(wanted):
        raise Refused(
            "invalid_token",
            "A token is for at least one of the uses there are.",
            clause=", ".join(wanted)[:80],
            suggestion=f"Uses are {', '.join(known)}.",
        )
    return frozenset(known[name] for name in wanted)


def scopes_text(scopes: Iterable[Scope]) -> str:
    """Scopes as OAuth writes them.

    >>> scopes_text({Scope.READ, Scope.ASK})
    'ask read'
    """
    return " ".join(sorted(scope.value for scope in scopes))
