"""Ctrl-C, pressed while something is under way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupted(*, after_seconds: float) -> Iterator[None]:
    """The block is interrupted after a while; it has to go on for longer than that."""
    main = threading.main_thread().ident
    press = threading.Timer(after_seconds, signal.pthread_kill, (main, signal.SIGINT))
    # A shell starts what runs in its background with interrupts ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        press.start()
        yield
    finally:
        press.join()
        signal.signal(signal.SIGINT, before)
