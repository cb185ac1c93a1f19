"""Do what a watcher orders, in this process: look at saved files, pull, push, take over what has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from vaultsync.errors import AtWork, VaultsyncError
from vaultsync.pull import Options
from vaultsync.push import PushOptions
from vaultsync.rounds import Bounds
from vaultsync.runs import run
from vaultsync.watching.clock import Times
from vaultsync.watching.log import Event
from vaultsync.watching.orders import Busy, Facts, Order, Outcome, Refreshed, Ripe
from vaultsync.watching.ripe import ripe
from vaultsync.watching.standby import Kept, Standby
from vaultsync.watching.told import outcome
from vaultsync.workspace import Stand


class Worker:
    """Works on one vault. allowed: changed templates may change any number of notes."""

    def __init__(
        self, root: Path, env: Mapping[str, str], times: Times, *, allowed: bool, stand: Stand | None = None
    ) -> None:
        self._root, self._env, self._times, self._allowed = root, env, times, allowed
        clock = times.clock
        http = {"patience": times.pace.patience, "sleep": times.sleep, "clock": clock.monotonic, "now": clock.now}
        given = stand or Stand()
        self._stand = Stand(given.base_urls, given.tokens, {**http, **given.http}, clock.now, given.state)
        self._standby: Standby | None = None

    @property
    def kept(self) -> Kept:
        """What is in use."""
        return self._open.kept

    def begin(self, kept: Kept | None = None) -> Facts:
        """Open the vault, and see that everything in it can be used. kept: what was in use, and goes on to be."""
        self.end()
        self._standby = Standby(self._root, self._env, self._stand, allowed=self._allowed, kept=kept)
        workspace = self._standby.workspace
        watch = workspace.config.watch
        folder = str(workspace.state.folder)
        return Facts(tuple(workspace.accounts), folder, watch.settle, watch.pull_interval)

    def expect(self) -> None:
        """It is ready."""

    def get_ready(self) -> None:
        """Do now what takes a while when a note is to be read, and its edits are to be sent."""
        from vaultsync.sending import sender as sender

        with suppress(VaultsyncError):  # it is told when it stands in the way
            workspace = self._open.workspace
            workspace.try_templates()
            _ = workspace.sources

    def refresh(self) -> Refreshed:
        """Take over what has changed in vaultsync.toml and templates. Raises VaultsyncError if it can't be."""
        before = self._open.workspace.config.text
        has_changed = self._open.refresh()
        if self._open.workspace.config.text != before:
            return "settings"
        return "templates" if has_changed else "as it was"

    def ripe(self, paths: tuple[str, ...]) -> Ripe:
        """Tell which settled files say something new. Raises StateError."""
        return ripe(self._open.workspace, paths, lambda: self._times.sleep(self._times.pace.glance))

    def run(self, order: Order, say: Callable[[Event], None]) -> Outcome:
        """Do a run. Raises Leaving, Busy, VaultsyncError."""
        try:
            with self._open.at_work(self._times.clock.now()) as workspace:
                report = run(
                    workspace,
                    "watch",
                    pull=self._pull(order),
                    push=None if order.push is None else PushOptions(sources=order.push),
                    announce=lambda line: say(Event("notice", line)),
                    bounds=Bounds(order.at, order.busy, order.unread, order.deletions, self._times.between),
                )
        except AtWork as error:
            raise Busy(error.message, hint=error.hint) from error
        except VaultsyncError:
            self._open.doubt()
            raise
        told = outcome(report)
        if any(why == "refused" for why, _ in told.failed.values()):
            self._open.doubt()  # its user may get another token any time
        return told

    def _pull(self, order: Order) -> Options | None:
        if order.pull is None:
            return None
        return Options(sources=order.pull, asking=order.asking, outdated=not self._open.holds_back)

    def rest(self) -> None:
        """What is open stays open."""

    def leave(self) -> None:
        """It goes by the times of whoever gives the orders."""

    def end(self, *, at_once: bool = False) -> None:
        """Close everything. at_once: is nothing else here."""
        del at_once
        if self._standby is not None:
            self._standby.close()
            self._standby = None

    @property
    def _open(self) -> Standby:
        assert self._standby is not None, "it has begun"
        return self._standby
