"""What vaultsync remembers about a vault, in SQLite outside of it. Disposable: the next run finds notes by id.

World first, base last: an entry is stored when its note is durable, so that a crash only repeats work. The few
small columns of entries live apart from records and bases, so that looking over all entries never reads those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import starmap
from pathlib import Path
from typing import Any

import msgspec

from vaultsync.aliases import Alias
from vaultsync.entry import Base, Counts, Creation, Entry, Row
from vaultsync.errors import StateError
from vaultsync.steps import step
from vaultsync.vault import Found

__all__ = ["VERSION", "Base", "Counts", "Entry", "Row", "State"]

VERSION = 2
_FILE = "state.sqlite3"
_DEEDS = "CREATE TABLE deeds (number INTEGER PRIMARY KEY, deed BLOB NOT NULL)"
_PAST = """CREATE TABLE past (entry TEXT NOT NULL, digest BLOB NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (entry, digest)) WITHOUT ROWID"""
_SUSPECTS = "CREATE TABLE suspects (entry TEXT PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID"
_TAGS = "CREATE TABLE tags (source TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID"
_CREATING = """CREATE TABLE creating (token BLOB PRIMARY KEY, entry TEXT NOT NULL, at TEXT NOT NULL,
    highlight TEXT NOT NULL) WITHOUT ROWID"""
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
}
_HEAD = "source, path, pending, template, category, digest, size, mtime_ns, inode, mine, conflicts"
_ROW = "id, source, path, template, category, pending, digest, size, mtime_ns, inode, mine, conflicts"
_ENTRIES = msgspec.msgpack.Decoder(Entry)
_ALIASES = msgspec.msgpack.Decoder(tuple[Alias, ...])


class State:
    """The database of one vault. One process writes at a time (see lock.py); others may read.

    Every method raises StateError if the database can't be used.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._depth = 0
        self._file: tuple[int, int] | None = None
        self._tags: dict[str, set[str]] = {}
        self.folder = folder

    @classmethod
    def open(cls, folder: Path) -> State:
        """Open the database in a folder that is there; make it if it is missing. Raises StateError."""
        try:
            step("state.open")
            state = cls(sqlite3.connect(folder / _FILE, isolation_level=None), folder)
        except sqlite3.Error as error:
            raise _unusable(folder, error) from error
        try:
            state._prepare()
            state._file = _identity(folder / _FILE)
        except BaseException:
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

    def __enter__(self) -> State:
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
        except BaseException:
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

    def find(self, keys: Collection[str]) -> Entry | None:
        """Return the entry of the first of these keys that any entry has, None if none has one."""
        owners = filter(None, map(self.entry_of, keys))
        return next(filter(None, map(self.entry, owners)), None)

    def entry_of(self, key: str) -> str | None:
        """Return the id of the entry that has a key, or is called that; None if there is none."""
        query = "SELECT entry FROM pieces WHERE key = ? UNION ALL SELECT id FROM entries WHERE id = ?"
        for (owner,) in self._read(query, key, key):
            return str(owner)
        return None

    def keys_of(self, identity: str) -> tuple[str, ...]:
        """Return all keys of an entry, in order."""
        query = "SELECT key FROM pieces WHERE entry = ? ORDER BY key"
        return tuple(key for (key,) in self._read(query, identity))

    def entry(self, identity: str) -> Entry | None:
        """Return the entry of that id, None if there is none."""
        query = """SELECT id, source, record, path, pending, base, spans, template, category, digest, size, mtime_ns,
        inode, mine, conflicts, agreed, aliases FROM entries JOIN bodies USING (id) WHERE id = ?"""
        for id_, source, record, path, pending, text, *rest in self._read(query, identity):
            *values, mine, conflicts, agreed, aliases = rest
            base = None if text is None else Base(*[text.decode(), *values, bool(mine), conflicts, agreed])
            return Entry(id_, source, record, path, base, bool(pending), _ALIASES.decode(aliases) if aliases else ())
        return None

    def put(self, entry: Entry) -> bool:
        """Store an entry, unless that is how it is stored; say whether anything was written."""
        base = entry.base
        texts = (None, None, None) if base is None else (base.text.encode(), base.spans, base.record)
        body = (entry.record, *texts, msgspec.msgpack.encode(entry.aliases) if entry.aliases else None)
        head = (entry.source, entry.path, entry.pending, *_small(base))
        id_ = entry.id
        changed = False
        if next(self._read("SELECT record, base, spans, agreed, aliases FROM bodies WHERE id = ?", id_), None) != body:
            columns = "id, record, base, spans, agreed, aliases"
            self._write(f"INSERT OR REPLACE INTO bodies ({columns}) VALUES (?, ?, ?, ?, ?, ?)", id_, *body)
            changed = True
        if next(self._read(f"SELECT {_HEAD} FROM entries WHERE id = ?", id_), None) != head:
            marks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
            self._write(f"INSERT OR REPLACE INTO entries (id, {_HEAD}) VALUES ({marks})", id_, *head)
            changed = True
        return changed

    def moved(self, identity: str, found: Found, *, touched: bool) -> None:
        """Note where a note is by now; if it was only touched (what it holds is what was written), how it looks."""
        self._write("UPDATE entries SET path = ? WHERE id = ?", found.path, identity)
        if touched:
            statement = "UPDATE entries SET size = ?, mtime_ns = ?, inode = ? WHERE id = ?"
            self._write(statement, found.size, found.mtime_ns, found.inode, identity)

    def rewritten(self, path: str, digest: bytes, found: Found) -> None:
        """Note what a note holds by now that got news for a block of another document."""
        statement = "UPDATE entries SET digest = ?, size = ?, mtime_ns = ?, inode = ?, mine = 1 WHERE path = ?"
        self._write(statement, digest, found.size, found.mtime_ns, found.inode, path)

    def conflicts(self) -> dict[str, int]:
        """Return how many conflicts notes held when vaultsync last wrote or read them, by path."""
        return dict(self._read("SELECT path, conflicts FROM entries WHERE conflicts AND path IS NOT NULL"))

    def add_deed(self, deed: bytes) -> None:
        """Keep a deed of the run at hand."""
        self._write("INSERT INTO deeds (deed) VALUES (?)", deed)

    def deeds(self) -> list[tuple[int, bytes]]:
        """Return the deeds that were kept, with their numbers, in the order they were done."""
        return list(self._read("SELECT number, deed FROM deeds ORDER BY number"))

    def forget_deed(self, number: int) -> None:
        """Forget one of them: it was taken back."""
        self._write("DELETE FROM deeds WHERE number = ?", number)

    def forget_deeds(self) -> None:
        """Forget them."""
        if next(self._read("SELECT 1 FROM deeds"), None):
            self._write("DELETE FROM deeds")

    def note_past(self, identity: str, digest: bytes, until: int) -> None:
        """Note what a note held until now. until: seconds since 1970."""
        self._write("INSERT OR REPLACE INTO past (entry, digest, until) VALUES (?, ?, ?)", identity, digest, until)

    def past(self, identity: str, digest: bytes) -> int | None:
        """Return until when a note held what has that digest, in seconds since 1970; None if it never did."""
        query = "SELECT until FROM past WHERE entry = ? AND digest = ?"
        return next((int(until) for (until,) in self._read(query, identity, digest)), None)

    def ids_with_span(self, owner: str) -> list[str]:
        """Return the ids of entries whose note may hold a value of this highlight's; some don't."""
        return [id_ for (id_,) in self._read("SELECT id FROM bodies WHERE instr(spans, ?) ORDER BY id", owner.encode())]

    def creating(self, identity: str) -> tuple[Creation, ...]:
        """Return the highlights that are being made of passages in an entry's note."""
        query = "SELECT token, at, highlight FROM creating WHERE entry = ? ORDER BY at, token"
        rows = self._read(query, identity)
        return tuple(Creation(token, datetime.fromisoformat(at), highlight) for token, at, highlight in rows)

    def all_creating(self) -> dict[str, tuple[Creation, ...]]:
        """Return them all, by entry."""
        entries = [entry for (entry,) in self._read("SELECT DISTINCT entry FROM creating")]
        return {entry: self.creating(entry) for entry in entries}

    def put_creating(self, identity: str, creation: Creation) -> None:
        """Note that a highlight is being made, or its id."""
        row = (creation.token, identity, creation.at.isoformat(), creation.highlight)
        self._write("INSERT OR REPLACE INTO creating (token, entry, at, highlight) VALUES (?, ?, ?, ?)", *row)

    def have_created(self, tokens: Collection[bytes]) -> None:
        """Forget highlights that were being made."""
        self._write_each("DELETE FROM creating WHERE token = ?", [(token,) for token in tokens])

    def tags(self, source: str) -> set[str]:
        """Return every tag a source was ever seen with, as it spells it."""
        if source not in self._tags:
            self._tags[source] = {name for (name,) in self._read("SELECT name FROM tags WHERE source = ?", source)}
        return self._tags[source]

    def know_tags(self, source: str, names: Collection[str]) -> None:
        """Note that a source has these tags."""
        known = self.tags(source)
        new = [name for name in names if name not in known]
        self._write_each("INSERT OR IGNORE INTO tags (source, name) VALUES (?, ?)", [(source, name) for name in new])
        known.update(new)

    def suspect(self, notes: Mapping[str, bytes], among: Collection[str]) -> None:
        """Note which notes seem to come from a backup, by entry, with the digest of what they hold.

        among: those that were looked at; of these, no others do.
        """
        known = dict(self._read("SELECT entry, digest FROM suspects"))
        gone = [(name,) for name in known.keys() & set(among) - notes.keys()] if known else []
        new = [(name, digest) for name, digest in notes.items() if known.get(name) != digest]
        if gone or new:
            with self.transaction():
                self._write_each("DELETE FROM suspects WHERE entry = ?", gone)
                self._write_each("INSERT OR REPLACE INTO suspects (entry, digest) VALUES (?, ?)", new)

    def is_suspect(self, identity: str, digest: bytes) -> bool:
        """Whether a note was found to come from a backup, and still holds what it held then."""
        query = "SELECT 1 FROM suspects WHERE entry = ? AND digest = ?"
        return next(self._read(query, identity, digest), None) is not None

    def put_pieces(self, identity: str, pieces: Mapping[str, bytes | None]) -> None:
        """Note which keys an entry has, and the digest of what came in under each; None: not all was said."""
        statement = """INSERT INTO pieces (key, entry, digest) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE
        SET entry = excluded.entry, digest = excluded.digest
        WHERE entry IS NOT excluded.entry OR digest IS NOT excluded.digest"""
        self._write_each(statement, [(key, identity, digest) for key, digest in pieces.items()])

    def drop_pieces(self, keys: Collection[str]) -> None:
        """Forget keys that are gone at the service."""
        self._write_each("DELETE FROM pieces WHERE key = ?", [(key,) for key in keys])

    def rekey(self, old: str, new: str) -> None:
        """Give an entry another id, which no entry has; all its keys find it as before."""
        with self.transaction():
            self._write("UPDATE entries SET id = ? WHERE id = ?", new, old)
            self._write("UPDATE bodies SET id = ? WHERE id = ?", new, old)
            self._write("UPDATE pieces SET entry = ? WHERE entry = ?", new, old)
            self._write("UPDATE past SET entry = ? WHERE entry = ?", new, old)
            self._write("UPDATE creating SET entry = ? WHERE entry = ?", new, old)

    def fold(self, identity: str, into: str) -> None:
        """Forget an entry whose document turned out to be that of another, which gets its keys."""
        with self.transaction():
            self._write("UPDATE pieces SET entry = ? WHERE entry = ?", into, identity)
            self.forget(identity)

    def forget(self, identity: str) -> None:
        """Forget an entry and its keys."""
        with self.transaction():
            self._write("DELETE FROM pieces WHERE entry = ?", identity)
            self._write("DELETE FROM bodies WHERE id = ?", identity)
            self._write("DELETE FROM past WHERE entry = ?", identity)
            self._write("DELETE FROM creating WHERE entry = ?", identity)
            self._write("DELETE FROM entries WHERE id = ?", identity)

    def rows(self) -> Iterator[Row]:
        """Look over all entries, by id. Write nothing before the end of it is reached."""
        return starmap(Row, self._read(f"SELECT {_ROW} FROM entries"))

    def rows_of(self, paths: Collection[str], ids: Collection[str] = ()) -> list[Row]:
        """Return the entries whose notes were at these paths, and those of these ids, by id."""
        marks = [", ".join("?" * len(one)) for one in (paths, ids)]
        query = f"SELECT {_ROW} FROM entries WHERE path IN ({marks[0]}) OR id IN ({marks[1]})"
        return list(starmap(Row, self._read(query, *paths, *ids)))

    def pending_ids(self, source: str) -> list[str]:
        """Return the ids for which work was left over."""
        return [id_ for (id_,) in self._read("SELECT id FROM entries WHERE source = ? AND pending", source)]

    def ids_without_note(self, source: str) -> list[str]:
        """Return the ids of documents that are known but have no note."""
        query = "SELECT id FROM entries WHERE source = ? AND path IS NULL"
        return [id_ for (id_,) in self._read(query, source)]

    def rendered_with(self, source: str) -> set[tuple[str, str]]:
        """Return each category of a source's notes with a fingerprint of a template some were rendered with."""
        query = "SELECT DISTINCT category, template FROM entries WHERE source = ? AND template IS NOT NULL"
        return set(self._read(query, source))

    def digests(self, source: str) -> frozenset[bytes]:
        """Return the digests of all pieces of a source's entries: what need not be read again."""
        query = """SELECT pieces.digest FROM pieces JOIN entries ON entries.id = pieces.entry
        WHERE entries.source = ? AND pieces.digest IS NOT NULL"""
        return frozenset(digest for (digest,) in self._read(query, source))

    def knows_note(self, digest: bytes) -> bool:
        """Whether some note had this digest when vaultsync last wrote or saw it."""
        return next(self._read("SELECT 1 FROM entries WHERE digest = ?", digest), None) is not None

    def about_to_write(self, digests: Collection[bytes], merged: Mapping[bytes, Entry] | None = None) -> None:
        """Note what is about to be written, so that it is known for ours if the run ends before its entries are kept.

        digests: of notes without words of their users'. merged: of the others, with the entry each is to get.
        Survives the end of the process at once, and a power failure when the page is brought to the same disk.
        """
        entries = {digest: msgspec.msgpack.encode(entry) for digest, entry in (merged or {}).items()}
        rows = [*((digest, None) for digest in digests), *entries.items()]
        if not rows:
            return
        if not self._depth:
            list(self._read("PRAGMA synchronous = NORMAL"))
        with self.transaction():
            self._write_each("INSERT OR REPLACE INTO writing (digest, entry) VALUES (?, ?)", rows)
        if not self._depth:
            list(self._read("PRAGMA synchronous = FULL"))

    def have_written(self, digests: Collection[bytes]) -> None:
        """Forget what `about_to_write` noted: the entries know it now."""
        self._write_each("DELETE FROM writing WHERE digest = ?", [(digest,) for digest in digests])

    def being_written(self) -> frozenset[bytes]:
        """Return the digests of notes without words of their users' that runs cut short were about to write."""
        return frozenset(digest for (digest,) in self._read("SELECT digest FROM writing WHERE entry IS NULL"))

    def being_merged(self) -> dict[bytes, Entry]:
        """Return the merged notes that runs cut short were about to write, with the entry each was to get."""
        rows = self._read("SELECT digest, entry FROM writing WHERE entry IS NOT NULL")
        return {digest: _ENTRIES.decode(entry) for digest, entry in rows}

    def keys(self, prefix: str) -> Iterator[str]:
        """Go through the known keys "<prefix>:...", in order. Write nothing before its end is reached."""
        for (key,) in self._read("SELECT key FROM pieces WHERE key >= ? AND key < ? ORDER BY key", *_range(prefix)):
            yield key

    def cursor(self, source: str) -> str | None:
        """Return where the source's last fetch ended, None if there was none."""
        for (cursor,) in self._read("SELECT cursor FROM cursors WHERE source = ?", source):
            return str(cursor)
        return None

    def set_cursor(self, source: str, cursor: str) -> None:
        """Note where the source's fetch has got to."""
        if cursor != self.cursor(source):
            self._write("INSERT OR REPLACE INTO cursors (source, cursor) VALUES (?, ?)", source, cursor)

    def note_listed(self, source: str, keys: Collection[str]) -> None:
        """Note that the sweep under way has seen these keys."""
        self._write_each("INSERT OR IGNORE INTO listed (source, key) VALUES (?, ?)", [(source, key) for key in keys])

    def unlisted(self, source: str, prefix: str) -> list[str]:
        """Return the known keys "<prefix>:..." that the sweep has not seen, in order."""
        query = """SELECT key FROM pieces WHERE key >= ? AND key < ?
        AND key NOT IN (SELECT key FROM listed WHERE source = ?) ORDER BY key"""
        return [key for (key,) in self._read(query, *_range(prefix), source)]

    def clear_listed(self, source: str) -> None:
        """Forget what the sweep has seen: it is over, or a new one begins."""
        if next(self._read("SELECT 1 FROM listed WHERE source = ?", source), None):
            self._write("DELETE FROM listed WHERE source = ?", source)

    def counts(self) -> Counts:
        """Count what is known."""
        return Counts(*next(self._read("SELECT count(*), count(path), coalesce(sum(pending), 0) FROM entries")))

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


def _small(base: Base | None) -> tuple[Any, ...]:
    if base is None:
        return (*(None,) * 6, False, 0)
    return (
        *(base.template, base.category, base.digest, base.size, base.mtime_ns, base.inode),
        *(base.mine, base.conflicts),
    )


def _range(prefix: str) -> tuple[str, str]:
    return f"{prefix}:", f"{prefix};"  # ";" comes right after ":"


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
