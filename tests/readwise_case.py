"""A source's other half for tests: keeps records by key as the pull does, and counts what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vaultsync.errors import SourceError
from vaultsync.hookspecs import Fetch, Page, Problem
from vaultsync.http import Http
from vaultsync.model import Document
from vaultsync.simulator import Simulator
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
