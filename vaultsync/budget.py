"""Know how many requests a service allows, and how long it asks to wait. No I/O, no clock."""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_WINDOW = 60.1  # seconds; the services count a sliding minute, the rest is for clocks that disagree
_LATENCY = 0.5  # seconds; how much later than our clock the service may have counted a request
_AVAILABLE_IN = re.compile(rb"available in (\d+(?:\.\d+)?) second", re.IGNORECASE)


class Budget:
    """At most `per_minute` requests in any minute. The window slides, so bursts are fine.

    >>> budget = Budget("demo", 2)
    >>> for second in (0.0, 1.0):
    ...     budget.spend(sent=second, answered=second)
    >>> round(budget.wait(10.0), 1)
    50.1
    """

    def __init__(self, name: str, per_minute: int) -> None:
        self.name = name
        self.per_minute = per_minute
        self._spent: deque[float] = deque(maxlen=per_minute)

    def wait(self, now: float) -> float:
        """Seconds until another request fits, 0.0 if one does now."""
        if len(self._spent) < self.per_minute:
            return 0.0
        return max(0.0, self._spent[0] + _WINDOW - now)

    def spend(self, *, sent: float, answered: float) -> None:
        """Count one request. The service counted it somewhere between the two, in practice early."""
        self._spent.append(min(answered, sent + _LATENCY))


class Budgets:
    """The budgets of one token. Services count by token, so accounts that have the same one spend from the same.

    >>> budgets = Budgets()
    >>> one, other = Budget("demo", 2), Budget("demo", 2)
    >>> budgets.common(one) is one, budgets.common(other) is one
    (True, True)
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Budget] = {}

    def common(self, budget: Budget) -> Budget:
        """The budget that is spent from instead: the first of its name."""
        return self._by_name.setdefault(budget.name, budget)


def retry_after(header: str | None, body: bytes, *, now: datetime) -> float | None:
    """Seconds to wait before asking again; None if the service did not say.

    header: seconds or an HTTP date (RFC 9110, 10.2.3). body: Django REST framework's sentence, for services
    whose proxy drops the header. Past dates give 0.0, garbage gives None.

    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> retry_after("16", b"", now=noon)
    16.0
    >>> retry_after("Thu, 01 Jan 2026 12:00:30 GMT", b"", now=noon)
    30.0
    >>> retry_after(None, b'{"detail": "Request was throttled. Expected available in 4 seconds."}', now=noon)
    4.0
    >>> retry_after("soon", b"", now=noon) is None
    True
    """
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text, re.ASCII):
        return float(text)
    if text:
        try:
            date = parsedate_to_datetime(text)
        except ValueError:
            pass  # neither seconds nor a date: the body may know
        else:
            aware = date if date.tzinfo else date.replace(tzinfo=UTC)
            return max(0.0, (aware - now).total_seconds())
    found = _AVAILABLE_IN.search(body)
    return float(found[1]) if found else None
