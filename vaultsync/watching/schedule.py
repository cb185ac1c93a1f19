"""Know when each source is asked next, how long one that does not answer is left alone, and when to look at all notes.

No I/O, no clock: times are seconds of one clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often what is done, in seconds.

    settle: of quiet a saved note is given; longest: it waits at most. pull: between two fetches. scan: between two
    looks at the whole vault. tick: between two looks at whether all is well. pause, longest_pause: how long a source
    that does not answer is left alone, first and at most. glance: between the two reads of a note. retry: while someone
    else is at work. jump: by which two clocks may differ before the machine must have slept. patience: how long a fetch
    waits for a limit. linger: how long the worker stays after the last save. goodbye: how long it is given to finish
    the document at hand.
    """

    settle: float = 3.0
    longest: float = 30.0
    pull: float = 300.0
    scan: float = 600.0
    tick: float = 15.0
    pause: float = 5.0
    longest_pause: float = 1800.0
    glance: float = 0.05
    retry: float = 2.0
    jump: float = 30.0
    patience: float = 1.0
    linger: float = 60.0
    goodbye: float = 30.0


@dataclass(slots=True)
class _Turn:
    """One source's. pull, push: not before these times. failures: in a row. unsent: edits wait for it.

    limit: until when it has asked to wait.
    """

    pull: float
    push: float
    failures: int = 0
    unsent: bool = False
    limit: float = 0.0


class Schedule:
    """When what is due, for each source. In the beginning everything is.

    >>> schedule = Schedule(["readwise"], Pace(), 0.0)
    >>> schedule.pulls(0.0)
    ('readwise',)
    >>> schedule.silent("readwise", 0.0), schedule.silent("readwise", 5.0), schedule.next()
    (5.0, 10.0, 15.0)
    """

    def __init__(self, sources: Iterable[str], pace: Pace, now: float) -> None:
        self._pace = pace
        self._turns = {name: _Turn(now, now) for name in sources}
        self._scan = now + pace.scan

    def pulls(self, now: float) -> tuple[str, ...]:
        """The sources to be asked for what is new."""
        return tuple(name for name, turn in self._turns.items() if turn.pull <= now)

    def open(self, now: float) -> tuple[str, ...]:
        """The sources that edits may be sent to."""
        return tuple(name for name, turn in self._turns.items() if turn.push <= now)

    def retries(self, now: float) -> tuple[str, ...]:
        """The sources for which edits wait, and may be sent again."""
        return tuple(name for name, turn in self._turns.items() if turn.unsent and turn.push <= now)

    def is_scan_due(self, now: float) -> bool:
        """Whether it is time to look at every note."""
        return self._scan <= now

    def next(self) -> float:
        """When something will be due."""
        retries = (turn.push for turn in self._turns.values() if turn.unsent)
        return min([self._scan, *(turn.pull for turn in self._turns.values()), *retries])

    def scanned(self, now: float) -> None:
        """Take note that every note was looked at."""
        self._scan = now + self._pace.scan

    def answered(self, name: str, now: float) -> None:
        """Take note that a source has told all that is new."""
        self._turns[name] = _Turn(now + self._pace.pull, now, 0, self._turns[name].unsent)

    def silent(self, name: str, now: float) -> float:
        """Take note that a source did not answer; return for how many seconds it is left alone now."""
        turn = self._turns[name]
        pause = min(self._pace.pause * 2.0 ** min(turn.failures, 30), self._pace.longest_pause)
        then = max(now + pause, turn.limit)
        self._turns[name] = _Turn(then, then, turn.failures + 1, turn.unsent, turn.limit)
        return pause

    def refused(self, name: str, now: float) -> None:
        """Take note that a source will not have us: asked again when it would be anyway."""
        turn = self._turns[name]
        then = now + self._pace.pull
        self._turns[name] = _Turn(then, then, turn.failures, turn.unsent)

    def limited(self, name: str, now: float, seconds: float, *, sending: bool) -> None:
        """Take note that a source asks to wait. sending: edits were refused for it, not only a fetch."""
        turn = self._turns[name]
        turn.limit = now + seconds
        if sending:
            turn.push, turn.unsent = now + seconds, True
        turn.pull = max(turn.pull if turn.pull > now else 0.0, now + seconds)

    def unsent(self, names: Iterable[str]) -> None:
        """Take note that edits wait for these sources."""
        for name in names:
            self._turns[name].unsent = True

    def sent(self, names: Iterable[str]) -> None:
        """Take note that all edits were looked at that waited for these sources."""
        for name in names:
            self._turns[name].unsent = False

    def put_off(self, now: float) -> None:
        """Do nothing that is due for a moment: someone else is at work."""
        then = now + self._pace.retry
        for turn in self._turns.values():
            turn.pull = max(turn.pull, then)
            turn.push = max(turn.push, then) if turn.unsent else turn.push
        self._scan = max(self._scan, then)

    def hurry(self, now: float) -> None:
        """Make everything due, and forget how long sources were silent: the world may have changed."""
        self._turns = {name: _Turn(now, now) for name in self._turns}
        self._scan = now
