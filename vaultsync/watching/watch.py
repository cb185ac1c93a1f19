"""Keep account and vault the same, for as long as it runs: the one-shot sync in a loop.

Events only say where to look; what was changed is told by digests, as in any run. The vault is watched before it is
first looked at, so that nothing falls in between. One thread gives the orders; the one that watches only takes notes.
The work is done in a process of its own that ends when there is none: an idle watcher holds no note, no row, no
connection, and none of the modules that know of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from vaultsync.disk.root import MARKER
from vaultsync.errors import VaultsyncError
from vaultsync.storage.lock import watch_lock
from vaultsync.watching import heartbeat
from vaultsync.watching.apart import Apart
from vaultsync.watching.clock import Clock, Leaving, Times
from vaultsync.watching.log import Event, Said, trouble
from vaultsync.watching.orders import COMMAND, Facts, Outdated, Works
from vaultsync.watching.schedule import Pace
from vaultsync.watching.session import Anew, Place, Session
from vaultsync.watching.voice import Voice
from vaultsync.watching.watcher import Dirty, Watcher, watching

if TYPE_CHECKING:
    from vaultsync.workspace import Stand


@dataclass(frozen=True, slots=True)
class Manner:
    """How to watch.

    settle, pull_interval: seconds; None: as vaultsync.toml says. yes: a template may change any number of notes.
    watching: how the vault is watched. pace: of tests. stand: of tests and the demo, where the work is done in this
    process.
    """

    settle: float | None = None
    pull_interval: float | None = None
    yes: bool = False
    watching: Callable[[Path, Dirty], AbstractContextManager[Watcher]] = watching
    stand: Stand | None = None
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
        self._root, self._manner = root, manner
        self._clock = clock or Clock()
        self._times = Times(self._clock, manner.pace)
        self._work = _worker(root, env, self._times, manner)
        self._tell = tell
        self._said = Said()
        self._since = self._clock.now()
        self._failures = 0

    def leave(self) -> None:
        """Have it leave after the document at hand. Any thread and any signal handler may ask for it."""
        self._times.leave()
        self._work.leave()

    def everything(self) -> None:
        """Watch until asked to leave. Raises VaultsyncError if it can't even begin."""
        begun = False
        try:
            while True:
                try:
                    with self._session() as session:
                        begun, self._failures = True, 0
                        session.everything()
                except Anew:
                    continue
                except Outdated:
                    raise
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
        with ExitStack() as stack:
            stack.push(self._end_work)
            facts = self._work.begin()
            folder = Path(facts.folder)
            stack.enter_context(watch_lock(folder, COMMAND))
            stack.callback(heartbeat.fall_silent, folder)
            dirty = Dirty(clock.monotonic, clock.ring)
            watcher = stack.enter_context(manner.watching(self._root, dirty))
            said = Voice(self._tell, self._said, clock, self._since.isoformat(timespec="seconds"), folder)
            self._times.pace = _paced(manner, facts)
            yield Session(Place(self._root, self._work, facts), dirty, watcher, said, self._times)

    def _end_work(self, kind: type[BaseException] | None, *_: object) -> None:
        # Whoever presses Ctrl-C a second time does not want to wait.
        self._work.end(at_once=kind is KeyboardInterrupt)

    def _wait_for_the_vault(self, error: VaultsyncError | OSError) -> None:
        event = trouble(error) if isinstance(error, VaultsyncError) else Event("trouble", f"{self._root}: {error}")
        for one in self._said.news([event]):
            self._tell(one)
        # To open the vault takes a process: one that can't be opened is tried less and less often.
        self._times.sleep(min(self._manner.pace.retry * 2.0**self._failures, self._manner.pace.tick))
        self._failures += 1
        while not os.path.lexists(self._root / MARKER):
            self._times.sleep(self._manner.pace.tick)


def _worker(root: Path, env: Mapping[str, str], times: Times, manner: Manner) -> Works:
    if manner.stand is None:
        return Apart(root, env, allowed=manner.yes, goodbye=manner.pace.goodbye)
    from vaultsync.watching.worker import Worker

    return Worker(root, env, times, allowed=manner.yes, stand=manner.stand)


def _paced(manner: Manner, facts: Facts) -> Pace:
    """The pace that was asked for, by an option or else in vaultsync.toml."""
    settle = facts.settle if manner.settle is None else manner.settle
    pull = facts.pull_interval if manner.pull_interval is None else manner.pull_interval
    return replace(manner.pace, settle=settle, pull=pull)
