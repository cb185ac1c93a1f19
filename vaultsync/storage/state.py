"""What vaultsync remembers about a vault, in SQLite outside of it. Disposable: the next run finds notes by id.

World first, base last: an entry is stored when its note is durable, so that a crash only repeats work. The few
small columns of entries live apart from records and bases, so that looking over all entries never reads those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from itertools import starmap
from pathlib import Path
from typing import Any

import msgspec

from vaultsync.disk.vault import Found
from vaultsync.sending.aliases import Alias
from vaultsync.storage.database import VERSION
from vaultsync.storage.entry import Base, Counts, Entry, Row
from vaultsync.storage.runstate import RunState

__all__ = ["VERSION", "Base", "Counts", "Entry", "Row", "State"]

_HEAD = "source, path, pending, template, category, digest, size, mtime_ns, inode, mine, conflicts"
_ROW = "id, path, digest, size, mtime_ns, inode, mine, conflicts"
_ALIASES = msgspec.msgpack.Decoder(tuple[Alias, ...])


class State(RunState):
    """What is known about documents and their notes. Every method raises StateError if it can't be used."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        super().__init__(connection, folder)
        self._tags: dict[str, set[str]] = {}

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

    def ids_with_span(self, owner: str) -> list[str]:
        """Return the ids of entries whose note may hold a value of this highlight's; some don't."""
        return [id_ for (id_,) in self._read("SELECT id FROM bodies WHERE instr(spans, ?) ORDER BY id", owner.encode())]

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

    def put_pieces(self, identity: str, pieces: Mapping[str, bytes | None]) -> None:
        """Note which keys an entry has, and the digest of what came in under each; None: not all was said."""
        statement = """INSERT INTO pieces (key, entry, digest) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE
        SET entry = excluded.entry, digest = excluded.digest
        WHERE entry IS NOT excluded.entry OR digest IS NOT excluded.digest"""
        self._write_each(statement, [(key, identity, digest) for key, digest in pieces.items()])

    def rekey(self, old: str, new: str) -> None:
        """Give an entry another id, which no entry has; all its keys find it as before."""
        with self.transaction():
            self._write("UPDATE entries SET id = ? WHERE id = ?", new, old)
            self._write("UPDATE bodies SET id = ? WHERE id = ?", new, old)
            self._write("UPDATE pieces SET entry = ? WHERE entry = ?", new, old)
            self._write("UPDATE past SET entry = ? WHERE entry = ?", new, old)
            self._write("UPDATE creating SET entry = ? WHERE entry = ?", new, old)
            self._write("UPDATE told SET entry = ? WHERE entry = ?", new, old)

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
            self._write("DELETE FROM told WHERE entry = ?", identity)
            self._write("DELETE FROM entries WHERE id = ?", identity)

    def rows(self) -> Iterator[Row]:
        """Look over all entries that have a note, by id. Write nothing before the end of it is reached."""
        return starmap(Row, self._read(f"SELECT {_ROW} FROM entries WHERE path IS NOT NULL"))

    def rows_of(self, paths: Collection[str], ids: Collection[str] = ()) -> list[Row]:
        """Return the entries whose notes were at these paths, and those of these ids that have one, by id."""
        marks = [", ".join("?" * len(one)) for one in (paths, ids)]
        which = f"path IN ({marks[0]}) OR path IS NOT NULL AND id IN ({marks[1]})"
        return list(starmap(Row, self._read(f"SELECT {_ROW} FROM entries WHERE {which}", *paths, *ids)))

    def ids(self, source: str) -> list[str]:
        """Return the ids of all its documents, in order."""
        return [id_ for (id_,) in self._read("SELECT id FROM entries WHERE source = ?", source)]

    def pending_ids(self, source: str) -> list[str]:
        """Return the ids for which work was left over."""
        return [id_ for (id_,) in self._read("SELECT id FROM entries WHERE source = ? AND pending", source)]

    def pending_paths(self, source: str) -> list[str]:
        """Return the paths of a source's notes for which work was left over."""
        query = "SELECT path FROM entries WHERE source = ? AND pending AND path IS NOT NULL"
        return [path for (path,) in self._read(query, source)]

    def of_others(self, sources: Collection[str]) -> dict[str, str]:
        """Return the entries that have a note and are of other sources than these: id and source."""
        marks = ", ".join("?" * len(sources))
        query = f"SELECT id, source FROM entries WHERE path IS NOT NULL AND source NOT IN ({marks})"
        return dict(self._read(query, *sources))

    def ids_with_note(self, source: str) -> list[str]:
        """Return the ids of documents that have a note, or had one until their user deleted it."""
        return [id_ for (id_,) in self._read("SELECT id FROM entries WHERE source = ? AND path IS NOT NULL", source)]

    def ids_without_note(self, source: str) -> list[str]:
        """Return the ids of documents that are known but have no note."""
        query = "SELECT id FROM entries WHERE source = ? AND path IS NULL"
        return [id_ for (id_,) in self._read(query, source)]

    def rendered_with(self, source: str) -> list[tuple[str, str]]:
        """Return each category of a source's notes with a fingerprint of a template some were rendered with."""
        query = "SELECT DISTINCT category, template FROM entries WHERE source = ? AND template IS NOT NULL"
        return list(self._read(query, source))

    def ids_rendered_with(self, source: str, category: str, template: str) -> list[str]:
        """Return the ids of a source's notes of a category that were rendered with a template, in order."""
        query = "SELECT id FROM entries WHERE source = ? AND category = ? AND template = ?"
        return [id_ for (id_,) in self._read(query, source, category, template)]

    def digests(self, source: str) -> frozenset[bytes]:
        """Return the digests of all pieces of a source's entries: what need not be read again."""
        query = """SELECT pieces.digest FROM pieces JOIN entries ON entries.id = pieces.entry
        WHERE entries.source = ? AND pieces.digest IS NOT NULL"""
        return frozenset(digest for (digest,) in self._read(query, source))

    def knows_note(self, digest: bytes) -> bool:
        """Whether some note had this digest when vaultsync last wrote or saw it."""
        return next(self._read("SELECT 1 FROM entries WHERE digest = ?", digest), None) is not None

    def keys(self, prefix: str) -> Iterator[str]:
        """Go through the known keys "<prefix>:...", in order. Write nothing before its end is reached."""
        for (key,) in self._read("SELECT key FROM pieces WHERE key >= ? AND key < ? ORDER BY key", *_range(prefix)):
            yield key

    def picture(self, url: str) -> tuple[str, int] | None:
        """Return the name a picture has in the vault, "" if it could not be had, and when it was last tried.

        In seconds since 1970; None if it never was.
        """
        found = self._read("SELECT name, tried FROM pictures WHERE url = ?", url)
        return next(((str(name), int(tried)) for name, tried in found), None)

    def put_picture(self, url: str, name: str, tried: int) -> None:
        """Note the name of a picture in the vault; "" if it could not be had."""
        self._write("INSERT OR REPLACE INTO pictures (url, name, tried) VALUES (?, ?, ?)", url, name, tried)

    def cursor(self, source: str) -> str | None:
        """Return where the source's last fetch ended, None if there was none."""
        for (cursor,) in self._read("SELECT cursor FROM cursors WHERE source = ?", source):
            return str(cursor)
        return None

    def set_cursor(self, source: str, cursor: str) -> None:
        """Note where the source's fetch has got to."""
        if cursor != self.cursor(source):
            self._write("INSERT OR REPLACE INTO cursors (source, cursor) VALUES (?, ?)", source, cursor)

    def type_of(self, source: str) -> str | None:
        """Return which kind of account a source is, as far as anything of it is known; by default as it is called."""
        return self.mark(f"type:{source}") or (source if self.cursor(source) is not None else None)

    def know_type(self, source: str, type_: str) -> None:
        """Note which kind of account a source is."""
        if type_ != source:
            self.set_mark(f"type:{source}", type_)

    def settings_of(self, source: str) -> str | None:
        """Return the mark of the settings that the source was last fetched with, None if it never was."""
        return self.mark(f"settings:{source}")

    def know_settings(self, source: str, mark: str) -> None:
        """Note which settings the source was fetched with."""
        self.set_mark(f"settings:{source}", mark)

    def mark(self, name: str) -> str | None:
        """Return what is remembered under a name, None if nothing is."""
        return next((str(mark) for (mark,) in self._read("SELECT mark FROM marks WHERE name = ?", name)), None)

    def set_mark(self, name: str, mark: str) -> None:
        """Remember something under a name."""
        if mark != self.mark(name):
            self._write("INSERT OR REPLACE INTO marks (name, mark) VALUES (?, ?)", name, mark)

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


def _small(base: Base | None) -> tuple[Any, ...]:
    if base is None:
        return (*(None,) * 6, False, 0)
    return (
        *(base.template, base.category, base.digest, base.size, base.mtime_ns, base.inode),
        *(base.mine, base.conflicts),
    )


def _range(prefix: str) -> tuple[str, str]:
    return f"{prefix}:", f"{prefix};"  # ";" comes right after ":"
