"""Rendering in the sandbox against Jinja without one: the same template, filters and values, in one process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any

import msgspec
from jinja2 import DictLoader, Environment, StrictUndefined, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage
from vaultsync.model import Document, Highlight
from vaultsync.rendering import templates
from vaultsync.rendering.filters import FILTERS
from vaultsync.rendering.render import Renderer
from vaultsync.rendering.tracked import plain_text
from vaultsync.simulator.big import big_library
from vaultsync.simulator.frozen import freeze
from vaultsync.sources.readwise import documents, record, settle, wire

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


class _Highlight(Highlight, frozen=True, kw_only=True):
    """A highlight that has its anchor as a value like any other."""

    anchor: str = ""


class _Block(Extension):
    """`{% highlight %}` as a tag that only prints what is between."""

    tags = {"highlight"}  # noqa: RUF012  # Jinja's own shape

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        parser.parse_expression()
        return parser.parse_statements(("name:endhighlight",), drop_needle=True)


def sandbox(stage: Stage) -> Iterator[Row]:
    """The shipped template over a page of books."""
    books = list(_documents(100 if stage.sizes.runs > 1 else 4, stage.sizes.highlights))
    plain_books = [_plain(book) for book in books]
    texts = templates.load(stage.folder, "").sources
    renderer = Renderer(texts)
    jinja = _unsandboxed(texts).get_template("document.md")
    guarded, tracked, plain = _alternating(
        stage.sizes.runs * 4,
        lambda: [renderer.plain("document.md", book, now=_NOW) for book in books],
        lambda: [renderer.render("document.md", book, now=_NOW) for book in books],
        lambda: [jinja.render(document=book, now=_NOW) for book in plain_books],
    )
    count = len(books)
    beside = f"{plain / count * 1e6:.0f} µs of Environment on structs; a note of {stage.sizes.highlights} highlights"
    how = f"{guarded / count * 1e6:.0f} µs : {beside}, the shipped template, warm"
    yield at_most("rendering in the sandbox, against Jinja without", guarded / plain, 1.5, "×", how)
    how = f"{tracked / count * 1e6:.0f} µs : {beside}: tracked values, typed properties and blocks as well"
    yield Row("… all of a note", f"{tracked / plain:.2f}×", "", None, how)


def _alternating(times: int, *runs: Callable[[], object]) -> list[float]:
    """The median seconds of each, in turn."""
    took: list[list[float]] = [[] for _ in runs]
    for _ in range(times):
        for number, each in enumerate(runs):
            gc.collect()
            began = time.process_time()
            each()
            took[number].append(time.process_time() - began)
    return [median(each) for each in took]


def _documents(books: int, highlights: int) -> Iterator[Document]:
    page = freeze(big_library(books, highlights), books).pages[0]
    for raw in wire.envelope(page).results:
        piece = settle.book_piece(msgspec.json.decode(raw, type=wire.Book))
        yield documents.document(record.absorbed(None, piece))


def _plain(document: Document) -> Document:
    fields = {name: getattr(document, name) for name in Document.__struct_fields__}
    highlights = tuple(
        _Highlight(anchor=f"^{one.block_id}", **{name: getattr(one, name) for name in Highlight.__struct_fields__})
        for one in document.live
    )
    return Document(**fields | {"highlights": highlights})


def _unsandboxed(texts: dict[str, str]) -> Environment:
    """Jinja as it is, with our filters."""

    def shown(value: Any) -> str:
        return value if type(value) is str else plain_text(value)

    environment = Environment(  # noqa: S701  # as it is for notes
        loader=DictLoader(texts),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        extensions=[_Block, "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        finalize=shown,
    )
    environment.filters |= FILTERS
    return environment
