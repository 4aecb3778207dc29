"""Researchers who ask without pause: what locust runs for `tests.soak.load`.

Each has a token of their own, asks one question after another, sometimes the same one,
and some that are refused. Anything but an answer or a refusal is a failure.
"""

from __future__ import annotations

import json
import random
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from locust import HttpUser, events, task

QUESTIONS: Final = (
    "SELECT COUNT(*) AS n FROM people",
    "SELECT region, COUNT(*) AS n FROM people GROUP BY region",
    "SELECT region, AVG(pay) AS pay FROM people GROUP BY region",
    "SELECT COUNT(*) AS n FROM people WHERE born >= 1970",
    "SELECT pay FROM people",  # refused
    "SELECT COUNT(*) AS n FROM nowhere",  # refused
)

CHARGED, KNOWN = "charged", "known"
"""An answer that was drawn, and one that was there already."""

REFUSED: Final = frozenset(
    {
        *("not_a_question", "not_grouped", "unknown_table"),
        *("busy", "rate_limited", "unavailable"),
    }
)
"""What a question, or one too many, may be told at no cost."""

LONGEST_SECONDS: Final = 240.0


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--tokens", type=Path, help="a file with a token a line")
    parser.add_argument("--answers", type=Path, help="where answers are counted")


@events.test_start.add_listener
def _begin(environment: Any, **_: object) -> None:
    """Deal tokens out to those who are about to be made."""
    Researcher.tokens = iter(environment.parsed_options.tokens.read_text().split())


@events.quitting.add_listener
def _end(environment: Any, **_: object) -> None:
    """Count what came back, by code, and failures beside."""
    entries = environment.stats.entries.values()
    found = {entry.name: entry.num_requests for entry in entries}
    environment.parsed_options.answers.write_text(json.dumps(found))


class Researcher(HttpUser):
    """One person, who waits for nothing but answers."""

    tokens: ClassVar[Iterator[str]]

    def on_start(self) -> None:
        """Take the next token."""
        token = next(self.tokens)
        self.client.headers["Authorization"] = f"Bearer {token}"
        self._chance = random.Random(token)  # noqa: S311 - made-up questions

    @task
    def ask(self) -> None:
        """Ask, and count what came back by its code."""
        body = {
            "sql": self._chance.choice(QUESTIONS),
            "rho": 1e-4,
            "fresh": self._chance.random() < 0.5,
        }
        with self.client.post(
            "/v1/projects/pay/queries",
            json=body,
            catch_response=True,
            timeout=LONGEST_SECONDS,
        ) as answer:
            said = answer.json()
            answered = CHARGED if said.get("charged") else KNOWN
            code = said.get("code", answered)
            answer.request_meta["name"] = code
            if code in {CHARGED, KNOWN} | REFUSED:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} {code}")
