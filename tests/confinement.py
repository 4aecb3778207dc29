"""What a test does on a machine whose kernel lacks a layer of confinement."""

from __future__ import annotations

from tre.environment import Environment


def accept_what_is_missing(environment: Environment) -> None:
    """Do without it, on record, as an operator would."""
    for layer in environment.confinement():
        if not layer.granted:
            environment.accept_layer(layer.name, reason="Made-up people.")
