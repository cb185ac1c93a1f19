"""Say what a watcher does, each thing that lasts once; and keep telling `vaultsync status` how it is doing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from vaultsync.errors import VaultsyncError
from vaultsync.watching import heartbeat
from vaultsync.watching.clock import Clock
from vaultsync.watching.log import Event, Said, trouble
from vaultsync.watching.orders import Outcome

_BEAT_EVERY = 60.0  # seconds; a disk that sleeps is left asleep


class Voice:
    """Says what happens, each thing that lasts once; and keeps telling `vaultsync status` how things are."""

    def __init__(self, tell: Callable[[Event], None], said: Said, clock: Clock, since: str, folder: Path) -> None:
        self._tell, self._said, self._clock, self._folder = tell, said, clock, folder
        self._beat = heartbeat.Beat(os.getpid(), since)
        self._beaten = float("-inf")
        self._kept_back: tuple[Event, ...] = ()
        heartbeat.tell(folder, self._beat)

    def say(self, *events: Event, complete: bool = False) -> None:
        """Say what is new. complete: what is not among the events is no longer so."""
        for event in self._said.news([*self._kept_back, *events], complete=complete):
            self._tell(event)

    def keep_back(self, error: VaultsyncError | None) -> None:
        """Say why a changed configuration is not in use; None once there is nothing against it."""
        if error is not None:
            self._kept_back = (trouble(error),)
            self.say()
            return
        for event in self._said.over(self._kept_back):
            self._tell(event)
        self._kept_back = ()

    def ran(self, outcome: Outcome, *, complete: bool) -> None:
        """Tell of a run. complete: it asked all sources and looked at all notes."""
        self.say(*outcome.events, *(event for _, event in outcome.of_notes), complete=complete)
        beat = msgspec.structs.replace(self._beat, troubles=self._said.troubles)
        if complete:
            good = self._clock.now().isoformat(timespec="seconds") if not outcome.errors else beat.last_success
            beat = msgspec.structs.replace(beat, waiting=outcome.waiting, last_success=good)
        now = self._clock.monotonic()
        if beat.troubles != self._beat.troubles or (beat != self._beat and now - self._beaten >= _BEAT_EVERY):
            heartbeat.tell(self._folder, beat)
            self._beat, self._beaten = beat, now
