"""Laws of the record: answers may come twice and in any order, and what is gone is marked, not lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync.model import Document
from vaultsync.sources.readwise import documents, record, wire
from vaultsync.sources.readwise.settle import book_piece, child, comment, reader_document

MOMENT = datetime(2024, 5, 1, 12, tzinfo=UTC)


def book(*highlights: wire.Highlight, **fields: Any) -> record.BookPiece:
    given = {"user_book_id": 5, "title": "Walden", "external_id": "01x", **fields}
    return book_piece(wire.Book(**given, highlights=list(highlights)))


def highlight(id_: int, **fields: Any) -> wire.Highlight:
    return wire.Highlight(id=id_, **{"text": f"Passage {id_}", "location": id_, "updated_at": MOMENT, **fields})


def reader(**fields: Any) -> record.KeptDocument:
    return reader_document(wire.ReaderDocument(id="01x", **{"title": "Walden", "location": "later", **fields}), "")


def lone(id_: str, **fields: Any) -> record.KeptChild:
    return child(wire.ReaderDocument(id=id_, category="highlight", parent_id="01x", content=id_, **fields))


def remark(id_: str, about: str, text: str) -> record.KeptComment:
    return comment(wire.ReaderDocument(id=id_, category="note", parent_id=about, content=text), "01x")


def absorbed(*bodies: record.Body) -> bytes:
    kept: bytes | None = None
    for body in bodies:
        kept = record.absorbed(kept, body)
    assert kept is not None
    return kept


def document(*bodies: record.Body) -> Document:
    return documents.document(absorbed(*bodies))


bodies = st.lists(
    st.sampled_from([1, 2, 3, 4, 5, 6]).flatmap(
        lambda id_: st.builds(highlight, st.just(id_), note=st.text(max_size=3), is_deleted=st.booleans())
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


@settings(deadline=None)
@given(bodies, st.data())
def test_disjoint_answers_give_the_same_bytes_in_any_order(highlights: Any, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(highlights)))
    pieces: list[record.Body] = [book(*highlights[:cut]), book(*highlights[cut:]), reader(), remark("n", "01y", "So.")]
    shuffled = data.draw(st.permutations(pieces))
    assert absorbed(*shuffled) == absorbed(*pieces)


@settings(deadline=None)
@given(bodies, bodies)
def test_the_same_answer_twice_gives_the_same_bytes(first: list[wire.Highlight], second: list[wire.Highlight]) -> None:
    once = absorbed(book(*first), reader(), book(*second))
    assert record.absorbed(once, book(*second)) == once
    assert record.absorbed(once, reader()) == once


def test_an_incremental_answer_leaves_the_other_highlights_alone() -> None:
    told = document(book(highlight(1), highlight(2)), book(highlight(2, text="Changed")))
    assert [one.text for one in told.live] == ["Passage 1", "Changed"]


def test_highlights_come_in_reading_order_however_they_were_listed() -> None:
    told = document(book(highlight(3), highlight(1)), book(highlight(2)))
    assert [one.id for one in told.highlights] == ["1", "2", "3"]


def test_a_tombstone_deletes_and_keeps_the_text_it_no_longer_has() -> None:
    told = document(book(highlight(1)), book(highlight(1, text="", is_deleted=True)))
    assert [(one.text, one.deleted) for one in told.highlights] == [("Passage 1", True)]


def test_a_deleted_book_keeps_its_title_and_all_its_highlights_are_deleted() -> None:
    told = document(book(highlight(1)), book(title=None, is_deleted=True))
    assert (told.title, told.deleted, told.live) == ("Walden", True, ())


def test_a_book_that_comes_back_is_not_deleted() -> None:
    told = document(book(highlight(1)), book(is_deleted=True), book(highlight(1)))
    assert not told.deleted
    assert len(told.live) == 1


def test_readwise_is_believed_first_and_reader_fills_what_it_leaves_empty() -> None:
    told = document(
        reader(title="Reader's title", author="A. Reader", category="rss", tags=["b", "A"], notes="mine"),
        book(title="Readwise's title", author=None, category="articles", book_tags=[wire.Tag("a")], document_note=""),
    )
    assert (told.id, told.title, told.author) == ("readwise:5", "Readwise's title", "A. Reader")
    assert (told.category, told.tags, told.note) == ("articles", ("a", "b"), "mine")


def test_without_a_book_the_document_is_reader_s() -> None:
    told = document(reader(category="pdf", published_date="2024-05-01", url="https://read.readwise.io/read/01x"))
    assert (told.id, told.category, told.published) == ("reader:01x", "pdfs", date(2024, 5, 1))
    assert told.service_url == "https://read.readwise.io/read/01x"
    assert told.extra["source"] == "reader"


def test_extra_has_the_same_keys_for_every_document_and_highlight() -> None:
    told = [document(reader()), document(book(highlight(1))), document(reader(), book(highlight(1)), lone("01h"))]
    assert len({tuple(one.extra) for one in told}) == 1
    assert len({tuple(mark.extra) for one in told for mark in one.highlights}) == 1


@pytest.mark.parametrize(
    ("fields", "view"),
    [
        ({"location": "new"}, "inbox"),
        ({"location": "later"}, "later"),
        ({"location": "shortlist"}, "shortlist"),
        ({"location": "later", "tags": ["Shortlist"]}, "shortlist"),
        ({"location": "archive", "tags": ["shortlist"]}, "archive"),
        ({"location": "feed"}, "feed-unseen"),
        ({"location": "feed", "first_opened_at": MOMENT}, "feed-seen"),
        ({"location": None}, ""),
        ({"location": "somewhere new"}, ""),
    ],
)
def test_the_view_is_the_one_reader_shows_it_in(fields: dict[str, Any], view: str) -> None:
    assert document(reader(**fields)).view == view


@pytest.mark.parametrize(
    ("category", "read"),
    [
        ("article", "articles"),
        ("rss", "articles"),
        ("email", "emails"),
        ("video", "videos"),
        ("podcast", "podcasts"),
        ("../Game of/the year", "game-of-the-year"),
        ("..", "articles"),
        (None, "books"),
    ],
)
def test_reader_s_categories_are_told_in_readwise_s_words(category: str | None, read: Any) -> None:
    assert document(reader(category=category)).category == read


@pytest.mark.parametrize("name", ["favorite", "Favorite"])
def test_a_favourite_is_one_by_flag_or_by_tag(name: str) -> None:
    by_flag = document(book(highlight(1, is_favorite=True))).highlights[0]
    by_tag = document(book(highlight(1, is_favorite=False, tags=[wire.Tag(name)]))).highlights[0]
    assert (by_flag.favorite, by_flag.tags) == (True, ())
    assert (by_tag.favorite, by_tag.tags) == (True, (name,))


def test_a_book_is_joined_by_its_reader_address_where_it_has_no_external_id() -> None:
    piece = book(external_id=None, unique_url="https://read.readwise.io/read/01k29k2wnndm9amq87a2g7x4mc")
    assert piece.book.external_id == "01k29k2wnndm9amq87a2g7x4mc"
    assert book(external_id=None, unique_url="https://example.org/read/01k2").book.external_id == ""


def test_gone_from_reader_without_a_book_is_deleted_and_keeps_its_title() -> None:
    gone = record.without_document(absorbed(reader()))
    told = documents.document(gone)
    assert (told.id, told.title, told.deleted) == ("reader:01x", "Walden", True)


def test_gone_from_reader_with_live_highlights_in_readwise_stays() -> None:
    gone = record.without_document(absorbed(reader(), book(highlight(1))))
    told = documents.document(gone)
    assert (told.deleted, told.location, len(told.live)) == (False, "", 1)


def test_gone_from_reader_with_an_empty_shell_in_readwise_is_deleted() -> None:
    gone = record.without_document(absorbed(reader(), book(highlight(1, is_deleted=True))))
    assert documents.document(gone).deleted


def test_gone_from_readwise_is_deleted() -> None:
    gone = record.without_book(absorbed(book(highlight(1))))
    told = documents.document(gone)
    assert (told.deleted, told.live) == (True, ())


def test_what_reader_lists_again_is_back() -> None:
    gone = record.without_document(absorbed(reader()))
    assert not documents.document(record.absorbed(gone, reader())).deleted


def test_a_child_with_a_twin_is_shown_once_by_the_block_it_had_first() -> None:
    twin = highlight(1, external_id="01h")
    assert [one.block_id for one in document(book(twin), lone("01h")).live] == ["rw1"]
    assert [one.block_id for one in document(lone("01h"), book(twin)).live] == ["rd01h"]


def test_joining_keeps_the_blocks_of_the_record_that_stays() -> None:
    shelf, essay = absorbed(book(highlight(1, external_id="01h"))), absorbed(reader(), lone("01h"))
    blocks = [
        [one.block_id for one in documents.document(both).live]
        for both in (record.joined(shelf, essay), record.joined(essay, shelf))
    ]
    assert blocks == [["rw1"], ["rd01h"]]


def test_joining_two_halves_is_having_absorbed_both() -> None:
    assert record.joined(absorbed(book(highlight(1))), absorbed(reader())) == absorbed(book(highlight(1)), reader())


def test_a_comment_document_is_the_note_of_its_highlight() -> None:
    told = document(lone("01h", notes="older"), remark("01n", "01h", "newer"))
    assert [one.note for one in told.live] == ["newer"]
    assert [one.note for one in document(lone("01h", notes="older")).live] == ["older"]


def test_a_child_that_is_gone_is_gone() -> None:
    both = absorbed(reader(), lone("01h"), lone("01i"))
    told = documents.document(record.without_child(both, "01h"))
    assert [one.id for one in told.live] == ["01i"]


def test_children_of_a_document_that_is_gone_are_deleted() -> None:
    gone = record.without_document(absorbed(reader(), lone("01h")))
    assert documents.document(gone).live == ()


def test_a_record_of_children_alone_waits_for_its_document() -> None:
    assert document(lone("01h")).id == "reader:01x"
    assert document(remark("01n", "01h", "?")).id == "reader:01x"


def test_block_ids_are_letters_digits_and_dashes() -> None:
    assert document(lone("01/h^x y")).live[0].block_id == "rd01-h-x-y"
