"""The least that a durable export has to do, with nothing vaultsync adds: what `full` is compared with.

Run as `python -m tests.bench.floor URL NOTES FOLDER`: download and parse every page, write its notes (rendered
beforehand) beside their names, bring them to the disk at once, rename them, store one row each and commit. NOTES: a
file of all notes, one after the other, and beside it NOTES.index with a line of path, begin and end for each.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sqlite3
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

Note = tuple[str, int, int]


def pages(url: str) -> Iterator[dict[str, Any]]:
    """Download and parse, with the fastest client and the fastest parser there are."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    cursor: object = ""
    while cursor is not None:
        query = f"?pageCursor={cursor}" if cursor else ""
        connection.request("GET", f"{parts.path}/v2/export/{query}", headers={"Authorization": "Token demo-token"})
        page = msgspec.json.decode(connection.getresponse().read())
        yield page
        cursor = page["nextPageCursor"]


def write(folder: Path, notes: list[Note], texts: mmap.mmap) -> None:
    """Write a page of notes: all temp files, one sync, all names."""
    whole = memoryview(texts)
    for name, begin, end in notes:
        made = os.open(f"{folder}/.{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        os.write(made, whole[begin:end])
        os.close(made)
    opened = os.open(folder, os.O_RDONLY)
    sync = getattr(ctypes.CDLL(None), "syncfs", None)
    if sync is not None:
        sync(opened)
    else:
        os.sync()
    os.close(opened)
    for name, _, _ in notes:
        os.rename(f"{folder}/.{name}", f"{folder}/{name}")  # noqa: PTH104  # a Path each would not be the floor


def main(url: str, texts: Path, folder: Path) -> None:
    """The whole of it."""
    index = [line.rsplit(" ", 2) for line in texts.with_suffix(".index").read_text("utf-8").splitlines()]
    notes = [(name, int(begin), int(end)) for name, begin, end in index]
    folder.mkdir()
    database = sqlite3.connect(f"{folder}.sqlite3", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE notes (path TEXT PRIMARY KEY, record BLOB)")
    at = 0
    with texts.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        for page in pages(url):
            some = notes[at : at + len(page["results"])]
            at += len(some)
            write(folder, some, whole)
            database.execute("BEGIN")
            rows = [(name, whole[begin:end]) for name, begin, end in some]
            database.executemany("INSERT INTO notes VALUES (?, ?)", rows)
            database.execute("COMMIT")
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
