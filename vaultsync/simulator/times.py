"""When things happen in a library, and how each of the two APIs writes it down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


class SteppingClock:
    """A clock that moves on by itself whenever it is read, so that two libraries made alike are alike.

    step: a little more than a second, because the services' times are never round.
    """

    def __init__(self, start: datetime | None = None, step: timedelta = timedelta(seconds=1, microseconds=137)) -> None:
        self._next = start or datetime(2025, 6, 1, 8, 0, 0, 104_329, tzinfo=UTC)
        self._step = step

    def __call__(self) -> datetime:
        """Tell the time, and let some pass."""
        now = self._next
        self._next = now + self._step
        return now

    def wind_to(self, when: datetime) -> None:
        """Go on from `when`, if that is later than where the clock stands."""
        self._next = max(self._next, when + self._step)


def utc_now() -> datetime:
    """Tell the real time."""
    return datetime.now(UTC)


def export_time(when: datetime | None) -> str | None:
    """Write as the v2 export does: milliseconds and Z; Kindle's whole seconds without a fraction."""
    return None if when is None else _zulu(when, "milliseconds")


def list_time(when: datetime | None) -> str | None:
    """Write as v2 lists and details do: microseconds and Z; Kindle's whole seconds without a fraction."""
    return None if when is None else _zulu(when, "microseconds")


def reader_time(when: datetime | None) -> str | None:
    """Write as v3 does: microseconds and a numeric offset."""
    return None if when is None else when.isoformat(timespec="microseconds")


def _zulu(when: datetime, precision: str) -> str:
    text = when.isoformat(timespec=precision if when.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z"


def instant(text: str) -> datetime:
    """Read an ISO 8601 date or date-time as UTC; what names no zone is taken to be UTC.

    Raises ValueError. A `+00:00` that was not percent-encoded arrives here with a blank, and is such a case.
    """
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
