"""Pictures with nothing in them but what is drawn, made anew from what was handed in.

Of a PNG its pixels stay; of an SVG the shapes and words that are named here. What a
pixel's last bit or a shape outside the frame may say, no program finds: people who
have to be sure draw the picture themselves, from the released table.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

PNG: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_MOST_PIXELS: Final = 1 << 26
"""Bytes of a picture's lines before they are packed."""

_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "http://www.w3.org/1999/xlink href"
_ELEMENTS: Final = frozenset(
    {
        *("svg", "g", "defs", "use", "clipPath", "linearGradient", "radialGradient"),
        *("stop", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("text", "tspan", "symbol", "marker", "style"),
    }
)
_SILENT: Final = frozenset({"metadata", "title", "desc"})
"""What is never drawn, and left out with all that is in it."""

_ATTRIBUTES: Final = frozenset(
    {
        *("id", "class", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx"),
        *("ry", "dx", "dy", "width", "height", "viewBox", "points", "transform"),
        *("preserveAspectRatio", "version", "fill", "fill-opacity", "fill-rule"),
        *("stroke", "stroke-width", "stroke-opacity", "stroke-dasharray"),
        *("stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "opacity"),
        *("stroke-miterlimit", "font-family", "font-size", "font-weight", "offset"),
        *("font-style", "text-anchor", "dominant-baseline", "textLength", "rotate"),
        *("lengthAdjust", "clip-path", "clip-rule", "clipPathUnits", "stop-color"),
        *("stop-opacity", "gradientUnits", "gradientTransform", "style", "display"),
        *("marker-start", "marker-mid", "marker-end", "refX", "refY", "orient"),
        *("markerWidth", "markerHeight", "markerUnits"),
    }
)
_REACHES: Final = re.compile(r"url\((?!\s*['\"]?#)|[\\@]|/\*", re.IGNORECASE)
"""What may fetch from elsewhere, or be read otherwise than it is written."""


def redrawn_png(data: bytes) -> bytes:
    """The PNG with its pixels alone. ValueError where it is none, or holds more."""
    chunks = dict.fromkeys(_KEPT, b"")
    for kind, content in _chunks(data):
        if kind in chunks:
            chunks[kind] += content
    chunks[b"IDAT"] = zlib.compress(_lines(chunks[b"IHDR"], chunks[b"IDAT"]), 9)
    present = ((kind, chunks[kind]) for kind in _KEPT)
    return PNG + b"".join(
        _chunk(kind, content) for kind, content in present if content or kind == b"IEND"
    )


def redrawn_svg(data: bytes) -> tuple[bytes, str]:
    """The SVG with its shapes and words alone, and these words, seen or not.

    ValueError names an element or attribute that is not of that kind.
    """
    drawing = _Drawing()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = drawing.start
    parser.EndElementHandler = drawing.end
    parser.CharacterDataHandler = drawing.text
    parser.EntityDeclHandler = drawing.entity
    try:
        parser.Parse(data, True)  # noqa: FBT003 (expat names it not)
    except expat.ExpatError:
        raise ValueError("expected an SVG that is XML") from None
    return "".join(drawing.written).encode(), " ".join(drawing.words)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """A PNG's chunks up to its end. ValueError where one is cut or changed."""
    place, kind = len(PNG), b""
    while kind != b"IEND":
        head = data[place : place + 8]
        if len(head) < len("lengthID"):
            raise ValueError("expected a PNG that is whole")
        size, kind = struct.unpack(">I4s", head)
        content = data[place + 8 : place + 8 + size]
        if data[place : place + 12 + size] != _chunk(kind, content):
            raise ValueError("expected a PNG that is whole")
        yield kind, content
        place += 12 + size


def _lines(header: bytes, packed: bytes) -> bytes:
    """A picture's unpacked lines: as many as its header says, and nothing besides."""
    try:
        width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", header)
        line = (width * depth * _CHANNELS[colour] + 7) // 8 + 1
    except (struct.error, KeyError):
        raise ValueError("expected a PNG of a kind that there is") from None
    if any(rest):
        raise ValueError("expected a PNG that is not interlaced")
    if not 0 < line * height <= _MOST_PIXELS:
        raise ValueError("expected a smaller picture")
    unpacking = zlib.decompressobj()
    try:
        lines = unpacking.decompress(packed, line * height + 1)
    except zlib.error:
        raise ValueError("expected a PNG that is whole") from None
    if len(lines) != line * height or unpacking.unused_data:
        raise ValueError("expected a PNG of just its pixels")
    return lines


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


class _Drawing:
    """An SVG as it is read, and written again."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.words: list[str] = []
        self._silent = 0
        self._style = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Write an element, or leave it out with what is in it."""
        space, _, local = name.rpartition(" ")
        if self._silent or (space == _SVG and local in _SILENT):
            self._silent += 1
            return
        if not self.written and name != f"{_SVG} svg":
            raise ValueError("expected an SVG, with its namespace")
        if space != _SVG or local not in _ELEMENTS:
            raise ValueError(f"expected a picture without <{local[:40]}>")
        self._style = ""
        if not self.written:
            attributes = {**attributes, "xmlns": _SVG, "xmlns:xlink": _LINK.split()[0]}
        shown = "".join(self._attributes(attributes))
        self.written.append(f"<{local}{shown}>")

    def end(self, name: str) -> None:
        """Close the element that was opened last."""
        if self._silent:
            self._silent -= 1
            return
        local = name.rpartition(" ")[2]
        if local == "style" and _REACHES.search(self._style):
            raise ValueError("expected a plain <style>")
        self.written.append(f"</{local}>")

    def text(self, data: str) -> None:
        """Write words, and note them."""
        if not self._silent:
            self.written.append(escape(data))
            self.words += data.split()
            self._style += data

    def entity(self, name: str, *_: object) -> None:
        """No entity is declared: what it stands for could be without end."""
        raise ValueError(f"expected a picture without the entity {name[:40]}")

    def _attributes(self, attributes: dict[str, str]) -> Iterator[str]:
        for name, value in attributes.items():
            if name in {_LINK, "href"}:
                if not value.startswith("#"):
                    raise ValueError("expected a picture that reads nothing else")
                yield f" xlink:href={quoteattr(value)}"
            elif name in _ATTRIBUTES or name in {"xmlns", "xmlns:xlink"}:
                if _REACHES.search(value):
                    raise ValueError(f"expected a plain value of {name}")
                yield f" {name}={quoteattr(value)}"
