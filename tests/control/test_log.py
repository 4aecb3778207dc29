from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, delete, func, literal_column, select, text, update

from tests.control.world import ADMINISTRATOR, KEY, NOW, World
from tre.audit.act import NothingRecorded, acting
from tre.audit.checkpoint import Checkpoint, latest_checkpoint, sign_head
from tre.audit.kinds import KINDS
from tre.audit.merkle import (
    Frontier,
    Head,
    consistency_proof,
    verify_consistency,
    verify_inclusion,
)
from tre.audit.note import sign_note
from tre.audit.record import Record
from tre.audit.verify import Verification, verify
from tre.control.database import open_control
from tre.control.tables import (
    audit_head,
    audit_node,
    audit_record,
    audit_tree,
    person,
)
from tre.governance.people import add_person
from tre.governance.roles import Role

PUBLIC = KEY.public_key()


@pytest.fixture
def log(new: World) -> World:
    """A log of nine acts with one record each, after the founding ones."""
    for number in range(9):
        with new.act(ADMINISTRATOR) as act:
            add_person(act, f"person-{number}", [Role.AUDITOR])
    return new


def check(world: World, checkpoint: Checkpoint | None = None) -> Verification:
    """What verifying finds."""
    with world.control.reading() as connection:
        return verify(connection, PUBLIC, checkpoint)


def checkpoint(world: World) -> Checkpoint:
    """The newest signed head."""
    with world.control.reading() as connection:
        return latest_checkpoint(connection)


def tamper(world: World, change: Callable[[Connection], object]) -> None:
    """Change the database behind the program's back."""
    with world.control.writing() as connection:
        change(connection)


def size(world: World) -> int:
    """How many records there are."""
    with world.control.reading() as connection:
        return connection.execute(
            select(func.count()).select_from(audit_record)
        ).scalar_one()


def test_an_untouched_log_is_sound(log: World) -> None:
    """Every record, head and node agrees, with and without a checkpoint."""
    assert check(log) == Verification(size(log))
    assert check(log, checkpoint(log)).sound


def test_an_empty_log_is_sound(log: World) -> None:
    """A log without records has nothing wrong, but not where some were promised."""
    promised = checkpoint(log)

    def empty(connection: Connection) -> None:
        for table in (audit_record, audit_node, audit_tree, audit_head):
            connection.execute(delete(table))

    tamper(log, empty)
    assert check(log).sound
    assert check(log, promised).position == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2020-01-01T00:00:00.000000Z"),
        ("actor", "somebody"),
        ("kind", "person.disabled"),
        ("subject", "somebody"),
        ("detail", '{"roles":["administrator"]}'),
        ("detail", '{"roles":["researcher"], "controller":null}'),
        ("detail", "1.5"),
        ("detail", "not JSON"),
        ("detail", "[" * 100_000),
        ("actor", literal_column("CAST(x'6861ff' AS TEXT)")),
    ],
)
def test_a_flipped_record_is_named(log: World, column: str, value: object) -> None:
    """Changing any field of a record is found, at that record."""
    tamper(
        log,
        lambda connection: connection.execute(
            update(audit_record)
            .where(audit_record.c.position == 7)
            .values({column: value})
        ),
    )
    assert check(log).position == 7


@pytest.mark.parametrize("position", [0, 4, 8])
def test_a_dropped_record_is_named(log: World, position: int) -> None:
    """A record that is gone from the middle is found, at its place."""
    tamper(
        log,
        lambda connection: connection.execute(
            delete(audit_record).where(audit_record.c.position == position)
        ),
    )
    assert check(log).position == position


def test_reordered_records_are_named(log: World) -> None:
    """Two records that changed places are found, at the first."""

    def swap(connection: Connection) -> None:
        for old, new in ((6, 99), (8, 6), (99, 8)):
            connection.execute(
                update(audit_record)
                .where(audit_record.c.position == old)
                .values(position=new)
            )

    tamper(log, swap)
    assert check(log).position == 6


def test_a_rewritten_record_is_found_though_its_leaf_was_rewritten_too(
    log: World,
) -> None:
    """Who cannot sign cannot hide a change: the signed heads no longer fit."""

    def rewrite(connection: Connection) -> None:
        connection.execute(
            update(audit_record)
            .where(audit_record.c.position == 12)
            .values(actor="somebody")
        )
        record = leaf(connection, 12)
        connection.execute(
            update(audit_node)
            .where(audit_node.c.level == 0, audit_node.c.position == 12)
            .values(hash=record)
        )

    tamper(log, rewrite)
    found = check(log)
    assert (found.position, found.records) == (12, 13)


def leaf(connection: Connection, position: int) -> bytes:
    """The leaf hash of a record as it now stands."""
    row = connection.execute(
        select(audit_record).where(audit_record.c.position == position)
    ).one()
    return Record(*row).leaf()


def test_a_cut_off_log_is_found_while_its_head_remains(log: World) -> None:
    """Records missing at the end are found by the newest signed head."""
    tamper(
        log,
        lambda connection: connection.execute(
            delete(audit_record).where(audit_record.c.position >= 10)
        ),
    )
    assert check(log).position == 10


def test_a_cut_off_log_is_found_against_a_checkpoint(log: World) -> None:
    """Records cut off together with their heads show against a kept checkpoint."""
    kept = checkpoint(log)
    truncate(log, 10)
    assert check(log).sound
    found = check(log, kept)
    assert (found.sound, found.position) == (False, 10)


def truncate(world: World, keep: int) -> None:
    """Go back to the log as it was at `keep` records, as a forger would."""
    tamper(world, lambda connection: cut_off(connection, keep))


def cut_off(connection: Connection, keep: int) -> None:
    """Make every table of the log what it was at `keep` records."""
    connection.execute(delete(audit_record).where(audit_record.c.position >= keep))
    connection.execute(delete(audit_head).where(audit_head.c.size > keep))
    frontier = Frontier()
    for position in range(keep):
        frontier, _ = frontier.append(leaf(connection, position))
    connection.execute(
        update(audit_tree).values(size=keep, frontier=b"".join(frontier.hashes))
    )
    connection.execute(
        delete(audit_node).where(
            (audit_node.c.position + 1) * text("(1 << level)") > keep
        )
    )


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A log with a record of every kind."""
    folder = tmp_path_factory.mktemp("kinds")
    world = World(open_control(folder / "control.db", KEY))
    for kind in KINDS:
        with world.act(ADMINISTRATOR) as act:
            act.record(kind, "subject", {"what": kind})
    yield world
    world.control.close()


def flip(connection: Connection, position: int) -> None:
    """Change one record."""
    own = audit_record.c.position == position
    connection.execute(update(audit_record).where(own).values(detail='{"what":"x"}'))


def drop(connection: Connection, position: int) -> None:
    """Take one record away."""
    own = audit_record.c.position == position
    connection.execute(delete(audit_record).where(own))


def swap(connection: Connection, position: int) -> None:
    """Have one record and its neighbour change places."""
    last = len(KINDS) - 1
    other = position + 1 if position < last else position - 1
    for old, new in ((position, 99), (other, position), (99, other)):
        own = audit_record.c.position == old
        connection.execute(update(audit_record).where(own).values(position=new))


@pytest.mark.parametrize("change", [flip, drop, swap, cut_off])
def test_a_change_of_a_record_of_any_kind_is_named(
    every_kind: World, change: Callable[[Connection, int], None]
) -> None:
    """Flipped, dropped, moved, or cut off with all after it and their heads.

    The last shows against a head that was published outside.
    """
    published = sign_note(KEY, checkpoint(every_kind).head)
    for position, kind in enumerate(KINDS):
        with every_kind.control.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            change(connection, position)
            found = verify(connection, PUBLIC, published)
            connection.rollback()
        moved = change is swap and position == len(KINDS) - 1
        # The last record has no later neighbour, and a log without it no later one.
        assert not found.sound, kind
        assert found.position == position - moved, kind


def test_a_log_rewritten_after_a_checkpoint_is_found(log: World) -> None:
    """Another history of the same length, signed by the key, fails the checkpoint."""
    kept = checkpoint(log)
    length = size(log)
    truncate(log, 10)
    for number in range(length - 10):
        with log.act(ADMINISTRATOR) as act:
            add_person(act, f"another-{number}", [Role.AUDITOR])
    assert check(log).sound
    assert check(log, kept).problem == "the records are not those of the checkpoint"


def test_heads_signed_by_another_key_are_found(log: World) -> None:
    """A head that the log's key did not sign vouches for nothing."""
    other = Ed25519PrivateKey.generate()

    def resign(connection: Connection) -> None:
        for row in connection.execute(select(audit_head)).all():
            if row.size >= 13:
                signed = sign_head(other, Head(row.size, row.root), row.at)
                connection.execute(
                    update(audit_head)
                    .where(audit_head.c.size == row.size)
                    .values(signature=signed.signature)
                )

    tamper(log, resign)
    assert check(log).position == 12


def test_added_records_are_found(log: World) -> None:
    """Records that no signed head covers are found, at the first of them."""
    last = size(log) - 1
    tamper(
        log,
        lambda connection: connection.execute(
            delete(audit_head).where(audit_head.c.size > last)
        ),
    )
    assert check(log).position == last


def test_another_tree_to_continue_from_is_found(log: World) -> None:
    """The state that the next record builds on is checked too."""
    tamper(
        log,
        lambda connection: connection.execute(update(audit_tree).values(frontier=b"")),
    )
    assert check(log).problem == "the tree is not that of the records"


@pytest.mark.parametrize("level", [1, 2, 3])
def test_another_node_to_prove_with_is_found(log: World, level: int) -> None:
    """What proofs are made of is checked too, at every height."""
    tamper(
        log,
        lambda connection: connection.execute(
            update(audit_node)
            .where(audit_node.c.level == level, audit_node.c.position == 0)
            .values(hash=bytes(32))
        ),
    )
    assert check(log).problem == "the tree is not that of the records"


def test_a_damaged_head_is_found(log: World) -> None:
    """A signature that is not even bytes is no signature."""
    tamper(
        log,
        lambda connection: connection.execute(
            text("UPDATE audit_head SET signature = 'none'")
        ),
    )
    assert check(log).position == 0


def test_a_checkpoint_of_another_log_is_not_taken(log: World) -> None:
    """A checkpoint counts only with the log's own signature."""
    forged = replace(checkpoint(log), at="2030-01-01T00:00:00.000000Z")
    assert not check(log, forged).sound


def test_a_checkpoint_is_read_as_it_was_written(log: World) -> None:
    """A checkpoint's JSON gives the same checkpoint, and nothing else is taken."""
    kept = checkpoint(log)
    written = json.dumps(kept.facts())
    assert Checkpoint.read(written) == kept
    assert kept.signed_by(PUBLIC)
    for wrong in ("", "[]", "{}", written.replace("/1", "/2"), written[:-3]):
        with pytest.raises(ValueError, match="not a checkpoint"):
            Checkpoint.read(wrong)


def test_heads_are_consistent_with_later_ones(log: World) -> None:
    """The stored nodes prove that the log only ever grew."""
    with log.control.reading() as connection:
        nodes = {
            (row.level, row.position): row.hash
            for row in connection.execute(select(audit_node))
        }
        heads = [
            Head(row.size, row.root)
            for row in connection.execute(select(audit_head).order_by("size"))
        ]
    for old in heads:
        path = consistency_proof(old.size, heads[-1].size, lambda *place: nodes[place])
        assert verify_consistency(old, heads[-1], path)


def test_an_act_without_a_record_is_undone(new: World) -> None:
    """A change that says nothing of itself is rolled back."""
    with pytest.raises(NothingRecorded), new.act(ADMINISTRATOR) as act:
        act.connection.execute(update(person).values(active=False))
    with new.control.reading() as connection:
        assert all(connection.execute(select(person.c.active)).scalars())


def test_an_act_that_fails_leaves_neither_change_nor_record(new: World) -> None:
    """The change and its record are one: both or neither."""
    before = size(new)

    def fail() -> None:
        with new.act(ADMINISTRATOR) as act:
            add_person(act, "late", [Role.AUDITOR])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert size(new) == before
    assert check(new).sound


def test_only_known_kinds_are_recorded(new: World) -> None:
    """A record of a kind without an explanation cannot be written."""
    with pytest.raises(ValueError, match="not a kind"), new.act("nobody") as act:
        act.record("person.praised", "nobody", {})
    assert all(sentence.endswith(".") for sentence in KINDS.values())


def test_several_records_of_one_act_are_each_proven(new: World) -> None:
    """Proofs within an act hold for its own tree, whatever the log's size."""
    for _ in range(20):
        with acting(new.control, "environment", NOW) as act:
            places = [act.record("question.repeated", "x", {}) for _ in range(3)]
            for place in places:
                entry = act.proven(place)
                assert verify_inclusion(
                    entry.record.leaf(),
                    place,
                    entry.head.size,
                    entry.path,
                    entry.head.root,
                )


def test_the_log_of_nothing_has_no_checkpoint(log: World) -> None:
    """There is nothing to sign before the first record."""
    tamper(log, lambda connection: connection.execute(delete(audit_head)))
    with pytest.raises(LookupError):
        checkpoint(log)
