"""Serving the environment to others, and telling its story."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from signal import SIGTERM, default_int_handler, signal
from typing import TYPE_CHECKING, Annotated

import typer

from tre.capacity import LEAST_HEADROOM, Capacity
from tre.cli.options import HERE, Headroom, Home
from tre.cli.session import opened

if TYPE_CHECKING:  # slow to import
    from tre.gateway.traces import Tracer


Host = Annotated[
    str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")
]
Port = Annotated[int, typer.Option("--port", metavar="PORT", min=0, max=65535)]
Inbox = Annotated[
    Path | None,
    typer.Option(
        "--inbox",
        metavar="DIR",
        help="Where each controller has a folder of files to onboard over HTTP.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=256,
        help="How many questions are answered at a time.",
    ),
]
Spares = Annotated[
    int,
    typer.Option(
        "--spares",
        metavar="N",
        min=0,
        max=64,
        help="How many more processes stand ready for those that fail.",
    ),
]
Memory = Annotated[
    int,
    typer.Option(
        "--memory", metavar="MIB", min=64, help="What each may hold in memory."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        envvar="TRE_ADDRESS",
        help="Where people reach it. Without one it answers to this machine alone.",
    ),
]


def serve(  # noqa: PLR0913 - one parameter for each option
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    inbox: Inbox = None,
    workers: Workers = 4,
    spares: Spares = 1,
    memory: Memory = 2048,
    headroom: Headroom = LEAST_HEADROOM,
    address: Address = None,
    home: Home = HERE,
) -> None:
    """Serve the HTTP interface.

    It speaks plain HTTP: beyond this machine, put TLS in front of it, and say with
    --address under which name that is.
    """
    from tre.gateway.address import LOOPBACK, PublicAddress
    from tre.heap import share_one_heap

    if address is None and host not in LOOPBACK:
        raise typer.BadParameter(
            "to listen beyond this machine, say with --address where people reach it."
        )
    if inbox is not None and not inbox.is_dir():
        raise typer.BadParameter(f"--inbox {inbox}: expected a folder that is there.")
    public = None if address is None else PublicAddress.read(address)
    capacity = Capacity(workers, spares, memory, headroom)
    share_one_heap()
    with opened(home, capacity) as environment, closing(_tracer()) as tracer:
        from tre.gateway.server import server

        signal(SIGTERM, default_int_handler)
        with suppress(KeyboardInterrupt):
            server(
                environment,
                host=host,
                port=port,
                inbox=inbox,
                address=public,
                tracer=tracer,
            ).run()


def _tracer() -> Tracer:
    from tre.gateway.events import log_to_stderr
    from tre.gateway.tracer import tracer

    log_to_stderr()
    return tracer()


def demo(
    *,
    home: Annotated[
        Path,
        typer.Option("--home", metavar="DIR", help="A folder for the story alone."),
    ] = Path(".demo"),
    headroom: Headroom = LEAST_HEADROOM,
) -> None:
    """Tell the story of `make demo` again.

    Real files, from their controllers' disks to researchers' answers. The folder
    holds the files and, in `home`, the environment that the story leaves behind.
    """
    from tre.cli.output import say
    from tre.cli.progress import shown
    from tre.cli.show_dataset import counted
    from tre.cli.show_release import released
    from tre.demo.story import Stage, tell

    stage = Stage(say=say, counted=counted, released=released, progress=shown)
    tell(home, stage, Capacity(headroom=headroom))
