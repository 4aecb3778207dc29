"""How Sphinx makes the manual's pages: `make docs`.

The pages are Markdown that reads as well without it; so the whole checkout is the
source, and a link from a page to any other works in both.
"""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "tre"
author = "the authors of tre"
version = release = version_of("tre")
html_title = f"tre {version}"

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/**/*.md"]
exclude_patterns = ["docs/satre/README.md"]
source_suffix = {".md": "markdown"}

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline"]
myst_links_external_new_tab = False
suppress_warnings = [
    "misc.highlighting_failure",  # refused questions include some that are no SQL
]

html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_use_index = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
