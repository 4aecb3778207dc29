"""Keys, what confines the processes that read data, and copies of it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from privacy.errors import Refused
from privacy.policy import Policy
from tre.backup import back_up
from tre.control import rates
from tre.control.database import LOST, unavailable
from tre.enclave.confinement import LAYERS, Unavailable
from tre.environment.acting import Acting, actor_of
from tre.governance.confinement import (
    Acceptance,
    accept_layer,
    accepted_layers,
    require_layer,
)
from tre.governance.policies import (
    Proposed,
    confirm_policy,
    current_policy,
    proposed_policy,
    read_policy,
    set_policy,
)
from tre.governance.roles import Action, allowed
from tre.keeping import Kept, destroy_key, kept_keys, replace_root, rotate_zone
from tre.roots import Root


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of confinement, and whether the operator does without it."""

    name: str
    takes_away: str
    granted: bool
    accepted: Acceptance | None

    @property
    def open(self) -> bool:
        """Whether it is missing and nobody has accepted that."""
        return not self.granted and self.accepted is None


class Safekeeping(Acting):
    """Keys, what confines the processes that read data, and copies of it all."""

    def check_ready(self) -> None:
        """Whether a question could be charged and run now.

        `Unavailable` without a process to run it; refused with `unavailable` without
        the ledger. It writes, since a full disk can still be read, as can one that
        turned read-only.
        """
        if not self._parts.gate.enclave.stands_ready():
            raise Unavailable
        try:
            with self._parts.control.writing() as connection:
                now = self._parts.clock()
                rates.try_once(connection, rates.PROBES, "0000", now)
        except LOST:
            raise unavailable() from None

    def await_enclave(self) -> None:
        """Wait until its processes stand ready, or have shown that they will not."""
        self._parts.gate.enclave.await_all()

    def keys(self) -> tuple[Kept, ...]:
        """The names of all keys, and their zones."""
        return kept_keys(self._parts)

    def rotate_keys(self, zone: str, *, person: str | None = None) -> int:
        """Wrap a zone's keys under a new zone key; how many there were."""
        with self._acting(person) as act:
            return rotate_zone(self._parts, act, zone)

    def replace_root(
        self,
        kind: str,
        new: Callable[[], tuple[bytes, Root]],
        *,
        person: str | None = None,
    ) -> None:
        """Put every zone's key under another root; open the environment anew then."""
        with self._acting(person) as act:
            replace_root(self._parts, act, kind, new)

    def destroy_key(self, name: str, *, person: str | None = None) -> None:
        """Destroy a key, and with it everything written under it, for good."""
        with self._acting(person) as act:
            destroy_key(self._parts, act, name)

    def policy(self) -> Policy:
        """The disclosure policy in force."""
        with self._parts.control.reading() as connection:
            return current_policy(connection) or self._parts.gate.policy

    def set_policy(
        self,
        policy: Path | str | Mapping[str, Any],
        *,
        reason: str,
        person: str | None = None,
    ) -> Policy:
        """Put a policy in force from its YAML, from the next question on.

        One that is weaker waits for `confirm_policy`. Comes back: what is in force.
        """
        read = read_policy(policy)
        with self._acting(person) as act:
            set_policy(act, read, reason)
        return self.policy()

    def confirm_policy(self, hash: str, *, person: str | None = None) -> Policy:  # noqa: A002 (what a policy calls it)
        """Put the policy that waits in force, as a second member of the committee."""
        with self._acting(person) as act:
            confirm_policy(act, hash)
        return self.policy()

    def proposed_policy(self) -> Proposed | None:
        """The policy that waits for a second member of the committee, if one does."""
        with self._parts.control.reading() as connection:
            return proposed_policy(connection)

    def confinement(self) -> tuple[Layer, ...]:
        """What confines the processes that read data, layer by layer."""
        granted = self._parts.gate.enclave.granted()
        with self._parts.control.reading() as connection:
            accepted = accepted_layers(connection)
        return tuple(
            Layer(name, words, name in granted, accepted.get(name))
            for name, words in LAYERS.items()
        )

    def accept_layer(
        self, layer: str, *, reason: str, person: str | None = None
    ) -> None:
        """Answer questions although this layer is missing; on record, with a reason."""
        _known_layer(layer)
        with self._acting(person) as act:
            accept_layer(act, layer, reason)

    def require_layer(self, layer: str, *, person: str | None = None) -> None:
        """Take the acceptance of a missing layer back, from the next question on."""
        _known_layer(layer)
        with self._acting(person) as act:
            require_layer(act, layer)

    def back_up(self, file: Path, passphrase: str, *, person: str | None) -> None:
        """Write everything to one sealed file; by an administrator."""
        actor = actor_of(person)
        with self._parts.control.reading() as connection:
            allowed(connection, actor, Action.BACK_UP)
        back_up(self._parts, file, passphrase, actor)


def _known_layer(name: str) -> None:
    if name not in LAYERS:
        raise Refused(
            "unknown_layer",
            "There is no such layer of confinement.",
            clause=str(name)[:80],
            suggestion=f"Layers are {', '.join(LAYERS)}.",
        )
