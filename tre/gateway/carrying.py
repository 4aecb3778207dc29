"""What requests say of the airlock, and the files that come with them."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import Field

from connectors.errors import Invalid
from tre.gateway.bodies import Said


class FileBody(Said):
    """A file to be carried, in base64; the manual has what else is said of one."""

    path: str = Field(min_length=1, max_length=200)
    kind: str
    releases: list[str] = Field(default_factory=list)
    columns: dict[str, str] = Field(default_factory=dict)
    derived: dict[str, str] = Field(default_factory=dict)
    content: str = Field(repr=False)


class SubmissionBody(Said):
    """What is to be carried, why, for whom, and of which releases it was made."""

    direction: str = "out"
    title: str
    what: str
    why: str
    for_whom: str
    files: list[FileBody] = Field(min_length=1, max_length=50)

    def form(self) -> dict[str, Any]:
        """The form, as it would lie beside its files."""
        form: dict[str, Any] = self.model_dump()
        for file in form["files"]:
            del file["content"]
        return form

    def contents(self) -> dict[str, bytes]:
        """Each file's bytes by its name. Invalid where they are not in base64."""
        found = {}
        for number, file in enumerate(self.files):
            try:
                found[file.path] = b64decode(file.content, validate=True)
            except (binascii.Error, ValueError):
                place = f"files[{number}].content"
                raise Invalid(place, "expected bytes in base64") from None
        return found


class VerdictBody(Said):
    """`approve`, `reject` or `changes`, and why."""

    verdict: str
    reason: str


class ReasonBody(Said):
    """Why a submission is returned."""

    reason: str


@contextmanager
def beside(contents: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder in which files lie for as long as a form is read.

    Invalid where a name is anything but a name: nothing is written elsewhere.
    """
    with TemporaryDirectory(prefix="tre-form-") as made:
        folder = Path(made)
        for name, data in contents.items():
            plain = PurePosixPath(name).name == name and "\0" not in name
            if not plain or name in {"", ".", ".."}:
                raise Invalid("files", "expected the name of a file, without a folder")
            try:
                (folder / name).write_bytes(data)
            except OSError:
                raise Invalid("files", "expected a shorter name") from None
        yield folder
