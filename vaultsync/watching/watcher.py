"""See which files of a vault are saved: told by the system, or where it tells nothing, by looking again and again.

What it says is a hint, and no more: paths to look at. It says nothing of what happened to them, and may be wrong.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from vaultsync.disk.root import MARKER
from vaultsync.steps import step

MOST = 512
"""So many paths are kept apart; of more it is only known that there are more."""
POLL = 5.0
_PROBE = ".vaultsync-probe.tmp"  # by this name the next run clears it away, should we die beside it
_PROBE_SECONDS = 2.0
_LOOKS_PER_REST = 20  # looking takes at most a twentieth of the time
_WRITES = [FileClosedEvent, FileCreatedEvent, FileDeletedEvent, FileMovedEvent]
_FOLDERS = [DirCreatedEvent, DirDeletedEvent, DirMovedEvent]
_ENDINGS = (".md", ".jinja", ".j2")


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that may have changed. path: inside the vault, "" if it is not known which; when: seconds."""

    path: str
    when: float


class Dirty:
    """Files that may have changed, filled by one thread and emptied by another."""

    def __init__(self, clock: Callable[[], float], ring: Callable[[], None]) -> None:
        self._clock, self._ring = clock, ring
        self._lock = threading.Lock()
        self._saves: dict[str, tuple[float, float]] = {}

    def mark(self, path: str) -> None:
        """Take note of a file; "" stands for all of them."""
        now = self._clock()
        with self._lock:
            if path not in self._saves and len(self._saves) >= MOST:
                self._saves = {"": (min(first for first, _ in self._saves.values()), now)}
            path = path if "" not in self._saves else ""
            first, _ = self._saves.get(path, (now, now))
            self._saves[path] = (first, now)
        self._ring()

    def is_empty(self) -> bool:
        """Whether nothing was saved since they were last taken."""
        with self._lock:
            return not self._saves

    def drain(self) -> tuple[Saved, ...]:
        """Take them: each with the first time it was saved, and the last."""
        with self._lock:
            saves, self._saves = self._saves, {}
        return tuple(Saved(path, when) for path, times in saves.items() for when in dict.fromkeys(times))


class Watcher(Protocol):
    """Something that marks files dirty from `start` to `stop`."""

    def start(self) -> None:
        """Begin. Raises OSError."""

    def stop(self) -> None:
        """End, for good."""

    def is_alive(self) -> bool:
        """Whether it still sees anything."""


class Events:
    """Told by the system."""

    def __init__(self, root: Path, dirty: Dirty) -> None:
        self._root, self._dirty = root, dirty
        self._observer = Observer()
        self._told = _Told(str(root), dirty)
        self._overflow = _Overflow(dirty)

    def start(self) -> None:
        """Begin. Raises OSError."""
        # Without "opened" and "read", by which a grep over the vault would make two events a note.
        wanted: list[type[FileSystemEvent]] = [*_WRITES, *_FOLDERS]
        if os.name == "nt" or os.uname().sysname != "Linux":
            wanted.append(FileModifiedEvent)  # elsewhere nothing is told when a file is closed
        # watchdog says this of a folder that is moved and looked at at once; it then asks for the same a second time.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        logging.getLogger("watchdog.observers").addHandler(self._overflow)
        self._observer.schedule(self._told, str(self._root), recursive=True, event_filter=wanted)
        self._observer.start()

    def stop(self) -> None:
        """End, for good."""
        logging.getLogger("watchdog.observers").removeHandler(self._overflow)
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def is_alive(self) -> bool:
        """Whether it still sees anything: of an emitter that has ended watchdog says nothing."""
        emitters = self._observer.emitters
        return self._observer.is_alive() and bool(emitters) and all(one.is_alive() for one in emitters)

    def works(self) -> bool:
        """Whether a file that is made and removed is told of; some file systems tell nothing."""
        probe = self._root / _PROBE
        try:
            step("watcher.write")
            probe.write_bytes(b"")
            step("watcher.unlink")
            probe.unlink()
        except OSError:
            return True  # that can't be tried; should nothing be told, there is still the look at all notes
        return self._told.probed.wait(_PROBE_SECONDS)


class _Told(FileSystemEventHandler):
    """Turns what the system says into paths, and forgets the rest of it."""

    def __init__(self, root: str, dirty: Dirty) -> None:
        self._prefix, self._dirty = f"{root}{os.sep}", dirty
        self.probed = threading.Event()

    def dispatch(self, event: FileSystemEvent) -> None:
        """Mark every path an event names."""
        for place in (event.src_path, event.dest_path):
            path = os.fsdecode(place)
            if not path.startswith(self._prefix):
                continue
            path = path.removeprefix(self._prefix).replace(os.sep, "/")
            if path == _PROBE:
                self.probed.set()
            elif event.is_directory and not _is_hidden(path):
                self._dirty.mark("")
            elif is_ours(path):
                self._dirty.mark(path)


class _Overflow(logging.Handler):
    """The one way to learn that events were lost: watchdog says so in its log."""

    def __init__(self, dirty: Dirty) -> None:
        super().__init__(logging.WARNING)
        self._dirty = dirty

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  # whatever it is, events may be lost
        """Take it that every file may have changed."""
        self._dirty.mark("")


class Polling:
    """Looks again and again. rest: seconds between two looks, more if looking takes long."""

    def __init__(self, root: Path, dirty: Dirty, rest: float = POLL) -> None:
        from vaultsync.disk.vault import Vault  # only here, and the system tells of saves nearly everywhere

        self._vault, self._dirty, self._rest = Vault(root), dirty, rest
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watcher", daemon=True)
        self._known: dict[str, tuple[int, int, int]] = {}

    def start(self) -> None:
        """Begin. Raises OSError."""
        self._known = self._seen()
        self._thread.start()

    def stop(self) -> None:
        """End, for good."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def is_alive(self) -> bool:
        """Whether it still sees anything."""
        return self._thread.is_alive()

    def _look(self) -> None:
        took = 0.0
        while not self._ended.wait(max(self._rest, took * _LOOKS_PER_REST)):
            began = time.monotonic()
            seen = self._seen()
            # Both ways: what is gone is told as well.
            for path in {path for path, _ in seen.items() ^ self._known.items()}:
                self._dirty.mark(path)
            self._known = seen
            took = time.monotonic() - began

    def _seen(self) -> dict[str, tuple[int, int, int]]:
        notes = self._vault.scan().notes
        seen = {path: (found.size, found.mtime_ns, found.inode) for path, found in notes.items()}
        try:
            marker = os.lstat(self._vault.root / MARKER)
        except OSError:
            return seen
        return seen | {MARKER: (marker.st_size, marker.st_mtime_ns, marker.st_ino)}


def is_ours(path: str) -> bool:
    """Whether a file inside the vault may be a note, a template or vaultsync.toml.

    >>> [is_ours(path) for path in ("a/b.md", "vaultsync.toml", ".obsidian/c.md", "a/.vaultsync-0.tmp", "d.png")]
    [True, True, False, False, False]
    """
    if _is_hidden(path) or not _is_text(path):
        return False
    return path == MARKER or path.lower().endswith(_ENDINGS)


def _is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _is_text(path: str) -> bool:
    """Whether a name can be stored; on Linux names are bytes, and some are not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def watching(root: Path, dirty: Dirty, polling: float | None = None) -> Iterator[Watcher]:
    """Mark files dirty as long as the block takes. polling: seconds between two looks; None: only if that is needed.

    Raises OSError if the vault is not there.
    """
    watcher = _begun(root, dirty) if polling is None else Polling(root, dirty, polling)
    if isinstance(watcher, Polling):
        watcher.start()
    try:
        yield watcher
    finally:
        watcher.stop()


def _begun(root: Path, dirty: Dirty) -> Watcher:
    """Events, at work; or where they don't work, Polling, not yet begun."""
    events = Events(root, dirty)
    try:
        events.start()
        if events.works():
            return events
    except FileNotFoundError:
        events.stop()
        raise
    except OSError:
        pass  # such as: no more watches are allowed
    events.stop()
    return Polling(root, dirty)
