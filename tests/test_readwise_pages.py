"""What the Readwise source asks for, in which order, and how it goes on after an interruption."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.readwise_case import Memory, asked, source_of
from tests.simulator_case import HandClock
from vaultsync.errors import AuthError, UnexpectedReply
from vaultsync.hookspecs import Fetch
from vaultsync.http import Http
from vaultsync.simulator import Library, Simulator, faults, sample_library
from vaultsync.sources.readwise.settings import ReadwiseSettings
from vaultsync.sources.readwise.source import ReadwiseSource

pytest_plugins = ("tests.simulator_case",)


@pytest.fixture
def library() -> Library:
    return sample_library()


@pytest.fixture
def memory(simulator: Simulator) -> Memory:
    return Memory(source_of(simulator))


def test_the_first_pull_lists_reader_by_location_and_then_exports_readwise(
    simulator: Simulator, memory: Memory
) -> None:
    memory.pull()
    assert [line.split(" updated")[0] for line in asked(simulator)] == [
        "v3/list/ location=new",
        "v3/list/ location=later",
        "v3/list/ location=shortlist",
        "v3/list/ location=archive",
        "v3/list/",
        "v2/export/",
        "v2/export/",
        "v2/books/",
        f"v2/export/ ids={max(simulator.library.books.values(), key=lambda book: book.updated).id}",
    ]
    assert memory.listings == [("reader:", 9, True), ("readwise:", len(simulator.library.books), False)]
    assert memory.problems == []


def test_a_complete_listing_names_every_document_changed_or_not(simulator: Simulator, memory: Memory) -> None:
    memory.pull()
    memory.pull(full=True)
    listed = {key for page in memory.pages for key in page.listed}
    wanted = [one for one in simulator.library.documents.values() if one.location not in (None, "feed")]
    assert listed == {f"reader:{one.id}" for one in wanted}
    assert memory.keys == []
    assert sum(page.unchanged for page in memory.pages) >= len(simulator.library.books) + len(wanted)


def test_with_nothing_new_there_are_no_pieces_and_the_cursor_is_the_same_text(
    simulator: Simulator, memory: Memory
) -> None:
    memory.pull()
    before = memory.cursor
    simulator.log.clear()
    memory.pull()
    assert memory.keys == []
    assert memory.cursor == before
    assert len(list(asked(simulator))) == 3


def test_only_get_requests_are_made(simulator: Simulator, memory: Memory) -> None:
    memory.pull()
    assert simulator.log.writes == []


def test_a_changed_highlight_is_merged_and_the_others_stay(library: Library, memory: Memory) -> None:
    memory.pull()
    count = len(memory.documents()["Walden"].highlights)
    walden = next(book for book in library.books.values() if book.title == "Walden")
    library.edit_highlight_in_app(walden.highlights[0].id, text="Simplify.")
    memory.pull()
    after = memory.documents()["Walden"].highlights
    assert len(after) == count
    assert [one.text for one in after].count("Simplify.") == 1


def test_a_deleted_highlight_arrives_as_deleted(library: Library, memory: Memory) -> None:
    memory.pull()
    walden = next(book for book in library.books.values() if book.title == "Walden")
    gone = walden.highlights[2].id
    library.delete_highlight(gone)
    memory.pull()
    document = memory.documents()["Walden"]
    assert [one.id for one in document.highlights if one.deleted] == [str(gone)]
    assert not document.deleted


def test_a_deleted_book_is_a_deleted_document(library: Library, memory: Memory) -> None:
    memory.pull()
    walden = next(book for book in library.books.values() if book.title == "Walden")
    library.delete_book(walden.id)
    memory.pull()
    document = memory.documents()["Walden"]
    assert document.deleted
    assert document.live == ()


def test_a_changed_title_and_book_tag_arrive_though_no_highlight_changed(library: Library, memory: Memory) -> None:
    memory.pull()
    walden = next(book for book in library.books.values() if book.title == "Walden")
    library.edit_book(walden.id, title="Walden; or, Life in the Woods", tags=["pond"])
    memory.pull()
    assert memory.keys == [f"readwise:{walden.id}"]
    assert memory.documents()["Walden; or, Life in the Woods"].tags == ("pond",)


def test_a_silent_change_of_a_tag_arrives_with_the_next_full_pull(library: Library, memory: Memory) -> None:
    memory.pull()
    walden = next(book for book in library.books.values() if book.title == "Walden")
    library.retag_in_app(walden.highlights[0].id, add=["favorite"])
    memory.pull()
    assert memory.keys == []
    memory.pull(full=True)
    assert memory.keys == [f"readwise:{walden.id}"]
    assert "favorite" in memory.documents()["Walden"].highlights[0].tags
    assert memory.documents()["Walden"].highlights[0].favorite


def test_a_reader_document_and_its_book_are_one_document(library: Library, memory: Memory) -> None:
    memory.pull()
    book = next(book for book in library.books.values() if book.external_id)
    document = memory.documents()[book.title]
    assert document.id == f"readwise:{book.id}"
    assert document.location == library.documents[book.external_id or ""].location
    assert document.extra["external_id"] == book.external_id
    assert memory.homes[f"readwise:{book.id}"] == memory.homes[f"reader:{book.external_id}"]


def test_a_document_gets_its_book_when_it_is_first_highlighted(library: Library, memory: Memory) -> None:
    essay = library.add_reader_document("On Noise", location="later")
    memory.pull()
    assert memory.documents()["On Noise"].id == f"reader:{essay.id}"
    library.highlight_in_reader(essay.id, "Quiet is a material.")
    memory.pull()
    document = memory.documents()["On Noise"]
    assert document.id.startswith("readwise:")
    assert [one.text for one in document.live] == ["Quiet is a material."]


def test_the_feed_is_not_remembered_unless_it_is_asked_for(
    library: Library, simulator: Simulator, memory: Memory
) -> None:
    memory.pull()
    post = library.add_reader_document("Morning post", location="feed", category="rss")
    memory.pull()
    assert memory.keys == []
    wider = Memory(source_of(simulator, locations=("new", "feed"), documents="all"))
    wider.pull()
    assert f"reader:{post.id}" in wider.keys
    assert wider.documents()["Morning post"].view == "feed-unseen"


def test_a_moved_document_is_listed_again_wherever_it_went(library: Library, memory: Memory) -> None:
    essay = library.add_reader_document("On Noise", location="new")
    memory.pull()
    library.move_reader_document(essay.id, "archive")
    memory.pull()
    assert memory.keys == [f"reader:{essay.id}"]
    assert memory.documents()["On Noise"].view == "archive"


def test_what_changes_on_the_first_page_while_the_last_is_read_is_not_missed(library: Library, memory: Memory) -> None:
    for number in range(150):
        library.add_reader_document(f"Essay {number}", location="new")
    pages = memory.source.pages(Fetch(memory.cursor))
    memory.take(next(pages))
    newest = next(one for one in library.documents.values() if one.title == "Essay 149")
    library.edit_reader_document(newest.id, title="Essay 149, retitled")
    oldest = next(one for one in library.documents.values() if one.title == "Essay 0")
    library.edit_reader_document(oldest.id, summary="newer than the first")
    for page in pages:
        memory.take(page)
    assert "Essay 149, retitled" in memory.documents()


def test_children_are_listed_last_and_show_only_what_readwise_lacks(library: Library, simulator: Simulator) -> None:
    essay = library.add_reader_document("On Noise", location="later")
    twin = library.highlight_in_reader(essay.id, "Quiet is a material.")
    lone = library._child(essay.id, "highlight", "Only Reader has this.", library.now())
    library._child(lone.id, "note", "And this about it.", library.now())
    memory = Memory(source_of(simulator, children=True))
    memory.pull()
    told = [(one.block_id, one.text, one.note) for one in memory.documents()["On Noise"].live]
    assert told == [
        (f"rw{twin.id}", "Quiet is a material.", ""),
        (f"rd{lone.id}", "Only Reader has this.", "And this about it."),
    ]


def test_a_highlight_that_readwise_learns_of_later_keeps_its_block(library: Library, simulator: Simulator) -> None:
    essay = library.add_reader_document("On Noise", location="later")
    lone = library._child(essay.id, "highlight", "Quiet is a material.", library.now())
    memory = Memory(source_of(simulator, children=True))
    memory.pull()
    book = library.add_book("On Noise", external_id=essay.id, source="reader")
    twin = library.add_highlight(book, "Quiet is a material.", external_id=lone.id)
    memory.pull()
    [highlight] = memory.documents()["On Noise"].live
    assert (highlight.id, highlight.block_id) == (str(twin.id), f"rd{lone.id}")


def test_a_new_comment_on_an_old_highlight_finds_its_document(library: Library, simulator: Simulator) -> None:
    essay = library.add_reader_document("On Noise", location="later")
    lone = library._child(essay.id, "highlight", "Quiet is a material.", library.now())
    memory = Memory(source_of(simulator, children=True))
    memory.pull()
    library._last += timedelta(hours=1)
    library._child(lone.id, "note", "So is light.", library.now())
    memory.pull()
    assert [one.note for one in memory.documents()["On Noise"].live] == ["So is light."]


def test_a_comment_on_nothing_is_reported(library: Library, simulator: Simulator) -> None:
    library._child("0" * 26, "note", "To whom it may concern", library.now())
    memory = Memory(source_of(simulator, children=True))
    memory.pull()
    [problem] = memory.problems
    assert (problem.about, problem.message) == (
        "To whom it may concern",
        "left out: what it belongs to is not in Reader.",
    )


def test_without_children_comments_and_highlights_of_reader_are_skipped(library: Library, memory: Memory) -> None:
    memory.pull()
    essay = library.add_reader_document("On Noise", location="later")
    library.highlight_in_reader(essay.id, "Quiet is a material.", note="Yes.")
    memory.pull()
    assert not [key for key in memory.keys if key.startswith("reader-child:")]


def test_documents_none_does_not_ask_reader(simulator: Simulator) -> None:
    Memory(source_of(simulator, documents="none")).pull()
    assert not [line for line in asked(simulator) if line.startswith("v3")]


def test_highlights_false_does_not_ask_readwise(simulator: Simulator) -> None:
    Memory(source_of(simulator, highlights=False)).pull()
    assert not [line for line in asked(simulator) if line.startswith("v2")]


def test_full_text_comes_as_markdown(library: Library, simulator: Simulator) -> None:
    library.add_reader_document("On Noise", location="new", html_content="<h2>One</h2><p>Quiet <b>is</b>.</p>")
    memory = Memory(source_of(simulator, full_text=True))
    memory.pull()
    assert memory.documents()["On Noise"].content == "## One\n\nQuiet **is**.\n"


def test_asking_for_full_text_later_lists_everything_again(library: Library, simulator: Simulator) -> None:
    library.add_reader_document("On Noise", location="new", html_content="<p>Quiet.</p>")
    memory = Memory(source_of(simulator))
    memory.pull()
    memory.source = source_of(simulator, full_text=True)
    memory.pull()
    assert memory.documents()["On Noise"].content == "Quiet.\n"


def test_single_documents_are_asked_for_by_their_keys_and_move_no_cursor(
    library: Library, simulator: Simulator, memory: Memory
) -> None:
    memory.pull()
    before = memory.cursor
    walden = next(book for book in library.books.values() if book.title == "Walden")
    essay = next(one for one in library.documents.values() if one.location == "new")
    library.retag_in_app(walden.highlights[0].id, add=["new tag"])
    library.edit_reader_document(essay.id, title="Another title")
    simulator.log.clear()
    memory.pull(only=(f"readwise:{walden.id}", f"reader:{essay.id}"))
    assert list(asked(simulator)) == [f"v2/export/ ids={walden.id}", f"v3/list/ id={essay.id}"]
    assert memory.keys == [f"readwise:{walden.id}", f"reader:{essay.id}"]
    assert {page.cursor for page in memory.pages} == {before}


def test_the_service_is_asked_whether_something_is_still_there(library: Library, memory: Memory) -> None:
    walden = next(book for book in library.books.values() if book.title == "Walden")
    essay = next(one for one in library.documents.values() if one.location == "new")
    keys = (f"readwise:{walden.id}", f"reader:{essay.id}")
    assert [memory.source.still_there(key) for key in keys] == [True, True]
    library.delete_book(walden.id)
    library.delete_reader_document(essay.id)
    assert [memory.source.still_there(key) for key in keys] == [False, False]
    assert not memory.source.still_there("readwise:999999999")


def test_the_token_is_checked_where_it_serves_for_both(simulator: Simulator) -> None:
    source_of(simulator).check_token()
    assert list(asked(simulator)) == ["v2/auth/"]
    simulator.token = "another"
    with pytest.raises(AuthError):
        source_of_with_token(simulator, "wrong").check_token()


def source_of_with_token(simulator: Simulator, token: str) -> ReadwiseSource:
    return ReadwiseSource(ReadwiseSettings(), Http("readwise", simulator.base_url, token))


@pytest.fixture
def long_library(library: Library) -> Library:
    for number in range(101):
        library.add_reader_document(f"Essay {number}", location="new")
    for number in range(7):
        book = library.add_book(f"Book {number}")
        library.add_highlight(book, f"Passage {number}", note="seen")
    return library


@pytest.mark.parametrize("options", [{}, {"children": True}], ids=["documents", "children too"])
def test_interrupted_after_any_page_it_goes_on_and_ends_the_same(
    long_library: Library, options: dict[str, Any]
) -> None:
    with Simulator(long_library, limits=False, export_pages=9) as simulator:
        whole = Memory(source_of(simulator, **options))
        count = len(whole.pull())
        for stop in range(1, count):
            memory = Memory(source_of(simulator, **options))
            first = memory.pull(stop_after=stop)
            listed = {key for page in first for key in page.listed}
            memory.source = source_of(simulator, **options)
            rest = memory.pull()
            listed |= {key for page in rest for key in page.listed}
            assert memory.records == whole.records, stop
            assert memory.cursor == whole.cursor, stop
            if any(page.listing and page.listing.prefix == "reader:" for page in rest):
                assert len(listed) == 110


def test_interrupted_it_does_not_ask_again_for_what_it_has(long_library: Library) -> None:
    with Simulator(long_library, limits=False, export_pages=9) as simulator:
        memory = Memory(source_of(simulator))
        memory.pull(stop_after=8)
        simulator.log.clear()
        memory.pull()
        assert [line for line in asked(simulator) if "location=" in line] == []


def test_trouble_in_the_middle_costs_no_page(long_library: Library) -> None:
    with Simulator(long_library, limits=False, export_pages=9) as simulator:
        whole = Memory(source_of(simulator))
        whole.pull()
        simulator.faults.order(faults.status(503), path="/api/v2/export", nth=3, times=5)
        memory = Memory(source_of(simulator))
        assert memory.pull_with_trouble() is not None
        memory.pull()
        assert memory.records == whole.records


@pytest.mark.parametrize(
    "fault",
    [faults.cut_off(), faults.html_page(), faults.connection_reset(), faults.too_many_requests(), faults.status(502)],
    ids=["cut off", "not JSON", "reset", "429", "502"],
)
@pytest.mark.parametrize("path", ["/api/v3/list", "/api/v2/export", "/api/v2/books"])
def test_passing_trouble_is_not_noticed(fault: faults.Fault, path: str, simulator: Simulator, memory: Memory) -> None:
    simulator.faults.order(fault, path=path)
    assert memory.pull_with_trouble() is None
    assert len(memory.documents()) == len({*memory.homes.values()})


def test_a_forgotten_page_cursor_starts_the_place_again(long_library: Library) -> None:
    with Simulator(long_library, limits=False, export_pages=9) as simulator:
        whole = Memory(source_of(simulator))
        whole.pull()
        memory = Memory(source_of(simulator))
        memory.pull(stop_after=8)
        simulator.faults.order(faults.status(400, ["no such cursor"]), path="/api/v2/export")
        memory.pull()
        assert memory.records == whole.records


def test_a_list_that_goes_round_in_circles_ends(simulator: Simulator, memory: Memory) -> None:
    page = json.dumps({"results": [], "nextPageCursor": 7}).encode()
    simulator.faults.order(faults.raw_body(page), path="/api/v2/export", times=None)
    error = memory.pull_with_trouble()
    assert isinstance(error, UnexpectedReply)
    assert "round in circles" in str(error)


def test_an_unreadable_cursor_means_starting_over(memory: Memory) -> None:
    memory.pull()
    before = memory.cursor
    memory.cursor = '{"reader": 7'
    memory.pull()
    assert memory.listings[0][0] == "reader:"
    assert json.loads(memory.cursor or "")["reader"] == json.loads(before or "")["reader"]


@pytest.mark.parametrize("inclusive", [True, False])
def test_whether_after_includes_the_instant_makes_no_difference(
    inclusive: bool, library: Library, memory: Memory
) -> None:
    library.quirks.after_is_inclusive = inclusive
    memory.pull()
    memory.pull()
    assert memory.keys == []
    walden = next(book for book in library.books.values() if book.title == "Walden")
    added = library.add_highlight(walden, "One more.")
    memory.pull()
    assert str(added.id) in [one.id for one in memory.documents()["Walden"].live]


def test_a_change_with_a_slightly_older_time_than_the_last_seen_is_not_missed(library: Library, memory: Memory) -> None:
    walden = next(book for book in library.books.values() if book.title == "Walden")
    library.add_highlight(walden, "The last one.")
    memory.pull()
    late = library.add_highlight(walden, "Late.", created=library._last - timedelta(seconds=20))
    memory.pull()
    assert str(late.id) in [one.id for one in memory.documents()["Walden"].live]


def test_an_empty_account_is_two_empty_listings() -> None:
    with Simulator(Library(), limits=False) as simulator:
        memory = Memory(source_of(simulator))
        memory.pull()
        assert memory.listings == [("reader:", 0, True), ("readwise:", 0, False)]
        before = memory.cursor
        memory.pull()
        assert memory.cursor == before


def test_a_cold_sync_keeps_within_the_documented_limits(long_library: Library) -> None:
    with Simulator(long_library) as simulator:
        assert Memory(source_of(simulator)).pull()
        assert {one.status for one in simulator.log} == {200}


def test_every_page_says_how_far_it_is(memory: Memory) -> None:
    memory.pull()
    assert {page.label for page in memory.pages} == {"documents", "highlights", "books"}
    assert [page.done for page in memory.pages if page.label == "documents"] == sorted(
        page.done for page in memory.pages if page.label == "documents"
    )


def test_nothing_is_asked_before_the_last_page_is_dealt_with(simulator: Simulator, memory: Memory) -> None:
    pages = memory.source.pages(Fetch(memory.cursor))
    next(pages)
    assert len(list(simulator.log)) == 1


def test_more_requests_than_a_minute_allows_are_spread_without_one_refusal(
    library: Library, throttled: Simulator, hand_clock: HandClock
) -> None:
    documents = [library.add_reader_document(f"Essay {number}", location="new") for number in range(45)]
    http = Http("readwise", throttled.base_url, throttled.token, clock=hand_clock, sleep=hand_clock.forward)
    memory = Memory(ReadwiseSource(ReadwiseSettings(), http))
    start = hand_clock()
    memory.pull(only=tuple(f"reader:{one.id}" for one in documents))
    assert {one.status for one in throttled.log} == {200}
    assert 120 <= hand_clock() - start <= 121


def test_what_highlights_belong_to_is_forgotten_when_they_are_listed(library: Library, simulator: Simulator) -> None:
    for name in "ab":
        document = library.add_reader_document(name, location="later")
        library.highlight_in_reader(document.id, f"{name} says", note="hm")
    source = source_of(simulator, children=True)
    memory = Memory(source)
    memory.pull()
    assert len([key for key in memory.homes if key.startswith("reader-child:")]) >= 2
    assert source._children._documents == {}
    memory.pull(stop_after=1)
    assert source._children._documents == {}
