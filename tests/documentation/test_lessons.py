"""The tutorials are one story, and it is run word by word.

A fence of `sh` or `python` runs where the one before it ran; of `yaml` that begins
with `# NAME` is written to that file; of `text` is lines that the last `sh` printed,
where `…` stands for anything. `sh refused` ends with status 3, `sh failed` with 1.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STATUS = {"failed": 1, "refused": 3}
MARK = "==== fence"


@dataclass(frozen=True)
class Fence:
    """One block of a page, and how a command in it is to end."""

    page: str
    language: str
    ending: str
    text: str


def fences() -> list[Fence]:
    """Every block of every lesson, in the order of the manual's front page."""
    names = re.findall(
        r"^tutorials/([\w-]+)$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE
    )
    assert {f"{name}.md" for name in names} == {
        path.name for path in (DOCS / "tutorials").iterdir()
    }
    return [
        Fence(name, *found.groups(default=""))
        for name in names
        for found in FENCE.finditer(
            (DOCS / "tutorials" / f"{name}.md").read_text("utf-8")
        )
    ]


def script(story: list[Fence]) -> Iterator[str]:
    """The whole story for one shell, each block after a mark of its own."""
    for number, fence in enumerate(story):
        yield f"echo '{MARK} {number}'"
        match fence.language:
            case "sh" if fence.ending:
                status = STATUS[fence.ending]
                yield f"set +e; (set -e\n{fence.text})"
                yield f"[ $? = {status} ] || exit 9; set -e"
            case "sh":
                yield fence.text
            case "python":
                yield f"python - <<'END'\n{fence.text}END"
            case "yaml":
                name = fence.text.splitlines()[0].removeprefix("# ")
                yield f"cat > {shlex.quote(name)} <<'END'\n{fence.text}END"


def printed(output: str) -> dict[int, str]:
    """What each block printed, in one line for each line, blanks made one."""
    parts = re.split(rf"^{MARK} (\d+)$", output, flags=re.MULTILINE)
    return {
        int(number): re.sub(r"[^\S\n]+", " ", text)
        for number, text in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.mark.slow
def test_the_lessons_are_as_they_say(tmp_path: Path) -> None:
    """Every block of the tutorials runs, ends as it says, and prints what it shows."""
    story = fences()
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "200",
    }
    program = tmp_path / "story.sh"
    program.write_text("\n".join(script(story)), "utf-8")
    done = subprocess.run(
        ["/bin/bash", "-e", program],
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    shown = printed(done.stdout)
    for number, fence in enumerate(story):
        if fence.language == "text":
            for line in fence.text.splitlines():
                words = re.sub(r"\s+", " ", line).strip()
                pattern = ".*".join(map(re.escape, words.split("…")))
                assert re.search(pattern, shown[number - 1]), (
                    fence.page,
                    line,
                    shown[number - 1],
                )
