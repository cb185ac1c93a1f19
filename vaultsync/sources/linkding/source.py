"""The linkding source: what vaultsync asks of it, passed to its lists, its records and its push."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from vaultsync.hookspecs import Asset, Edit, Fetch, Page, Piece, Save, Saved, Upload
from vaultsync.http import Http
from vaultsync.model import Document
from vaultsync.sources.linkding import cursor as cursors
from vaultsync.sources.linkding import documents, record, saving, sendable
from vaultsync.sources.linkding.assets import Assets
from vaultsync.sources.linkding.listing import Lists
from vaultsync.sources.linkding.push import Push
from vaultsync.sources.linkding.service import Service
from vaultsync.sources.linkding.settings import LinkdingSettings


class LinkdingSource:
    """A linkding server. Its keys are "linkding:<bookmark>", and a bookmark has no highlights.

    now: to tell times of changes from times that are yet to come, which an import may set.
    """

    name = "linkding"
    prefixes: tuple[str, ...] = ("linkding",)

    def __init__(
        self, settings: LinkdingSettings, http: Http, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._settings = settings
        self._service = Service(http)
        self._lists = Lists(self._service, now)
        self._push = Push(self._service)
        self._assets = Assets(http, self._service)

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """List bookmarks, then what is archived; or single ones."""
        if fetch.only:
            yield from self._lists.only(fetch.only, fetch)
        else:
            yield from self._lists.pages(fetch, cursors.read(fetch.cursor))

    def absorb(self, record_: bytes | None, piece: Piece) -> bytes:
        """Take the last answer for the record: each says all there is to say."""
        del record_
        return record.encoded(piece.body)

    def joined(self, record_: bytes, other: bytes) -> bytes:
        """Keep the first: no bookmark has two keys."""
        del other
        return record_

    def without(self, record_: bytes, key: str) -> bytes:
        """Return the record when its bookmark is known to be gone."""
        del key
        return record.without(record_)

    def document(self, record_: bytes) -> Document:
        """Read a record."""
        return documents.document(record_, self._settings.base_url)

    def identity(self, record_: bytes) -> str:
        """Read only whose a record is."""
        return record.identity(record_)

    def wanted(self, document: Document) -> bool:
        """Whether a note is asked for: of what has one of the tags that are named, archived or not as configured."""
        if document.location == documents.ARCHIVE and not self._settings.archived:
            return False
        asked = {tag.casefold() for tag in self._settings.tags}
        return not asked or any(tag.casefold() in asked for tag in document.tags)

    def listable(self, document: Document) -> bool:
        """Whether a complete listing names it: both lists are always read, for a bookmark may move between them."""
        del document
        return True

    def still_there(self, key: str) -> bool:
        """Ask whether linkding still has a bookmark."""
        return self._service.bookmark(key.removeprefix(record.KEY)) is not None

    def check_token(self) -> None:
        """Ask whether linkding takes the token."""
        self._service.check_token()

    def refusal(self, document: Document, edit: Edit) -> str:
        """Why an edit can't be sent; "" if it can."""
        return sendable.refusal(document, edit, self._settings)

    def command(self, edit: Edit) -> str:
        """Tell that no text is a command to linkding."""
        del edit
        return ""

    def refreshed(self, record_: bytes, owner: str) -> bytes:
        """Ask how the bookmark is now."""
        del owner
        return self._push.refreshed(record_)

    def applied(self, record_: bytes, edit: Edit) -> bytes:
        """Send one edit."""
        return self._push.applied(record_, edit)

    def removed(self, record_: bytes, owner: str) -> bytes:
        """Delete the bookmark."""
        del owner
        return self._push.removed(record_)

    def assets(self, record_: bytes) -> tuple[Asset, ...]:
        """Ask which files a bookmark has."""
        return self._assets.listed(_id(record_))

    def downloaded(self, record_: bytes, asset: Asset) -> AbstractContextManager[Iterator[bytes]]:
        """Ask for a file, as it arrives."""
        return self._assets.downloaded(_id(record_), asset)

    def uploaded(self, record_: bytes, upload: Upload) -> Asset:
        """Send a file."""
        return self._assets.uploaded(_id(record_), upload)

    def discarded(self, record_: bytes, asset: Asset) -> None:
        """Delete a file."""
        self._assets.discarded(_id(record_), asset)

    def saved(self, save: Save) -> Saved:
        """Save an address."""
        return saving.saved(self._service, save, self._settings.base_url)

    def recreate(self, record_: bytes, owner: str) -> None:
        """Make again what was deleted."""
        del owner
        self._push.recreate(record_)


def _id(record_: bytes) -> str:
    return record.identity(record_).removeprefix(record.KEY)
