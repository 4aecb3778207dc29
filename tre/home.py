"""Where an environment keeps its things, and how they are opened together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.errors import Invalid
from privacy.policy import GATEWAY, Policy
from tre.control.database import Control, Durability, open_control
from tre.control.instance import Instance, begin_instance, instance_alive
from tre.enclave.job import Attachment
from tre.enclave.supervisor import Enclave
from tre.enquiry import Gate, Limits
from tre.governance.catalogue import Version
from tre.identity.desk import Desk
from tre.keystore import Keystore, KeyUnavailable
from tre.ledger.measure import recover_measurements
from tre.ledger.settle import recover
from tre.pace import Pace, Waiting

SIGNING: Final = "signing"
"""The name of the key that signs the log and receipts."""

IDENTITY: Final = "identity"
"""The name of the key that seals what people sign in with."""


def utc_now() -> datetime:
    """The time, as the environment writes it down."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one home directory."""

    root: Path

    @property
    def control(self) -> Path:
        """The control database."""
        return self.root / "control.sqlite"

    @property
    def keys(self) -> Path:
        """The keystore."""
        return self.root / "keys"

    @property
    def zones(self) -> Path:
        """The zones: landing, linkage and research."""
        return self.root / "zones"

    @property
    def published(self) -> Path:
        """The research zone: one encrypted file a published version."""
        return self.zones / "research"

    @property
    def scratch(self) -> Path:
        """Where enclave processes spill, each in a folder of its own."""
        return self.root / "scratch"

    @property
    def instances(self) -> Path:
        """Locks of the processes that run on this home."""
        return self.root / "instances"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a laboratory may choose and an environment may not."""

    policy: Policy = GATEWAY
    waiting: Waiting = Waiting.QUANTISED
    durability: Durability = Durability.POWER_CUT
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Parts:
    """An open home: its keys, control database, enclave, and the gate over them."""

    layout: Layout
    keystore: Keystore = field(repr=False)
    control: Control
    instance: Instance
    gate: Gate
    desk: Desk

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock that everything recorded goes by."""
        return self.gate.clock

    def close(self) -> None:
        """End the enclave and let go of every file."""
        self.gate.enclave.close()
        self.instance.end()
        self.control.close()


def make_home(root: Path, terms: Terms) -> Parts:
    """Make a new home and open it. Invalid where something is there already."""
    if root.exists() and not (root.is_dir() and next(root.iterdir(), None) is None):
        raise Invalid(str(root), "expected a folder that is empty or not there yet")
    layout = Layout(root)
    for folder in (root, layout.zones, layout.published, layout.scratch):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keystore = Keystore.create(layout.keys)
    keystore.create_key(SIGNING)
    keystore.create_key(IDENTITY)
    return _open(layout, keystore, terms)


def open_home(root: Path, terms: Terms) -> Parts:
    """Open a home. Questions that a crash left unsettled are settled as failed.

    Invalid where there is no home, or its keys cannot be read.
    """
    layout = Layout(root)
    if not layout.control.exists():
        raise Invalid(str(root), "there is no environment here; `tre init` makes one")
    try:
        keystore = Keystore.open(layout.keys)
        parts = _open(layout, keystore, terms)
    except KeyUnavailable as problem:
        raise Invalid(str(layout.keys), str(problem)) from None
    with ExitStack() as undo:
        undo.callback(parts.close)
        alive = partial(instance_alive, layout.instances)
        recover(parts.control, alive, utc_now())
        recover_measurements(parts.control, alive, utc_now())
        undo.pop_all()
    return parts


def _open(layout: Layout, keystore: Keystore, terms: Terms) -> Parts:
    signing = Ed25519PrivateKey.from_private_bytes(keystore.key(SIGNING))
    with ExitStack() as undo:
        enclave = Enclave(layout.published, layout.scratch)
        undo.callback(enclave.close)
        enclave.start()
        control = open_control(layout.control, signing, durability=terms.durability)
        undo.callback(control.close)
        instance = begin_instance(layout.instances)
        undo.pop_all()

    def attachment(version: Version) -> Attachment:
        key = keystore.key(version.key_name).hex()
        return Attachment(version.id, str((layout.root / version.file).resolve()), key)

    gate = Gate(
        control=control,
        enclave=enclave,
        policy=terms.policy,
        pace=Pace(terms.waiting),
        owner=instance.id,
        clock=utc_now,
        attachment=attachment,
        limits=terms.limits,
    )
    desk = Desk(control, utc_now, keystore.key_or_new(IDENTITY))
    return Parts(layout, keystore, control, instance, gate, desk)
