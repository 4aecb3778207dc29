"""What a delivery does to the version before: replaces it, adds to it, corrects it."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, TypeAlias

from pydantic import Field, model_validator

from tre.manifest.shape import Model, Text


class DeliveryKind(Enum):
    """What becomes of the rows that are published already."""

    REPLACE = "replace"
    APPEND = "append"
    CORRECT = "correct"


class Period(Model):
    """The days that a delivery's rows are about, both included. A public fact."""

    begins: date = Field(alias="from")
    ends: date = Field(alias="until")

    @model_validator(mode="after")
    def _in_order(self) -> Period:
        if self.begins > self.ends:
            raise ValueError("expected from no later than until")
        return self


class Delivery(Model):
    """How a delivery relates to the version that is asked.

    `to` is the label of the version that rows are appended to, or that is corrected:
    a delivery is never taken in twice, because afterwards another version is asked.
    """

    kind: DeliveryKind = DeliveryKind.REPLACE
    to: Text | None = None
    period: Period | None = None

    @property
    def extends(self) -> bool:
        """Whether rows of the version before stay."""
        return self.kind is not DeliveryKind.REPLACE


RowKey: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]
"""Fields that together tell a row from every other of its table, in all deliveries."""
