"""Keep account and vault the same, for as long as it runs: the one-shot sync in a loop.

Events only say where to look; what was changed is told by digests, as in any run. The vault is watched before it is
first looked at, so that nothing falls in between. One thread does all the work; the one that watches only takes notes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from vaultsync.disk.root import MARKER
from vaultsync.errors import VaultsyncError
from vaultsync.storage.lock import watch_lock
from vaultsync.watching import heartbeat
from vaultsync.watching.clock import Clock
from vaultsync.watching.log import Event, Said, trouble
from vaultsync.watching.schedule import Pace
from vaultsync.watching.session import Anew, Session, Times
from vaultsync.watching.standby import COMMAND, Standby
from vaultsync.watching.voice import Voice
from vaultsync.watching.watcher import Dirty, Watcher, watching
from vaultsync.workspace import Stand


class Leaving(BaseException):
    """Raised between two documents, when the watcher was asked to leave. No handler for errors may take it for one."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to watch.

    settle, pull_interval: seconds; None: as vaultsync.toml says. yes: a template may change any number of notes.
    watching: how the vault is watched. stand, pace: of the demo and of tests.
    """

    settle: float | None = None
    pull_interval: float | None = None
    yes: bool = False
    watching: Callable[[Path, Dirty], AbstractContextManager[Watcher]] = watching
    stand: Stand = field(default_factory=Stand)
    pace: Pace = field(default_factory=Pace)


class Watch:
    """Watches one vault. tell: told what happens, an event each."""

    def __init__(
        self,
        root: Path,
        env: Mapping[str, str],
        *,
        tell: Callable[[Event], None],
        manner: Manner,
        clock: Clock | None = None,
    ) -> None:
        self._root, self._env, self._manner = root, env, manner
        self._clock = clock or Clock()
        self._tell = tell
        self._said = Said()
        self._since = self._clock.now()
        self._is_leaving = False

    def leave(self) -> None:
        """Have it leave after the document at hand. Any thread and any signal handler may ask for it."""
        self._is_leaving = True
        self._clock.ring()

    def everything(self) -> None:
        """Watch until asked to leave. Raises VaultsyncError if it can't even begin."""
        begun = False
        try:
            while True:
                try:
                    with self._session() as session:
                        begun = True
                        session.everything()
                except Anew:
                    continue
                except (VaultsyncError, OSError) as error:
                    if not begun:
                        raise
                    self._wait_for_the_vault(error)
        except Leaving:
            self._tell(Event("stopped", "What was written is whole; the next start goes on from there."))

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """Everything that watching needs, opened. Raises VaultsyncError, OSError."""
        clock, manner = self._clock, self._manner
        http = {"patience": manner.pace.patience, "sleep": self._sleep, "clock": clock.monotonic, "now": clock.now}
        stand = msgspec.structs.replace(manner.stand, http={**http, **manner.stand.http}, now=clock.now)
        with ExitStack() as stack:
            standby = Standby(self._root, self._env, stand, allowed=manner.yes)
            stack.callback(standby.close)
            folder = standby.workspace.state.folder
            stack.enter_context(watch_lock(folder, COMMAND))
            stack.callback(heartbeat.fall_silent, folder)
            dirty = Dirty(clock.monotonic, clock.ring)
            watcher = stack.enter_context(manner.watching(self._root, dirty))
            said = Voice(self._tell, self._said, clock, self._since.isoformat(timespec="seconds"), folder)
            yield Session(
                standby, dirty, watcher, said, Times(clock, self._between, self._sleep, _paced(manner, standby))
            )

    def _between(self) -> None:
        if self._is_leaving:
            raise Leaving

    def _sleep(self, seconds: float) -> None:
        """Wait so long whatever happens, unless asked to leave."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            self._between()
            self._clock.wait(left)
        self._between()

    def _wait_for_the_vault(self, error: VaultsyncError | OSError) -> None:
        event = trouble(error) if isinstance(error, VaultsyncError) else Event("trouble", f"{self._root}: {error}")
        for one in self._said.news([event]):
            self._tell(one)
        self._sleep(self._manner.pace.retry)
        while not os.path.lexists(self._root / MARKER):
            self._sleep(self._manner.pace.tick)


def _paced(manner: Manner, standby: Standby) -> Pace:
    """The pace that was asked for, by an option or else in vaultsync.toml."""
    said = standby.workspace.config.watch
    settle = said.settle if manner.settle is None else manner.settle
    pull = said.pull_interval if manner.pull_interval is None else manner.pull_interval
    return replace(manner.pace, settle=settle, pull=pull)
