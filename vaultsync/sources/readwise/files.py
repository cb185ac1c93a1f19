"""The files Reader was given: PDFs, EPUBs, pages as they came. https://readwise.io/reader_api, Document LIST.

Reader names an address at its storage, which is signed, good for an hour, and good for whoever knows it. So it is asked
for right before each download, is told nobody, and gets no token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from mimetypes import guess_type
from urllib.parse import urlsplit

from vaultsync.budget import Budget
from vaultsync.errors import UnexpectedReply
from vaultsync.hookspecs import Asset
from vaultsync.http import Http
from vaultsync.origins import in_the_clear, origin
from vaultsync.sources.clean import one_line
from vaultsync.sources.readwise import record, wire
from vaultsync.sources.readwise.service import Service

_TYPES = {"pdf": "application/pdf", "epub": "application/epub+zip"}
_WITHHELD = "not for download"


class Files:
    """What Reader keeps of the documents themselves; each has one file at most. Everything raises SourceError."""

    def __init__(self, http: Http, service: Service) -> None:
        self._http, self._service = http, service
        self._budget = Budget("Reader's storage", 240)  # whose limits are not documented

    def listed(self, kept: bytes) -> tuple[Asset, ...]:
        """Ask for the file of a document; () if it has none, or is not in Reader."""
        opened = record.opened(kept)
        told = self._service.source_file(opened.reader.id) if opened.reader is not None and not opened.gone else None
        if told is None or not (told.raw_source_url or told.category in _TYPES):
            return ()
        return (_asset(told),)

    @contextmanager
    def downloaded(self, asset: Asset) -> Iterator[Iterator[bytes]]:
        """Ask for the file, as it arrives."""
        told = self._service.source_file(asset.id)
        url = told.raw_source_url if told is not None else None
        if not url:
            raise _refused(f"Reader does not give out {asset.name}.", "List the files again.")
        try:
            unfit = urlsplit(url).scheme not in ("https", "http") or in_the_clear(origin(url))
        except ValueError:
            unfit = True
        if unfit:
            raise _refused(f"{asset.name} is at an address that is not asked.", "Fetch it in Reader.")
        with self._http.download(url, budget=self._budget) as download:
            yield download.chunks


def _asset(told: wire.SourceFile) -> Asset:
    guessed, _encoding = guess_type(urlsplit(told.raw_source_url or "").path)
    category = told.category or ""
    return Asset(
        # Part of the file's name in the vault, where one document's must not be another's.
        id=told.id,
        name=one_line(told.title or "") or told.id,
        content_type=_TYPES.get(category) or guessed or "text/html",
        status="complete" if told.raw_source_url else _WITHHELD,
        kind=category,
    )


def _refused(what: str, hint: str) -> UnexpectedReply:
    return UnexpectedReply(f"readwise: {what} Nothing was fetched.", source="readwise", hint=hint)
