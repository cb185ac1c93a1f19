"""The database itself: one SQLite file outside of the vault, its tables, and transactions. What is in it: state.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from vaultsync.errors import StateError
from vaultsync.steps import step

VERSION = 5
_FILE = "state.sqlite3"
_DEEDS = "CREATE TABLE deeds (number INTEGER PRIMARY KEY, deed BLOB NOT NULL)"
_PAST = """CREATE TABLE past (entry TEXT NOT NULL, digest BLOB NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (entry, digest)) WITHOUT ROWID"""
_SUSPECTS = "CREATE TABLE suspects (entry TEXT PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID"
_TAGS = "CREATE TABLE tags (source TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID"
_CREATING = """CREATE TABLE creating (token BLOB PRIMARY KEY, entry TEXT NOT NULL, at TEXT NOT NULL,
    highlight TEXT NOT NULL) WITHOUT ROWID"""
_PICTURES = "CREATE TABLE pictures (url TEXT PRIMARY KEY, name TEXT NOT NULL, tried INTEGER NOT NULL) WITHOUT ROWID"
_TOLD = "CREATE TABLE told (entry TEXT NOT NULL, what TEXT NOT NULL, PRIMARY KEY (entry, what)) WITHOUT ROWID"
_MARKS = "CREATE TABLE marks (name TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID"
_SCHEMA = (
    """CREATE TABLE entries (id TEXT PRIMARY KEY, source TEXT NOT NULL, path TEXT, template TEXT, category TEXT,
    pending INTEGER NOT NULL, digest BLOB, size INTEGER, mtime_ns INTEGER, inode INTEGER,
    mine INTEGER NOT NULL DEFAULT 0, conflicts INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
    "CREATE INDEX pending_entries ON entries (source) WHERE pending",
    "CREATE TABLE bodies (id TEXT PRIMARY KEY, record BLOB NOT NULL, base BLOB, spans BLOB, agreed BLOB, aliases BLOB)",
    "CREATE TABLE pieces (key TEXT PRIMARY KEY, entry TEXT NOT NULL, digest BLOB) WITHOUT ROWID",
    "CREATE INDEX pieces_of_entries ON pieces (entry)",
    "CREATE TABLE cursors (source TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE listed (source TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (source, key)) WITHOUT ROWID",
    "CREATE TABLE writing (digest BLOB PRIMARY KEY, entry BLOB) WITHOUT ROWID",
    _DEEDS,
    _PAST,
    _TAGS,
    _SUSPECTS,
    _CREATING,
    _PICTURES,
    _TOLD,
    _MARKS,
)
# From each earlier version to the next one.
_MIGRATIONS = {
    1: (
        "ALTER TABLE entries ADD COLUMN mine INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE entries ADD COLUMN conflicts INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE bodies ADD COLUMN agreed BLOB",
        "ALTER TABLE bodies ADD COLUMN aliases BLOB",
        _DEEDS,
        _PAST,
        _TAGS,
        _SUSPECTS,
        _CREATING,
        "ALTER TABLE writing ADD COLUMN entry BLOB",
    ),
    2: (_PICTURES,),
    3: (_TOLD,),
    4: (
        _MARKS,
        # They stood among the cursors, under names that no account can have.
        "INSERT INTO marks SELECT source, cursor FROM cursors WHERE source GLOB 'settings:*' OR source GLOB 'type:*'",
        "DELETE FROM cursors WHERE source GLOB '*:*'",
    ),
}


class Database:
    """One vault's database. One process writes at a time (see lock.py); others may read.

    Every method raises StateError if it can't be used.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._depth = 0
        self._file: tuple[int, int] | None = None
        self.folder = folder

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the database in a folder that is there; make it if it is missing. Raises StateError."""
        try:
            step("state.open")
            state = cls(sqlite3.connect(folder / _FILE, isolation_level=None), folder)
        except sqlite3.Error as error:
            raise _unusable(folder, error) from error
        try:
            state._prepare()
            state._file = _identity(folder / _FILE)
        except BaseException:  # nobody else has it to close yet
            state.close()
            raise
        return state

    def close(self) -> None:
        """Let go of the database; what was not committed is undone."""
        step("state.close")
        self._connection.close()

    def is_there(self) -> bool:
        """Whether the database that is open is still the one in its folder: it may be deleted at any time."""
        return self._file == _identity(self.folder / _FILE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is written within, or none of it. May be nested: kept is then what the outer one keeps."""
        self._write(f"SAVEPOINT level{self._depth}" if self._depth else "BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
            self._write(f"RELEASE level{self._depth - 1}" if self._depth > 1 else "COMMIT")
        except BaseException:  # also one that ends the program: what was begun is not kept
            self._undo()
            raise
        finally:
            self._depth -= 1

    @contextmanager
    def pretend(self) -> Iterator[None]:
        """Let everything within see what is written within; keep none of it (for a dry run)."""
        self._write("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        finally:
            self._undo()
            self._depth -= 1

    def _prepare(self) -> None:
        [(version,)] = self._read("PRAGMA user_version")
        if version > VERSION:
            raise StateError(
                f"The state in {self.folder} was made by a newer vaultsync. Nothing was touched.",
                hint="Update vaultsync, or set VAULTSYNC_STATE_DIR to another folder.",
            )
        # FULL: once it says committed, a power failure does not take it back.
        list(self._read("PRAGMA synchronous = FULL"))
        if version == 0:
            self._write("PRAGMA journal_mode = WAL")
        if version < VERSION:
            steps = [_MIGRATIONS[old] for old in range(version, VERSION)] if version else [_SCHEMA]
            with self.transaction():
                for statement in (*(one for step_ in steps for one in step_), f"PRAGMA user_version = {VERSION}"):
                    self._write(statement)

    def _read(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise _unusable(self.folder, error) from error

    def _write(self, statement: str, *values: Any) -> None:
        try:
            step(f"state.{statement.partition(' ')[0].lower()}")
            self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise _unusable(self.folder, error) from error

    def _write_each(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        try:
            step(f"state.{statement.partition(' ')[0].lower()}")
            self._connection.executemany(statement, rows)
        except sqlite3.Error as error:
            raise _unusable(self.folder, error) from error

    def _undo(self) -> None:
        # A full disk makes SQLite undo the transaction by itself.
        if not self._connection.in_transaction:
            return
        if self._depth > 1:
            self._write(f"ROLLBACK TO level{self._depth - 1}")
            self._write(f"RELEASE level{self._depth - 1}")
        else:
            self._write("ROLLBACK")


def _identity(file: Path) -> tuple[int, int] | None:
    """What a file is told by among all of the system's; None if it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _unusable(folder: Path, error: sqlite3.Error) -> StateError:
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StateError(
            f"The state in {folder} is damaged ({error}). No note was touched.",
            hint=f"Delete {folder / _FILE}: the next export finds the notes by their vaultsync_id. "
            "Lost are only undo, and which blocks you had deleted from notes.",
        )
    return StateError(
        f"The state in {folder} can't be used ({error}). What was not finished is done again next time.",
        hint="Make room or make the folder writable, then run again.",
    )
