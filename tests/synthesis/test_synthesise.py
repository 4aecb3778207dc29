"""Synthetic rows are paid for once, look like the release, and say what they are."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from privacy.errors import Refused
from tests.synthesis.conftest import COLUMNS, REGIONS
from tre.lab import Lab
from tre.synthesis.synthesise import LABEL, Synthetic


def test_rows_lie_within_public_bounds(made: Synthetic) -> None:
    """Columns, types and values are those that everybody knows."""
    table = made.table
    assert tuple(table.column_names) == COLUMNS
    assert set(table["region"].to_pylist()) <= set(REGIONS)
    assert table["region"].null_count == table["cost"].null_count == 0
    ends = pc.min_max(table["cost"]).as_py()
    assert 0 <= ends["min"] <= ends["max"] <= 3_000
    assert 1_500 < table.num_rows < 2_100


def test_rows_say_what_they_are(made: Synthetic) -> None:
    """The schema has the label and the release; dummy rows have neither."""
    said = made.table.schema.metadata
    assert said[b"tre.synthetic"].decode() == LABEL
    assert said[b"tre.release"].decode() == made.releases[0].id


def test_what_goes_together_still_does(made: Synthetic) -> None:
    """Cost goes with region as in the data, and being open with nothing."""
    frame = made.table.to_pandas()
    frame["cost"] = frame["cost"].astype(float)
    means = frame.groupby("region")["cost"].mean()
    for place, region in enumerate(REGIONS):
        assert abs(means[region] - (1_000 * place + 500)) < 150
    opened = frame[frame["open"].notna()].groupby("open")["cost"].mean()
    assert abs(opened[True] - opened[False]) < 250


def test_fidelity_is_told_by_pair(made: Synthetic) -> None:
    """Each pair has its distance to the noised counts; modelled ones are near."""
    assert len(made.pairs) == 6
    strongest = made.pairs[0]
    assert strongest.columns == ("region", "cost")
    assert strongest.modelled
    assert all(0 <= each.distance < 0.2 for each in made.pairs)


def test_it_costs_one_release(lab: Lab, made: Synthetic) -> None:
    """The release's loss is charged, once; a repeat makes other rows for free."""
    before = lab.remaining().rho
    again = lab.synthesise("visits", COLUMNS, bands=6, epsilon=8.0, rows=50)
    assert [each.id for each in again.releases] == [each.id for each in made.releases]
    assert not again.charged
    assert again.table.num_rows == 50
    assert lab.remaining().rho == before
    other = lab.synthesise("visits", ["region", "open"], epsilon=1.0, rows=50)
    spent = before - lab.remaining().rho
    assert np.isclose(spent, other.loss.rho, rtol=0, atol=2e-9)


def test_what_cannot_be_afforded_is_refused_and_costs_nothing(lab: Lab) -> None:
    """The ledger refuses the question before any row is read."""
    before = lab.remaining()
    with pytest.raises(Refused) as refused:
        lab.synthesise("visits", COLUMNS, epsilon=1e8)
    assert refused.value.code in {"budget_exhausted", "spending"}
    with pytest.raises(Refused) as unknown:
        lab.synthesise("shoes", COLUMNS, epsilon=1.0)
    assert unknown.value.code == "unknown_table"
    assert lab.remaining() == before
