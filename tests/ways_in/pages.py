"""What a page is made of, and what every page of ours keeps to."""

from __future__ import annotations

from html.parser import HTMLParser


class _Outline(HTMLParser):
    """The tags of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag, as the parser meets it."""
        self.tags.append((tag, dict(attrs)))


def outline(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """A page's tags in order: one heading, a language, named tables, and no script."""
    tags = _Outline(page).tags
    names = [tag for tag, _ in tags]
    assert names.count("h1") == 1
    assert "script" not in names
    assert dict(tags)["html"] == {"lang": "en"}
    assert names.count("table") == names.count("caption")
    return tags
