"""Attacks on real people, whom an attacker knows from a register.

As on made-up people (`inference`, `differencing`, `singling_out`), but with what real
data have: cells of all sizes, among tens of thousands of others. Whoever is looked for
is alone in their cell, so that nothing but their own row answers; half of them are in
the table, and half of those have the secret, so that chance is right half of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tre.attacks.register import Cell, Known, Register, counted
from tre.attacks.score import Score, scored
from tre.attacks.target import Target, numbers

_HALF: Final = 0.5


def register_membership(target: Target, known: Known, people: Register) -> Score:
    """Who of the register is in the table, by whether their cell has anybody."""
    told = counted(target, known.by_person)
    here = sum(told.get(cell, 0.0) > _HALF for cell in people.present)
    away = sum(not told.get(cell, 0.0) > _HALF for cell in people.absent)
    trials = len(people.present) + len(people.absent)
    return scored("register_membership", target.policy, hits=here + away, trials=trials)


def register_attribute(target: Target, known: Known, people: Register) -> Score:
    """Whether people who are known to be there have the secret, by their cell."""
    told = counted(target, known.by_secret)

    def guess(cell: Cell) -> bool:
        has, lacks = (np.nan_to_num(told.get((*cell, k), 0.0)) for k in (True, False))
        return bool(has > lacks)

    return _secret("register_attribute", target, people, guess)


def register_differencing(target: Target, known: Known, people: Register) -> Score:
    """Whether people have the secret, from large counts with and without them.

    The count is of everybody with the secret whose first known value is another, so
    that neither count is small; the person is all that one has and the other has not.
    """
    has = f"({known.secret})"

    def count(where: str) -> float:
        table = target.answer(
            f'SELECT COUNT(*) AS n FROM "{known.table}" WHERE {where}'
        )
        return np.nan if table is None else float(numbers(table, "n")[0])

    def guess(cell: Cell) -> bool:
        parts = [
            f'"{name}" = {_literal(value)}'
            for name, value in zip(known.columns, cell, strict=True)
        ]
        other = f'"{known.columns[0]}" <> {_literal(cell[0])}'
        them = f"({' AND '.join(parts)})"
        with_them = count(f"{has} AND ({them} OR {other})")
        return bool(with_them - count(f"{has} AND {other}") > _HALF)

    return _secret("register_differencing", target, people, guess)


def register_singling_out(target: Target, known: Known, people: Register) -> Score:
    """How many of some cells hold exactly one person, as their counts say.

    The cells are such as hold one of the half that is kept out, which the attacker
    has: of those the ones told nearest to one, by lot where several are; before such
    of which nothing is told, and such as are told to be nobody's. Chance is how many
    of all of them hold exactly one.
    """
    told = counted(target, known.by_person)
    counts = np.array([told.get(cell, np.nan) for cell in people.seen])
    nobody = np.where(np.isnan(counts), 1, np.where(counts > _HALF, 0, 2))
    off = np.nan_to_num(np.abs(counts - 1))
    lot = np.random.default_rng(len(off)).random(len(off))
    tried = np.lexsort((lot, off, nobody))[: len(people.present)]
    hits = sum(people.seen[at] in people.isolating for at in tried)
    return scored(
        "register_singling_out",
        target.policy,
        hits=hits,
        trials=len(tried),
        chance=len(people.isolating) / len(people.seen),
    )


def _secret(
    name: str, target: Target, people: Register, guess: Callable[[Cell], bool]
) -> Score:
    """How often a guess of who has the secret is right."""
    right = sum(guess(each) for each in people.having)
    right += sum(not guess(each) for each in people.lacking)
    return scored(name, target.policy, hits=right, trials=len(people.present))


def _literal(value: object) -> str:
    """A known value as SQL has it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
