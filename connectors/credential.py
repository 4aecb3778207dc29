"""Who a source is asked as. What is secret of it is shown by nothing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a password, for one host only. Neither is in its `repr`."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be written down or sent to another process."""
        raise TypeError("a credential stays in the process that read it")
