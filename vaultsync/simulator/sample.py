"""Make the sample library from its data file."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from vaultsync.simulator.library import Library
from vaultsync.simulator.times import Clock


def sample_library(clock: Clock | None = None) -> Library:
    """Return the library in sample_library.toml, the same every time.

    clock: times the changes that come after; the library's own dates are fixed.
    """
    data = tomllib.loads(files(__package__).joinpath("sample_library.toml").read_text(encoding="utf-8"))
    library = Library(clock=clock)
    for fields in data["book"]:
        _add_book(library, fields, fields.pop("highlight"))
    for fields in data["document"]:
        _add_document(library, fields, fields.pop("highlight", []))
    return library


def _add_book(library: Library, fields: dict[str, Any], highlights: list[dict[str, Any]]) -> None:
    book = library.add_book(**fields, updated=highlights[0]["highlighted_at"])
    for number, highlight in enumerate(highlights, start=1):
        if book.source != "kindle":  # only Kindle's times are whole seconds
            highlight["highlighted_at"] = _unrounded(highlight["highlighted_at"], number)
        highlight.setdefault("location", None)
        imported = _unrounded(highlight["highlighted_at"] + timedelta(hours=3), number)
        made = library.add_highlight(book, **highlight, created=imported)
        book.updated = max(book.updated, made.updated)


def _add_document(library: Library, fields: dict[str, Any], highlights: list[dict[str, Any]]) -> None:
    for name in ("created_at", "first_opened_at", "last_opened_at"):
        if name in fields:
            fields[name] = _unrounded(fields[name], len(name))
    document = library.add_reader_document(**fields)
    document.updated_at = document.last_opened_at or document.created_at
    for number, highlight in enumerate(highlights, start=1):
        highlight["highlighted_at"] = _unrounded(highlight["highlighted_at"], number)
        library.highlight_in_reader(document.id, **highlight, created=highlight["highlighted_at"])


def _unrounded(when: datetime, number: int) -> datetime:
    return when + timedelta(microseconds=(number * 104_729 + when.minute * 7_919) % 1_000_000)
