"""Watching one vault as long as it is that vault: look, work, wait, again and again, in one run at most at a time.

What is held here is little, and no note: who works on those is told what to do, and rests when there is nothing.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import msgspec

from vaultsync.disk.root import MARKER
from vaultsync.errors import VaultError, VaultsyncError
from vaultsync.watching.clock import Times
from vaultsync.watching.log import Event, trouble
from vaultsync.watching.orders import Busy, Cut, Facts, Order, Outcome, Outdated, Ripe, Works
from vaultsync.watching.schedule import Schedule
from vaultsync.watching.settling import Settling
from vaultsync.watching.voice import Voice
from vaultsync.watching.watcher import Dirty, Polling, Watcher

# Who has sent so many requests stays a while: what is spent of the limits of a minute is known to whoever spent it.
_MANY_REQUESTS = 10


class Anew(Exception):  # noqa: N818  # nothing went wrong
    """What is watched has changed so much that it is better to begin again."""


class Place(msgspec.Struct, frozen=True):
    """What is watched, who works on it, and what they know of it."""

    root: Path
    work: Works
    facts: Facts


class Session:
    """Watching one folder, as long as it is that folder."""

    def __init__(self, place: Place, dirty: Dirty, watcher: Watcher, voice: Voice, times: Times) -> None:
        self._dirty, self._watcher, self._voice, self._times = dirty, watcher, voice, times
        self._root, self._work, self._sources = place.root, place.work, place.facts.accounts
        self._pace = times.pace
        self._settling = Settling(self._pace.settle, self._pace.longest)
        self._schedule = Schedule(self._sources, self._pace, times.now)
        self._folder = _identity(self._root)
        self._awake_until: float | None = times.now
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
            self._let_rest(self._times.now)
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
        saves = self._dirty.drain()
        if saves:
            # It gets ready while they settle, so that they need not wait for it.
            self._work.expect()
            self._stay_awake(self._pace.linger)
        for saved in saves:
            if saved.path:
                self._settling.saved(saved.path, saved.when)
            else:
                self._settling.lost(saved.when)

    def _next(self) -> float:
        """When to get up at the latest."""
        settled = self._settling.next()
        scheduled = None if self._settling.is_bursting() else self._schedule.next()
        times = [self._times.now + self._pace.tick, settled, scheduled, self._later, self._awake_until]
        return min(one for one in times if one is not None)

    def _stay_awake(self, seconds: float) -> None:
        self._awake_until = max(self._awake_until or 0.0, self._times.now + seconds)

    def _let_rest(self, now: float) -> None:
        """Have the worker rest once there was nothing to do for a while, and nothing will be for so long."""
        if self._awake_until is None or self._awake_until > now:
            return
        settled = self._settling.next()
        soon = min(self._schedule.next(), self._later or math.inf) if settled is None else settled
        if settled is not None or soon - now < self._pace.linger:
            # To start one takes longer than most of what it does, and it would not know what is spent of the limits.
            self._awake_until = soon
            return
        self._awake_until = None
        self._work.rest()

    def _turn(self, now: float) -> None:
        """Do what is due, in one run at most."""
        due = self._settling.due(now)
        pulls = () if self._settling.is_bursting() else self._schedule.pulls(now)
        wants_scan = not self._settling.is_bursting() and self._schedule.is_scan_due(now)
        everything = due.everything or wants_scan or bool(self._schedule.retries(now))
        is_later = self._later is not None and self._later <= now
        if not (due.paths or everything or pulls or is_later):
            return
        self._stay_awake(0.0)
        try:
            self._refresh()
            found = self._ripe(due.paths)
            if pulls:
                self._sync(pulls, found)
            elif everything or found.everything:
                self._push(msgspec.structs.replace(found, everything=True))
            elif found.at:
                self._push(found)
            elif is_later:
                self._reconsider()
        except Cut as cut:
            self._cut_short(cut)

    def _cut_short(self, cut: Cut) -> None:
        """Leave everything alone for a while, and then look at all of it: what was under way is not known."""
        self._voice.say(trouble(cut))
        for name in self._sources:
            self._schedule.silent(name, self._times.now)
        self._schedule.unsent(self._sources)

    def _refresh(self) -> None:
        """Take over a changed vaultsync.toml or template, if it can be used. Raises Anew."""
        try:
            changed = self._work.refresh()
        except (Cut, Outdated):
            raise
        except VaultsyncError as error:
            self._voice.keep_back(error)
            return
        self._voice.keep_back(None)
        if changed == "settings":
            self._voice.say(Event("notice", f"{MARKER} has changed; watching begins anew with what it says."))
            raise Anew
        if changed == "templates":
            self._reconsider()

    def _ripe(self, paths: tuple[str, ...]) -> Ripe:
        found = self._work.ripe(paths) if paths else Ripe()
        for path in found.unsteady:
            self._settling.unsteady(path, self._times.now)
        for path in found.half:
            self._settling.hold(path, self._times.now)
        return found

    # Runs.

    def _sync(self, names: tuple[str, ...], found: Ripe) -> None:
        sending = self._schedule.open(self._times.now)
        order = Order(self._all_or(names), self._to(sending))
        outcome = self._run(order, msgspec.structs.replace(found, everything=True))
        if outcome is not None:
            self._reckon(outcome, pulled=names, sending=sending)
            limited = any(why == "limited" for why, _ in outcome.failed.values())
            self._voice.ran(outcome, complete=names == self._sources and not limited)

    def _push(self, found: Ripe) -> None:
        sending = self._schedule.open(self._times.now)
        self._schedule.unsent(name for name in self._sources if name not in sending)
        if not sending:
            # All will be looked at when one of them is open again; until then that would lead to nothing.
            self._schedule.scanned(self._times.now)
            return
        outcome = self._run(Order(push=self._to(sending)), found)
        if outcome is not None:
            self._reckon(outcome, pulled=(), sending=sending)
            self._voice.ran(outcome, complete=False)

    def _reconsider(self) -> None:
        """Look again at notes that were left, or whose template has changed; ask nobody."""
        now = self._times.now
        if self._settling.busy(now):
            self._later = now + self._pace.settle
            return
        self._later = None
        outcome = self._run(Order(pull=(), asking=False), Ripe(everything=True))
        if outcome is not None:
            self._voice.ran(outcome, complete=False)

    def _to(self, sending: tuple[str, ...]) -> tuple[str, ...] | None:
        return self._all_or(sending) if sending else None

    def _all_or(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """These, as an order names them."""
        return () if names == self._sources else names

    def _run(self, order: Order, found: Ripe) -> Outcome | None:
        """Run once; None if that failed as a whole, or someone else is at work. Raises Cut."""
        order = self._bounded(order, found)
        try:
            outcome = self._work.run(order, self._voice.say)
        except Busy:
            self._try_again(order, found)
            return None
        except (Cut, Outdated):
            raise
        except VaultsyncError as error:
            self._voice.say(trouble(error))
            for name in self._sources:
                self._schedule.refused(name, self._times.now)
            return None
        if order.at is None:
            self._schedule.scanned(self._times.now)
        if outcome.requests > _MANY_REQUESTS:
            self._stay_awake(self._pace.linger)
        outcome, is_half_saved = self._without_half_saved(outcome)
        if is_half_saved or outcome.put_off:
            self._later = self._times.now + self._pace.settle
        if outcome.put_off:
            for path in order.busy & found.at:  # it may hold edits that were put off with it
                self._settling.put_off(path, self._times.now)
        return outcome

    def _without_half_saved(self, outcome: Outcome) -> tuple[Outcome, bool]:
        """The outcome without trouble over notes that were being saved meanwhile, and whether there was any."""
        self._take_in()
        busy = self._settling.busy(self._times.now)
        of_notes = tuple((path, event) for path, event in outcome.of_notes if path not in busy)
        less = len(outcome.of_notes) - len(of_notes)
        return msgspec.structs.replace(outcome, of_notes=of_notes, errors=outcome.errors - less), less > 0

    def _bounded(self, order: Order, found: Ripe) -> Order:
        """The order, kept to what may be touched now."""
        now = self._times.now
        busy = self._settling.busy(now)
        calm = self._settling.is_calm(now) and now - self._began > self._pace.longest
        at = None if found.everything else found.at
        return msgspec.structs.replace(order, at=at, busy=busy, unread=busy - found.at, deletions=calm)

    def _try_again(self, order: Order, found: Ripe) -> None:
        now = self._times.now
        self._schedule.put_off(now)
        if not order.asking:
            self._later = now + self._pace.retry
            return
        for path in found.at:
            self._settling.saved(path, now)
        if found.everything:
            self._settling.lost(now)

    def _reckon(self, outcome: Outcome, *, pulled: tuple[str, ...], sending: tuple[str, ...]) -> None:
        """When each source is asked next, after what it answered."""
        now = self._times.now
        for name in dict.fromkeys((*pulled, *sending)):
            why, seconds = outcome.failed.get(name, (None, 0.0))
            if why == "limited":
                self._schedule.limited(name, now, seconds, sending=outcome.waits)
            elif why == "silent":
                self._schedule.silent(name, now)
            elif why == "refused":
                self._schedule.refused(name, now)
            elif name in pulled:
                self._schedule.answered(name, now)
            if why in ("silent", "refused") and outcome.waits:
                self._schedule.unsent([name])
            elif why in (None, "other") and name in sending:
                # What failed alone is tried again with the next look at all notes.
                self._schedule.sent([name])


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        found = root.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
