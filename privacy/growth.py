"""Prove that no number outgrows 64 bits, or say which bounds would see to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from privacy.catalogue import Domain
from privacy.domains import LARGEST, ends, fits, rescaled
from privacy.expression import Function
from privacy.literals import MAX_SCALE, written
from privacy.misfit import Misfit

SAME_SCALE: Final = frozenset(
    {Function.ADD, Function.SUBTRACT, Function.MODULO}
    | {Function.LEAST, Function.GREATEST, Function.CLAMP}
)
"""Functions whose arguments are brought to the scale of the result."""

_EXAMPLE: Final = ("0", "100000")


def need_bounds(domains: list[Domain]) -> None:
    """Refuse arithmetic on numbers without public bounds."""
    missing = [place for place, each in enumerate(domains) if ends(each) is None]
    if missing:
        names = " and ".join(f"{{{place}}}" for place in missing)
        raise Misfit(
            "unbounded",
            f"{names} has no public bounds, so arithmetic on it could outgrow any "
            "number. Give it bounds of your own with CLAMP.",
            clamps=dict.fromkeys(missing, _EXAMPLE),
        )


def check_rescaling(domains: list[Domain], scale: int) -> None:
    """Refuse numbers that could outgrow 64 bits when written at a finer scale."""
    finer = [place for place, each in enumerate(domains) if each.scale < scale]
    missing = [place for place in finer if ends(domains[place]) is None]
    if missing:
        raise Misfit(
            "unbounded",
            f"{{{missing[0]}}} has no public bounds, so it cannot be combined with a "
            "number of more decimals. Give it bounds of your own with CLAMP.",
            clamps=dict.fromkeys(missing, _EXAMPLE),
        )
    large = [
        place
        for place in finer
        if not fits(*(ends(rescaled(domains[place], scale)) or ()))
    ]
    if large:
        _overflow(domains, {place: scale - domains[place].scale for place in large})


def check_steps(function: Function, domains: list[Domain], scale: int) -> None:
    """Refuse where an operand outgrows 64 bits before the function is applied."""
    match function:
        case Function.DIVIDE:
            shift = scale - domains[0].scale + domains[1].scale
            place = 0 if shift >= 0 else 1
            if not fits(*grown(domains[place], abs(shift))):
                _overflow(domains, {place: abs(shift)})
        case Function.FLOOR | Function.CEIL | Function.ROUND:
            unit = 10 ** (domains[0].scale - scale)
            lower, upper = ends(domains[0]) or (0, 0)
            if not fits(lower - unit, upper + unit):
                _overflow(domains, {0: 1})
        case Function.MULTIPLY:
            if scale > MAX_SCALE:
                raise Misfit(
                    "overflow",
                    f"The product would have {scale} decimals, of {MAX_SCALE} there "
                    "can be. ROUND a factor first.",
                    template="ROUND({0}, 2) * ROUND({1}, 2)",
                )
        case _:
            if function in SAME_SCALE:
                check_rescaling(domains, scale)


def grown(domain: Domain, shift: int) -> tuple[int, int, int]:
    """The ends of a number once it is multiplied by 10^shift, and that factor."""
    lower, upper = ends(domain) or (0, 0)
    return lower * 10**shift, upper * 10**shift, 10**shift


def check_result(function: Function, domains: list[Domain], result: Domain) -> None:
    """Refuse a result that could outgrow 64 bits."""
    found = ends(result)
    if found is not None and not fits(*found):
        shift = 9 if function is Function.MULTIPLY else 1
        _overflow(domains, dict.fromkeys(range(len(domains)), shift))


def _overflow(domains: list[Domain], shifts: Mapping[int, int]) -> None:
    """Suggest bounds that leave room for each operand to grow by 10^shift."""
    clamps = {
        place: _narrowed(domains[place], LARGEST // 10 ** (shift + 1))
        for place, shift in shifts.items()
    }
    raise Misfit(
        "overflow",
        "This could reach a number that 64 bits do not hold. "
        "Narrow what goes into it with CLAMP.",
        clamps={place: each for place, each in clamps.items() if each is not None},
    )


def _narrowed(domain: Domain, most: int) -> tuple[str, str] | None:
    """Bounds within ±`most`, a power of ten of units, as SQL; None where inside."""
    round_most = 10 ** (len(str(most)) - 1)
    found = ends(domain)
    if found is None or max(abs(each) for each in found) <= round_most:
        return None
    lower, upper = max(found[0], -round_most), min(found[1], round_most)
    return written(lower, domain.scale), written(upper, domain.scale)
