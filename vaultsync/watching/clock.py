"""The time a watcher goes by, and the bell that wakes it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from queue import Empty, SimpleQueue


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
