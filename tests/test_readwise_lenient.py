"""A field of the wrong type costs that field, never the document; only a thing without a usable id is left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync.hookspecs import Problem
from vaultsync.model import Document
from vaultsync.sources.clean import clean, may_need_cleaning
from vaultsync.sources.readwise import documents, record, settle, wire
from vaultsync.sources.readwise.reading import BOOK, READER_DOCUMENT

BOOK_JSON: dict[str, Any] = {
    "user_book_id": 123,
    "title": "Walden",
    "category": "books",
    "book_tags": [{"id": 1, "name": "pond"}],
    "highlights": [
        {"id": 456, "text": "Simplify.", "location": 3, "tags": [], "updated_at": "2022-09-14T18:50:30.564Z"}
    ],
}


def read_book(**changes: Any) -> tuple[wire.Book | None, tuple[Problem, ...]]:
    return BOOK.read(json.dumps({**BOOK_JSON, **changes}).encode())


def document_of(book: wire.Book) -> Document:
    return documents.document(record.absorbed(None, settle.book_piece(book)))


def test_a_book_as_documented_is_no_problem() -> None:
    book, problems = read_book()
    assert book is not None
    assert problems == ()
    assert document_of(book).title == "Walden"


def test_nulls_and_missing_and_unknown_keys_are_no_problem() -> None:
    book, problems = BOOK.read(
        b'{"user_book_id": 1, "title": null, "new_key": {"a": [1]}, "highlights": [{"id": 2, "note": null}]}'
    )
    assert book is not None
    assert problems == ()
    document = document_of(book)
    assert (document.title, document.highlights[0].note, document.category) == ("", "", "books")


@pytest.mark.parametrize(
    ("field", "given", "read"),
    [
        ("title", 1984, "1984"),
        ("title", ["Walden"], None),
        ("user_book_id", "123", 123),
        ("user_book_id", 123.0, 123),
        ("is_deleted", "true", True),
        ("asin", {"a": 1}, None),
        ("book_tags", ["pond", 7, {"name": "lake"}, {}], [wire.Tag("pond"), wire.Tag("lake"), wire.Tag(None)]),
        ("book_tags", "pond", None),
        ("highlights", None, None),
        ("highlights", "none", None),
    ],
)
def test_a_field_of_the_wrong_type_is_mended_or_emptied(field: str, given: Any, read: Any) -> None:
    book, _problems = read_book(**{field: given})
    assert book is not None
    assert getattr(book, field) == read


def test_what_was_mended_is_told_with_the_title() -> None:
    _book, problems = read_book(title=1984, asin=[1])
    assert [(one.about, one.message) for one in problems] == [
        ("1984", "title came as 1984; read as well as possible."),
        ("1984", "asin came as [1]; left empty."),
    ]


@pytest.mark.parametrize("id_", [None, "", "abc", [], {}, -1, 2**70, 1.5e300, True], ids=repr)
def test_a_book_without_a_usable_id_is_left_out_and_named(id_: Any) -> None:
    book, [problem] = read_book(user_book_id=id_)
    assert book is None
    assert problem.about == "Walden"
    assert problem.message.startswith("left out: ")


def test_a_highlight_without_an_id_does_not_take_the_others_with_it() -> None:
    good = BOOK_JSON["highlights"][0]
    book, problems = read_book(highlights=[{"text": "No id"}, good, 7, {"id": 9, "text": "b", "location": "12"}])
    assert book is not None
    assert [(one.id, one.location) for one in book.highlights or ()] == [(456, 3), (9, 12)]
    assert [one.about for one in problems] == ["No id", "a result", "b"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2022-09-14T18:50:30", datetime(2022, 9, 14, 18, 50, 30, tzinfo=UTC)),
        (1663181430, datetime(2022, 9, 14, 18, 50, 30, tzinfo=UTC)),
        (1663181430000, datetime(2022, 9, 14, 18, 50, 30, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (10**30, None),
        (True, None),
        ([], None),
    ],
)
def test_times_in_other_shapes_are_read_as_utc_or_emptied(given: Any, read: Any) -> None:
    book, _problems = read_book(highlights=[{"id": 1, "updated_at": given}])
    assert book is not None
    assert book.highlights is not None
    assert book.highlights[0].updated_at == read


def test_the_last_hour_of_the_calendar_is_no_reason_to_fail() -> None:
    book, _problems = read_book(highlights=[{"id": 1, "updated_at": "9999-12-31T23:59:59-10:00"}])
    assert book is not None
    assert document_of(book).highlights[0].updated is None


def test_lone_surrogates_become_replacement_characters() -> None:
    raw = json.dumps({**BOOK_JSON, "title": "Wal\ud800den"}).encode()
    book, problems = BOOK.read(raw)
    assert book is not None
    assert book.title == "Wal\ufffdden"
    assert problems == ()


def test_broken_utf8_costs_a_character() -> None:
    book, _problems = BOOK.read(b'{"user_book_id": 1, "title": "Wal\xffden"}')
    assert book is not None
    assert book.title == "Wal\ufffdden"


def test_text_is_clean_whichever_way_it_was_read() -> None:
    book, _problems = read_book(
        title=" A\r\ntitle ",
        book_tags=[{"name": "a\x00b"}],
        highlights=[{"id": 1, "text": "one\r\ntwo\rthree\x07 \ufdd0\uffff", "tags": [{"name": " x "}]}],
    )
    assert book is not None
    document = document_of(book)
    assert (document.title, document.tags) == ("A title", ("ab",))
    assert (document.highlights[0].text, document.highlights[0].tags) == ("one\ntwo\nthree ", ("x",))


@settings(deadline=None)
@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode()


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_text_passed_as_clean_is_clean(text: str) -> None:
    for raw in (json.dumps(text).encode(), json.dumps(text, ensure_ascii=False).encode()):
        if not may_need_cleaning(raw):
            assert clean(text) == text


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"to-do": {"name": "To do"}, "b": {}}, ("To do", "b")),
        (["a", "b"], ("a", "b")),
        (["a", {"name": "b"}, 7, None], ("a", "b", "7")),
        ({"a": "x", "b": None}, ("a", "b")),
        (None, ()),
        ("a", ()),
    ],
)
def test_reader_tags_are_read_from_every_shape_they_had(given: Any, read: Any) -> None:
    document, _problems = READER_DOCUMENT.read(json.dumps({"id": "01x", "tags": given}).encode())
    assert document is not None
    assert settle.reader_tags(document.tags) == read


@pytest.mark.parametrize("id_", [None, "", [], {}], ids=repr)
def test_a_reader_document_without_an_id_is_left_out(id_: Any) -> None:
    document, [problem] = READER_DOCUMENT.read(json.dumps({"id": id_, "title": "On Noise"}).encode())
    assert document is None
    assert problem.about == "On Noise"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
highlight_fields = st.sampled_from(wire.Highlight.__struct_fields__)
hostile_highlights = st.dictionaries(highlight_fields, json_values).map(lambda one: {**one, "id": 7})
hostile_books = st.dictionaries(st.sampled_from(wire.Book.__struct_fields__), json_values)


@settings(max_examples=100, deadline=None)
@given(hostile_books, st.lists(hostile_highlights | json_values, max_size=3))
def test_a_book_with_an_id_survives_whatever_else_is_in_it(fields: dict[str, Any], highlights: Any) -> None:
    raw = json.dumps({**fields, "user_book_id": 5, "highlights": highlights}).encode()
    book, _problems = BOOK.read(raw)
    assert book is not None
    document = document_of(book)
    assert document.id == "readwise:5"
    assert {one.id for one in document.highlights if one.id == "7"} == ({"7"} if has_seven(highlights) else set())


def has_seven(highlights: list[Any]) -> bool:
    return any(isinstance(one, dict) and one.get("id") == 7 and one.get("id") is not True for one in highlights)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(wire.ReaderDocument.__struct_fields__), json_values))
def test_a_reader_document_with_an_id_survives_whatever_else_is_in_it(fields: dict[str, Any]) -> None:
    document, _problems = READER_DOCUMENT.read(json.dumps({**fields, "id": "01x"}).encode())
    assert document is not None
    kept = settle.reader_document(document, "")
    assert documents.document(record.absorbed(None, kept)).id == "reader:01x"


@pytest.mark.parametrize(
    ("body", "results", "after"),
    [
        (b'{"results": [{"a": 1}, 2], "nextPageCursor": 49244648}', 2, 49244648),
        (b'{"results": [], "nextPageCursor": "01abc", "count": "many"}', 0, "01abc"),
        (b'{"results": [], "nextPageCursor": null}', 0, None),
        (b'{"results": [], "nextPageCursor": ""}', 0, None),
        (b'{"results": [{"t": "\\ud800"}]}', 1, None),
        (b'{"results": [{"t": "\xff"}], "nextPageCursor": "x\xff"}', 1, "x\ufffd"),
        (b'{"results": [{"t": "a\nb"}], "nextPageCursor": "x\ny"}', 1, "x\ny"),
    ],
)
def test_a_page_is_opened_and_its_cursor_comes_as_it_was(body: Any, results: Any, after: Any) -> None:
    page = wire.envelope(body)
    assert (len(page.results), page.after) == (results, after)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"detail": "x"}', b'{"results": {}}', b"<html>", b'{"results": [1', b"[" * 100_000]
)
def test_what_is_no_page_is_a_value_error(body: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011, whatever its words
        wire.envelope(body)
