"""Watching one vault as long as it is that vault: look, work, wait, again and again, in one run at most at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from vaultsync.disk.root import MARKER
from vaultsync.errors import AtWork, AuthError, RateLimited, SourceError, Unreachable, VaultError, VaultsyncError
from vaultsync.pull import Options
from vaultsync.push import PushOptions
from vaultsync.report import Report
from vaultsync.rounds import Bounds
from vaultsync.runs import run
from vaultsync.sending.fates import Fate
from vaultsync.watching.clock import Clock
from vaultsync.watching.log import Event, is_put_off, trouble
from vaultsync.watching.ripe import Ripe, ripe
from vaultsync.watching.schedule import Pace, Schedule
from vaultsync.watching.settling import Settling
from vaultsync.watching.standby import Standby
from vaultsync.watching.voice import Voice
from vaultsync.watching.watcher import Dirty, Polling, Watcher


class Anew(Exception):  # noqa: N818  # nothing went wrong
    """What is watched has changed so much that it is better to begin again."""


@dataclass(frozen=True, slots=True)
class Times:
    """A clock and how it is used. between: raises Leaving if that was asked for; sleep: waits, whatever happens."""

    clock: Clock
    between: Callable[[], None]
    sleep: Callable[[float], None]
    pace: Pace

    @property
    def now(self) -> float:
        """Seconds, by the clock that never goes back."""
        return self.clock.monotonic()


class Session:
    """Watching one folder, as long as it is that folder."""

    def __init__(self, standby: Standby, dirty: Dirty, watcher: Watcher, voice: Voice, times: Times) -> None:
        self._standby, self._dirty, self._watcher, self._voice, self._times = standby, dirty, watcher, voice, times
        self._pace = times.pace
        self._settling = Settling(self._pace.settle, self._pace.longest)
        self._sources = tuple(standby.workspace.sources)
        self._schedule = Schedule(self._sources, self._pace, times.now)
        self._root = standby.workspace.root
        self._folder = _identity(self._root)
        self._config = standby.workspace.config.text
        self._began = times.now
        self._drift = self._behind()
        self._later: float | None = None

    def everything(self) -> None:
        """Look, work, wait; again and again. Ends by an exception only."""
        how = "by looking again and again" if isinstance(self._watcher, Polling) else "by the system's events"
        every = f"{self._pace.pull:g} s"
        self._voice.say(Event("started", f"Watching {self._root} {how}; the sources are asked every {every}."))
        while True:
            self._times.between()
            self._check()
            self._take_in()
            self._turn(self._times.now)
            if self._dirty.is_empty():
                self._times.clock.wait(self._next() - self._times.now)

    # Is all well?

    def _check(self) -> None:
        """Make sure that what is watched is still what it was. Raises Anew, VaultError."""
        if not os.path.lexists(self._root / MARKER):
            raise VaultError(
                f"There is no {MARKER} in {self._root} any more. Nothing is written until it is back.",
                hint="Is its disk mounted?",
            )
        if _identity(self._root) != self._folder:
            self._voice.say(Event("notice", f"{self._root} is another folder now, and is looked at anew."))
            raise Anew
        if not self._watcher.is_alive():
            self._voice.say(Event("notice", "The system no longer tells what is saved; watching begins anew."))
            raise Anew
        behind = self._behind()
        if abs(behind - self._drift) > self._pace.jump:
            self._drift = behind
            self._schedule.hurry(self._times.now)

    def _behind(self) -> float:
        """By how much the time of day is ahead of our own: it goes on while the machine sleeps."""
        return self._times.clock.now().timestamp() - self._times.now

    # What is to be done?

    def _take_in(self) -> None:
        for saved in self._dirty.drain():
            if saved.path:
                self._settling.saved(saved.path, saved.when)
            else:
                self._settling.lost(saved.when)

    def _next(self) -> float:
        """When to get up at the latest."""
        settled = self._settling.next()
        scheduled = None if self._settling.is_bursting() else self._schedule.next()
        times = [self._times.now + self._pace.tick, settled, scheduled, self._later]
        return min(one for one in times if one is not None)

    def _turn(self, now: float) -> None:
        """Do what is due, in one run at most."""
        due = self._settling.due(now)
        pulls = () if self._settling.is_bursting() else self._schedule.pulls(now)
        wants_scan = not self._settling.is_bursting() and self._schedule.is_scan_due(now)
        everything = due.everything or wants_scan or bool(self._schedule.retries(now))
        is_later = self._later is not None and self._later <= now
        if not (due.paths or everything or pulls or is_later):
            return
        self._refresh()
        found = self._ripe(due.paths)
        if pulls:
            self._sync(pulls, found)
        elif everything or found.everything:
            self._push(replace(found, everything=True))
        elif found.at:
            self._push(found)
        elif is_later:
            self._reconsider()

    def _refresh(self) -> None:
        """Take over a changed vaultsync.toml or template, if it can be used. Raises Anew."""
        try:
            has_changed = self._standby.refresh()
        except VaultsyncError as error:
            self._voice.keep_back(error)
            return
        self._voice.keep_back(None)
        if self._standby.workspace.config.text != self._config:
            self._voice.say(Event("notice", f"{MARKER} has changed; watching begins anew with what it says."))
            raise Anew
        if has_changed:
            self._reconsider()

    def _ripe(self, paths: tuple[str, ...]) -> Ripe:
        found = ripe(self._standby.workspace, paths, lambda: self._times.sleep(self._pace.glance))
        for path in found.unsteady:
            self._settling.unsteady(path, self._times.now)
        for path in found.half:
            self._settling.hold(path, self._times.now)
        return found

    # Runs.

    def _sync(self, names: tuple[str, ...], found: Ripe) -> None:
        now = self._times.now
        sending = self._schedule.open(now)
        pull = Options(sources=() if names == self._sources else names)
        report = self._run(pull, self._to(sending), replace(found, everything=True))
        if report is not None:
            self._reckon(report, pulled=names, sending=sending)
            limited = any(isinstance(error, RateLimited) for error in report.errors)
            self._voice.ran(report, complete=names == self._sources and not limited)

    def _push(self, found: Ripe) -> None:
        sending = self._schedule.open(self._times.now)
        self._schedule.unsent(name for name in self._sources if name not in sending)
        if not sending:
            # All will be looked at when one of them is open again; until then that would lead to nothing.
            self._schedule.scanned(self._times.now)
            return
        report = self._run(None, self._to(sending), found)
        if report is not None:
            self._reckon(report, pulled=(), sending=sending)
            self._voice.ran(report, complete=False)

    def _reconsider(self) -> None:
        """Look again at notes that were left, or whose template has changed; ask nobody."""
        now = self._times.now
        if self._settling.busy(now):
            self._later = now + self._pace.settle
            return
        self._later = None
        report = self._run(Options(asking=False), None, Ripe(everything=True))
        if report is not None:
            self._voice.ran(report, complete=False)

    def _to(self, sending: tuple[str, ...]) -> PushOptions | None:
        if not sending:
            return None
        return PushOptions(sources=() if sending == self._sources else sending)

    def _run(self, pull: Options | None, push: PushOptions | None, found: Ripe) -> Report | None:
        """Run once; None if that failed as a whole, or someone else is at work."""
        bounds = self._bounds(found)
        say = self._voice.say
        try:
            with self._standby.at_work(self._times.clock.now()) as workspace:
                report = run(
                    workspace,
                    "watch",
                    pull=pull,
                    push=push,
                    announce=lambda line: say(Event("notice", line)),
                    bounds=bounds,
                )
        except AtWork:
            self._try_again(found)
            return None
        except VaultsyncError as error:
            say(trouble(error))
            self._standby.doubt()
            for name in self._sources:
                self._schedule.refused(name, self._times.now)
            return None
        if bounds.at is None:
            self._schedule.scanned(self._times.now)
        report, is_half_saved = self._without_half_saved(report)
        if is_half_saved or any(map(is_put_off, report.changes)):
            self._later = self._times.now + self._pace.settle
        return report

    def _without_half_saved(self, report: Report) -> tuple[Report, bool]:
        """The report without trouble over notes that were being saved meanwhile, and whether there was any."""
        self._take_in()
        busy = self._settling.busy(self._times.now)
        errors = tuple(one for one in report.errors if not (isinstance(one, VaultError) and one.path in busy))
        return msgspec.structs.replace(report, errors=errors), len(errors) < len(report.errors)

    def _bounds(self, found: Ripe) -> Bounds:
        now = self._times.now
        busy = self._settling.busy(now)
        calm = self._settling.is_calm(now) and now - self._began > self._pace.longest
        at = None if found.everything else found.at
        return Bounds(at, busy, busy - found.at, deletions=calm, between=self._times.between)

    def _try_again(self, found: Ripe) -> None:
        now = self._times.now
        self._schedule.put_off(now)
        for path in found.at:
            self._settling.saved(path, now)
        if found.everything:
            self._settling.lost(now)

    def _reckon(self, report: Report, *, pulled: tuple[str, ...], sending: tuple[str, ...]) -> None:
        """When each source is asked next, after what it answered."""
        now = self._times.now
        failed = {error.source: error for error in reversed(report.errors) if isinstance(error, SourceError)}
        waits = bool(report.edited(Fate.WAIT))
        for name in dict.fromkeys((*pulled, *sending)):
            error = failed.get(name)
            if isinstance(error, RateLimited):
                self._schedule.limited(name, now, error.seconds, sending=waits)
            elif isinstance(error, Unreachable):
                self._schedule.silent(name, now)
            elif isinstance(error, AuthError):
                self._schedule.refused(name, now)
                self._standby.doubt()  # its user may get another token any time
            elif name in pulled:
                self._schedule.answered(name, now)
            if isinstance(error, Unreachable | AuthError) and waits:
                self._schedule.unsent([name])
            elif error is None and name in sending:
                self._schedule.sent([name])


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        found = root.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
