"""The one way in which a manifest or a source is not accepted."""

from __future__ import annotations


class Invalid(Exception):
    """A manifest or a source is not what it must be.

    `path` names the place: a path into the manifest
    (`resources[0].schema.fields[3].constraints.minimum`) or a file, with its line
    where there is one. `message` says what was expected. Neither ever holds a value
    of the data: only names, types, counts and what the manifest itself says.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        """Survive a process boundary with both fields."""
        return Invalid, (self.path, self.message)
