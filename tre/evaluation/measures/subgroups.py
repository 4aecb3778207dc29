"""Whether small groups pay more than large ones: error by how many rows a cell has.

Equal noise is unequal error (Bagdasaryan et al. 2019, NeurIPS, "Differential privacy
has disparate impact"; Tran et al. 2021, IJCAI, on tables of counts).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tre.evaluation.measures.errors import Reals, middle, relative

SIZES: Final[Mapping[str, tuple[float, float]]] = {
    "1 to 9": (1, 10),
    "10 to 99": (10, 100),
    "100 to 999": (100, 1_000),
    "1,000 to 9,999": (1_000, 10_000),
    "10,000 and more": (10_000, np.inf),
}
"""Size classes: from, and up to but without."""


def error_by_size(values: Reals, exact: Reals, rows: Reals) -> Mapping[str, Reals]:
    """The median relative error of the cells shown, in each size class there is."""
    errors = relative(values, exact)
    return {name: middle(errors[:, kept]) for name, kept in classes(rows).items()}


def hidden_by_size(values: Reals, rows: Reals) -> Mapping[str, Reals]:
    """The share of cells that are not shown, in each size class there is."""
    hidden = np.isnan(values)
    return {name: hidden[:, kept].mean(axis=1) for name, kept in classes(rows).items()}


def classes(rows: Reals) -> Mapping[str, NDArray[np.bool_]]:
    """Which cells are of each size class; classes without cells are left out."""
    found = {
        name: (rows >= least) & (rows < beyond)
        for name, (least, beyond) in SIZES.items()
    }
    return {name: kept for name, kept in found.items() if kept.any()}
