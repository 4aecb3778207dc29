"""What the votes on a submission amount to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tre.airlock.submission import Direction, Standing, Verdict, Vote

_STANDING: Final = {
    Verdict.APPROVE: Standing.APPROVED,
    Verdict.REJECT: Standing.REJECTED,
    Verdict.CHANGES: Standing.CHANGES,
}

CHECKERS: Final = {Direction.OUT: 2, Direction.IN: 1}
"""How many judge independently: what goes out, two; what comes in, its steward."""


def verdict(votes: Sequence[Vote], direction: Direction) -> Standing:
    """Where votes leave a submission; the votes in the order they were given.

    Two that agree decide. Where they differ, a third checker does, who sees both.

    >>> a, b, c = (Vote(n, v, "") for n, v in zip("abc", Verdict))
    >>> verdict([a], Direction.OUT), verdict([a, a], Direction.OUT)
    (<Standing.SUBMITTED: 'submitted'>, <Standing.APPROVED: 'approved'>)
    >>> verdict([a, b], Direction.OUT), verdict([a, b, c], Direction.OUT)
    (<Standing.DISAGREED: 'disagreed'>, <Standing.CHANGES: 'changes'>)
    """
    needed = CHECKERS[direction]
    if len(votes) < needed:
        return Standing.SUBMITTED
    said = {vote.verdict for vote in votes[:needed]}
    if len(said) == 1:
        return _STANDING[said.pop()]
    return (
        _STANDING[votes[needed].verdict] if len(votes) > needed else Standing.DISAGREED
    )
