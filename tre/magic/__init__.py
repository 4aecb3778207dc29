"""Questions in a notebook: `%load_ext tre.magic`, then `%%tre` cells.

For the extra `notebook`. A token is read from the environment, so that no notebook
holds one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the extra
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add `%tre`, `%%tre` and their completion to a shell."""
    from tre.magic.cells import TreMagics
    from tre.magic.completion import completer

    magics = TreMagics(shell)
    shell.register_magics(magics)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(completer(magics))
