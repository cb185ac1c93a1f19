"""A document looked at, and changed in Reader: request by request, and what the record says afterwards."""

from __future__ import annotations

from datetime import date

import pytest

from tests.readwise_case import Memory, Pushing, source_of
from tests.simulator_case import Api, HandClock
from vaultsync.budget import Budget
from vaultsync.http import Http
from vaultsync.simulator import Library, Simulator, faults
from vaultsync.simulator.records import Book, ReaderDocument
from vaultsync.sources.readwise.service import Service

pytest_plugins = ("tests.simulator_case", "tests.readwise_case")


@pytest.mark.parametrize(
    ("field", "after", "name", "there", "shown"),
    [
        ("title", "Of Noise", "title", "Of Noise", "Of Noise"),
        ("author", "A. Wren", "author", "A. Wren", "A. Wren"),
        ("author", "", "author", "", ""),
        ("summary", "Quiet.", "summary", "Quiet.", "Quiet."),
        ("note", "Read twice.", "notes", "Read twice.", "Read twice."),
        ("published", "2024-02-29", "published_date", "2024-02-29", date(2024, 2, 29)),
        ("cover", "https://example.org/c.png", "image_url", "https://example.org/c.png", "https://example.org/c.png"),
        ("location", "archive", "location", "archive", "archive"),
        ("category", "videos", "category", "video", "videos"),
    ],
)
def test_a_field_of_a_document_is_sent_to_reader_and_read_back(
    pushing: Pushing, essay: ReaderDocument, field: str, after: str, name: str, there: object, shown: object
) -> None:
    record = pushing.push(essay, field, after)

    assert pushing.requests == ["GET v3/list/", f"PATCH v3/update/{essay.id}/", "GET v3/list/"]
    assert getattr(essay, name) == there
    assert getattr(pushing.shown(record), field) == shown


@pytest.mark.parametrize("field", ["title", "author", "summary", "note", "cover"])
def test_what_reader_took_is_shown_before_readwise_knows_of_it(
    pushing: Pushing, joined: ReaderDocument, field: str
) -> None:
    book = pushing.id_of(joined).removeprefix("readwise:")
    record = pushing.push(joined, field, "Mine")

    assert getattr(pushing.shown(record), field) == "Mine"
    assert pushing.requests == [
        *(f"GET v2/books/{book}/", "GET v3/list/"),
        *(f"PATCH v3/update/{joined.id}/", "GET v3/list/"),
    ]


def test_a_book_is_asked_for_alone_and_so_is_what_only_reader_has(
    pushing: Pushing, library: Library, book: Book, essay: ReaderDocument
) -> None:
    library.edit_book(book.id, title="Walden; or, Life", tags=["pond", "new"], document_note="noted")
    library.edit_reader_document(essay.id, title="Noise", tags=["new"])
    walden = pushing.shown(pushing.look(book))
    noise = pushing.shown(pushing.look(essay))

    assert pushing.requests == [f"GET v2/books/{book.id}/", "GET v3/list/"]
    assert (walden.title, walden.tags, walden.note) == ("Walden; or, Life", ("pond", "new"), "noted")
    assert (noise.title, noise.tags) == ("Noise", ("new",))


def test_a_look_keeps_the_full_text(library: Library, simulator: Simulator) -> None:
    page = library.add_reader_document("Page", html_content="<p>Words.</p>")
    source = source_of(simulator, full_text=True)
    memory = Memory(source)
    memory.pull()
    record = memory.records[f"reader:{page.id}"]

    assert source.refreshed(record, "") == record


def test_a_document_reader_no_longer_has_is_marked(pushing: Pushing, library: Library, essay: ReaderDocument) -> None:
    library.delete_reader_document(essay.id)
    record = pushing.look(essay)

    assert pushing.shown(record).deleted


def test_one_empty_answer_does_not_delete_a_document(
    pushing: Pushing, simulator: Simulator, essay: ReaderDocument
) -> None:
    simulator.faults.order(faults.empty_listing(), path="/api/v3/list/")
    record = pushing.record(essay)

    assert pushing.source.refreshed(record, "") == record


def test_a_document_deleted_between_look_and_change_is_marked(
    pushing: Pushing, library: Library, essay: ReaderDocument
) -> None:
    fresh = pushing.look(essay)
    library.delete_reader_document(essay.id)
    record = pushing.source.applied(fresh, pushing.edit(essay, "title", "Mine"))

    assert pushing.shown(record).deleted


def test_a_book_that_is_gone_is_marked(pushing: Pushing, library: Library, book: Book) -> None:
    library.delete_book(book.id)
    record = pushing.look(book)

    assert (pushing.shown(record).deleted, pushing.shown(record).live) == (True, ())


def test_a_stale_answer_leaves_the_edit_to_do(
    pushing: Pushing, simulator: Simulator, api: Api, joined: ReaderDocument
) -> None:
    old = api.ask("GET", "v3/list/", id=joined.id).content
    simulator.faults.order(faults.raw_body(old), path="/api/v3/list/", nth=2)
    stale = pushing.push(joined, "title", "Salt", before="On Salt")
    healed = pushing.source.refreshed(stale, "")

    assert (pushing.shown(stale).title, joined.title) == ("On Salt", "Salt")
    assert pushing.shown(healed).title == "Salt"


def test_a_location_that_is_switched_off_is_what_reader_made_of_it(
    pushing: Pushing, library: Library, essay: ReaderDocument
) -> None:
    library.quirks.locations_off = ("archive",)
    record = pushing.push(essay, "location", "archive", before="later")

    assert pushing.shown(record).location == "new"


def test_an_author_the_server_trims_is_trimmed_in_the_record(
    pushing: Pushing, library: Library, joined: ReaderDocument
) -> None:
    library.quirks.texts_trimmed = True
    record = pushing.push(joined, "author", " A. W. Wren")

    assert pushing.shown(record).author == "A. W. Wren"


def test_what_a_document_says_already_is_not_sent(pushing: Pushing, library: Library, essay: ReaderDocument) -> None:
    library.edit_reader_document(essay.id, title="Mine", tags=["sound", "New"])
    pushing.push(essay, "title", "Mine", before="On Noise")
    pushing.push(essay, "tags", ("sound", "new"), before=("sound", "quiet"))

    assert pushing.requests == ["GET v3/list/", "GET v3/list/"]


def test_updates_have_a_limit_of_their_own(throttled: Simulator, library: Library, hand_clock: HandClock) -> None:
    page = library.add_reader_document("Page")

    def never(_seconds: float) -> None:
        raise AssertionError("had to wait")

    http = Http("readwise", throttled.base_url, throttled.token, clock=hand_clock, sleep=never)
    service = Service(http, readwise=Budget("Readwise", 240), reader=Budget("Reader", 20))
    for number in range(50):
        service.change("PATCH", f"v3/update/{page.id}/", {"title": f"{number}"})
    with pytest.raises(AssertionError, match="had to wait"):
        service.change("PATCH", f"v3/update/{page.id}/", {"title": "one too many"})
    assert service.document(page.id) is not None
    assert {one.status for one in throttled.log} == {200}
