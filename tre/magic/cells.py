"""The magics themselves: `%tre` to connect and look, `%%tre` to ask."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from html import escape
from typing import Final

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import (
    argument,
    magic_arguments,
    parse_argstring,
)
from IPython.display import HTML

from privacy.accounting import Loss
from privacy.errors import Failed, Refused
from tre.client import Client
from tre.magic.desk import Desk, Spending, over_http
from tre.magic.shown import Answer, bar

TOKEN: Final = "TRE_TOKEN"  # noqa: S105 - the name of a variable, and no token
WHAT: Final = ("connect", "tables", "budget")


@magics_class
class TreMagics(Magics):
    """Questions of one project, in a notebook."""

    desk: Desk | None = None
    began: Loss | None = None

    def use(self, desk: Desk) -> None:
        """Ask at this desk from now on."""
        self.began = desk.left()
        self.desk = desk

    @magic_arguments()
    @argument(
        "what", nargs="?", default="budget", choices=WHAT, help="what to do or show"
    )
    @argument("url", nargs="?", default="", help="the server, to connect to")
    @argument("--project", default="", help="for which project")
    @line_magic
    def tre(self, line: str) -> HTML | Answer:
        """Connect to a server, list what may be asked, or show the budget.

        Alone it shows the budget.
        The token is read from TRE_TOKEN, so that it is in no notebook.
        """
        said = parse_argstring(self.tre, line)
        with _told():
            if said.what == "connect":
                self._connect(_client(said.url), _project(said.project))
            if said.what == "tables":
                return HTML("".join(_tables(self._desk())))
            return self._budget()

    @magic_arguments()
    @argument("--epsilon", type=float, help="spend at most this ε")
    @argument("--rho", type=float, help="spend this ρ")
    @argument("--margin", type=float, help="spend what a 95%% margin of this costs")
    @argument("--share", type=float, help="spend this share of what is left")
    @argument("--explain", action="store_true", help="only say what it would cost")
    @argument("--no-plot", action="store_true", help="leave the picture out")
    @argument("--as", dest="name", default="", help="keep the answer under this name")
    @cell_magic("tre")  # type: ignore[arg-type]  # IPython's types know no names
    def ask(self, line: str, cell: str) -> HTML | Answer:
        """Ask the question in the cell, or explain it."""
        said = parse_argstring(self.ask, line)
        spending, desk = _spending(said), self._desk()
        if said.name and not said.name.isidentifier():
            raise UsageError(
                f"A name to keep the answer under is a word: --as {said.name}"
            )
        with _told():
            if said.explain:
                return _listed(desk.explain(cell, spending))
            release = desk.ask(cell, spending)
            answer = Answer(release, desk.left(), self._began(), not said.no_plot)
        if said.name and self.shell is not None:
            self.shell.push({said.name: answer})
        return answer

    def _connect(self, client: Client, project: str) -> None:
        """Ask there from now on; where that cannot be, as before."""
        with ExitStack() as held:
            held.enter_context(client)
            self.use(over_http(client, project))
            held.pop_all()  # it stays open for as long as the notebook

    def _budget(self) -> HTML:
        return HTML(bar(self._desk().left(), self._began()))

    def _desk(self) -> Desk:
        if self.desk is None:
            raise UsageError("First say: %tre connect URL --project NAME")
        return self.desk

    def _began(self) -> Loss:
        return self.began or self._desk().left()


def _spending(said: Namespace) -> Spending:
    """What was said of spending, by the names that a desk has for it."""
    found = Spending()
    for name in ("epsilon", "rho", "margin", "share"):
        if getattr(said, name) is not None:
            found[name] = float(getattr(said, name))
    return found


@contextmanager
def _told() -> Iterator[None]:
    """What went wrong, as a notebook says it: in words, and without a stack."""
    try:
        yield
    except Refused as refusal:
        raise UsageError(_words(refusal)) from None
    except Failed as failure:
        raise UsageError(failure.message) from None
    except ConnectionError as broken:
        raise UsageError(str(broken)) from None


def _client(url: str) -> Client:
    token = os.environ.get(TOKEN, "")
    if not url or not token:
        raise UsageError(f"Say %tre connect URL --project NAME, with {TOKEN} set.")
    if not url.startswith(("https://", "http://")):
        raise UsageError(f"An address begins with https:// or http://, not so: {url}")
    return Client(url, token=token)


def _project(project: str) -> str:
    if not project:
        raise UsageError("Say for which project: --project NAME")
    return project


def _words(refusal: Refused) -> str:
    """A refusal as the command line says it."""
    lines = [f"{refusal.message} [{refusal.code}]"]
    if refusal.clause:
        lines.append(f"  where: {refusal.clause}")
    if refusal.suggestion:
        lines.append(f"  try:   {refusal.suggestion}")
    return "\n".join(lines)


def _listed(words: Sequence[str]) -> HTML:
    return HTML(
        "<ul>" + "".join(f"<li>{escape(each)}</li>" for each in words) + "</ul>"
    )


def _tables(desk: Desk) -> Iterator[str]:
    for dataset in desk.datasets():
        for table in dataset["tables"]:
            columns = ", ".join(escape(each["name"]) for each in table["columns"])
            yield f"<p><b>{escape(table['name'])}</b>: {columns}</p>"
