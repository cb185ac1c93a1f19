"""Throttle as the services do: so many requests in any 60 seconds, counted per token and scope."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping

from vaultsync.simulator.exchange import Refusal, Reply

_WINDOW = 60.0

# Readwise: 240 a minute, highlight list and book list 20. Reader: 20 a minute, save and update 50.
DOCUMENTED: Mapping[str, int] = {
    "readwise": 240,
    "readwise.highlights": 20,
    "readwise.books": 20,
    "reader": 20,
    "reader.save": 50,
    "reader.update": 50,
}


class RateLimits:
    """The framework's sliding window: a request counts for 60 s after it was served, a refused one never.

    clock: seconds, from any start. per_minute: scope → requests; a scope that is not named is not limited.
    """

    def __init__(
        self, per_minute: Mapping[str, int] = DOCUMENTED, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_minute = dict(per_minute)
        self._clock = clock
        self._served: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def spend(self, token: str, scope: str) -> None:
        """Count a request. Refused with 429 and Retry-After if the window is full."""
        if scope not in self.per_minute:
            return
        now, served = self._clock(), self._served[token, scope]
        while served and served[0] <= now - _WINDOW:
            served.popleft()
        if len(served) >= self.per_minute[scope]:
            raise too_many(math.ceil(served[0] + _WINDOW - now))
        served.append(now)


def too_many(seconds: int) -> Refusal:
    """Word the refusal; the header's name arrives in lower case."""
    return Refusal(429, throttled_body(seconds), ("retry-after", str(seconds)))


def throttled_body(seconds: int) -> dict[str, str]:
    """Word the body of a 429, which also names the wait."""
    unit = "second" if seconds == 1 else "seconds"
    return {"detail": f"Request was throttled. Expected available in {seconds} {unit}."}


def throttled(seconds: int, *headers: tuple[str, str]) -> Reply:
    """Return a 429 with the usual body and whatever headers are wanted."""
    return Reply(429, throttled_body(seconds), headers)
