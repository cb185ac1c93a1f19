"""A simulator in a process of its own, so that what is measured shares nothing with it but the cores.

Run as `python -m tests.bench.service FOLDER HIGHLIGHTS BOOKS...`: one library of the largest size, and for each size a
service that shows so many of its books. The pages of a full export are made beforehand, and kept in FOLDER too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.big import big_library
from vaultsync.simulator.exchange import Reply, Request
from vaultsync.simulator.faults import Fault
from vaultsync.simulator.frozen import FrozenExport, freeze

PER_PAGE = 100


class Service:
    """The process, seen from the benchmark; a context manager. urls: by number of books."""

    urls: dict[int, str]

    def __init__(self, folder: Path, highlights: int, *books: int) -> None:
        self._folder = folder
        self._command = [sys.executable, "-m", "tests.bench.service", str(folder), *map(str, (highlights, *books))]

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.urls = {int(books): url for books, url in self._answer().items()}
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def pages(self, books: int) -> list[Path]:
        """The pages of a full export of so many books, as files, in the order they are served."""
        return _last(sorted(self._folder.glob("*.json")), books)

    def change(self, books: int) -> None:
        """Change a highlight in each of so many books, all over the largest library."""
        self._ask(f"change {books}")

    def seconds_answering(self) -> float:
        """How long the service was at work on requests since it was last asked this."""
        return float(self._ask("seconds"))

    def _ask(self, question: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{question}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


class _Timed(Simulator):
    """A simulator that knows how long it took to answer."""

    seconds = 0.0

    def serve(self, request: Request) -> tuple[Reply, Fault | None]:
        began = time.perf_counter()
        try:
            return super().serve(request)
        finally:
            _Timed.seconds += time.perf_counter() - began


def _last(pages: list[Any], books: int) -> list[Any]:
    return pages[-books // PER_PAGE :]


def _part(library: Library, export: FrozenExport, books: int) -> Simulator:
    """A service of the library when it had so many books: those are on the last pages."""
    part = Library(seed=library.seed)
    part.books = dict(list(library.books.items())[:books])
    part._highlights = {one.id: one for book in part.books.values() for one in book.highlights}
    pages = _last(list(export.pages), books)
    skipped = len(export.pages) - len(pages)
    next_after = {after: at - skipped for after, at in export.next_after.items() if at > skipped}
    return _Timed(part, limits=False, export_pages=FrozenExport(pages, next_after))


def _change(library: Library, books: int) -> None:
    # Later than all before, or the listing has nothing new to say.
    when = max(book.changed for book in library.books.values()) + timedelta(seconds=1)
    for book in list(library.books.values())[:: len(library.books) // books][:books]:
        book.highlights[0].text += " Again."
        book.highlights[0].updated = book.updated = book.changed = when


def main(folder: Path, highlights: int, *books: int) -> None:
    """Serve until there are no more questions."""
    library = big_library(max(books), highlights)
    export = freeze(library, PER_PAGE)
    for number, page in enumerate(export.pages):
        (folder / f"{number:05}.json").write_bytes(page)
    with ExitStack() as running:
        services = {size: running.enter_context(_part(library, export, size)) for size in books}
        _say({size: service.base_url for size, service in services.items()})
        for question in sys.stdin:
            if question.startswith("change"):
                _change(library, int(question.split()[1]))
            seconds, _Timed.seconds = _Timed.seconds, 0.0
            _say(seconds)


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
