"""Fit a model of all columns to noised counts of pairs, with the `mbi` package.

Which pairs the model holds is chosen from the noised counts themselves: a tree of the
pairs that tell most about each other, as in MST (McKenna, Miklau and Sheldon 2021,
Winning the NIST contest, arXiv 2108.04978), and further pairs while the model stays
small, as in AIM (McKenna and others 2022, arXiv 2201.12677). Here every pair was
measured, so the choice is post-processing and has no price of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tre.synthesis.marginals import Marginal, Marginals

MOST_MEGABYTES: Final = 8.0
"""How large a fitted model may be."""
_STEPS: Final = 1_000

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Codes of made-up rows, shape (rows, columns), and which pairs were modelled."""

    codes: NDArray[np.int64] = field(repr=False)
    pairs: tuple[tuple[int, ...], ...]


def fitted(known: Marginals, rows: int) -> Fitted:
    """So many rows whose pairs of columns are near the noised counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of JAX, about the machine it finds
        import jax

        jax.config.update("jax_enable_x64", val=True)  # type: ignore[no-untyped-call] # JAX
        import mbi

        names = [str(place) for place in range(len(known.values))]
        domain = mbi.Domain(names, [len(values) for values in known.values])
        chosen = _chosen(known, domain)
        measured = [_measurement(each) for each in chosen]
        model = mbi.estimation.MirrorDescent().estimate(
            domain, measured, known_total=known.total, iters=_STEPS
        )
        made = model.synthetic_data(rows).to_dict()
    codes = np.stack([np.asarray(made[name]) for name in names], axis=1)
    return Fitted(codes.astype(np.int64), tuple(each.columns for each in chosen))


def association(marginal: Marginal) -> float:
    """How much two columns tell of each other: mutual information, in nats.

    Of the counts that are shown, less than nothing taken for nothing.
    """
    counts = np.maximum(np.nan_to_num(marginal.counts), 0.0)
    total = counts.sum()
    if not total:
        return 0.0
    share = counts / total
    alone = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    there = share > 0
    return float((share[there] * np.log(share[there] / alone[there])).sum())


def _chosen(known: Marginals, domain: object) -> Sequence[Marginal]:
    """A spanning tree of the strongest pairs, then others while the model is small."""
    from mbi.junction_tree import hypothetical_model_size

    ranked = sorted(known.pairs, key=association, reverse=True)
    component = {place: place for place in range(len(known.values))}
    tree = []
    for pair in ranked:
        one, other = (component[place] for place in pair.columns)
        if one != other:
            tree.append(pair)
            component = {p: one if c == other else c for p, c in component.items()}
    chosen = list(tree)
    for pair in ranked:
        if pair in tree:
            continue
        cliques = [tuple(map(str, p.columns)) for p in (*chosen, pair)]
        if hypothetical_model_size(domain, cliques) <= MOST_MEGABYTES:
            chosen.append(pair)
    return chosen


def _measurement(marginal: Marginal) -> object:
    """The shown counts of a pair, as mbi takes them: hidden ones weigh nothing."""
    from mbi import LinearMeasurement, WeightedQuery

    weights = marginal.shown.reshape(-1).astype(np.float64)
    counts = np.nan_to_num(marginal.counts).reshape(-1)
    clique = tuple(map(str, marginal.columns))
    return LinearMeasurement(
        counts * weights, clique, marginal.deviation, query=WeightedQuery(weights)
    )
