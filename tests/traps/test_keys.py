"""Traps 5, 17, 27 and 30, as they concern keys that are not public."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from privacy.accounting import ATTO
from privacy.catalogue import Domain, Type
from privacy.mechanism import Kind, Mechanism, Threshold, loss, threshold_loss
from privacy.policy import GATEWAY
from privacy.query import KeyRef, Ordering
from privacy.table import Emerged, NoisedTable
from tests.mechanics.questions import ROWS, column, priced, question, regions, shown
from tests.mechanics.test_emerge import EMPLOYER, THRESHOLDS
from tre.enclave.job import Job, Keyed, decode_noised, encode_emerged, encode_noised

QUIET = Mechanism(Kind.LAPLACE, 1e-3, 1, 1)
KEYS = (EMPLOYER.domain, regions(2).domain, Domain(Type.NUMBER))
JOB = Job((), "", KEYS, (QUIET,), keyed=Keyed("", Threshold(1.0, 5, 1), 10, 12))


def reply(combinations: list[list[object]], figures: list[int]) -> bytes:
    """A reply of the enclave with these keys, in both draws of none."""
    text = json.dumps(combinations).encode()
    table = NoisedTable((np.array([figures], dtype=np.int64),))
    return (
        struct.pack("<q", len(text))
        + text
        + bytes([1] * len(combinations))
        + encode_noised(table, draws=1, cells=len(figures))
    )


def test_a_true_reply_is_read() -> None:
    """Keys of the right types in order, and the figures of their cells."""
    read = decode_noised(reply([["a", 1], ["b", 1]], [1, 2, 3, 4]), JOB)
    assert read is not None
    assert read.emerged is not None
    assert read.emerged.combinations == (("a", 1), ("b", 1))


@pytest.mark.parametrize(
    ("combinations", "figures"),
    [
        pytest.param([["a", "1"]], [1, 2], id="text for a number"),
        pytest.param([[1, 1]], [1, 2], id="a number for text"),
        pytest.param([["a", True]], [1, 2], id="a truth value"),
        pytest.param([["a", 2**63]], [1, 2], id="past 64 bits"),
        pytest.param([["a", 1.5]], [1, 2], id="a fraction"),
        pytest.param([["x" * 257, 1]], [1, 2], id="too long"),
        pytest.param([["b", 1], ["a", 1]], [1, 2, 3, 4], id="out of order"),
        pytest.param([["a", 1], ["a", 1]], [1, 2], id="twice"),
        pytest.param([["a"]], [1, 2], id="a key is missing"),
        pytest.param([["a", 1]], [1, 2, 3], id="too many figures"),
        pytest.param([["a", 1], ["b", 2]], [1] * 8, id="figures of absent cells"),
        pytest.param(
            [[str(n), 1] for n in range(7)], [1] * 14, id="more cells than allowed"
        ),
        pytest.param([], [1], id="figures of nobody"),
    ],
)
def test_trap_34_only_keys_of_the_right_shape_leave_the_enclave(
    combinations: list[list[object]], figures: list[int]
) -> None:
    """A reply of any other type or size is no reply."""
    try:
        read = decode_noised(reply(combinations, figures), JOB)
    except (ValueError, TypeError):
        read = None
    assert read is None


def test_trap_27_choosing_keys_is_charged_too() -> None:
    """The threshold's ρ is part of the price, beside the figures'."""
    cost = priced(question(ROWS, keys=(EMPLOYER,)), allowance=THRESHOLDS)
    assert cost.threshold is not None
    figures = sum(map(loss, cost.mechanisms)) * 10**9
    keys = threshold_loss(cost.threshold)[0] * 10**9
    assert keys > 0
    assert figures + keys <= cost.rho_nano <= figures + keys + 3


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_trap_30_delta_is_for_all_of_a_persons_keys(rows: int) -> None:
    """It covers as many keys as one person may have, not one; so each gets less."""
    asked = question(ROWS, keys=(EMPLOYER,), rows_per_person=rows)
    cost = priced(asked, allowance=THRESHOLDS)
    assert cost.threshold is not None
    assert cost.threshold.keys == rows
    assert threshold_loss(cost.threshold)[1] * ATTO <= cost.delta_atto
    alone = threshold_loss(replace(cost.threshold, keys=1))[1]
    assert float(alone) <= cost.delta_atto / ATTO / rows * 1.01


def test_trap_5_public_keys_beside_do_not_bound_the_others() -> None:
    """Two regions or none: a person of four rows has four employers at most."""
    for keys in ((EMPLOYER,), (EMPLOYER, regions(2))):
        cost = priced(
            question(ROWS, keys=keys, rows_per_person=4), allowance=THRESHOLDS
        )
        assert cost.plan.bounded.cells_per_person == 4


def test_trap_17_order_is_of_released_rows_alone() -> None:
    """Keys that did not come out, and rows that show nothing, sort nowhere."""
    ordering = (Ordering(KeyRef(0), descending=True),)
    asked = question(ROWS, keys=(EMPLOYER,), ordering=ordering)
    cost = priced(asked, allowance=THRESHOLDS, policy=GATEWAY)
    emerged = Emerged((("a",), ("b",), ("c",)), np.array([[True, False, True]]))
    noised = NoisedTable((np.array([[5_000, 0, 2]]),), emerged=emerged)
    table = shown(cost, noised)
    assert column(table, "k0") == ["a"]


def test_the_keys_are_in_no_repr() -> None:
    """What came out can be logged by mistake without showing a key."""
    emerged = Emerged((("Mills",),), np.array([[True]]))
    assert "Mills" not in repr(emerged)
    assert "Mills" not in repr(NoisedTable((), emerged=emerged))
    assert b"Mills" in encode_emerged(emerged, b"")
