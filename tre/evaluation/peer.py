"""The systems that an evaluation can ask beside the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from privacy.query import Statistic

COUNTED: Final = frozenset((Statistic.ROWS, Statistic.PRESENT))
SUMMED: Final = COUNTED | {Statistic.SUM, Statistic.MEAN}


@dataclass(frozen=True, slots=True)
class Peer:
    """A system by its name in plans, and what can be asked of it.

    `noisy` is whether it spends ε; one that does not is asked once. Its program and
    its hash-pinned lock file have its name.
    """

    name: str
    statistics: frozenset[Statistic]
    noisy: bool = True


PEERS: Final[Mapping[str, Peer]] = MappingProxyType(
    {
        peer.name: peer
        for peer in (
            Peer("smartnoise", SUMMED),
            Peer("opendp", SUMMED),
            Peer(
                "tumult",
                SUMMED
                | {Statistic.PEOPLE, Statistic.VAR_POP, Statistic.STDDEV_POP}
                | {Statistic.QUANTILE_CONT, Statistic.MIN, Statistic.MAX},
            ),
            Peer("acro-package", SUMMED, noisy=False),
        )
    }
)
"""By name. `acro-package` is the program itself; `acro` its rules, as we read them."""
