"""Count every effect on the world, so that a test can stop a run at each of them.

The edge modules (vault, state, http) call `step` right before each file, SQL and HTTP effect. In normal use that
is one comparison. Tests set `observer` to something that counts, raises or ends the process.
"""

from __future__ import annotations

from collections.abc import Callable

observer: Callable[[str], None] | None = None


def step(name: str) -> None:
    """Tell the observer that the effect `name` is about to happen."""
    if observer is not None:
        observer(name)
