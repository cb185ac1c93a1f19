"""Files that linkding keeps with bookmarks: snapshots and uploads. https://linkding.link/api, Bookmark Assets.

There since 1.39. It keeps them compressed, sends them as they were, and does not tell how long that is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from vaultsync.bodies import Download, Form
from vaultsync.errors import AuthError, UnexpectedReply, Unreachable
from vaultsync.hookspecs import Asset, Upload
from vaultsync.http import Http
from vaultsync.sources.clean import clean, one_line
from vaultsync.sources.linkding import wire
from vaultsync.sources.linkding.service import Service, path_of

_PAGE = 100
# Of the compressed size: how much smaller ours may be before a file counts as cut off. linkding compresses better, and
# keeps the name along.
_NEAR, _HEADERS = 0.9, 1024


class Assets:
    """The files of a linkding server. Everything raises SourceError."""

    def __init__(self, http: Http, service: Service) -> None:
        self._http, self._service = http, service

    def listed(self, bookmark: str) -> tuple[Asset, ...]:
        """Ask which files a bookmark has; () if it is gone."""
        found: dict[int, wire.Asset] = {}
        asked = 0
        while True:
            page = self._page(bookmark, asked)
            asked += _PAGE
            found |= {row.id: row for row in page.rows}
            if not page.rows or asked >= page.count:
                return tuple(map(_asset, found.values()))

    @contextmanager
    def downloaded(self, bookmark: str, asset: Asset) -> Iterator[Iterator[bytes]]:
        """Ask for a file, as it arrives."""
        path = f"{_files(bookmark)}{asset.id}/download/"
        with (
            self._in_words(f"{asset.name} is not there any more"),
            self._http.download(path, budget=self._service.budget) as download,
        ):
            yield _whole(download, asset)

    def uploaded(self, bookmark: str, upload: Upload) -> Asset:
        """Send a file."""
        form = Form("file", upload.name, upload.content_type, upload.file)
        with self._in_words("the bookmark is not there any more, or this version takes no files"):
            try:
                reply = self._http.upload(f"{_files(bookmark)}upload/", form, budget=self._service.budget)
            except AuthError as error:
                self._service.check_token()
                raise UnexpectedReply(
                    f"linkding: {upload.name} is not taken (403). Nothing was kept.",
                    source="linkding",
                    status=403,
                    hint="Whoever runs it may have switched uploads off.",
                ) from error
            except Unreachable as error:
                said = f"{error.message} So it is not known whether {upload.name} was kept."
                raise Unreachable(said, source=error.source, hint="List the files before you send it again.") from error
        try:
            return _asset(wire.asset(reply.body))
        except ValueError as error:
            said = f"linkding: {upload.name} was kept, but the answer does not say as what."
            raise UnexpectedReply(said, source="linkding", hint="List the files to see it.") from error

    def discarded(self, bookmark: str, asset: Asset) -> None:
        """Delete a file."""
        self._service.change("DELETE", f"{_files(bookmark)}{asset.id}/")

    def _page(self, bookmark: str, offset: int) -> wire.Assets:
        page = [("limit", str(_PAGE)), ("offset", str(offset))]
        try:
            return self._http.read(_files(bookmark), page, budget=self._service.budget, decode=wire.assets)
        except UnexpectedReply as error:
            if error.status != 404:
                raise
            if self._service.bookmark(bookmark) is None:
                return wire.Assets([], 0)
            said = "linkding: this version has no files of bookmarks. Nothing was done."
            raise UnexpectedReply(
                said, source=error.source, status=404, hint="They came with linkding 1.39."
            ) from error

    @contextmanager
    def _in_words(self, gone: str) -> Iterator[None]:
        """Say what a 404 means, if it is linkding's own."""
        try:
            yield
        except UnexpectedReply as error:
            if error.status != 404:
                raise
            self._service.check_token()
            said = f"linkding: {gone}. Nothing was done."
            raise UnexpectedReply(said, source=error.source, status=404, hint="List the files again.") from error


def _files(bookmark: str) -> str:
    return f"{path_of(bookmark)}assets/"


def _asset(told: wire.Asset) -> Asset:
    return Asset(
        id=str(told.id),
        name=one_line(clean(told.display_name or "")),
        content_type=clean(told.content_type or "").partition(";")[0].strip().lower(),
        size=told.file_size,
        status=told.status or "complete",
        kind=told.asset_type or "",
    )


def _whole(download: Download, asset: Asset) -> Iterator[bytes]:
    """The file as it arrives. Raises Unreachable at its end if far too little of it came.

    Where no length is told, a connection that ends early looks like one that is done. But the size of the file as it
    is kept is known, and what came can be compressed, too.
    """
    if download.length is not None or not asset.size:
        yield from download.chunks
        return
    came = 0
    packing, packed = zlib.compressobj(1), 0
    for chunk in download.chunks:
        came += len(chunk)
        packed += len(packing.compress(chunk))
        yield chunk
    packed += len(packing.flush())
    # Older versions kept uploads as they came.
    if came != asset.size and packed + _HEADERS < asset.size * _NEAR:
        raise Unreachable(
            f"linkding: {asset.name} was cut off after {came:,} bytes. Nothing of it was kept.",
            source="linkding",
            hint="Try again.",
        )
