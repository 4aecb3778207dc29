"""What an expression must be before a function is applied to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from privacy.catalogue import Type
from privacy.choices import named
from privacy.expression import Expression, Function
from privacy.infer import call, whole_quotient
from privacy.literals import is_null
from privacy.misfit import Misfit
from privacy.weight import MOST_REPEATED, weight

Build: TypeAlias = Callable[..., Expression]
"""Makes an expression of others; Misfit where they do not fit."""

_DATES: Final = (Type.DATE, Type.DATETIME)


def needs_numbers(function: Function, build: Build) -> Build:
    """The same, for numbers only."""

    def checked(*arguments: Expression) -> Expression:
        for place, each in enumerate(arguments):
            if each.domain.type is not Type.NUMBER or is_null(each):
                kind = "NULL" if is_null(each) else named(each.domain.type)
                raise Misfit(
                    "type_mismatch",
                    f"{{{place}}} is {kind}; {function.value.upper()} takes numbers.",
                )
        return build(*arguments)

    return checked


def whole(*arguments: Expression) -> Expression:
    """The quotient of two whole numbers, cut off at the point."""
    if any(each.domain.scale for each in arguments):
        raise Misfit(
            "type_mismatch",
            "// divides whole numbers; for others write FLOOR.",
            template="FLOOR({0} / {1})",
        )
    return whole_quotient(*arguments)


def repeated(times: int) -> Build:
    """The expression itself, where it may be written so many times."""

    def build(expression: Expression) -> Expression:
        repeatable(expression, times)
        return expression

    return build


def repeatable(expression: Expression, times: int) -> None:
    """Refuse to repeat what is so long that repeating it would grow without end."""
    if weight(expression, MOST_REPEATED) * times > MOST_REPEATED:
        raise Misfit(
            "too_deep",
            "{0} is too long to be compared several times. "
            "Write it in fewer steps, or in conditions of its own.",
        )


def date_part(function: Function) -> Build:
    """A part of a date, or of a time."""

    def build(value: Expression) -> Expression:
        kinds = (Type.DATETIME,) if function is Function.HOUR else _DATES
        if value.domain.type not in kinds or is_null(value):
            raise Misfit(
                "type_mismatch",
                f"{{0}} is {named(value.domain.type)}; {function.name} is a part of "
                f"{' or of '.join(named(each) for each in kinds)}.",
            )
        return call(function, value)

    return build
