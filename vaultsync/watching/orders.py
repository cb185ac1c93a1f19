"""What a watcher asks of its worker, and what that answers: values, for the two may be two processes. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias

import msgspec

from vaultsync.errors import VaultsyncError
from vaultsync.watching.log import Event

COMMAND = "vaultsync watch"
"""What others are told who is at work."""

Refreshed: TypeAlias = Literal["as it was", "templates", "settings"]
"""What has changed and was taken over. After templates notes are to be rendered again; settings change everything."""

Failure: TypeAlias = Literal["limited", "silent", "refused", "other"]
"""Why an account did not do what was asked: it asks to wait, does not answer, refuses the token."""


class Facts(msgspec.Struct, frozen=True):
    """What a watcher has to know of its vault.

    accounts: in the order of vaultsync.toml. folder: where its state is. settle, pull_interval: seconds, as
    vaultsync.toml says.
    """

    accounts: tuple[str, ...]
    folder: str
    settle: float
    pull_interval: float


class Ripe(msgspec.Struct, frozen=True):
    """Files that say something new. at: notes to push from; everything: all notes are to be looked at.

    unsteady: files that were not the same twice. half: notes that look half saved.
    """

    at: frozenset[str] = frozenset()
    everything: bool = False
    unsteady: tuple[str, ...] = ()
    half: tuple[str, ...] = ()


class Order(msgspec.Struct, frozen=True):
    """One run. pull, push: the accounts it is about, () for all; None: it does not pull, or push.

    asking: False if a pull asks nobody, and only looks again at what waits. at: the only notes it looks at, None for
    all. busy: notes it does not write to; unread: notes it sends nothing from. deletions: now is the time for them.
    """

    pull: tuple[str, ...] | None = None
    push: tuple[str, ...] | None = None
    asking: bool = True
    at: frozenset[str] | None = None
    busy: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    deletions: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What came of a run.

    events: what it has to say; of_notes: what went wrong with single notes, by path. failed: accounts that did not do
    what was asked, and for how many seconds one asks to wait. errors: how many, in all. waiting: edits that are to be
    sent; waits: some of them can't be now. put_off: notes were left for they are being written. requests: sent.
    """

    events: tuple[Event, ...] = ()
    of_notes: tuple[tuple[str, Event], ...] = ()
    failed: Mapping[str, tuple[Failure, float]] = {}
    errors: int = 0
    waiting: int = 0
    waits: bool = False
    put_off: bool = False
    requests: int = 0


class Busy(VaultsyncError):
    """Someone else is at work on the vault: it is tried again in a moment, and nobody need be told."""


class Cut(VaultsyncError):
    """The worker could not even begin, or ended in the middle of something."""


class Outdated(VaultsyncError):
    """The program was updated meanwhile. exit_code: one by which a service manager starts the watcher again."""


class Works(Protocol):
    """Whoever does the work. What it raises is a VaultsyncError; Cut if it could not so much as begin."""

    def begin(self) -> Facts:
        """Open the vault, and see that everything in it can be used."""

    def expect(self) -> None:
        """Get ready, for there will be work in a moment."""

    def refresh(self) -> Refreshed:
        """Take over what has changed in vaultsync.toml and templates; what can't be used is told, the old stays."""

    def ripe(self, paths: tuple[str, ...]) -> Ripe:
        """Tell which settled files say something new."""

    def run(self, order: Order, say: Callable[[Event], None]) -> Outcome:
        """Do a run. say: told at once what can't wait until it is over. Raises Leaving, Busy."""

    def rest(self) -> None:
        """Let go of what is not needed, for there will be nothing to do for a while."""

    def leave(self) -> None:
        """Leave after the document at hand. Any thread and any signal handler may say so."""

    def end(self, *, at_once: bool = False) -> None:
        """Close everything. at_once: whatever is under way."""
