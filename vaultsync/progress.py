"""What a run says while it works: what is fetched, how many, how long a wait still takes. On stderr only."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    import rich.progress


class Progress(Protocol):
    """Somewhere to say how far a run is. Saying it never fails and decides nothing."""

    def say(self, label: str, done: int, total: int | None = None) -> None:
        """Tell that `done` of `total` things called `label` are dealt with; total None: unknown."""

    def wait(self, label: str, seconds: float) -> None:
        """Tell that nothing happens for `seconds`, and why ("readwise: 20 requests a minute")."""

    def close(self) -> None:
        """Leave the terminal as it was. May be called twice."""


class Silent:
    """Progress for scripts, pipes and tests: nothing."""

    def say(self, label: str, done: int, total: int | None = None) -> None:
        """Say nothing."""

    def wait(self, label: str, seconds: float) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Have nothing to close."""


silent: Progress = Silent()


def on_terminal(stream: TextIO | None = None) -> Progress:
    """Make progress for `stream` (stderr): live lines if it is a terminal, silence otherwise."""
    stream = stream or sys.stderr
    return Live(stream) if stream.isatty() else silent


class Live:
    """Progress as live lines on a terminal, one per label; they vanish at the end: only the report stays."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import Progress as Lines
        from rich.progress import SpinnerColumn, TextColumn

        self._lines = Lines(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            _counting(),
            console=Console(file=stream),
            transient=True,
            # Whatever a command prints on stdout meanwhile must not be sent to stderr.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._tasks: dict[str, rich.progress.TaskID] = {}
        self._pause: rich.progress.TaskID | None = None
        self._lines.start()

    def say(self, label: str, done: int, total: int | None = None) -> None:
        """Show how far `label` is; it also ends a wait."""
        self._resume()
        if label not in self._tasks:
            self._tasks[label] = self._lines.add_task(label, total=total)
        self._lines.update(self._tasks[label], completed=done, total=total)

    def wait(self, label: str, seconds: float) -> None:
        """Show a line that counts down."""
        self._resume()
        self._pause = self._lines.add_task(label, total=None, until=time.monotonic() + seconds)

    def close(self) -> None:
        """Stop, and clear the lines."""
        self._lines.stop()

    def _resume(self) -> None:
        if self._pause is not None:
            self._lines.remove_task(self._pause)
            self._pause = None


def countdown(seconds: float) -> str:
    """Say how long is left.

    >>> countdown(42.2), countdown(187), countdown(-1)
    ('43 s left', '3:07 left', 'any moment now')
    """
    whole = -int(-seconds // 1)
    if whole <= 0:
        return "any moment now"
    return f"{whole} s left" if whole < 60 else f"{whole // 60}:{whole % 60:02} left"


def _counting() -> rich.progress.ProgressColumn:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Counting(ProgressColumn):
        """How many, of how many; for a wait, how long still."""

        def render(self, task: Task) -> Text:
            until = task.fields.get("until")
            if until is not None:
                return Text(countdown(until - time.monotonic()))
            return Text(f"{task.completed:,.0f}" + (f" of {task.total:,.0f}" if task.total else ""))

    return Counting()
