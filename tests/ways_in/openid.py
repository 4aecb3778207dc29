"""Starting a real OpenID provider, and signing in there as a browser would."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx

HERE = Path(__file__).parent / "provider"
CACHE = Path(__file__).parents[2] / ".tmp" / "openid"
BIN = Path(sys.executable).parent
AUDIENCE = "urn:environment"


def installed() -> Path:
    """The provider's packages, as its lock file has them, in the checkout's cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = CACHE / "stamp"
    if not stamp.exists() or stamp.read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, CACHE / name)
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        cache = ["--cache", str(CACHE / "cache")]
        subprocess.run([BIN / "npm", *words, *cache], cwd=CACHE, check=True)
        stamp.write_bytes(lock)
    return CACHE


@contextmanager
def provider(redirect: str) -> Iterator[str]:
    """A provider that sends people back to `redirect`; its issuer."""
    process = subprocess.Popen(
        [BIN / "node", HERE / "provider.mjs", installed(), redirect, AUDIENCE],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # what is started is a wrapper of the provider's node
    )
    with process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def signed_in(address: str, person: str) -> str:
    """Where the provider sends a browser whose user signs in there as somebody."""
    with httpx.Client() as browser:
        answer = browser.get(address)
        for _ in range(20):
            place = answer.headers.get("location")
            if place is None:
                form, said = _filled(answer, person)
                answer = browser.post(form, data=said)
            elif "/v1/sign-in/back" in place:
                return place
            else:
                answer = browser.get(urljoin(str(answer.url), place))
    raise AssertionError("the provider sent nobody back")


def _filled(page: httpx.Response, person: str) -> tuple[str, dict[str, str]]:
    """The form on the provider's page, and what somebody puts into it."""
    action = re.search(r'action="([^"]+)"', page.text)
    prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
    assert action, page.text
    assert prompt, page.text
    said = {"prompt": prompt[1], "login": person, "password": "whatever"}
    return urljoin(str(page.url), action[1]), said


def program_token(issuer: str, scope: str, resource: str = "urn:us") -> str:
    """An access token that the provider gives to a program."""
    answer = httpx.post(
        f"{issuer}/token",
        auth=("nightly-job", "a%20secret%20of%20the%20job%27s"),
        data={
            "grant_type": "client_credentials",
            "scope": scope,
            "resource": resource,
        },
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]
