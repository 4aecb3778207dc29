"""The enclave's program with one stage of it broken, to see whether audits notice.

Run as `python -I -m tests.distinguish.broken WHICH PUBLISHED SCRATCH MEMORY_MIB`. The
stage is replaced in this process, before it confines itself and serves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from privacy.mechanism import Mechanism, Selection, Threshold, choose, draw, past
from tre.enclave import child


def halved(mechanism: Mechanism, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Noise of half the scale that was priced."""
    return draw(replace(mechanism, scale=mechanism.scale / 2), values)


def none_at_all(_: Mechanism, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """No noise."""
    return values


def surer(selection: Selection, scores: NDArray[np.int64]) -> int:
    """A choice with a quarter of the noise that was priced.

    Half of it is more than shows: an exponential mechanism moves the odds of what is
    seen by half of what it may, as all scores move one way.
    """
    return choose(replace(selection, scale=selection.scale / 4), scores)


def every_key(_: Threshold, counts: Mapping[str, int]) -> Collection[str]:
    """Every key there is, however few people have it."""
    return counts.keys()


def lower_threshold(threshold: Threshold, counts: Mapping[str, int]) -> Collection[str]:
    """Keys that pass half the threshold that was priced, or less.

    The counts are lifted instead: a threshold below two cannot be made.
    """
    lifted = {key: count + threshold.least // 2 + 1 for key, count in counts.items()}
    return past(threshold, lifted)


BROKEN: dict[str, tuple[str, Callable[..., object]]] = {
    "halved": ("privacy.noise.draw", halved),
    "none": ("privacy.noise.draw", none_at_all),
    "surer": ("privacy.pick.choose", surer),
    "every key": ("privacy.emerge.past", every_key),
    "lower threshold": ("privacy.emerge.past", lower_threshold),
}
"""Which name is replaced, and by what."""


if __name__ == "__main__":
    name, stage = BROKEN[sys.argv.pop(1)]
    with patch(name, stage):
        child.main()
