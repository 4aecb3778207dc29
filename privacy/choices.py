"""Build what picks one of several values: CASE, COALESCE, NULLIF, LEAST, CLAMP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from privacy.catalogue import Domain, Type, Value
from privacy.domains import ends, fits, high, low, numbers, rescaled, union
from privacy.expression import Call, Case, Expression, Function, Literal
from privacy.growth import check_rescaling
from privacy.infer import call
from privacy.literals import coerced, is_null, typed_null, written
from privacy.misfit import Misfit
from privacy.semantics import rescale

MOST_BUCKETS: Final = 100_000
_ORDERED: Final = frozenset({Type.NUMBER, Type.DATE, Type.DATETIME})


def unified(expressions: Sequence[Expression]) -> list[Expression]:
    """Bring alternatives to one type: NULLs, and text constants beside dates.

    Raises Misfit `type_mismatch` where they differ or all are NULL.
    """
    known = [each for each in expressions if not is_null(each)]
    if not known:
        raise Misfit("type_mismatch", "This is always NULL: give it a value.")
    kinds = [each.domain.type for each in known]
    kind = next((each for each in kinds if each is not Type.TEXT), Type.TEXT)
    fitted = [coerced(each, kind) for each in expressions]
    for place, each in enumerate(fitted):
        if not is_null(each) and each.domain.type is not kind:
            raise Misfit(
                "type_mismatch",
                f"{{{place}}} is {named(each.domain.type)}, where the other values "
                f"are {named(kind)}.",
            )
    first = next(each for each in fitted if not is_null(each))
    return [typed_null(first.domain) if is_null(each) else each for each in fitted]


def case(
    branches: Sequence[tuple[Expression, Expression]], default: Expression | None
) -> Case:
    """CASE WHEN …: the values brought to one type, the conditions already boolean."""
    values = [value for _, value in branches]
    fitted = unified(values if default is None else [*values, default])
    domains = [each.domain for each in fitted]
    nullable = default is None or any(each.nullable for each in domains)
    domain = _one_of(domains, nullable=nullable)
    paired = [
        (condition, value)
        for (condition, _), value in zip(branches, fitted, strict=False)
    ]
    return Case(tuple(paired), None if default is None else fitted[-1], domain)


def coalesce(arguments: Sequence[Expression]) -> Expression:
    """The first argument that is not NULL."""
    fitted = [each for each in unified(arguments) if not is_null(each)]
    certain = [place for place, each in enumerate(fitted) if not each.domain.nullable]
    fitted = fitted[: certain[0] + 1] if certain else fitted
    if len(fitted) == 1:
        return fitted[0]
    domain = _one_of([each.domain for each in fitted], nullable=not certain)
    return Call(Function.COALESCE, tuple(fitted), domain)


def nullif(value: Expression, other: Expression) -> Expression:
    """The value, or NULL where it equals the other."""
    if is_null(value) or is_null(other):
        raise Misfit("type_mismatch", "NULLIF compares two values, and NULL is none.")
    kind = value.domain.type
    other, value = coerced(other, kind), coerced(value, other.domain.type)
    if other.domain.type is not value.domain.type:
        raise Misfit(
            "type_mismatch",
            f"{{0}} is {named(value.domain.type)} and {{1}} is "
            f"{named(other.domain.type)}.",
        )
    domain = value.domain
    if domain.type is Type.NUMBER and other.domain.scale != domain.scale:
        domain = _one_of([domain, other.domain], nullable=True)
    kept = replace(domain, nullable=True)
    if isinstance(other, Literal) and domain.scale == other.domain.scale:
        kept = _without(kept, other.value)
    return Call(Function.NULLIF, (value, other), kept)


def extreme(function: Function, arguments: Sequence[Expression]) -> Expression:
    """LEAST or GREATEST of numbers, dates or times; NULL where any argument is."""
    fitted = unified(arguments)
    if any(is_null(each) for each in fitted):
        raise Misfit("type_mismatch", f"{function.name} is NULL where any argument is.")
    if fitted[0].domain.type not in _ORDERED:
        raise Misfit(
            "type_mismatch",
            f"{function.name} takes numbers, dates or times; {{0}} is "
            f"{named(fitted[0].domain.type)}.",
        )
    return fitted[0] if len(fitted) == 1 else call(function, *fitted)


def clamp(value: Expression, lower: Literal, upper: Literal) -> Expression:
    """The value pushed into [lower, upper], two numbers of the question; NULL if NULL.

    The value itself where its public bounds imply it.
    """
    scale = max(value.domain.scale, lower.domain.scale, upper.domain.scale)
    if not _fits_at(scale, value):
        value = _clamped_roughly(value, lower, upper)
    least, most = _at_scale(lower, scale), _at_scale(upper, scale)
    if _number(least) > _number(most):
        raise Misfit(
            "invalid_value",
            "CLAMP's lower bound is above its upper bound.",
            template="CLAMP({0}, {2}, {1})",
        )
    found = ends(value.domain)
    inside = found is not None and (
        _number(least) <= rescale(found[0], value.domain.scale, scale)
        and rescale(found[1], value.domain.scale, scale) <= _number(most)
    )
    return value if inside else call(Function.CLAMP, value, least, most)


def width_bucket(
    value: Expression, lower: Literal, upper: Literal, count: Literal
) -> Expression:
    """The number of the bucket, 1 to count, of equal buckets in [lower, upper).

    0 below `lower` and count + 1 from `upper` on, as in PostgreSQL.
    """
    buckets = _number(count)
    if count.domain.scale or not 1 <= buckets <= MOST_BUCKETS:
        raise Misfit(
            "invalid_value",
            f"WIDTH_BUCKET takes a whole number of 1 to {MOST_BUCKETS:,} buckets.",
        )
    scale = max(value.domain.scale, lower.domain.scale, upper.domain.scale)
    least, most = _number(_at_scale(lower, scale)), _number(_at_scale(upper, scale))
    if least >= most:
        raise Misfit(
            "invalid_value", "WIDTH_BUCKET's lower bound is below its upper bound."
        )
    value = _around(value, lower, upper, buckets)
    check_rescaling([value.domain], scale)
    unit = 10 ** (scale - value.domain.scale)
    if not fits((most - least + 4 * unit) * (buckets + 1)):
        raise Misfit("overflow", "WIDTH_BUCKET's bounds are too far apart.")
    arguments = (value, _at_scale(lower, scale), _at_scale(upper, scale), count)
    return call(Function.WIDTH_BUCKET, *arguments)


def _without(domain: Domain, value: Value | None) -> Domain:
    if domain.values is None:
        return domain
    values = tuple(each for each in domain.values if each != value)
    if domain.type is not Type.NUMBER:
        return replace(domain, values=values)
    whole = [each for each in values if isinstance(each, int)]
    return numbers(whole, scale=domain.scale, nullable=True)


def named(kind: Type) -> str:
    """A type, in words."""
    return {
        Type.NUMBER: "a number",
        Type.TEXT: "text",
        Type.BOOLEAN: "true or false",
        Type.DATE: "a date",
        Type.DATETIME: "a date and time",
    }[kind]


def _one_of(domains: list[Domain], *, nullable: bool) -> Domain:
    if domains[0].type is Type.NUMBER:
        check_rescaling(domains, max(each.scale for each in domains))
    return union(domains, nullable=nullable)


def _at_scale(literal: Literal, scale: int) -> Literal:
    """The same number, its unscaled integer written at a finer scale."""
    value = rescale(_number(literal), literal.domain.scale, scale)
    if not fits(value):
        raise Misfit(
            "invalid_value",
            f"{written(_number(literal), literal.domain.scale)} is too large here.",
        )
    domain = Domain(Type.NUMBER, scale, value, value, nullable=False, values=(value,))
    return Literal(value, domain)


def _number(literal: Literal) -> int:
    if not isinstance(literal.value, int):
        raise TypeError("a number was checked for before")
    return literal.value


def _fits_at(scale: int, value: Expression) -> bool:
    """Whether a number can be written at a scale, in 64 bits."""
    if scale == value.domain.scale:
        return True
    found = ends(rescaled(value.domain, scale))
    return found is not None and fits(*found)


def _clamped_roughly(value: Expression, lower: Literal, upper: Literal) -> Expression:
    """Bounds of the value's own, coarser scale around [lower, upper]."""
    unit = 10**value.domain.scale
    least = _number(lower) * unit // 10**lower.domain.scale
    most = -(-_number(upper) * unit // 10**upper.domain.scale)
    return _between(value, least, most)


def _around(
    value: Expression, lower: Literal, upper: Literal, buckets: int
) -> Expression:
    """The value, kept near enough to the bounds for the arithmetic to fit."""
    unit = 10**value.domain.scale
    least = _number(lower) * unit // 10**lower.domain.scale - 1
    most = -(-_number(upper) * unit // 10**upper.domain.scale) + 1
    floor, ceiling = low(value.domain), high(value.domain)
    finer = 10 ** max(lower.domain.scale, upper.domain.scale)
    room = None if floor is None or ceiling is None else (ceiling - floor)
    if room is not None and fits(
        (abs(room) + abs(floor or 0) + abs(least) + abs(most)) * finer * (buckets + 1)
    ):
        return value
    return _between(value, least, most)


def _between(value: Expression, least: int, most: int) -> Expression:
    scale = value.domain.scale
    if not fits(least, most):
        raise Misfit("invalid_value", "The bounds are too large.")
    bounds = (
        Literal(
            each, Domain(Type.NUMBER, scale, each, each, nullable=False, values=(each,))
        )
        for each in (least, most)
    )
    return call(Function.CLAMP, value, *bounds)
