"""Whether a conclusion changes: which figures are over a line, and which are not.

Decisions rather than figures are what a policy's readers act on (Pujol et al. 2020,
"Fair decision making using privacy-protected data", FAT* 2020).
"""

from __future__ import annotations

import numpy as np

from tre.evaluation.measures.errors import Reals


def agreement(values: Reals, exact: Reals, above: float) -> Reals:
    """The share of cells on the same side of `above` as exactly.

    A figure that is not shown decides nothing, and so does not agree.
    """
    known = ~np.isnan(exact)
    if not known.any():
        return np.full(len(values), np.nan)
    same = ((values > above) == (exact > above)) & ~np.isnan(values)
    found: Reals = same[:, known].mean(axis=1)
    return found
