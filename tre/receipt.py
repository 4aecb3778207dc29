"""What a receipt says of noise, price and disclosure, beside the question itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from privacy.accounting import Loss
from privacy.mechanism import Mechanism
from privacy.names import ADDED
from privacy.plan import Component
from privacy.policy import Policy
from privacy.price import Price
from privacy.ranks import Choice
from privacy.selection import Selector
from tre.control.canonical import Json

INTERVALS: Final = "95%, for the exact answer on the published table"


def receipt_body(price: Price, table: pa.Table) -> Mapping[str, Json]:
    """The mechanisms with their parameters, the price, the policy, the verdicts.

    Numbers that are not whole are decimal text, so that there is one spelling.
    """
    components = zip(price.plan.components, price.mechanisms, strict=True)
    choices = zip(price.plan.choices, price.selectors, strict=True)
    return {
        "mechanisms": [
            *(_mechanism(*each) for each in components),
            *(_selection(*each) for each in choices),
            *_threshold(price),
        ],
        "price": {
            "measure": price.measure.value,
            "rho_nano": price.rho_nano,
            "epsilon_nano": price.epsilon_nano,
            "delta_atto": price.delta_atto,
            "conversion_delta_atto": price.conversion_delta_atto,
        },
        "loss": _loss(price.loss),
        "policy": _policy(price.plan.policy),
        "intervals": INTERVALS,
        "disclosure": _verdicts(table),
    }


def loss_of(receipt: Mapping[str, Any]) -> Loss:
    """The loss a stored receipt states."""
    said = receipt["body"]["loss"]
    return Loss(float(said["rho"]), float(said["epsilon"]), float(said["delta"]))


def _mechanism(component: Component, mechanism: Mechanism) -> Mapping[str, Json]:
    return {
        "statistic": component.statistic.value,
        "decimals": component.scale,
        "noise": mechanism.kind.value,
        "scale": repr(mechanism.scale),
        "l1": mechanism.l1,
        "l2_squared": mechanism.l2_squared,
        "cells": "all together" if mechanism.whole else "each",
    }


def _selection(choice: Choice, selector: Selector) -> Mapping[str, Json]:
    """A choice of a value, or of an end of its interval, among candidates."""
    target = selector.target
    return {
        "statistic": f"rank {target.above}/{target.below}, {choice.part.value}",
        "candidates": [*choice.candidates],
        "noise": selector.stages[0].selection.best.value,
        "scale": [repr(each.selection.scale) for each in selector.stages],
        "shift": [each.shift for each in selector.stages],
        "linf": selector.stages[0].selection.moved,
        "monotone": selector.stages[0].selection.monotone,
    }


def _threshold(price: Price) -> Iterator[Mapping[str, Json]]:
    """Past which noised count of people keys came out that are not public."""
    threshold, emerging = price.threshold, price.plan.emerging
    if threshold is not None and emerging is not None:
        yield {
            "statistic": "keys",
            "noise": "discrete Gaussian",
            "scale": repr(threshold.scale),
            "fewest": emerging.fewest,
            "threshold": threshold.least + emerging.fewest - 1,
            "keys_per_person": threshold.keys,
        }


def _loss(loss: Loss) -> Mapping[str, Json]:
    return {
        "rho": repr(loss.rho),
        "epsilon": repr(loss.epsilon),
        "delta": repr(loss.delta),
    }


def _policy(policy: Policy) -> Mapping[str, Json]:
    return {
        "name": policy.name,
        "version": policy.version,
        "hash": policy.hash,
        "threshold_people": policy.threshold_people,
        "confidence": str(policy.confidence),
        "granularity": {"counts": policy.granularity.counts},
    }


def _verdicts(table: pa.Table) -> Mapping[str, Json]:
    """How many cells of the released table have each status.

    A key may be called `marital_status`: only what has an interval has a status.
    """
    names = set(table.column_names)
    counted: Counter[str] = Counter()
    for name in table.column_names:
        if {f"{name}{added}" for added in ADDED} <= names:
            for each in pc.value_counts(table.column(f"{name}_status")).to_pylist():
                counted[each["values"]] += each["counts"]
    return dict(counted)
