"""Scenarios of watching: the real loop in a thread of its own, and what it says, waited for as it comes.

def test_something(reader: Reading) -> None:
    with watching(reader) as watch:
        type_note(reader, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.export_case import Reading
from vaultsync.watching import watcher
from vaultsync.watching.clock import Clock
from vaultsync.watching.log import Event, Kind
from vaultsync.watching.orders import Facts
from vaultsync.watching.schedule import Pace
from vaultsync.watching.standby import Kept
from vaultsync.watching.watch import Manner, Watch
from vaultsync.watching.watcher import Dirty
from vaultsync.watching.worker import Worker
from vaultsync.workspace import Stand

PATIENCE = 60.0  # seconds; a test waits for what it says it waits for, and so long only when it fails
QUICK = Pace(settle=0.05, longest=1.0, pull=3600.0, scan=3600.0, tick=0.1, pause=0.05, retry=0.02, glance=0.005)
polling = partial(watcher.watching, polling=0.02)


@pytest.fixture
def walden(reader: Reading) -> Reading:
    """A vault with one note, up to date."""
    reader.book("Walden", "I went to the woods.")
    reader.export()
    reader.simulator.log.clear()
    return reader


@dataclass
class Watching:
    """A watcher at work, and everything it has said so far. starts: when its worker began, in a story."""

    watch: Watch | None = None
    events: list[Event] = field(default_factory=list)
    error: BaseException | None = None
    has_ended: bool = False
    starts: list[float] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _heard: int = 0

    def tell(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def ended(self, error: BaseException | None = None) -> None:
        with self._changed:
            self.error, self.has_ended = error, True
            self._changed.notify_all()

    def hears(self, kind: Kind, about: str = "") -> Event:
        """Wait for an event that was not waited for yet, and that has these words in it."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._found(kind, about) or self.has_ended, PATIENCE)
            event = self._found(kind, about)
            assert found and event is not None, (kind, about, self.events, self.error)
            self._heard = self.events.index(event, self._heard) + 1
            return event

    def _found(self, kind: Kind, about: str) -> Event | None:
        later = self.events[self._heard :]
        return next((one for one in later if one.kind == kind and about in f"{one.path} {one.text}"), None)

    def said(self, *kinds: Kind) -> list[tuple[str, str]]:
        """All events of these kinds so far: kind and path."""
        return [(one.kind, one.path) for one in self.events if one.kind in kinds]


@contextmanager
def watching(
    reader: Reading, pace: Pace = QUICK, *, fails: type[BaseException] | None = None, **manner: Any
) -> Iterator[Watching]:
    """Watch a vault for the length of the block, once it has been brought up to date. fails: by what it has to end."""
    being = Watching()
    said = {"settle": pace.settle, "pull_interval": pace.pull}
    manner = {**said, "pace": pace, "stand": Stand(), **manner}
    watch = Watch(reader.vault, os.environ, tell=being.tell, manner=Manner(**manner))
    being.watch = watch

    def everything() -> None:
        try:
            watch.everything()
        except BaseException as error:  # noqa: BLE001  # told where it is waited for
            being.ended(error)
        else:
            being.ended()

    thread = threading.Thread(target=everything, name="watch")
    thread.start()
    try:
        being.hears("started")
        yield being
    finally:
        watch.leave()
        thread.join(PATIENCE)
    assert not thread.is_alive() and isinstance(being.error, fails or type(None)), being.error


def within(happens: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait until something is so that no event tells of."""
    until = threading.Event()
    for _ in range(int(seconds / 0.002)):
        if happens():
            return
        until.wait(0.002)
    raise AssertionError("it did not happen")


class Told:
    """A watcher that is told by the test what was saved."""

    def __init__(self) -> None:
        self.dirty: Dirty | None = None

    @contextmanager
    def __call__(self, _root: Path, dirty: Dirty) -> Iterator[Told]:
        self.dirty = dirty
        yield self

    def mark(self, path: str) -> None:
        assert self.dirty is not None
        self.dirty.mark(path)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def is_alive(self) -> bool:
        return True


@dataclass
class Story(Clock):
    """A clock that only pretends to wait, and a script of what happens meanwhile: (seconds, what), in any order."""

    script: list[tuple[float, Callable[[], Any]]] = field(default_factory=list)
    at: float = 0.0
    slept: float = 0.0
    is_rung: bool = False
    waits: int = 0

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.at + self.slept)

    def ring(self) -> None:
        self.is_rung = True

    def wait(self, seconds: float) -> None:
        self.waits += 1
        assert self.waits < 200_000, "it never rests"
        if self.is_rung:
            self.is_rung = False
            return
        self.script.sort(key=lambda one: one[0])
        until = self.at + max(0.0, seconds)
        if self.script and self.script[0][0] <= until:
            then, happens = self.script.pop(0)
            self.at = max(self.at, then)
            happens()
        else:
            self.at = until if until > self.at or not seconds else math.nextafter(self.at, math.inf)


class Forgetful:
    """A worker that forgets all but what it hands on when it rests, as one that is a process. starts: when it began."""

    def __init__(self, work: Worker, story: Story) -> None:
        self._work, self._story = work, story
        self._is_resting = False
        self._kept: Kept | None = None
        self.starts: list[float] = []

    def __getattr__(self, name: str) -> Any:
        if self._is_resting and name in ("expect", "refresh", "ripe", "run"):
            self.begin()
        return getattr(self._work, name)

    def begin(self) -> Facts:
        self._is_resting = False
        self.starts.append(self._story.at)
        return self._work.begin(self._kept)

    def rest(self) -> None:
        if not self._is_resting:
            self._kept = self._work.kept
            self._work.end()
            self._is_resting = True


def told_story(reader: Reading, *script: tuple[float, Callable[[], Any]], until: float, **manner: Any) -> Watching:
    """Watch from second 0 to second `until` of a story; return what was said. Saves are told by the script."""
    clock = manner.pop("clock", None) or Story()
    being = Watching()
    manner = {"watching": Told(), "stand": Stand(), **manner}
    watch = Watch(reader.vault, os.environ, tell=being.tell, manner=Manner(**manner), clock=clock)
    assert isinstance(watch._work, Worker)
    watch._work = work = Forgetful(watch._work, clock)
    clock.script = [*script, (until, watch.leave)]
    watch.everything()
    being.starts = work.starts
    return being


def paced(**seconds: float) -> Pace:
    """The pace of the tests, but for these."""
    return replace(QUICK, **seconds)
