"""The host that Reader's files and pictures are kept at: another one than the API's, and one that takes no token.

As at Amazon S3: an address is signed and good for a while, a request that also brings a token is refused, and
refusals are XML.
"""

from __future__ import annotations

from hashlib import blake2b
from urllib.parse import quote

from vaultsync.simulator.exchange import Reply, Request
from vaultsync.simulator.library import Library
from vaultsync.simulator.records import ReaderDocument

_PATH = "/storage/"
_ENDINGS = {"pdf": "pdf", "epub": "epub"}


class Storage:
    """What a library's documents were given as; and pictures by name, each with its content type.

    hours: that have passed; an address is good for the one it was signed in.
    """

    def __init__(self, library: Library) -> None:
        self.pictures: dict[str, tuple[str, bytes]] = {}
        self.hours = 0
        self._library = library

    def answer(self, request: Request) -> Reply | None:
        """Answer a request for something kept here; None if it is for somewhere else."""
        if not request.path.startswith(_PATH):
            return None
        if "authorization" in request.headers:
            return _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
        name = request.path.removeprefix(_PATH)
        if name in self.pictures:
            kind, data = self.pictures[name]
            return Reply(200, data, content_type=kind)
        document = self._library.documents.get(name.partition("/")[0])
        if document is None or request.value("X-Amz-Signature") != self._signature(document):
            return _refused(403, "AccessDenied", "Request has expired")
        return Reply(200, file_of(document), content_type="binary/octet-stream")

    def link(self, document: ReaderDocument, request: Request) -> str:
        """The signed address of a document's file; "" if it has none. request: shows where we are."""
        if not file_of(document):
            return ""
        ending = _ENDINGS.get(document.category, "html")
        query = f"X-Amz-Expires=3600&X-Amz-Signature={self._signature(document)}"
        return f"{address(request.host)}{quote(document.id)}/source.{ending}?{query}"

    def _signature(self, document: ReaderDocument) -> str:
        return blake2b(f"{self.hours} {document.id}".encode(), digest_size=16).hexdigest()


def address(host: str) -> str:
    """Where the storage is, slash included. host: of the API, which goes by another name here, and so is another.

    >>> address("127.0.0.1:8000")
    'http://localhost:8000/storage/'
    """
    return f"http://{host.replace('127.0.0.1', 'localhost')}{_PATH}"


def file_of(document: ReaderDocument) -> bytes:
    """What a document was given to Reader as; empty if that may not be had."""
    return document.raw_file or (document.html_content or "").encode()


def _refused(status: int, code: str, message: str) -> Reply:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, text.encode(), content_type="application/xml")
