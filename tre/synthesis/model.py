"""Fit a model of all columns to noised counts of pairs, with the `mbi` package.

Which pairs the model holds is chosen from noised counts of all of them: a tree of the
pairs that tell most about each other, as in MST (McKenna, Miklau and Sheldon 2021,
Winning the NIST contest, arXiv 2108.04978), and further pairs while the model stays
small, as in AIM (McKenna and others 2022, arXiv 2201.12677). Those counts are paid for
as any, so that the choice is post-processing and has no price of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tre.synthesis.asked import Pair
from tre.synthesis.marginals import Marginal, Marginals

MOST_MEGABYTES: Final = 8.0
"""How large a fitted model may be."""
_STEPS: Final = 1_000

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Codes of made-up rows, shape (rows, columns), and which pairs were modelled."""

    codes: NDArray[np.int64] = field(repr=False)
    pairs: tuple[Pair, ...]


def fitted(known: Marginals, pairs: Sequence[Pair], rows: int) -> Fitted:
    """So many rows of which these pairs of columns are near the noised counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of JAX, about the machine it finds
        import jax

        jax.config.update("jax_enable_x64", val=True)  # type: ignore[no-untyped-call] # JAX
        import mbi

        domain = mbi.Domain(*_sized(known))
        measured = [_measurement(m) for m in known.pairs if m.columns in pairs]
        model = mbi.estimation.MirrorDescent().estimate(
            domain, measured, known_total=known.total, iters=_STEPS
        )
        made = model.synthetic_data(rows).to_dict()
    codes = np.stack([np.asarray(made[name]) for name in domain.attributes], axis=1)
    return Fitted(codes.astype(np.int64), tuple(pairs))


def likeliest(known: Marginals) -> tuple[Pair, ...]:
    """A spanning tree of the strongest pairs, then others while the model is small."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        import mbi
        from mbi.junction_tree import hypothetical_model_size

        domain = mbi.Domain(*_sized(known))
    strongest = sorted(known.pairs, key=association, reverse=True)
    ranked = [each.columns for each in strongest]
    chosen = _tree(ranked, len(known.values))
    for pair in ranked:
        if pair not in chosen:
            cliques = [tuple(map(str, each)) for each in (*chosen, pair)]
            if hypothetical_model_size(domain, cliques) <= MOST_MEGABYTES:
                chosen.append(pair)
    return tuple(chosen)


def association(marginal: Marginal) -> float:
    """How much two columns tell of each other, in people.

    As in MST: by how many people the counts shown are off what the two columns make
    apart from each other; less what noise alone makes of that, of which the columns'
    own totals have taken up a part.
    """
    shown = marginal.shown
    counts = np.nan_to_num(marginal.counts)
    total = max(counts.sum(), 1.0)
    apart = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True)
    off = np.abs(counts - apart / total)[shown]
    rows, columns = counts.shape
    left = np.sqrt((1 - 1 / rows) * (1 - 1 / columns))
    noise = marginal.deviation * left * np.sqrt(2 / np.pi) * shown.sum()
    return float(off.sum() - noise)


def _tree(ranked: Sequence[Pair], columns: int) -> list[Pair]:
    """Of pairs in order, those that join columns which were not joined before."""
    component = {place: place for place in range(columns)}
    tree = []
    for pair in ranked:
        one, other = (component[place] for place in pair)
        if one != other:
            tree.append(pair)
            component = {p: one if c == other else c for p, c in component.items()}
    return tree


def _sized(known: Marginals) -> tuple[list[str], list[int]]:
    """Columns by their places, as mbi has names, and how many categories they have."""
    names = [str(place) for place in range(len(known.values))]
    return names, [len(values) for values in known.values]


def _measurement(marginal: Marginal) -> object:
    """The shown counts of a pair, as mbi takes them: hidden ones weigh nothing."""
    from mbi import LinearMeasurement, WeightedQuery

    weights = marginal.shown.reshape(-1).astype(np.float64)
    counts = np.nan_to_num(marginal.counts).reshape(-1)
    clique = tuple(map(str, marginal.columns))
    return LinearMeasurement(
        counts * weights, clique, marginal.deviation, query=WeightedQuery(weights)
    )
