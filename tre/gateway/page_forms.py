"""What the airlock's pages send: fields of text, and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request

from connectors.errors import Invalid
from tre.airlock.submission import Kind

MOST_FILES: Final = 50
_FIELDS_A_FILE: Final = 5
_CONTEXT: Final = ("title", "what", "why", "for_whom")
_LONGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Fields:
    """A form as it was sent: texts by field, and files by their place in it."""

    texts: Mapping[str, str]
    files: Mapping[int, tuple[str, bytes]] = field(repr=False)

    def text(self, name: str) -> str:
        """A field's text; empty where it was not sent."""
        return self.texts.get(name, "")

    def contents(self) -> dict[str, bytes]:
        """Each file's bytes by its name."""
        found = dict(self.files.values())
        if len(found) < len(self.files):
            raise Invalid("files", "expected files of different names")
        return found

    def form(self) -> dict[str, Any]:
        """The form, as it would lie beside its files. Invalid names a wrong line."""
        context = {name: self.text(name) for name in _CONTEXT}
        files = [
            {
                "path": name,
                "kind": self.text(f"kind{place}"),
                "releases": self.text(f"releases{place}").replace(",", " ").split(),
                "columns": self._pairs(f"columns{place}"),
                "derived": self._pairs(f"derived{place}"),
            }
            for place, (name, _) in sorted(self.files.items())
        ]
        return {"direction": self.text("direction") or "out", **context, "files": files}

    def filled(self) -> dict[str, Any]:
        """What was filled in, to be shown again; a file has to be chosen again."""
        places = sum(name.startswith("kind") for name in self.texts) or 1
        files = [
            {
                name: self.text(f"{name}{place}")
                for name in ("kind", "releases", "columns", "derived")
            }
            | {"was": self.files[place][0] if place in self.files else ""}
            for place in range(min(places, MOST_FILES))
        ]
        plain = {name: self.text(name) for name in ("project", "direction", *_CONTEXT)}
        return {**plain, "files": files}

    def _pairs(self, name: str) -> dict[str, str]:
        """Lines such as `per_thousand = 1000 * n / total`."""
        lines = [line for line in self.text(name).splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        if not all(sign and key.strip() and of.strip() for key, sign, of in pairs):
            raise Invalid(name, "expected lines such as: People = n")
        return {key.strip(): of.strip() for key, _, of in pairs}


async def form_sent(request: Request) -> Fields:
    """The form of a request, whose body the guard has limited."""
    texts: dict[str, str] = {}
    files: dict[int, tuple[str, bytes]] = {}
    most = _FIELDS_A_FILE * (MOST_FILES + 2)
    async with request.form(
        max_files=MOST_FILES, max_fields=most, max_part_size=_LONGEST
    ) as form:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                texts[name] = value.replace("\r\n", "\n")
            elif value.filename and name.removeprefix("file").isascii():
                place = name.removeprefix("file")
                if place.isdigit() and int(place) < MOST_FILES:
                    called = PurePosixPath(value.filename.replace("\\", "/")).name
                    files[int(place)] = called, await value.read()
    return Fields(texts, files)


def blank(files: int) -> dict[str, Any]:
    """A form with nothing filled in."""
    fields = {"kind": "", "releases": "", "columns": "", "derived": "", "was": ""}
    texts = dict.fromkeys(("project", *_CONTEXT), "")
    each = [{**fields, "kind": Kind.TABLE.value} for _ in range(files)]
    return {**texts, "direction": "out", "files": each}


def filled_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """A submission as its form was filled in."""
    files = [
        {
            "kind": one["kind"],
            "releases": " ".join(one["releases"]),
            "columns": _lines(one["columns"]),
            "derived": _lines(one["derived"]),
            "was": one["name"],
        }
        for one in found["files"]
    ]
    return {
        "project": found["project"],
        "direction": found["direction"],
        **{name: found["context"][name] for name in _CONTEXT},
        "files": files,
    }


def _lines(pairs: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {of}" for name, of in pairs.items())
