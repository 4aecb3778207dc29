"""Make and combine domains: what is publicly known of an expression's values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from privacy.catalogue import Domain, Type, Value

LARGEST: Final = 2**63 - 1
"""The largest magnitude a number may reach anywhere in the engine."""

MOST_VALUES: Final = 1_000
"""The longest list of values that is kept; longer ones are known by their ends."""


def number(
    lower: int | None, upper: int | None, *, scale: int = 0, nullable: bool
) -> Domain:
    """Return the numbers between two unscaled ends, listed where they are few.

    Only whole numbers are listed, and a number that can be but one.
    """
    values: tuple[Value, ...] | None = None
    if lower is not None and upper is not None:
        few = scale == 0 and upper - lower < MOST_VALUES
        values = tuple(range(lower, upper + 1)) if few or lower == upper else None
    return Domain(Type.NUMBER, scale, lower, upper, nullable, values)


def numbers(values: Iterable[int], *, scale: int, nullable: bool) -> Domain:
    """Return the finite domain of these unscaled numbers, smallest first."""
    listed = tuple(sorted(set(values)))
    ends = (listed[0], listed[-1]) if listed else (0, 0)
    return Domain(Type.NUMBER, scale, *ends, nullable, listed)


def boolean(*, nullable: bool) -> Domain:
    """Return the domain of a condition."""
    return Domain(Type.BOOLEAN, 0, False, True, nullable, (False, True))  # noqa: FBT003 - bounds


def constant(kind: Type, value: Value) -> Domain:
    """Return the domain of one value that is not a number."""
    return Domain(kind, 0, value, value, nullable=False, values=(value,))


def ends(domain: Domain) -> tuple[int, int] | None:
    """Return the unscaled ends of a NUMBER, or None where either is not known."""
    lower, upper = domain.lower, domain.upper
    if isinstance(lower, int) and isinstance(upper, int):
        return lower, upper
    return None


def low(domain: Domain) -> int | None:
    """Return the unscaled lower end of a NUMBER, where it is known."""
    return domain.lower if isinstance(domain.lower, int) else None


def high(domain: Domain) -> int | None:
    """Return the unscaled upper end of a NUMBER, where it is known."""
    return domain.upper if isinstance(domain.upper, int) else None


def rescaled(domain: Domain, scale: int) -> Domain:
    """Return the same numbers written at a scale that is at least as fine."""
    if domain.scale == scale:
        return domain
    factor = 10 ** (scale - domain.scale)
    lower, upper = low(domain), high(domain)
    return Domain(
        Type.NUMBER,
        scale,
        None if lower is None else lower * factor,
        None if upper is None else upper * factor,
        domain.nullable,
        None
        if domain.values is None
        else tuple(each * factor for each in _whole(domain.values)),
    )


def may_be_zero(domain: Domain) -> bool:
    """Whether a number can be 0."""
    if domain.values is not None:
        return 0 in domain.values
    found = ends(domain)
    return found is None or found[0] <= 0 <= found[1]


def fits(*values: int) -> bool:
    """Whether every number fits the engine's 64 bits."""
    return all(-LARGEST <= each <= LARGEST for each in values)


def union(domains: list[Domain], *, nullable: bool) -> Domain:
    """Return what is known of a value that is in one of these domains of one type.

    Numbers are brought to the finest scale. Values keep the order in which they
    appear; numbers are sorted.
    """
    scale = max(each.scale for each in domains)
    kind = domains[0].type
    if kind is Type.NUMBER:
        domains = [rescaled(each, scale) for each in domains]
    values = _all_values(domains)
    if kind is Type.NUMBER and values is not None:
        return numbers(map(int, _whole(values)), scale=scale, nullable=nullable)
    lower, upper = _outermost(domains)
    if kind is Type.NUMBER and values is None and scale == 0:
        return number(_whole_end(lower), _whole_end(upper), nullable=nullable)
    return Domain(kind, scale, lower, upper, nullable, values)


def _whole(values: Iterable[Value]) -> list[int]:
    return [each for each in values if isinstance(each, int)]


def _whole_end(end: Value | None) -> int | None:
    return end if isinstance(end, int) else None


def _all_values(domains: list[Domain]) -> tuple[Value, ...] | None:
    found: dict[Value, None] = {}
    for domain in domains:
        if domain.values is None:
            return None
        found.update(dict.fromkeys(domain.values))
    return tuple(found) if len(found) <= MOST_VALUES else None


def _outermost(domains: list[Domain]) -> tuple[Value | None, Value | None]:
    """The ends of a union; text has none, and a domain of no values adds none."""
    some = [each for each in domains if each.values != ()]
    lowers = [each.lower for each in some]
    uppers = [each.upper for each in some]
    if not some or some[0].type is Type.TEXT:
        return None, None
    return _least(lowers), _greatest(uppers)


def _least(found: list[Value | None]) -> Value | None:
    known = [each for each in found if each is not None]
    return min(known) if len(known) == len(found) else None


def _greatest(found: list[Value | None]) -> Value | None:
    known = [each for each in found if each is not None]
    return max(known) if len(known) == len(found) else None
