"""Stopping a run at its n-th effect: scenes that can be set up again and again, and what is compared afterwards.

A scene's vault and state are kept beside it as hard links. vaultsync replaces notes and never writes into them, so
setting up again gives back every byte, time and inode.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.export_case import Reading
from tests.forked_case import forked
from vaultsync import cli, steps
from vaultsync.disk import swap
from vaultsync.sending.earlier import EARLIER
from vaultsync.simulator import Library

# What differs from run to run: when and where the disk put a file.
_VOLATILE = {"mtime_ns", "inode"}
# What is kept of runs rather than of notes: there was one more of them.
_OF_RUNS = {"deeds", "past"}


class Stopped(BaseException):
    """The end of a run: no handler for errors may take it for one."""


@dataclass
class Counter:
    """Lets the first effects happen and calls `end` before number `stop`, once."""

    stop: int = 0
    end: Callable[[], None] = lambda: None
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.stop:
            self.end()


@contextmanager
def observed(observer: Callable[[str], None]) -> Iterator[None]:
    """Have every effect told to `observer`."""
    steps.observer = observer
    try:
        yield
    finally:
        steps.observer = None


@dataclass
class Scene:
    """A vault and its state at one moment, and the command that is run then."""

    reading: Reading
    args: tuple[str, ...] = ()
    command: str = "export"

    def __post_init__(self) -> None:
        self.account = _account(self.reading.library)
        # Asked once: the folder's own inode and time of birth stay as they are.
        self.state = self.reading.state
        for place in self._places():
            _fill(_kept(place), place)

    def set_up(self) -> None:
        """Bring vault, state and configuration back to how they were."""
        for place in self._places():
            _empty(place)
            _fill(place, _kept(place))
        if self.command != "export":  # an export changes nothing there
            vars(self.reading.library).update(deepcopy(self.account))

    def run(self) -> int:
        """Run the command to its end; return its exit code."""
        return cli.main([self.command, *self.args])

    def effects(self) -> list[str]:
        """The names of all effects of an undisturbed run, in order."""
        self.set_up()
        counter = Counter()
        with observed(counter):
            assert self.run() == 0
        return counter.names

    def stopped(self, number: int) -> None:
        """Run until right before an effect, and raise there."""

        def end() -> None:
            raise Stopped

        with observed(Counter(number, end)), suppress(Stopped):
            self.run()

    def ended(self, number: int) -> None:
        """Run in a process of its own that ends right before an effect, without a farewell."""

        def work() -> int:
            with observed(Counter(number, lambda: os._exit(9))):
                self.run()
            return 0

        with forked(work) as child:
            assert child.ended(60.0)
        assert child.code == 9

    def powerless(self, number: int) -> None:
        """As `stopped`; whatever in the vault was not brought to the disk by then is as if it had never been.

        A move to another folder may be half there, in the new folder and in the old one.
        """
        disk = _Disk(self.reading.vault)
        with disk.watched(number), suppress(Stopped):
            self.run()
        disk.come_back()

    def outcome(self) -> dict[str, Any]:
        """Every file of the vault and every row of state, without what may differ."""
        files: dict[str, Any] = {}
        for path in self.reading.vault.rglob("*"):
            name = path.relative_to(self.reading.vault).as_posix()
            files[name] = path.read_bytes().decode() if path.is_file() else "folder"
        # After a power failure a note may be in the trash and at home, and goes to the trash once more.
        twice = [name for name in files if name.endswith(" 2.md") and files.get(name[:-5] + ".md") == files[name]]
        files = {name: data for name, data in files.items() if name not in twice or not name.startswith(".trash/")}
        return {**files, "state": self._rows(), "account": _told(self.reading.library)}

    def _rows(self) -> list[tuple[Any, ...]]:
        """Every row of state. After a push, how far the listing has got depends on whether it saw its own edits.

        So does what it has seen a highlight say before.
        """
        rows = _rows(self.state)
        if self.command == "export":
            return rows
        return [_without_earlier(row) for row in rows if row[0] not in ("cursors", "pieces")]

    def _places(self) -> tuple[Path, ...]:
        return self.reading.vault, self.state, self.reading.vault.parent / "config"


def _account(library: Library) -> dict[str, Any]:
    """All the service knows, to be given back to it."""
    return deepcopy({name: value for name, value in vars(library).items() if not name.startswith("__")})


def _told(library: Library) -> list[tuple[Any, ...]]:
    """What its user would see there."""
    highlights = [one for book in library.books.values() for one in book.highlights]
    return [(one.id, one.text, one.note, sorted(tag.name for tag in one.tags), one.deleted) for one in highlights]


def _kept(place: Path) -> Path:
    return place.with_name(f"{place.name}-kept")


class _Disk:
    """What a power failure leaves of a vault: what a sync of its folder or of the whole disk had reached."""

    def __init__(self, vault: Path) -> None:
        self._vault = vault
        self._reached: dict[Path, dict[str, bytes]] = {}
        self._failed = False
        self._sync(None)

    @contextmanager
    def watched(self, number: int) -> Iterator[None]:
        """Stop before effect `number`, keeping account of what was synced until then."""
        flush, sync = swap.make_names_durable, swap.make_durable

        def flushed(folder: str) -> None:
            flush(folder)
            self._sync(Path(folder))

        def synced(files: Iterable[str], folder_of_each_disk: Iterable[str]) -> None:
            sync(files, folder_of_each_disk)
            self._sync(None)

        with pytest.MonkeyPatch.context() as patch, observed(Counter(number, self._fail)):
            patch.setattr(swap, "make_names_durable", flushed)
            patch.setattr(swap, "make_durable", synced)
            yield

    def _fail(self) -> None:
        self._failed = True
        raise Stopped

    def _sync(self, folder: Path | None) -> None:
        if self._failed:
            return
        if folder is None:
            folders = [self._vault, *(path for path in self._vault.rglob("*") if path.is_dir())]
            self._reached = {each: _files_in(each) for each in folders}
        else:
            self._reached[folder] = _files_in(folder)

    def come_back(self) -> None:
        """Give the vault what had reached the disk, and no more."""
        _empty(self._vault)
        for folder, files in self._reached.items():
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                (folder / name).write_bytes(data)


def _files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _rows(folder: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(folder / "state.sqlite3")
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = []
        for table in sorted(set(tables) - _OF_RUNS):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in _VOLATILE]
            found = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            rows += sorted((table, *row) for row in found)
        return rows
    finally:
        connection.close()


def _without_earlier(row: tuple[Any, ...]) -> tuple[Any, ...]:
    table, *values, aliases = row
    if table != "bodies" or not aliases:
        return row
    left = [one for one in msgspec.msgpack.decode(aliases) if one[1] != EARLIER]
    return table, *values, left or None


def _empty(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _fill(folder: Path, kept: Path) -> None:
    """Fill a folder with what another holds: notes as links to the same file, what is written into as copies."""
    folder.mkdir(exist_ok=True)
    for path in sorted(kept.rglob("*") if kept.is_dir() else ()):
        target = folder / path.relative_to(kept)
        if path.is_dir():
            target.mkdir()
        elif path.suffix == ".md":
            target.hardlink_to(path)
        else:
            shutil.copy2(path, target)
