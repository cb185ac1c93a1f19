"""The time a watcher goes by, the bell that wakes it, and the word to leave."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaultsync.watching.schedule import Pace


class Leaving(BaseException):
    """Raised between two documents, when the watcher was asked to leave. No handler for errors may take it for one."""


class Clock:
    """Tells the time and waits. A test's own may only pretend to."""

    def __init__(self) -> None:
        # Unlike threading.Event it can be rung by a signal handler at any moment, even while it is being waited for.
        self._rung: SimpleQueue[None] = SimpleQueue()

    def monotonic(self) -> float:
        """Seconds since some time in the past; they never go back, and may stand still while the machine sleeps."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)

    def ring(self) -> None:
        """Wake who waits, or who waits next. Any thread and any signal handler may."""
        if self._rung.empty():
            self._rung.put(None)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the bell rings."""
        try:
            self._rung.get(timeout=max(0.0, seconds))
        except Empty:
            return


class Times:
    """A clock, the pace it is used at, and whether it is time to leave."""

    def __init__(self, clock: Clock, pace: Pace) -> None:
        self.clock, self.pace = clock, pace
        self._is_leaving = False

    @property
    def now(self) -> float:
        """Seconds, by the clock that never goes back."""
        return self.clock.monotonic()

    def leave(self) -> None:
        """Have whoever goes by these times leave after the document at hand. Any thread and any signal handler may."""
        self._is_leaving = True
        self.clock.ring()

    def between(self) -> None:
        """Called between two documents. Raises Leaving if that was asked for."""
        if self._is_leaving:
            raise Leaving

    def sleep(self, seconds: float) -> None:
        """Wait so long whatever happens, unless asked to leave."""
        until = self.now + seconds
        while (left := until - self.now) > 0:
            self.between()
            self.clock.wait(left)
        self.between()
