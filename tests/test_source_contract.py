"""The contract suite: the sources that are there keep every law, and a source that breaks one is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.simulator_case import HandClock
from vaultsync.errors import TemplateError
from vaultsync.hookspecs import Fetch, Page, Source
from vaultsync.http import Http
from vaultsync.model import Document, Highlight
from vaultsync.simulator import Library, Simulator
from vaultsync.sources.readwise.settings import ReadwiseSettings
from vaultsync.sources.readwise.source import ReadwiseSource
from vaultsync.testing import MemorySource, Shelf, SourceContract

WALDEN = Document(
    id="memory:1",
    title="Walden",
    source="memory",
    tags=("pond",),
    highlights=(
        Highlight(id="1", block_id="mem1", text="Simplify.", tags=("life",)),
        Highlight(id="2", block_id="mem2", text="Simplify, simplify.", note="Twice."),
    ),
)


def shelf() -> Shelf:
    made = Shelf()
    for document in (WALDEN, *(Document(id=f"memory:{n}", title=f"Book {n}", source="memory") for n in range(2, 6))):
        made.put(document)
    return made


class TestMemory(SourceContract):
    def service(self, tmp_path: Path) -> Callable[[], Source]:  # noqa: ARG002
        kept = shelf()
        return lambda: MemorySource(kept)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    library = Library()
    book = library.add_book("Walden", author="Henry David Thoreau", tags=["pond"])
    library.add_highlight(book, "Simplify.", note="how?", tags=["life"], color="yellow")
    library.add_highlight(book, "Simplify, simplify.")
    library.add_reader_document("On Noise", author="Ada Wren", tags=["sound"], source_url="https://noise.example")
    document = library.add_reader_document("On Salt", author="Ada Wren", source_url="https://salt.example")
    library.highlight_in_reader(document.id, "Salt is memory.")
    with Simulator(library, limits=False) as running:
        yield running


class TestReadwise(SourceContract):
    @pytest.fixture(autouse=True)
    def _with(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def service(self, tmp_path: Path) -> Callable[[], Source]:  # noqa: ARG002
        settings = ReadwiseSettings(
            documents="all", push=("note", "tags", "text", "color", "title", "author", "summary", "published")
        )
        clock = HandClock()  # its limits are kept, in no time
        return lambda: ReadwiseSource(
            settings,
            Http("readwise", self.simulator.base_url, self.simulator.token, clock=clock, sleep=clock.forward),
        )

    def silent(self, tmp_path: Path) -> Callable[[], Source]:  # noqa: ARG002
        http = Http("readwise", "http://127.0.0.1:9/api", "token", sleep=lambda _seconds: None)
        return lambda: ReadwiseSource(ReadwiseSettings(), http)


# Sources that break a law.


def changing(change: Callable[[Page], Page]) -> Callable[[MemorySource, Fetch], Iterator[Page]]:
    """Pages, each changed by a slip of its author."""
    return lambda self, fetch: map(change, MemorySource.pages(self, fetch))


def reading(**fields: Any) -> Callable[[MemorySource, bytes], Document]:
    """Documents, each with wrong fields."""
    return lambda self, record: msgspec.structs.replace(MemorySource.document(self, record), **fields)


def counted_wrong(page: Page) -> Page:
    return replace(page, listing=page.listing and replace(page.listing, count=77))


def all_of_it(self: MemorySource, fetch: Fetch) -> Iterator[Page]:
    return MemorySource.pages(self, replace(fetch, only=(), full=True))


def titled_anew(self: MemorySource, fetch: Fetch) -> Iterator[Page]:
    """Says something else each time it is asked again."""
    book = b"Book" if fetch.cursor is None else b"Boot"
    for page in MemorySource.pages(self, replace(fetch, full=True)):
        yield replace(
            page, pieces=tuple(replace(piece, body=piece.body.replace(b"Book", book)) for piece in page.pieces)
        )


def telling_once() -> Callable[[MemorySource, Fetch], Iterator[Page]]:
    """Says nothing that any source of the kind has said before."""
    said: set[str] = set()

    def pages(self: MemorySource, fetch: Fetch) -> Iterator[Page]:
        for page in MemorySource.pages(self, fetch):
            yield replace(page, pieces=tuple(piece for piece in page.pieces if piece.key not in said))
            said.update(piece.key for piece in page.pieces)

    return pages


SLIPS: dict[str, dict[str, Any]] = {
    "test_its_names_can_be_used": {"prefixes": ("Memory of mine",)},
    "test_it_takes_its_token": {"check_token": lambda _: True},
    "test_every_page_is_of_its_own": {"prefixes": ("other",)},
    "test_interrupted_listing_goes_on_where_it_was": {"pages": changing(lambda page: replace(page, cursor="5"))},
    "test_without_news_nothing_changes": {"pages": titled_anew},
    "test_known_digests_may_be_skipped": {"pages": changing(lambda page: replace(page, unchanged=0))},
    "test_complete_listing_names_everything": {"pages": changing(counted_wrong)},
    "test_two_accounts_of_a_kind_are_apart": {"pages": telling_once()},
    "test_one_document_can_be_asked_for": {"pages": all_of_it},
    "test_what_was_listed_is_there": {"still_there": lambda *_: False},
    "test_absorbing_is_pure_and_twice_is_once": {"absorb": lambda _, record, piece: (record or b"") + piece.body},
    "test_documents_are_in_order": {"document": reading(source="other")},
    "test_a_note_can_be_made_of_every_document": {"document": reading(title="\ufdd0")},
    "test_joining_a_record_with_itself_changes_nothing": {"joined": lambda self, one, _: self.without(one, "")},
    "test_document_without_any_of_its_keys_is_deleted": {"without": lambda _, record, __: record},
    "test_refusals_are_sentences": {"refusal": lambda *_: "no"},
    "test_fresh_look_changes_nothing_if_nothing_changed": {"refreshed": lambda self, one, _: self.without(one, "")},
    "test_edit_that_is_sent_is_there": {"applied": lambda _, record, __: record},
    "test_what_is_removed_is_gone_and_can_be_made_again": {"removed": lambda _, record, __: record},
}


def test_every_law_has_a_slip_that_breaks_it() -> None:
    laws = {name for name in vars(SourceContract) if name.startswith("test_")}
    assert laws - SLIPS.keys() == {"test_service_that_does_not_answer_is_a_source_error"}


@pytest.mark.parametrize(("law", "slip"), SLIPS.items(), ids=SLIPS)
def test_source_that_breaks_a_law_is_found_out(tmp_path: Path, law: str, slip: dict[str, Any]) -> None:
    kept, broken = shelf(), type("Broken", (MemorySource,), slip)
    contract = SourceContract()
    contract.service = lambda _: lambda: broken(kept)  # type: ignore[method-assign, assignment]
    with pytest.raises((AssertionError, TemplateError)) as caught:
        getattr(contract, law)(tmp_path)
    assert len(str(caught.value)) > 20


def test_service_whose_silence_is_not_told_is_found_out(tmp_path: Path) -> None:
    class Silent(MemorySource):
        def pages(self, fetch: Fetch) -> Iterator[Page]:  # noqa: ARG002
            return iter(())

    contract = SourceContract()
    contract.silent = lambda _: lambda: Silent(shelf())  # type: ignore[method-assign, assignment]
    with pytest.raises(AssertionError, match="is a SourceError"):
        contract.test_service_that_does_not_answer_is_a_source_error(tmp_path)
