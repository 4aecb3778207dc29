"""A project's questions over HTTP: the same releases and refusals as in Python."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

import httpx
import pyarrow as pa

from connectors.errors import Invalid
from privacy.accounting import Loss
from privacy.errors import Failed, Refused
from tre.release import Release

if TYPE_CHECKING:  # slow to import
    from tre.synthesis.paid import Split
    from tre.synthesis.synthesise import Synthetic

_ARROW: Final = "application/vnd.apache.arrow.stream"
_ENVELOPE: Final = b"tre.release"
_SERVER_ERROR: Final = 500


class Client:
    """One server, as one person. Thread-safe; close it, or use it in a `with`.

    Methods raise `Refused`, `Failed` and `Invalid` as `tre.Environment` does, and
    `ConnectionError` when there is no such server at the other end.
    """

    def __init__(self, url: str, *, token: str, timeout: float = 600.0) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def ask(  # noqa: PLR0913 - the contract's signature
        self,
        sql: str,
        *,
        project: str,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
        fresh: bool = False,
        idempotency_key: str | None = None,
    ) -> Release:
        """Ask a question; at most one of the four says what to spend.

        Repeat a call that was cut off under the `idempotency_key` it had: it
        returns the outcome of the first and is not charged again.
        """
        headers = {"Accept": _ARROW}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        answer = self._send(
            "POST",
            f"/v1/projects/{_segment(project)}/queries",
            headers=headers,
            body={
                "sql": sql,
                "fresh": fresh,
                **_said(epsilon=epsilon, rho=rho, margin=margin, share=share),
            },
        )
        return _release(answer.content)

    def explain(
        self,
        sql: str,
        *,
        project: str,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Mapping[str, Any]:
        """The plan, price and expected error of a question, as plain values."""
        said = _said(epsilon=epsilon, rho=rho, margin=margin, share=share)
        path = f"/v1/projects/{_segment(project)}/explain"
        explanation: dict[str, Any] = self._send(
            "POST", path, body={"sql": sql, **said}
        ).json()
        return explanation

    def explain_batch(  # noqa: PLR0913 (as `explain`)
        self,
        questions: Sequence[str],
        *,
        project: str,
        parts: Sequence[float] | None = None,
        epsilon: float | None = None,
        rho: float | None = None,
        margin: float | None = None,
        share: float | None = None,
    ) -> Mapping[str, Any]:
        """How wrong each of several questions will be at one split, as plain values."""
        said = _said(epsilon=epsilon, rho=rho, margin=margin, share=share)
        weights = {} if parts is None else {"parts": list(parts)}
        path = f"/v1/projects/{_segment(project)}/explanations"
        batch: dict[str, Any] = self._send(
            "POST", path, body={"questions": list(questions), **weights, **said}
        ).json()
        return batch

    def synthesise(  # noqa: PLR0913 (as `ask`)
        self,
        table: str,
        columns: Sequence[str],
        *,
        project: str,
        bands: int = 8,
        rows: int | None = None,
        epsilon: float | None = None,
        rho: float | None = None,
        share: float | None = None,
        fresh: bool = False,
    ) -> Synthetic:
        """Synthetic rows of a table, made here of releases that are asked there.

        As `Environment.synthesise`, but that the columns have to be named: what a
        project may ask is not in the catalogue. For the extra `synthesis`.
        """
        from tre.synthesis.described import described
        from tre.synthesis.paid import Payer
        from tre.synthesis.synthesise import synthesise

        spending = _said(epsilon=epsilon, rho=rho, share=share)
        payer = Payer(
            ask=partial(self.ask, project=project, fresh=fresh),
            split=partial(self._split, project, fresh),
            spending=spending,
        )
        known = described(self.datasets(), table)
        return synthesise(payer, known, columns, bands=bands, rows=rows)

    def release(self, id: str) -> Release:  # noqa: A002 - the contract's name
        """An earlier release, at no cost."""
        path = f"/v1/releases/{_segment(id)}"
        return _release(self._send("GET", path, headers={"Accept": _ARROW}).content)

    def budget(self, project: str) -> Loss:
        """What the project has left."""
        answer = self._send("GET", f"/v1/projects/{_segment(project)}/budget")
        return Loss(**answer.json()["left"])

    def datasets(self) -> list[dict[str, Any]]:
        """Public facts of every dataset that can be asked."""
        catalogue: list[dict[str, Any]] = self._send("GET", "/v1/datasets").json()
        return catalogue

    def dataset(self, name: str) -> dict[str, Any]:
        """Public facts of one dataset."""
        facts: dict[str, Any] = self._send(
            "GET", f"/v1/datasets/{_segment(name)}"
        ).json()
        return facts

    def onboard(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Publish a dataset from files in the server's inbox; for its steward."""
        publication: dict[str, Any] = self._send(
            "POST", "/v1/datasets", body=manifest
        ).json()
        return publication

    def checkpoint(self) -> dict[str, Any]:
        """The signed head of the audit log, to be kept and checked against later."""
        head: dict[str, Any] = self._send("GET", "/v1/audit/checkpoint").json()
        return head

    def _split(
        self,
        project: str,
        fresh: bool,  # noqa: FBT001 - as `synthesise` was told
        questions: Sequence[str],
        parts: Sequence[float],
        spending: Mapping[str, float],
    ) -> Split:
        """What to spend on each of several questions that are paid together."""
        from tre.synthesis.paid import Split, spendings

        batch = self.explain_batch(questions, project=project, parts=parts, **spending)
        each = spendings(
            [
                (one["spending"], one["refusal"] and Refused(**one["refusal"]))
                for one in batch["questions"]
            ]
        )
        charge = Loss(**batch["loss" if fresh else "charge"])
        return Split(each, charge, Loss(**batch["left"]))

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        try:
            answer = self._http.request(
                method,
                path,
                headers={"Content-Type": "application/json", **(headers or {})},
                content=None if body is None else json.dumps(body),
            )
        except httpx.TransportError:
            raise ConnectionError(f"{self._http.base_url} did not answer.") from None
        if not answer.is_success:
            raise _error(answer)
        return answer


def _said(**spending: float | None) -> dict[str, float]:
    return {name: value for name, value in spending.items() if value is not None}


def _segment(name: str) -> str:
    """One segment of a path, whatever is in it."""
    return quote(name, safe="")


def _release(stream: bytes) -> Release:
    """The release an Arrow stream carries, with what its metadata says of it."""
    table = pa.ipc.open_stream(stream).read_all()
    envelope = json.loads(table.schema.metadata[_ENVELOPE])
    return Release(
        id=envelope["id"],
        table=table.replace_schema_metadata(None),
        receipt=envelope["receipt"],
        loss=Loss(**envelope["loss"]),
        charged=envelope["charged"],
    )


def _error(answer: httpx.Response) -> Exception:
    """The exception a problem stands for."""
    try:
        said = answer.json()
        code, message = str(said["code"]), str(said["detail"])
    except (ValueError, KeyError, TypeError):
        return ConnectionError(
            f"{answer.url} answered {answer.status_code}, but not as a `tre` does."
        )
    if code == "invalid":
        return Invalid(str(said.get("path", "")), message)
    if answer.status_code >= _SERVER_ERROR:
        return Failed() if code == "failed" else ConnectionError(message)
    return Refused(
        code,
        message,
        clause=str(said.get("clause", "")),
        suggestion=str(said.get("suggestion", "")),
        position=str(said.get("position", "")),
    )
