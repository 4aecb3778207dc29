"""The register as an Atom feed (RFC 4287): what happened, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from tre.audit.record import Record
from tre.register.happening import Happening, happenings

ATOM: Final = "http://www.w3.org/2005/Atom"
MOST: Final = 100
MEDIA_TYPE: Final = "application/atom+xml"

_TITLES: Final = {
    "project.proposed": "Project {} was proposed",
    "project.activated": "Project {} was approved",
    "project.terms_changed": "Project {} has changed terms",
    "project.suspended": "Project {} was suspended",
    "project.resumed": "Project {} was let go on",
    "project.closed": "Project {} was closed",
    "dataset.published": "Dataset version {} was published",
    "dataset.rebuilt": "Dataset version {} was written anew",
    "dataset.withdrawn": "Dataset {} was withdrawn",
    "dataset.conditions_set": "Conditions were set on dataset {}",
    "dataset.conditions_lifted": "The conditions of dataset {} were lifted",
    "population.created": "Population {} has a budget",
    "population.period_opened": "Population {} has its next budget",
    "incident.recorded": "An incident was recorded: {}",
    "incident.resolved": "Incident {} was resolved",
}


def feed(records: Iterable[Record]) -> bytes:
    """The last hundred things that happened. An entry's id is its record's leaf."""
    return feed_of(happenings(records))


def feed_of(happened: Sequence[Happening]) -> bytes:
    """The feed of what happened, in the log's order."""
    told = [each for each in happened if each.kind in _TITLES]
    root = ET.Element("feed", xmlns=ATOM)
    ET.SubElement(root, "id").text = "urn:tre:register"
    ET.SubElement(root, "title").text = "Public register"
    ET.SubElement(root, "updated").text = _moment(
        told[-1].day if told else "1970-01-01"
    )
    author = ET.SubElement(root, "author")
    ET.SubElement(author, "name").text = "Trusted research environment"
    ET.SubElement(root, "link", rel="self", href="/register/feed.atom")
    ET.SubElement(root, "link", rel="alternate", href="/register")
    for each in reversed(told[-MOST:]):
        _entry(root, each)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _entry(root: ET.Element, each: Happening) -> None:
    entry = ET.SubElement(root, "entry")
    ET.SubElement(entry, "id").text = f"urn:sha256:{each.id}"
    ET.SubElement(entry, "title").text = _TITLES[each.kind].format(each.subject)
    ET.SubElement(entry, "updated").text = _moment(each.day)
    place = f"/projects/{each.subject}" if each.kind.startswith("project.") else ""
    ET.SubElement(entry, "link", rel="alternate", href=f"/register{place}")
    words = each.detail.get("summary") or each.detail.get("outcome")
    if words and not each.kind.startswith("project.suspended"):
        ET.SubElement(entry, "summary").text = _printable(words)


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z"


def _printable(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")
