"""From right and wrong guesses to a lower bound on the loss, at stated confidence.

A game's plays are independent: a fair coin says which of two neighbouring databases
answers, and a rule that was fixed beforehand guesses which it was, or abstains. Let c
and w be the probabilities of a right and of a wrong guess. Then

* ε of pure DP: c ≤ e^ε·w, as for either event P₁(E) ≤ e^ε·P₀(E). Of the guesses that
  are made, at most e^ε / (1 + e^ε) are right: binomial, whoever abstains how often
  (Jagielski, Ullman, Oprea 2020, arXiv 2006.07709; the coin: Steinke, Nasr, Jagielski
  2023, arXiv 2305.08846);
* ε at δ: c ≤ e^ε·w + δ;
* μ of Gaussian DP (GDP): without abstaining c ≤ Φ(μ/2), as the total variation
  distance is at most 2Φ(μ/2) − 1 (Dong, Roth, Su 2019, arXiv 1905.02383; Nasr et al.
  2023, arXiv 2302.07956, section 4);
* ρ of zCDP, of any mechanism: without abstaining ρ ≥ (2c − 1)·ln(c / (1 − c)), the
  Kullback-Leibler divergence of two such coins, as it is at most ρ (Bun and Steinke
  2016, arXiv 1605.02065, definition 1.1 as the order goes to 1) and least where both
  databases are guessed equally well;
* δ beside ρ: as ε at δ, where all guesses are that the person is there.

Binomial proportions are bounded as Clopper and Pearson (1934) do, exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from math import exp, inf

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta, binom, norm

from privacy.accounting import ATTO, NANO, epsilon_of_rho


def epsilon_at_least(
    correct: ArrayLike, wrong: ArrayLike, *, miss: float
) -> NDArray[np.float64]:
    """The ε that is exceeded at confidence 1 − `miss`, of pure DP; 0 where none is."""
    right = np.asarray(correct, dtype=np.float64)
    return _log_odds(_lower(right, right + np.asarray(wrong), miss))


def epsilon_at_delta(
    correct: ArrayLike, wrong: ArrayLike, *, plays: int, delta: float, miss: float
) -> NDArray[np.float64]:
    """The ε that is exceeded at this δ, with confidence 1 − `miss`; 0 where none is.

    A right guess of probability c ≤ e^ε·w + δ is either one of at most e^ε·w or one
    of at most δ. Of the latter there are, but for a tenth of `miss`, no more than that
    quantile of their number, and without them the bound is that of pure DP.
    """
    free = 0 if delta <= 0 else int(binom.isf(miss / 10, plays, delta))
    right = np.maximum(np.asarray(correct, dtype=np.float64) - free, 0)
    return epsilon_at_least(right, wrong, miss=miss * (0.9 if free else 1))


def mu_at_least(
    correct: ArrayLike, plays: ArrayLike, *, miss: float, delta: float = 0.0
) -> NDArray[np.float64]:
    """The μ of Gaussian DP that is exceeded; nobody abstained in these plays.

    What fails openly with probability `delta` gives away that much and no more: guesses
    are right with probability Φ(μ/2) + δ/2 at most.
    """
    share = _lower(np.asarray(correct, dtype=np.float64), np.asarray(plays), miss)
    share = np.maximum(share - delta / 2, 0.0)
    proven: NDArray[np.float64] = np.maximum(2 * norm.ppf(share), 0.0)
    return proven


def rho_at_least(
    correct: ArrayLike, plays: ArrayLike, *, miss: float
) -> NDArray[np.float64]:
    """The ρ of zCDP that is exceeded; nobody abstained in these plays."""
    share = _lower(np.asarray(correct, dtype=np.float64), np.asarray(plays), miss)
    return np.maximum(2 * share - 1, 0.0) * _log_odds(share)


def delta_at_least(
    correct: int, wrong: int, *, plays: int, rho: float, miss: float
) -> float:
    """The δ of (ρ, δ) approximate zCDP that is exceeded, to three digits; 0 where none.

    Guessed is only that the person is there. ρ-zCDP is (ε, δ')-DP, taken at δ' = δ, so
    that c ≤ e^ε·w + δ with a fair coin's ½(δ + δ'). The largest δ is returned at which
    so many right guesses are less likely than `miss`.
    """
    tried = np.logspace(-12, np.log10(0.5), 2**11)
    refuted = bisect_right(
        tried, miss, key=lambda delta: _likelihood(correct, wrong, plays, rho, delta)
    )
    return float(tried[refuted - 1]) if refuted else 0.0


def _likelihood(
    correct: int, wrong: int, plays: int, rho: float, delta: float
) -> float:
    """At most how likely it is that so many guesses are right, under (ρ, δ).

    Some number of them are of those of probability δ, or there are even more of these;
    the others are binomial. The number is that by which the sum of both is least.
    """
    epsilon = epsilon_of_rho(round(rho * NANO), round(delta * ATTO))
    free = np.arange(correct + 1)
    others = correct - free
    share = 1 / (1 + exp(-epsilon))
    sums = binom.sf(free, plays, delta) + binom.sf(others - 1, others + wrong, share)
    return float(np.min(sums))


def _lower(
    hits: NDArray[np.float64], of: ArrayLike, miss: float
) -> NDArray[np.float64]:
    """Clopper and Pearson's lower limit; 0 where nothing was hit."""
    total = np.asarray(of, dtype=np.float64)
    limit = beta.ppf(miss, np.maximum(hits, 1), total - hits + 1)
    return np.where(hits > 0, limit, 0.0)


def _log_odds(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln(p / (1 − p)) where p is above a half, else 0."""
    inside = np.clip(share, 0.5, 1.0)
    with np.errstate(divide="ignore"):
        odds = np.log(inside) - np.log1p(-inside)
    return np.where(inside >= 1.0, inf, odds)
