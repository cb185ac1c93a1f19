"""Read one result of a page: strictly and fast if it is as documented, leniently if not, and clean either way. Pure."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from vaultsync.hookspecs import Problem
from vaultsync.sources.clean import clean_in_place, may_need_cleaning
from vaultsync.sources.lenient import Lenient
from vaultsync.sources.readwise import wire

T = TypeVar("T", bound=msgspec.Struct)


def _tag(given: Any) -> Any:
    """Read a tag that is only its name."""
    return {"name": given} if isinstance(given, str) else given


def _reader_tags(given: Any) -> list[str] | None:
    """Read tags of Reader in whatever shape they had once."""
    if isinstance(given, dict):
        return [str(tag["name"] if isinstance(tag, dict) and tag.get("name") else key) for key, tag in given.items()]
    if isinstance(given, list):
        names = [tag.get("name") if isinstance(tag, dict) else tag for tag in given]
        return [str(name) for name in names if isinstance(name, (str, int))]
    return None


_LENIENT = Lenient({wire.Tag: _tag, wire.ReaderTags: _reader_tags})


class Reading(Generic[T]):
    """Reads results of one kind."""

    def __init__(self, into: type[T]) -> None:
        self._into = into
        self._decoder = msgspec.json.Decoder(into)

    def read(self, raw: bytes) -> tuple[T | None, tuple[Problem, ...]]:
        """Return what the result says, and what had to be mended; None if it doesn't say whose it is."""
        try:
            thing = self._decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _LENIENT.read(raw, self._into)
        if may_need_cleaning(raw):
            clean_in_place(thing)
        return thing, ()


BOOK = Reading(wire.Book)
BOOK_HEAD = Reading(wire.BookHead)
HIGHLIGHT_DETAIL = Reading(wire.HighlightDetail)
BOOK_DETAIL = Reading(wire.BookDetail)
OWN_TAG = Reading(wire.OwnTag)
REVIEW_HIGHLIGHT = Reading(wire.ReviewHighlight)
SOURCE_FILE = Reading(wire.SourceFile)
READER_HEAD = Reading(wire.ReaderHead)
READER_DOCUMENT = Reading(wire.ReaderDocument)
