"""The source: My Clippings.txt, a page of books at a time. It can be read, and nothing in it can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from vaultsync.errors import ConfigError, SourceError, Unreachable
from vaultsync.hookspecs import Edit, Fetch, Page, Piece, Problem
from vaultsync.model import Document

from vaultsync_clippings import books, parsing
from vaultsync_clippings.settings import ClippingsSettings

_PAGE = 50


class ClippingsSource:
    """A file as a source. A key is "clippings:" and the id of a book; a piece is all the file has of one book.

    The cursor says how far a listing is and what the file was like then: "<mark of the file> <books so far>".
    """

    name = books.SOURCE
    prefixes: tuple[str, ...] = (books.SOURCE,)

    def __init__(self, settings: ClippingsSettings) -> None:
        self._file = Path(settings.file).expanduser()
        if not self._file.is_absolute():
            raise ConfigError(
                f'vaultsync.toml: file = "{settings.file}" of [sources.clippings] is no whole path. Nothing was done.',
                hint='Write it as "/media/Kindle/documents/My Clippings.txt", or begin it with "~/".',
            )
        self._zone = _zone(settings.timezone)

    def pages(self, fetch: Fetch) -> Iterator[Page]:
        """Read the file, if it is another than the cursor says, and give its books page by page."""
        data = self._read()
        mark = blake2b(data, digest_size=8).hexdigest()
        seen, _, done = (fetch.cursor or "").partition(" ")
        begin = int(done) if seen == mark and done.isdecimal() and not fetch.full else 0
        found = parsing.parsed(data.decode("utf-8", "replace"))
        problems = tuple(Problem(title, "an entry of My Clippings.txt could not be read") for title in found.unread)
        pieces = [_piece(book) for book in books.books(found.clippings).values()]
        if fetch.only:
            yield Page(tuple(piece for piece in pieces if piece.key in fetch.only), fetch.cursor or "")
            return
        for at in range(begin, len(pieces), _PAGE):
            batch = pieces[at : at + _PAGE]
            news = tuple(piece for piece in batch if piece.digest not in fetch.known)
            end = at + len(batch)
            skipped = len(batch) - len(news)
            yield Page(news, f"{mark} {end}", unchanged=skipped, problems=problems, label="clippings", done=end)

    def still_there(self, key: str) -> bool:
        """Whether the file tells of a book; a file that was deleted says nothing of what it held."""
        return any(piece.key == key for page in self.pages(Fetch(only=(key,))) for piece in page.pieces)

    def check_token(self) -> None:
        """No token is needed, but the file is."""
        self._read()

    def _read(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError as error:
            raise Unreachable(
                f"clippings: {self._file} can't be read: {error.strerror}. Nothing was changed.",
                source=self.name,
                hint="Connect the Kindle, or copy its My Clippings.txt to where vaultsync.toml says.",
            ) from error

    # Records: books as books.py writes them.

    def absorb(self, record: bytes | None, piece: Piece) -> bytes:
        """Add what the file has of a book to what it had."""
        return books.written(books.joined(books.read(record), piece.body) if record else piece.body)

    def joined(self, record: bytes, other: bytes) -> bytes:
        """Make one book of two."""
        return books.written(books.joined(books.read(record), books.read(other)))

    def without(self, record: bytes, key: str) -> bytes:  # noqa: ARG002  # a book has one key
        """Mark the book as gone."""
        return books.written(msgspec.structs.replace(books.read(record), deleted=True))

    def document(self, record: bytes) -> Document:
        """Read a book."""
        return books.document(books.read(record), self._zone)

    def identity(self, record: bytes) -> str:
        """Read its id."""
        return books.KEY + books.read(record).id

    def wanted(self, document: Document) -> bool:
        """A note is made of every book with highlights."""
        return bool(document.live)

    def listable(self, document: Document) -> bool:  # noqa: ARG002  # what is not in the file may be in an earlier one
        """No listing is complete: files are begun anew."""
        return False

    # Nothing can be changed.

    def refusal(self, document: Document, edit: Edit) -> str:  # noqa: ARG002  # whatever it is
        """Refuse everything."""
        return "A Kindle takes nothing back from My Clippings.txt; what you write stays in the note."

    def command(self, edit: Edit) -> str:  # noqa: ARG002  # nothing is sent
        """Nothing is a command."""
        return ""

    def refreshed(self, record: bytes, owner: str) -> bytes:  # noqa: ARG002  # nothing is sent
        """Nothing is sent, so that nothing is looked at first."""
        return record

    def applied(self, record: bytes, edit: Edit) -> bytes:  # noqa: ARG002
        """Refuse, as `refusal` does."""
        raise self._refused()

    def removed(self, record: bytes, owner: str) -> bytes:  # noqa: ARG002
        """Refuse."""
        raise self._refused()

    def recreate(self, record: bytes, owner: str) -> None:  # noqa: ARG002
        """Refuse."""
        raise self._refused()

    def _refused(self) -> SourceError:
        return SourceError("clippings: My Clippings.txt can't be changed. Nothing was sent.", source=self.name)


def _piece(book: books.Book) -> Piece:
    return Piece(books.KEY + book.id, blake2b(books.written(book), digest_size=8).digest(), book)


def _zone(name: str) -> tzinfo:
    if name == "UTC":  # which needs no data of the system's
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:
        raise ConfigError(
            f'vaultsync.toml: timezone = "{name}" of [sources.clippings] is not known. Nothing was done.',
            hint='Write it as "Europe/Berlin".',
        ) from error
