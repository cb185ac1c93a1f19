"""Read one result of a page: strictly and fast if it is as documented, leniently if not, and clean either way. Pure."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from vaultsync.hookspecs import Problem
from vaultsync.sources.readwise import lenient, wire
from vaultsync.sources.readwise.clean import may_need_cleaning
from vaultsync.sources.readwise.settle import clean_in_place

T = TypeVar("T", bound=msgspec.Struct)


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
            return lenient.read(raw, self._into)
        if may_need_cleaning(raw):
            clean_in_place(thing)
        return thing, ()


BOOK = Reading(wire.Book)
BOOK_HEAD = Reading(wire.BookHead)
HIGHLIGHT_DETAIL = Reading(wire.HighlightDetail)
BOOK_DETAIL = Reading(wire.BookDetail)
OWN_TAG = Reading(wire.OwnTag)
REVIEW_HIGHLIGHT = Reading(wire.ReviewHighlight)
READER_HEAD = Reading(wire.ReaderHead)
READER_DOCUMENT = Reading(wire.ReaderDocument)
