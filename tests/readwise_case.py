"""A source's other half for tests: keeps records by key as the pull does, counts what it was told, and pushes.

Its fixtures are of a small library: `book` (Walden) with a `highlight`, `essay` that only Reader has, `joined` that
both services have, and `pushing`, which has pulled them. In a test module:

    pytest_plugins = ("tests.simulator_case", "tests.readwise_case")

PYTEST_DONT_REWRITE: test modules may import names from here before pytest takes it for a plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from vaultsync.errors import SourceError
from vaultsync.hookspecs import Edit, Fetch, Page, Problem
from vaultsync.http import Http
from vaultsync.model import Document
from vaultsync.model import Highlight as Mark
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.records import Book, Highlight, ReaderDocument
from vaultsync.sources.readwise.settings import ReadwiseSettings
from vaultsync.sources.readwise.source import ReadwiseSource


def source_of(simulator: Simulator, **options: Any) -> ReadwiseSource:
    """Return the source for a running simulator. options: of [sources.readwise]."""
    http = Http("readwise", simulator.base_url, simulator.token, sleep=lambda _seconds: None)
    return ReadwiseSource(ReadwiseSettings(**options), http)


class Memory:
    """What state would remember."""

    def __init__(self, source: ReadwiseSource) -> None:
        self.source = source
        self.cursor: str | None = None
        self.records: dict[str, bytes] = {}
        self.homes: dict[str, str] = {}
        self.known: set[bytes] = set()
        self.pages: list[Page] = []

    def pull(self, *, full: bool = False, only: tuple[str, ...] = (), stop_after: int | None = None) -> list[Page]:
        """Take in the pages, or as many of them as come before an interruption."""
        self.pages = []
        fetch = Fetch(self.cursor, full=full, only=only, known=frozenset(self.known))
        for page in self.source.pages(fetch):
            self.take(page)
            self.pages.append(page)
            if not only:
                self.cursor = page.cursor
            if stop_after is not None and len(self.pages) >= stop_after:
                break
        return self.pages

    def pull_with_trouble(self) -> SourceError | None:
        """Pull until something fails; return what did."""
        try:
            self.pull()
        except SourceError as error:
            return error
        return None

    def take(self, page: Page) -> None:
        """Work a page's pieces in."""
        for piece in page.pieces:
            keys = (piece.key, *piece.joins)
            home = next((self.homes[key] for key in keys if key in self.homes), piece.key)
            self.records[home] = self.source.absorb(self.records.get(home), piece)
            self.homes |= dict.fromkeys(keys, home)
            if piece.digest is not None:
                self.known.add(piece.digest)

    def documents(self) -> dict[str, Document]:
        """Return everything remembered, by title."""
        return {document.title: document for document in map(self.source.document, self.records.values())}

    @property
    def keys(self) -> list[str]:
        """The keys of the pieces of the last pull."""
        return [piece.key for page in self.pages for piece in page.pieces]

    @property
    def problems(self) -> list[Problem]:
        """The problems of the last pull."""
        return [problem for page in self.pages for problem in page.problems]

    @property
    def listings(self) -> list[tuple[str, int, bool]]:
        """The listings that ended in the last pull."""
        ends = [page.listing for page in self.pages if page.listing is not None]
        return [(one.prefix, one.count, one.names_all) for one in ends]


def asked(simulator: Simulator) -> Iterator[str]:
    """Tell what the service was asked since its log was cleared, in short."""
    for one in simulator.log:
        wanted = {name: value for name, value in one.parameters.items() if name not in ("limit", "includeDeleted")}
        yield " ".join([one.path.removeprefix("/api/"), *(f"{name}={value}" for name, value in wanted.items())])


class Pushing:
    """A source with everything in a library, looked at and changed one by one."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.source = source_of(simulator)
        self.memory = Memory(self.source)
        library = simulator.library
        documents = (one.id for one in library.documents.values() if one.parent_id is None)
        # By name takes a third of the requests a listing does.
        self.memory.pull(only=(*(f"readwise:{id_}" for id_ in library.books), *(f"reader:{id_}" for id_ in documents)))
        simulator.log.clear()

    def pull(self) -> None:
        """Take in everything again, and forget that the service was asked."""
        self.memory.pull(full=True)
        self.simulator.log.clear()

    def record(self, thing: Book | Highlight | ReaderDocument) -> bytes:
        """Return what was pulled of a document, or of the one a highlight is in."""
        id_ = self.id_of(thing)
        return next(one for one in self.memory.records.values() if self.source.identity(one) == id_)

    def id_of(self, thing: Book | Highlight | ReaderDocument) -> str:
        """Return the id a document goes by, or the one a highlight is in."""
        if isinstance(thing, ReaderDocument):
            book = self.simulator.library.book_of(thing.id)
            return f"readwise:{book.id}" if book else f"reader:{thing.id}"
        return f"readwise:{thing.book_id if isinstance(thing, Highlight) else thing.id}"

    def edit(self, thing: Book | Highlight | ReaderDocument, field: str, after: Any, *, before: Any = "") -> Edit:
        """Return the edit of a field."""
        owner = str(thing.id) if isinstance(thing, Highlight) else ""
        return Edit(self.id_of(thing), owner, field, before, after)

    def look(self, thing: Book | Highlight | ReaderDocument) -> bytes:
        """Return the record with how a thing is now."""
        return self.source.refreshed(self.record(thing), str(thing.id) if isinstance(thing, Highlight) else "")

    def push(self, thing: Book | Highlight | ReaderDocument, field: str, after: Any, *, before: Any = "") -> bytes:
        """Look, and send one edit."""
        return self.source.applied(self.look(thing), self.edit(thing, field, after, before=before))

    def shown(self, record: bytes) -> Document:
        """Return the document a record is read as."""
        return self.source.document(record)

    def mark(self, record: bytes, highlight: Highlight) -> Mark:
        """Return a highlight of a record as it is read."""
        return next(one for one in self.shown(record).highlights if one.id == str(highlight.id))

    @property
    def requests(self) -> list[str]:
        """What the service was asked, in short."""
        return [f"{one.method} {one.path.removeprefix('/api/')}" for one in self.simulator.log]

    @property
    def changes(self) -> list[str]:
        """What the service was asked to change, in short."""
        return [line for line in self.requests if not line.startswith("GET")]


@pytest.fixture
def book(library: Library) -> Book:
    return library.add_book("Walden", author="Henry David Thoreau", tags=["pond", "To read"])


@pytest.fixture
def highlight(library: Library, book: Book) -> Highlight:
    return library.add_highlight(book, "Simplify, simplify.", note="how?", tags=["life", "short"], color="yellow")


@pytest.fixture
def essay(library: Library) -> ReaderDocument:
    return library.add_reader_document(
        "On Noise", author="Ada Wren", tags=["sound", "quiet"], location="later", source_url="https://example.org/noise"
    )


@pytest.fixture
def joined(library: Library) -> ReaderDocument:
    document = library.add_reader_document("On Salt", author="Ada Wren", tags=["sea", "salt"], location="later")
    library.highlight_in_reader(document.id, "Salt is memory.")
    return document


@pytest.fixture
def pushing(
    simulator: Simulator,
    highlight: Highlight,  # noqa: ARG001, to be pulled
    essay: ReaderDocument,  # noqa: ARG001
    joined: ReaderDocument,  # noqa: ARG001
) -> Pushing:
    return Pushing(simulator)
