"""Every rule of every profile, at its boundary and one step either side."""

import numpy as np
import pytest

from connectors.errors import Invalid
from tre.profiles.judge import Contributions, judge, model_fails
from tre.profiles.load import load_profile, read_profile, shipped
from tre.profiles.publish import (
    publish_counts,
    publish_rates,
    publish_total,
    publish_values,
)

HIDDEN = None


def published(name: str, *counts: int) -> list[float | None]:
    """Counts as the profile gives them out."""
    values = publish_counts(load_profile(name), np.array(counts)).values
    return [HIDDEN if np.isnan(value) else float(value) for value in values]


def contributions(*values: float) -> Contributions:
    """One cell of these values."""
    descending = sorted([*values, 0.0, 0.0], reverse=True)[: max(2, len(values))]
    return Contributions(
        np.array([sum(values)]),
        np.array([descending]),
        np.array([sum(value < 0 for value in values)]),
    )


def failed(name: str, *values: float) -> set[str]:
    """The rules that a cell of these values fails."""
    counts = np.array([len(values)])
    found = judge(load_profile(name), counts, contributions(*values))
    return {rule for rule, mask in found.fails.items() if mask.any()}


def test_six_systems_are_shipped() -> None:
    """Each profile is read, has its file's name, and says where it was read."""
    assert shipped() == (
        "acro",
        "bunny",
        "datashield",
        "midpoint6",
        "opensafely",
        "sdctable",
    )
    for name in shipped():
        assert load_profile(name).name == name
        assert load_profile(name).source


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("acro", {0: HIDDEN, 1: HIDDEN, 9: HIDDEN, 10: 10, 11: 11}),
        ("opensafely", {0: HIDDEN, 6: HIDDEN, 7: HIDDEN, 8: 10, 12: 10, 13: 15}),
        ("midpoint6", {0: 0, 1: 3, 5: 3, 6: 3, 7: 9, 12: 9, 13: 15}),
        ("datashield", {0: 0, 1: HIDDEN, 2: HIDDEN, 3: 3, 4: 4}),
        ("bunny", {0: 0, 9: 0, 10: 10, 11: 10, 15: 20, 25: 20, 26: 30}),
        ("sdctable", {0: 0, 1: HIDDEN, 2: HIDDEN, 3: HIDDEN, 4: 4}),
    ],
)
def test_counts_at_the_boundary(name: str, shown: dict[int, float | None]) -> None:
    """A count is hidden and rounded exactly as the system it comes from does it."""
    assert dict(zip(shown, published(name, *shown), strict=True)) == shown


def test_acro_holds_an_empty_cell_for_class_disclosure() -> None:
    """An empty cell of a table of counts discloses; a cell of one person does not."""
    found = judge(load_profile("acro"), np.array([0, 1]))
    assert found.fails["class"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "largest", "fails"),
    [
        ("acro", 44.5, False),
        ("acro", 45.0, True),  # 90 of 100: at the boundary it fails
        ("acro", 45.5, True),
        ("sdctable", 42.0, False),
        ("sdctable", 42.5, False),  # 85 of 100: at the boundary it passes
        ("sdctable", 43.0, True),
    ],
)
def test_concentration(name: str, largest: float, fails: bool) -> None:
    """The two largest of twelve contributions, at the share and either side."""
    rest = 100.0 - 2 * largest
    values = (largest, largest, *[rest / 10] * 10)
    assert ("concentration" in failed(name, *values)) == fails


@pytest.mark.parametrize(
    ("name", "rest", "fails"),
    [
        ("acro", 9, True),
        ("acro", 10, False),
        ("acro", 11, False),
        ("sdctable", 79, True),
        ("sdctable", 80, False),
        ("sdctable", 81, False),
    ],
)
def test_inference(name: str, rest: int, fails: bool) -> None:
    """What is left beside the two largest, in percent of the largest, of 100."""
    values = (100.0, 50.0, *[rest / 10] * 10)
    assert ("inference" in failed(name, *values)) == fails


def test_where_nobody_contributes_anything() -> None:
    """All zeros fail the p% rule in acro 1.0.1 (whatever its comment says)."""
    assert "inference" in failed("acro", *[0.0] * 12)
    assert failed("sdctable", *[0.0] * 12) == set()


def test_acro_leaves_negative_values_to_a_person() -> None:
    """One negative value anywhere, and dominance is reviewed instead of judged."""
    counts = np.array([12])
    found = judge(load_profile("acro"), counts, contributions(99.0, -1.0, *[0.0] * 10))
    assert found.review
    assert not found.hidden.any()


def test_values_are_hidden_with_their_cells() -> None:
    """A mean is hidden where its cell fails, and is not rounded where it does not."""
    even = contributions(*[1.5] * 12)
    profile = load_profile("acro")
    shown = publish_values(profile, np.array([1.5]), np.array([12]), even)
    few = publish_values(profile, np.array([1.5]), np.array([9]), even)
    assert shown.values.tolist() == [1.5]
    assert few.hidden.tolist() == [True]


@pytest.mark.parametrize(
    ("part", "whole", "rate"),
    [(6, 100, None), (7, 100, None), (8, 100, 0.1), (9, 100, 0.1), (8, 12, 1.0)],
)
def test_opensafely_rates(part: int, whole: int, rate: float | None) -> None:
    """A rate is made of rounded counts and hidden where either of them is."""
    rates = publish_rates(
        load_profile("opensafely"), np.array([part]), np.array([whole])
    )
    assert [None if np.isnan(v) else float(v) for v in rates.values] == [rate]


def test_totals_are_recomputed_where_the_system_does() -> None:
    """OpenSAFELY adds up what it shows; ACRO counts anew, which gives cells away."""
    counts = np.array([7, 8, 101])
    assert publish_total(load_profile("opensafely"), counts).values.tolist() == [110]
    assert publish_total(load_profile("acro"), counts).values.tolist() == [116]


@pytest.mark.parametrize(
    ("name", "observations", "parameters", "fails"),
    [
        ("acro", 14, 5, True),
        ("acro", 15, 5, False),
        ("acro", 16, 5, False),
        ("datashield", 100, 32, False),
        ("datashield", 100, 33, False),
        ("datashield", 100, 34, True),
        ("bunny", 2, 2, False),
    ],
)
def test_models(name: str, observations: int, parameters: int, fails: bool) -> None:
    """A model's freedom and its number of parameters, at the boundary."""
    assert model_fails(load_profile(name), observations, parameters) == fails


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: mine\nversion: 1\nsource: me\nfrequency_of: {}", "frequency_of"),
        (
            "name: mine\nversion: 1\nsource: me\n"
            'frequency: {fails: "<", threshold: 0, zero: fails}',
            "frequency.threshold",
        ),
        ("name: [", "profile"),
    ],
)
def test_a_wrong_profile_is_refused_by_place(text: str, place: str) -> None:
    """A profile that a steward wrote is read as strictly as a manifest."""
    with pytest.raises(Invalid) as caught:
        read_profile(text)
    assert caught.value.path == place


def test_an_unknown_profile_names_the_known_ones() -> None:
    """Asking for a profile that is not shipped says which are."""
    with pytest.raises(Invalid, match="acro, bunny"):
        load_profile("acra")
