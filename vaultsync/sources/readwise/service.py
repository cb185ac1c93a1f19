"""Put one question or one change at a time to Readwise or Reader, and read what they answer.

Every address ends in a slash, whatever the documents show: without one a change may be redirected and get lost.
https://readwise.io/api_deets, https://readwise.io/reader_api.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from vaultsync.budget import Budget
from vaultsync.errors import UnexpectedReply, Unreachable
from vaultsync.hookspecs import Review, Reviewed
from vaultsync.http import Http, Reply
from vaultsync.sources.clean import one_line
from vaultsync.sources.readwise import wire
from vaultsync.sources.readwise.reading import (
    BOOK_DETAIL,
    HIGHLIGHT_DETAIL,
    READER_DOCUMENT,
    REVIEW_HIGHLIGHT,
    SOURCE_FILE,
    Reading,
)
from vaultsync.sources.readwise.remake import PostedBook

_Detail = TypeVar("_Detail", wire.HighlightDetail, wire.BookDetail)


class Thing(msgspec.Struct, frozen=True):
    """A highlight or book of Readwise, as its addresses name it."""

    kind: Literal["highlights", "books"]
    id: str

    @property
    def path(self) -> str:
        """Its address, below /api."""
        return f"v2/{self.kind}/{self.id}/"


class Service:
    """Both services, asked about one thing. None stands for what they no longer have."""

    def __init__(self, http: Http, *, readwise: Budget, reader: Budget) -> None:
        self._http = http
        self._readwise = readwise
        self._reader = reader
        self._updates = Budget("Reader's updates", 50)
        self._lists = Budget("Readwise's highlights list", 20)
        self._saves = Budget("Reader's saves", 50)

    def highlight(self, id_: str) -> wire.HighlightDetail | None:
        """Ask how a highlight is now."""
        return self._told(Thing("highlights", id_), HIGHLIGHT_DETAIL)

    def book(self, id_: str) -> wire.BookDetail | None:
        """Ask how a book is now."""
        return self._told(Thing("books", id_), BOOK_DETAIL)

    def highlight_in(self, books: Iterable[PostedBook], text: str) -> str | None:
        """Ask for the highlight with this text in one of these books; its id."""
        for book in books:
            params = [("book_id", str(book.id)), ("page_size", "1000")]
            page = self._http.read("v2/highlights/", params, budget=self._lists, decode=wire.envelope)
            for raw in page.results:
                found, _problems = HIGHLIGHT_DETAIL.read(raw)
                if found is not None and (found.text or "") == text:
                    return str(found.id)
        return None

    def tags(self, thing: Thing) -> list[wire.OwnTag] | None:
        """Ask which tags a highlight or book has."""
        told = self.highlight(thing.id) if thing.kind == "highlights" else self.book(thing.id)
        return None if told is None else told.tags or []

    def document(self, id_: str) -> wire.ReaderDocument | None:
        """Ask how a document of Reader's is now."""
        # Reader has neither 404 nor tombstones: nothing but an empty answer says that a document is gone, and that
        # may be a hiccup, so it is asked again before a note is lost to it.
        for _ in range(2):
            page = self._http.read("v3/list/", [("id", id_)], budget=self._reader, decode=wire.envelope)
            for raw in page.results:
                document, _problems = READER_DOCUMENT.read(raw)
                if document is not None and document.id == id_:
                    return document
        return None

    def source_file(self, id_: str) -> wire.SourceFile | None:
        """Ask where the file of a document of Reader's is; None if it has no such document."""
        params = [("id", id_), ("withRawSourceUrl", "true")]
        page = self._http.read("v3/list/", params, budget=self._reader, decode=wire.envelope)
        for raw in page.results:
            told, _problems = SOURCE_FILE.read(raw)
            if told is not None and told.id == id_:
                return told
        return None

    def patched(self, id_: str, changes: Mapping[str, Any]) -> wire.HighlightDetail | None:
        """Change a highlight, and return how it is then."""
        reply = self.change("PATCH", Thing("highlights", id_).path, changes)
        if reply is None:
            return None
        try:
            return _read(reply.body, id_, HIGHLIGHT_DETAIL)
        except ValueError:
            return self.highlight(id_)  # it was done, but what came back is no answer to it

    def review(self) -> Review:
        """Ask for the Daily Review."""
        told = self._http.read("v2/review/", budget=self._readwise, decode=_daily_review)
        read = (REVIEW_HIGHLIGHT.read(bytes(raw))[0] for raw in told.highlights)
        highlights = [
            Reviewed(str(one.id), one.text or "", one.note or "", one_line(one.title or ""), one_line(one.author or ""))
            for one in read
            if one is not None
        ]
        url = told.review_url or "https://readwise.io/dailyreview"
        return Review(str(told.review_id), url, bool(told.review_completed), tuple(highlights))

    def saved(self, fields: Mapping[str, Any]) -> Reply:
        """Save an address to Reader, once: saved again, a known document is moved. Raises SourceError."""
        path, url = "v3/save/", fields["url"]
        try:
            return self._http.send("POST", path, fields, budget=self._budget(path))
        except UnexpectedReply as error:
            raise UnexpectedReply(
                f"{error.message} {url} was not saved.",
                source=error.source,
                status=error.status,
                hint="Give what Reader refuses otherwise, or leave it out.",
            ) from error
        except Unreachable as error:
            raise Unreachable(
                f"{error.message} So it is not known whether {url} was saved.",
                source=error.source,
                hint="Look in Reader before you save it again: that would move it back to the inbox.",
            ) from error

    def change(self, method: str, path: str, json: Any = None, *, once: bool = False) -> Reply | None:
        """Send a change. None if what it is about is gone. Raises SourceError, UnexpectedReply if it is refused.

        once: sending it twice is not the same as once, so it is not tried again without an answer.
        """
        try:
            return self._http.send(method, path, json, budget=self._budget(path), idempotent=not once)
        except UnexpectedReply as error:
            if error.status == 404:
                self._make_sure()
                return None
            raise UnexpectedReply(
                f"{error.message} It changed nothing there.",
                source=error.source,
                status=error.status,
                hint="Write it in the note as the service takes it, or put back what stood there.",
            ) from error

    def _told(self, thing: Thing, reading: Reading[_Detail]) -> _Detail | None:
        def decode(raw: bytes) -> _Detail:
            return _read(raw, thing.id, reading)

        try:
            return self._http.read(thing.path, budget=self._readwise, decode=decode)
        except UnexpectedReply as error:
            if error.status != 404:
                raise
            self._make_sure()
            return None

    def _make_sure(self) -> None:
        """Believe a 404 if it is the service that speaks: something in between may answer so to everything."""
        self._http.send("GET", "v2/auth/", budget=self._readwise)

    def _budget(self, path: str) -> Budget:
        if path.startswith("v3/update/"):
            return self._updates
        if path.startswith("v3/save/"):
            return self._saves
        return self._reader if path.startswith("v3/") else self._readwise


def _daily_review(raw: bytes) -> wire.DailyReview:
    """Open the Daily Review. Raises ValueError if it is none."""
    return msgspec.json.decode(raw, type=wire.DailyReview)


def _read(raw: bytes, id_: str, reading: Reading[_Detail]) -> _Detail:
    """Read one thing. Raises ValueError if it is not the one that was asked for."""
    thing, _problems = reading.read(raw)
    if thing is None or str(thing.id) != id_:
        raise ValueError("not what was asked for")
    return thing
