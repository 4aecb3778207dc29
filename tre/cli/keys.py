"""Keys: what there is, under which zone, and under which root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

if TYPE_CHECKING:  # slow to import
    from tre.roots import Root

key: Final = typer.Typer(help="Keys and what protects them.", no_args_is_help=True)


@key.command("list")
def list_all(*, home: Home = HERE, as_json: Json = False) -> None:
    """List the keys by name and zone. No secret is shown."""
    with opened(home) as environment:
        keys = environment.keys()
    answer(
        keys, lambda: [f"{each.zone}  {each.name}" for each in keys], as_json=as_json
    )


@key.command("rotate")
def rotate(
    zone: Annotated[str, typer.Argument(metavar="ZONE")],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Wrap a zone's keys under a new zone key, and destroy the old one.

    Zones are control, landing, linkage and research.
    """
    with opened(home) as environment:
        number = environment.rotate_keys(zone, person=person)
    answer(
        {"zone": zone, "keys": number},
        lambda: [f"{number} keys of {zone} are under a new key."],
        as_json=as_json,
    )


@key.command("protect")
def protect(
    *,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--passphrase-file",
            metavar="FILE",
            help="Derive the root from the passphrase in this file.",
        ),
    ] = None,
    transit: Annotated[
        str | None,
        typer.Option(
            "--transit",
            metavar="URL",
            help="Leave the root in the transit engine of Vault or OpenBao.",
        ),
    ] = None,
    transit_key: Annotated[
        str, typer.Option("--transit-key", metavar="NAME", help="Its key there.")
    ] = "tre",
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Put all keys under another root: a passphrase, a key server, or a new file.

    Afterwards every command finds the passphrase in the file that TRE_PASSPHRASE_FILE
    names, and the key server's token in the one that TRE_TRANSIT_TOKEN_FILE names.
    """
    if passphrase_file is not None and transit is not None:
        raise typer.BadParameter("--passphrase-file and --transit are two roots.")
    kind, new = _root(passphrase_file, transit, transit_key)
    with opened(home) as environment:
        environment.replace_root(kind, new, person=person)
    answer(
        {"root": kind},
        lambda: [f"All keys are under a root of kind {kind}."],
        as_json=as_json,
    )


def _root(
    passphrase: Path | None, transit: str | None, name: str
) -> tuple[str, Callable[[], tuple[bytes, Root]]]:
    from tre.roots import passphrase_root, random_root, transit_root

    if passphrase is not None:
        secret = passphrase.read_bytes().rstrip(b"\r\n")
        return "passphrase", lambda: passphrase_root(secret)
    if transit is not None:
        return "transit", lambda: transit_root(transit.rstrip("/"), "transit", name)
    return "file", random_root


@key.command("destroy")
def destroy(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    *,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="There is no way back, and no copy.")
    ] = False,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Destroy a key, and with it whatever was written under it."""
    if not for_good:
        raise typer.BadParameter("a destroyed key opens nothing again: say --for-good.")
    with opened(home) as environment:
        environment.destroy_key(name, person=person)
    answer({"destroyed": name}, lambda: [f"{name} is destroyed."], as_json=as_json)
