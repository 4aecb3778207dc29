"""Encoding a dataset on its controller's side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tre.cli.options import HERE, Home, Json
from tre.cli.output import answer


def encode(
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="A Data Package, YAML or JSON.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where to write.")
    ],
    secret_file: Annotated[
        Path,
        typer.Option(
            "--secret-file",
            metavar="FILE",
            help="At least 32 bytes, the same for all controllers who link.",
        ),
    ],
    home: Home = HERE,  # noqa: ARG001 - every command takes it; this one needs none
    as_json: Json = False,
) -> None:
    """Encode identifiers where they are, so that they need not be handed over."""
    from tre.encode import encode

    encoded = encode(manifest, output, secret_file)
    rows = ", ".join(f"{name} {count:,}" for name, count in encoded.rows.items())
    left_out = [
        f"Left out of {name}: {count:,} rows with another number of values than the "
        "header."
        for name, count in encoded.left_out.items()
    ]
    answer(
        encoded,
        lambda: [
            f"Encoded, in rows: {rows}.",
            *left_out,
            f"Hand over the folder of {encoded.manifest}.",
            "It has no identifiers and is personal data all the same; keep the secret.",
        ],
        as_json=as_json,
    )
