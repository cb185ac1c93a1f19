"""The Readwise source: what vaultsync asks of it, passed to Reader's list, Readwise's export, record and push."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime

from vaultsync.budget import Budget
from vaultsync.hookspecs import Asset, Edit, Fetch, NewHighlight, Page, Piece, Review, Save, Saved
from vaultsync.http import Http
from vaultsync.model import Document
from vaultsync.sources.readwise import cursor as cursors
from vaultsync.sources.readwise import documents, record, saving, sendable
from vaultsync.sources.readwise.export import BOOK_KEY, Export
from vaultsync.sources.readwise.files import Files
from vaultsync.sources.readwise.push import Push
from vaultsync.sources.readwise.reader_list import CHILD, ReaderList
from vaultsync.sources.readwise.service import Service
from vaultsync.sources.readwise.settings import ReadwiseSettings


class ReadwiseSource:
    """Readwise and Reader as one source.

    Keys: "readwise:<book>", "reader:<document>", and with `children` "reader-child:<highlight or note>".
    """

    name = "readwise"
    prefixes: tuple[str, ...] = ("readwise", "reader", "reader-child")

    def __init__(self, settings: ReadwiseSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        # Per token, and as documented.
        self._budget = Budget("Readwise", 240)
        reader_budget = Budget("Reader", 20)
        self._reader = ReaderList(settings, http, reader_budget, children=False)
        self._children = ReaderList(settings, http, reader_budget, children=True)
        self._export = Export(http, self._budget)
        self._service = Service(http, readwise=self._budget, reader=reader_budget)
        self._push = Push(self._service)
        self._files = Files(http, self._service)

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """List Reader before Readwise, so that a note is written once, with what Reader knows in it."""
        if fetch.only:
            yield from self._export.only(tuple(key for key in fetch.only if key.startswith(BOOK_KEY)), fetch)
            yield from self._reader.only(tuple(key for key in fetch.only if not key.startswith(BOOK_KEY)), fetch)
            return
        cursor = cursors.read(fetch.cursor)
        if self._settings.documents != "none":
            yield from self._reader.pages(fetch, cursor)
        if self._settings.highlights:
            yield from self._export.pages(fetch, cursor)
            yield from self._export.changed_books(fetch, cursor)
        if self._settings.children and self._settings.documents != "none":
            yield from self._children.pages(fetch, cursor)

    def absorb(self, record_: bytes | None, piece: Piece) -> bytes:
        """Work an answer into the record."""
        return record.absorbed(record_, piece.body)

    def joined(self, record_: bytes, other: bytes) -> bytes:
        """Make one record of two."""
        return record.joined(record_, other)

    def without(self, record_: bytes, key: str) -> bytes:
        """Return the record when `key` is known to be gone."""
        if key.startswith(BOOK_KEY):
            return record.without_book(record_)
        if key.startswith(CHILD):
            return record.without_child(record_, key.removeprefix(CHILD))
        return record.without_document(record_)

    def document(self, record_: bytes) -> Document:
        """Read a record."""
        return documents.document(record_)

    def identity(self, record_: bytes) -> str:
        """Read only whose a record is."""
        return record.identity(record_)

    def wanted(self, document: Document) -> bool:
        """Whether a note is asked for: of what is highlighted, or with "all" of what is in a listed location."""
        settings = self._settings
        listed = settings.documents == "all" and document.location in settings.locations
        if not document.live and not listed:
            return False
        if not document.id.startswith(BOOK_KEY) and not document.service_url and not document.title:
            return False
        if settings.categories and document.category not in settings.categories:
            return False
        asked = {tag.casefold() for tag in settings.tags}
        return not asked or any(tag.casefold() in asked for tag in document.tags)

    def listable(self, document: Document) -> bool:
        """Whether Reader's complete listing would name it: it is in a location that is listed."""
        return self._settings.documents != "none" and document.location in self._settings.locations

    def still_there(self, key: str) -> bool:
        """Ask the service that `key` belongs to."""
        return self._export.has(key) if key.startswith(BOOK_KEY) else self._reader.has(key)

    def check_token(self) -> None:
        """Ask the one address that serves for both services."""
        self._http.send("GET", "v2/auth/", budget=self._budget)

    def refusal(self, document: Document, edit: Edit) -> str:
        """Why an edit can't be sent; "" if it can."""
        return sendable.refusal(document, edit, self._settings)

    def command(self, edit: Edit) -> str:
        """Why Readwise would take a text for a command; "" if it would not."""
        return sendable.command(edit)

    def refreshed(self, record_: bytes, owner: str) -> bytes:
        """Ask how a highlight, or the document, is now."""
        return self._push.refreshed(record_, owner)

    def applied(self, record_: bytes, edit: Edit) -> bytes:
        """Send one edit."""
        return self._push.applied(record_, edit)

    def recreate(self, record_: bytes, owner: str) -> None:
        """Make again what was deleted."""
        self._push.recreate(record_, owner)

    def removed(self, record_: bytes, owner: str) -> bytes:
        """Delete a highlight, or the document."""
        return self._push.removed(record_, owner)

    def undeletable(self, record_: bytes, owner: str) -> str:
        """Why something can't be deleted: a book that is not in Reader, and what nobody could give back."""
        return self._push.undeletable(record_, owner)

    def takes_highlights(self) -> bool:
        """Whether passages marked in notes are to be highlights; never if nothing is to be sent at all."""
        return self._settings.new_highlights and bool(self._settings.push) and self._settings.highlights

    def unfit(self, document: Document, new: NewHighlight) -> str:
        """Why a highlight can't be made; "" if it can."""
        return sendable.unfit(document, new)

    def highlighted(self, record_: bytes, new: NewHighlight, at: datetime) -> str:
        """Make a highlight in Readwise."""
        return self._push.highlighted(record_, new, at)

    def review(self) -> Review:
        """Ask for today's Daily Review."""
        return self._service.review()

    def assets(self, record_: bytes) -> tuple[Asset, ...]:
        """Ask for the file Reader was given."""
        return self._files.listed(record_)

    def downloaded(self, record_: bytes, asset: Asset) -> AbstractContextManager[Iterator[bytes]]:
        """Ask for a file, as it arrives."""
        del record_
        return self._files.downloaded(asset)

    def saved(self, save: Save) -> Saved:
        """Save an address into Reader."""
        return saving.saved(self._service, save)
