"""Know which notes were saved lately, and which have been quiet for long enough to be read. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace

# So many files saved within so many seconds are no person's doing: a linter's, a sync service's, a backup's.
MANY, LATELY = 20, 60.0
# Seconds until a file is looked at again that is never quiet, and was being saved just then.
_AGAIN = 0.25


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be looked at now. paths: of files that have settled, sorted; everything: which ones is not known."""

    paths: tuple[str, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class _Saves:
    """When a file was saved first and last since it was looked at."""

    first: float
    last: float

    def until(self, settle: float, longest: float) -> float:
        return min(self.last + settle, self.first + longest)


class Settling:
    """Files that were saved, each with its own time to settle. Times are seconds of one clock that never goes back.

    settle: seconds of quiet a file is given. longest: seconds after which it is looked at though it is never quiet.

    >>> settling = Settling(3.0, 30.0)
    >>> settling.saved("a.md", 10.0), settling.saved("b.md", 12.0)
    (None, None)
    >>> settling.due(13.0), sorted(settling.busy(13.0))
    (Due(paths=('a.md',), everything=False), ['b.md'])
    """

    def __init__(self, settle: float, longest: float) -> None:
        self._settle, self._longest = settle, max(settle, longest)
        self._waiting: dict[str, _Saves] = {}
        self._lost: _Saves | None = None
        self._lately: dict[str, float] = {}
        self._held: dict[str, float] = {}
        self._never_quiet: set[str] = set()

    def saved(self, path: str, now: float) -> None:
        """Take note that a file was saved, moved, made or deleted."""
        self._held.pop(path, None)
        self._lately.pop(path, None)
        self._lately[path] = now  # at its end: the oldest stands first
        self._forget_old(now)
        if self._lost is not None or len(self._lately) > MANY:
            self.lost(now)
            return
        known = self._waiting.get(path, _Saves(now, now))
        self._waiting[path] = replace(known, last=now)

    def lost(self, now: float) -> None:
        """Take note that files were saved, and it is not known which, or they are too many to follow one by one."""
        first = min([saves.first for saves in self._waiting.values()], default=now)
        self._waiting.clear()
        self._lost = _Saves(first, now) if self._lost is None else replace(self._lost, last=now)

    def unsteady(self, path: str, now: float) -> None:
        """Take note that a file was not the same twice when it was due: it is due again after the usual seconds.

        One that has been waiting for its longest is due again in a moment.
        """
        self._again(path, now, min(_AGAIN, self._settle) if path in self._never_quiet else self._settle)

    def put_off(self, path: str, now: float) -> None:
        """Take note that not all was done about a file that was due: it is due again after the usual seconds."""
        self._again(path, now, self._settle)

    def _again(self, path: str, now: float, seconds: float) -> None:
        # However often it is saved in these: else a file that is saved all the time would wait for its longest again.
        self._waiting[path] = _Saves(now + seconds - self._longest, now)

    def hold(self, path: str, now: float) -> None:
        """Leave a file alone for a while that looks half saved; then it is as it is."""
        self._held[path] = now + self._longest

    def due(self, now: float) -> Due:
        """Take what is to be looked at now; it is not due again until it is saved again."""
        everything = self._lost is not None and self._lost.until(self._settle, self._longest) <= now
        if everything:
            self._lost = None
        ready = [path for path, saves in self._waiting.items() if saves.until(self._settle, self._longest) <= now]
        self._never_quiet = {path for path in ready if self._waiting[path].last + self._settle > now}
        for path in ready:
            del self._waiting[path]
        return Due(tuple(sorted(ready)), everything)

    def next(self) -> float | None:
        """When something will be due, None if nothing waits."""
        waiting = [*self._waiting.values(), *([self._lost] if self._lost is not None else ())]
        return min((saves.until(self._settle, self._longest) for saves in waiting), default=None)

    def busy(self, now: float) -> frozenset[str]:
        """Files someone is writing right now, or that look half saved."""
        self._held = {path: until for path, until in self._held.items() if until > now}
        return frozenset(path for path, last in self._lately.items() if now - last < self._settle) | self._held.keys()

    def is_bursting(self) -> bool:
        """Whether more files are being saved than can be followed one by one."""
        return self._lost is not None

    def is_calm(self, now: float) -> bool:
        """Whether no file was saved for so long that none is half way from one place to another."""
        return not self._held and not self._lost and all(now - last > self._longest for last in self._lately.values())

    def _forget_old(self, now: float) -> None:
        while (oldest := next(iter(self._lately))) and now - self._lately[oldest] > LATELY:
            del self._lately[oldest]
