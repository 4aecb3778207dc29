"""Where an environment keeps its things, and how they are opened together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError

from connectors.errors import Invalid
from privacy.errors import Refused
from privacy.policy import GATEWAY, Policy
from tre.audit.act import log_size
from tre.capacity import ONE, Capacity
from tre.control.database import Control, is_made, open_control
from tre.control.engines import Durability, Place, read_address
from tre.control.instance import Instance, begin_instance, instance_alive
from tre.control.rates import Limits
from tre.earlier import Earlier
from tre.enclave.confinement import LAYERS
from tre.enclave.job import Attachment
from tre.enclave.supervisor import Enclave
from tre.enquiry import Gate
from tre.governance.catalogue import Version
from tre.governance.confinement import accepted_layers
from tre.identity.desk import Desk
from tre.keystore import Keystore, KeyUnavailable
from tre.ledger.measure import recover_measurements
from tre.ledger.settle import recover
from tre.pace import Pace, Waiting
from tre.register.kept import KeptRegister

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
        """The control database, where it is a file."""
        return self.root / "control.sqlite"

    @property
    def server(self) -> Path:
        """The address of the control database, where it is on a server."""
        return self.root / "control.url"

    @property
    def place(self) -> Place | None:
        """Where the control database is; None where this is no home."""
        if self.server.exists():
            return read_address(self.server.read_text(encoding="utf-8").strip())
        return self.control if self.control.exists() else None

    def keep_address(self, address: URL) -> None:
        """Write down that the control database is on this server."""
        self.server.touch(mode=0o600)
        self.server.write_text(f"{address.render_as_string()}\n", encoding="utf-8")

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


class Confinement(Enum):
    """Whether layers that the kernel lacks have to be accepted by the operator."""

    WHOLE = "whole"
    WHATEVER_THERE_IS = "whatever there is"
    """For laboratories: whoever opens one holds the data already."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a laboratory may choose and an environment may not."""

    policy: Policy = GATEWAY
    waiting: Waiting = Waiting.QUANTISED
    durability: Durability = Durability.POWER_CUT
    limits: Limits = field(default_factory=Limits)
    confinement: Confinement = Confinement.WHOLE
    compared: bool = True
    """Whether questions are held against earlier ones, for people to be warned."""


@dataclass(frozen=True, slots=True)
class Parts:
    """An open home: its keys, control database, enclave, and the gate over them."""

    layout: Layout
    keystore: Keystore = field(repr=False)
    control: Control
    instance: Instance
    gate: Gate
    desk: Desk
    register: KeptRegister = field(default_factory=KeptRegister, repr=False)

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock that everything recorded goes by."""
        return self.gate.clock

    def close(self) -> None:
        """End the enclave and let go of every file."""
        self.gate.enclave.close()
        self.instance.end()
        self.control.close()


def make_home(
    root: Path, terms: Terms, capacity: Capacity = ONE, server: str | None = None
) -> Parts:
    """Make a new home and open it. Invalid where something is there already.

    `server` is the address of an empty PostgreSQL database for what the home's own
    file holds otherwise.
    """
    if root.exists() and not (root.is_dir() and next(root.iterdir(), None) is None):
        raise Invalid(str(root), "expected a folder that is empty or not there yet")
    layout = Layout(root)
    address = None if server is None else empty_server(server)
    for folder in (root, layout.zones, layout.published, layout.scratch):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    keystore = Keystore.create(layout.keys)
    keystore.create_key(SIGNING)
    keystore.create_key(IDENTITY)
    if address is None:
        layout.control.touch(mode=0o600)
    else:
        layout.keep_address(address)
    return _open(layout, keystore, terms, capacity)


def empty_server(server: str) -> URL:
    """The address of an empty PostgreSQL database. Invalid for anything else."""
    try:
        address = read_address(server)
        made = is_made(address)
    except ValueError as problem:
        raise Invalid("control", str(problem)) from None
    except Refused:
        rule = "no such database answers, or it does not let this user in"
        raise Invalid("control", f"{rule}: try the address with psql") from None
    if made:
        raise Invalid("control", "expected a database with nothing in it")
    return address


def open_home(root: Path, terms: Terms, capacity: Capacity = ONE) -> Parts:
    """Open a home. Questions that a crash left unsettled are settled as failed.

    Invalid where there is no home, its control database is empty, or its keys cannot
    be read.
    """
    layout = Layout(root)
    if layout.place is None:
        raise Invalid(
            str(root),
            "there is no environment here; say with --home where it is, or make one"
            " with `tre init`",
        )
    if not _is_made(layout.place):
        raise _damaged("nothing is in it")
    try:
        keystore = Keystore.open(layout.keys)
        parts = _open(layout, keystore, terms, capacity)
    except KeyUnavailable as problem:
        raise Invalid(str(layout.keys), str(problem)) from None
    with ExitStack() as undo:
        undo.callback(parts.close)
        with parts.control.reading() as connection:
            if not log_size(connection):
                raise _damaged("nothing is in it")
        alive = partial(instance_alive, layout.instances)
        recover(parts.control, alive, utc_now())
        recover_measurements(parts.control, alive, utc_now())
        undo.pop_all()
    return parts


def _is_made(place: Place) -> bool:
    try:
        return is_made(place)
    except DatabaseError:
        raise _damaged("it is damaged") from None


def signing_key(keystore: Keystore) -> Ed25519PrivateKey:
    """The key that signs the log and receipts. Raises `KeyUnavailable`."""
    return Ed25519PrivateKey.from_private_bytes(keystore.key(SIGNING))


def _damaged(rule: str) -> Invalid:
    return Invalid(
        "the control database",
        f"{rule}; put the newest backup of it back. Nothing else was touched",
    )


def _open(
    layout: Layout, keystore: Keystore, terms: Terms, capacity: Capacity
) -> Parts:
    signing = signing_key(keystore)
    with ExitStack() as undo:
        place = layout.place or layout.control
        control = open_control(place, signing, durability=terms.durability)
        undo.callback(control.close)
        enclave = Enclave(
            layout.published,
            layout.scratch,
            capacity,
            accepted=lambda: _accepted(control, terms),
        )
        undo.callback(enclave.close)
        enclave.start()
        instance = begin_instance(layout.instances)
        undo.pop_all()

    def attachment(version: Version) -> Attachment:
        key = keystore.key(version.key_name).hex()
        return Attachment(version.id, str((layout.root / version.file).resolve()), key)

    gate = Gate(
        control=control,
        enclave=enclave,
        policy=terms.policy,
        pace=Pace(terms.waiting, capacity.headroom),
        owner=instance.id,
        clock=utc_now,
        attachment=attachment,
        limits=terms.limits,
        earlier=Earlier() if terms.compared else None,
    )
    desk = Desk(control, utc_now, keystore.key_or_new(IDENTITY))
    return Parts(layout, keystore, control, instance, gate, desk)


def _accepted(control: Control, terms: Terms) -> frozenset[str]:
    """The layers of confinement that may be missing."""
    if terms.confinement is Confinement.WHATEVER_THERE_IS:
        return frozenset(LAYERS)
    with control.reading() as connection:
        return frozenset(accepted_layers(connection))
