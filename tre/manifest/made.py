"""What is publicly known of the columns that a manifest has made of others.

Each function raises `Invalid` with the manifest path of the key that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from connectors.errors import Invalid
from privacy.catalogue import Domain, Type, Value
from tre.manifest.domains import decimal, domain, moment, span, unscaled
from tre.manifest.model import FieldType, TableField
from tre.manifest.transform import (
    AgeBand,
    Bands,
    Codes,
    DatePart,
    Derivation,
    Lookup,
    OutwardPostcode,
    Part,
    Step,
)

PART_BOUNDS: Final[Mapping[Part, tuple[int, int]]] = {
    Part.QUARTER: (1, 4),
    Part.MONTH: (1, 12),
    Part.DAY: (1, 31),
}

MOMENTS: Final = (FieldType.DATE, FieldType.DATETIME)
NUMBERS: Final = (FieldType.INTEGER, FieldType.NUMBER)
CODED: Final = (FieldType.STRING, FieldType.INTEGER)

STEPS: Final = 1_000
"""Multiples are public keys where there are at most so many."""


def published(field: TableField, path: str) -> Domain:
    """The domain of what is published under a field's own name."""
    extension = field.tre
    known = domain(field, path)
    if extension.generalise is not None:
        return made(extension.generalise, field, f"{path}.tre.generalise")
    low, high = coded_ends(field, path)
    if low is None and high is None:
        return known
    lower = known.lower if low is None else max(low, _end(known.lower, low))
    upper = known.upper if high is None else min(high, _end(known.upper, high))
    return span(replace(known, lower=lower, upper=upper, values=None))


def made(derivation: Derivation, field: TableField, path: str) -> Domain:
    """The domain of what `derivation` makes of `field`; `path` is where it stands."""
    match derivation:
        case DatePart():
            _of_type(field, MOMENTS, path)
            return _part(derivation, field, path)
        case AgeBand():
            _of_type(field, MOMENTS, path)
            return _labels(age_labels(derivation, path), field, path)
        case Bands():
            _of_type(field, NUMBERS, path)
            return _labels(band_labels(derivation, field, path), field, path)
        case Step():
            _of_type(field, NUMBERS, path)
            return _stepped(derivation, field, path)
        case _:
            return _named(derivation, field, path)


def _named(
    derivation: OutwardPostcode | Codes | Lookup, field: TableField, path: str
) -> Domain:
    """What is made of a text or a code."""
    match derivation:
        case OutwardPostcode():
            _of_type(field, (FieldType.STRING,), path)
            if derivation.enum is None:
                return Domain(Type.TEXT, nullable=not field.constraints.required)
            return _labels(derivation.enum, field, f"{path}.enum")
        case Codes():
            _of_type(field, CODED, path)
            found = [label for label in derivation.codes.values() if label is not None]
            if not found:
                raise Invalid(f"{path}.codes", "expected a code that has a label")
            known = _labels(tuple(dict.fromkeys(found)), field, path)
            missing = len(found) < len(derivation.codes)
            return replace(known, nullable=known.nullable or missing)
        case Lookup():
            _of_type(field, CODED, path)
            return _labels(derivation.enum, field, f"{path}.enum")


def coded_ends(field: TableField, path: str) -> tuple[int | None, int | None]:
    """What smaller and larger numbers are published as, unscaled; None for neither."""
    extension = field.tre
    ends: list[int | None] = []
    for key in ("bottom_code", "top_code"):
        said, place = getattr(extension, key), f"{path}.tre.{key}"
        if said is None:
            ends.append(None)
            continue
        _of_type(field, NUMBERS, place)
        if field.constraints.enum is not None or extension.generalise is not None:
            raise Invalid(place, "is not for values that are listed or generalised")
        scale = domain(field, path).scale
        ends.append(unscaled(decimal(said, place), scale, place))
    if None not in ends and ends[0] > ends[1]:  # type: ignore[operator]  # neither is None
        raise Invalid(f"{path}.tre.bottom_code", "expected at most the top code")
    return ends[0], ends[1]


def age_labels(derivation: AgeBand, path: str) -> tuple[str, ...]:
    """`0 to 15`, `16 to 24`, `25 and over`."""
    _rising(derivation.bands, f"{path}.bands")
    ends = [_whole(low, high) for low, high in pairwise(derivation.bands)]
    return (*ends, f"{derivation.bands[-1]} and over")


def band_labels(derivation: Bands, field: TableField, path: str) -> tuple[str, ...]:
    """The labels as said, or such as `0 to 9` and `0.5 to under 1`."""
    numbers = band_ends(derivation, field, path)
    if derivation.labels is not None:
        if len(derivation.labels) != len(numbers):
            raise Invalid(f"{path}.labels", "expected as many labels as bands")
        return derivation.labels
    said = [f"{decimal(band, path):f}" for band in derivation.bands]
    whole = domain(field, path).scale == 0
    ends = [
        _whole(int(low), int(high)) if whole else f"{low} to under {high}"
        for low, high in pairwise(said)
    ]
    return (*ends, f"{said[-1]} and over")


def band_ends(derivation: Bands, field: TableField, path: str) -> tuple[int, ...]:
    """The lowest number of each band, unscaled as the field's values are."""
    scale = domain(field, path).scale
    numbers = tuple(
        unscaled(decimal(band, place), scale, place)
        for index, band in enumerate(derivation.bands)
        if (place := f"{path}.bands[{index}]")
    )
    _rising(numbers, f"{path}.bands")
    return numbers


def step_size(derivation: Step, field: TableField, path: str) -> int:
    """The step, unscaled as the field's values are."""
    place = f"{path}.step"
    size = unscaled(decimal(derivation.step, place), domain(field, path).scale, place)
    if size < 1:
        raise Invalid(place, "expected a number above 0")
    return size


def _stepped(derivation: Step, field: TableField, path: str) -> Domain:
    known, size = domain(field, path), step_size(derivation, field, path)
    ends = [
        end // size * size if isinstance(end, int) else None
        for end in (known.lower, known.upper)
    ]
    stepped = Domain(Type.NUMBER, known.scale, ends[0], ends[1], known.nullable)
    low, high = ends
    if low is None or high is None or (high - low) // size >= STEPS:
        return stepped
    return replace(stepped, values=tuple(range(low, high + 1, size)))


def _part(derivation: DatePart, field: TableField, path: str) -> Domain:
    lower, upper = _part_bounds(derivation, field, path)
    if lower > upper:
        raise Invalid(f"{path}.minimum", "expected at most the maximum")
    nullable = not field.constraints.required
    return span(Domain(Type.NUMBER, 0, lower, upper, nullable=nullable))


def _part_bounds(derivation: DatePart, field: TableField, path: str) -> tuple[int, int]:
    known = PART_BOUNDS.get(derivation.from_)
    if known is None:
        known = _years(field, path, derivation)
    lower = known[0] if derivation.minimum is None else derivation.minimum
    upper = known[1] if derivation.maximum is None else derivation.maximum
    return lower, upper


def _years(field: TableField, path: str, derivation: DatePart) -> tuple[int, int]:
    ends: list[int] = []
    for key in ("minimum", "maximum"):
        own = getattr(derivation, key)
        parent = getattr(field.constraints, key)
        if own is None and parent is None:
            raise Invalid(f"{path}.{key}", "expected a year, here or on the date")
        place = f"{path.rsplit('.tre.', 1)[0]}.constraints.{key}"
        ends.append(own if own is not None else moment(parent, place, Type.DATE).year)
    return ends[0], ends[1]


def _labels(labels: Sequence[str], field: TableField, path: str) -> Domain:
    if len(set(labels)) != len(labels):
        raise Invalid(path, "expected each label once")
    nullable = not field.constraints.required
    values = tuple(labels)
    return Domain(Type.TEXT, 0, min(values), max(values), nullable, values)


def _of_type(field: TableField, types: Iterable[FieldType], path: str) -> None:
    types = tuple(types)
    if field.type not in types:
        names = " or ".join(each.value for each in types)
        raise Invalid(path, f"is for fields of type {names}")


def _rising(numbers: Sequence[int], path: str) -> None:
    if any(low >= high for low, high in pairwise(numbers)):
        raise Invalid(path, "expected each band to begin above the one before")


def _whole(low: int, high: int) -> str:
    return f"{low}" if high - low == 1 else f"{low} to {high - 1}"


def _end(known: Value | None, other: int) -> int:
    return known if isinstance(known, int) else other
