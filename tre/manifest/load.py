"""Read a manifest from a file or a mapping, or say where it is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.errors import Invalid
from tre.manifest.document import (
    DEEPEST,
    MOST_ALIASES,
    check_document,
    check_size,
)
from tre.manifest.model import Manifest, Package
from tre.manifest.rules import check
from tre.manifest.secrets import refuse_secrets
from tre.manifest.shape import known_keys
from tre.manifest.source import BUILT_IN, known_kinds
from tre.manifest.transform import KINDS, TAG

NEAR: Final = 0.75
"""How alike two keys are of which one is taken for the other, misspelt."""

YAML_MERGE: Final = "tag:yaml.org,2002:merge"

NAMED: Final = re.compile(r"\b(alias|anchor|tag) .*", re.DOTALL)
"""What YAML's own messages quote of the text, which may be a password unquoted."""

EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text (in quotes where YAML reads it otherwise)",
    "string_too_short": "text that is not empty",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "too_short": "at least one item",
    "mapping_type": "a mapping",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "date_type": "a date such as 2031-12-31",
    "date_parsing": "a date such as 2031-12-31",
    "date_from_datetime_parsing": "a date such as 2031-12-31",
}
"""What pydantic's error types mean to somebody who writes a manifest."""

MISSING: Final = "expected a value: this key is required"


def load(source: Path | str | Mapping[str, Any], base: Path | None = None) -> Manifest:
    """The manifest in a YAML or JSON file, or in a mapping of the same shape.

    Paths in it are relative to `base`: by default the file's own folder, and for a
    mapping the current one. Raises `Invalid` for the first thing that is wrong,
    unknown keys included.
    """
    if isinstance(source, Mapping):
        document: object = source
        folder = Path.cwd()
    else:
        document = read(Path(source))
        folder = Path(source).resolve().parent
    package = _package(document)
    check(package)
    return Manifest(package=package, base=base or folder)


def _package(document: object) -> Package:
    if not isinstance(document, Mapping):
        raise Invalid("", "expected a Data Package: a mapping with name and resources")
    check_document(document)
    refuse_secrets(document)
    try:
        return Package.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    raise Invalid(_path(first["loc"]), _expectation(first))


def _path(location: tuple[int | str, ...]) -> str:
    """`resources[0].schema.fields[3]`, as people write it."""
    path = ""
    for before, step in zip(("", *location), location, strict=False):
        if before == "source" and step in {*BUILT_IN, "installed"}:
            continue  # pydantic's name of the kind, which nobody wrote here
        if isinstance(step, str) and step.startswith(TAG):
            continue  # and of what a value becomes
        if isinstance(step, int):
            path += f"[{step}]"
        elif step != "[key]" and not step.startswith(("constrained-", "tuple[")):
            path += f".{step}" if path else step
    return path


def _expectation(error: ErrorDetails) -> str:
    match error["type"]:
        case "extra_forbidden":
            return unknown(str(error["loc"][-1]), known_keys())
        case "missing":
            return MISSING
        case "enum" | "literal_error":
            return f"expected one of {error['ctx']['expected']}"
        case "value_error":
            return str(error["ctx"]["error"])
        case "union_tag_not_found":
            return _choice(error["loc"])
        case kind:
            return _expected(kind) or error["msg"].replace(
                "Input should be", "expected", 1
            )


def unknown(key: str, known: Iterable[str]) -> str:
    """That there is no such key, and which known one is nearly called so."""
    others = [each for each in known if each != key]  # it may be one elsewhere
    near = get_close_matches(key, others, n=1, cutoff=NEAR)
    return f"unknown key: is it {near[0]}?" if near else "unknown key"


def _choice(location: tuple[int | str, ...]) -> str:
    """What the key that decides between kinds may say."""
    if "source" in location:
        return f"expected kind, one of {', '.join(known_kinds())}"
    return f"expected from, one of {', '.join(KINDS)}"


def _expected(kind: str) -> str:
    """What pydantic's type of error means, if that is known here."""
    return f"expected {EXPECTED[kind]}" if kind in EXPECTED else ""


def read(file: Path) -> object:
    """What a YAML or JSON file says. Invalid where it is neither, or not there."""
    try:
        check_size(file)
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = "there is no such file"
    except UnicodeDecodeError:
        message = "expected UTF-8 text"
    except OSError as error:
        message = f"cannot be read ({type(error).__name__})"
    else:
        return _parse_json(text, file) if file.suffix == ".json" else _parse(text, file)
    raise Invalid(str(file), message)


def _parse_json(text: str, file: Path) -> object:
    try:
        return json.loads(text, object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        place = f"{file}:{error.lineno}:{error.colno}"
    except _Duplicate as error:
        raise Invalid(str(file), f"the key {error} appears twice") from None
    except (ValueError, RecursionError):  # a number or a nesting beyond all use
        place = str(file)
    raise Invalid(place, "expected JSON")


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for key, value in pairs:
        if key in mapping:
            raise _Duplicate(key)
        mapping[key] = value
    return mapping


def _parse(text: str, file: Path) -> object:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
        problem = NAMED.sub(r"\1", error.problem or "")
    except (yaml.YAMLError, ValueError):
        place, problem = str(file), ""
    raise Invalid(place, f"expected YAML: {problem}" if problem else "expected YAML")


class _Duplicate(Exception):
    """A JSON object says the same key twice."""


class _Loader(yaml.SafeLoader):
    """YAML without the quiet loss of a key that is written twice.

    It is no deeper than a manifest, and an anchored part has no alias in it: such
    parts could stand for ten, and those for ten each, without end.
    """

    depth = 0
    anchored = 0
    aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one part of the document."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML
        if isinstance(event, yaml.AliasEvent):
            self.aliases += 1
            if self.anchored or self.aliases > MOST_ALIASES:
                self._refuse("parts refer to each other too often")
        if self.depth > DEEPEST:
            self._refuse(f"more than {DEEPEST} levels")
        named = isinstance(event, yaml.NodeEvent) and event.anchor is not None
        anchor = named and not isinstance(event, yaml.AliasEvent)
        self.depth += 1
        self.anchored += anchor
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1
            self.anchored -= anchor

    def _refuse(self, problem: str) -> NoReturn:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=self.get_mark())

    def construct_mapping(  # PyYAML's own signature
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's signature
    ) -> dict[Hashable, object]:
        """Build one mapping, refusing duplicate keys."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == YAML_MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key} appears twice",
                    problem_mark=key_node.start_mark,
                )
            seen.add(str(key))
        return super().construct_mapping(node, deep=deep)
