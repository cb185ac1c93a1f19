"""The simulator's answers have the keys, types and nulls of the services' documents and of their real answers.

The tables below are transcribed from the documents and widened by what was recorded. Recorded answers and
simulated ones are held against the same tables, so that neither can drift from the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator_case import Api
from vaultsync.simulator import Library, Simulator, sample_library

pytest_plugins = ("tests.simulator_case",)

# What a value looks like. A name with ? may be null; a key with ? is missing in older answers.
KINDS = {
    "int": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "export time": lambda value: _matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", value),
    "list time": lambda value: _matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", value),
    "reader time": lambda value: _matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", value),
    "date": lambda value: _matches(r"\d{4}-\d\d-\d\d", value),
    "minutes": lambda value: _matches(r"1 min|\d+ mins", value),
}

EXPORT_PAGE = {"count": "int", "nextPageCursor": "int?", "results": "list"}
EXPORT_BOOK = {
    "user_book_id": "int",
    "is_deleted?": "bool",
    "title": "str",
    "author": "str?",
    "readable_title?": "str",
    "source?": "str",
    "cover_image_url?": "str?",
    "unique_url?": "str?",
    "summary?": "str?",
    "book_tags?": "list",
    "category": "str",
    "document_note?": "str?",
    "readwise_url?": "str",
    "source_url?": "str?",
    "external_id?": "str?",
    "asin?": "str?",
    "highlights": "list",
}
EXPORT_HIGHLIGHT = {
    "id": "int",
    "is_deleted?": "bool",
    "text": "str",
    "location": "int?",
    "location_type": "str",
    "note": "str?",
    "color": "str",
    "highlighted_at": "export time?",
    "created_at": "export time",
    "updated_at": "export time",
    "external_id?": "str?",
    "end_location?": "int?",
    "url": "str?",
    "book_id": "int",
    "tags": "list",
    "is_favorite": "bool",
    "is_discard": "bool",
    "readwise_url": "str",
}
HIGHLIGHT = {
    "id": "int",
    "text": "str",
    "note": "str",
    "location": "int?",
    "location_type": "str",
    "highlighted_at": "list time?",
    "url": "str?",
    "color": "str",
    "updated": "list time",
    "book_id": "int",
    "tags": "list",
}
BOOK = {
    "id": "int",
    "title": "str",
    "author": "str?",
    "category": "str",
    "source": "str",
    "num_highlights": "int",
    "last_highlight_at": "list time?",
    "updated": "list time",
    "cover_image_url": "str?",
    "highlights_url": "str",
    "source_url": "str?",
    "asin": "str?",
    "tags": "list",
    "document_note": "str",
}
POSTED_BOOK = BOOK | {
    "resurface_weighting": "number",
    "source_syncs_all_books_together": "bool",
    "modified_highlights": "list",
}
TAG = {"id": "int", "name": "str"}
BOOK_TAG = {"id": "int", "user_book": "int", "name": "str"}
LIST_PAGE = {"count": "int", "next": "str?", "previous": "str?", "results": "list"}
REVIEW = {"review_id": "int", "review_url?": "str", "review_completed?": "bool", "highlights": "list"}
REVIEW_HIGHLIGHT = {
    "text": "str?",
    "title": "str",
    "author": "str?",
    "url": "str?",
    "source_url": "str?",
    "source_type": "str",
    "category": "str?",
    "location_type": "str",
    "location": "int?",
    "note": "str",
    "highlighted_at": "list time?",
    "highlight_url": "str?",
    "image_url": "str?",
    "id": "int",
    "api_source": "str?",
}
READER_PAGE = {"count": "int", "nextPageCursor": "str?", "results": "list"}
READER_DOCUMENT = {
    "id": "str",
    "url": "str",
    "title": "str?",
    "author": "str?",
    "source": "str?",
    "category": "str",
    "location": "str?",
    "tags": "object",
    "site_name": "str?",
    "word_count": "int?",
    "reading_time": "minutes?",
    "listening_time?": "str?",
    "created_at": "reader time",
    "updated_at": "reader time",
    "published_date": "date?",
    "summary": "str?",
    "image_url": "str?",
    "content": "str?",
    "source_url": "str?",
    "notes": "str",
    "parent_id": "str?",
    "reading_progress": "number",
    "first_opened_at": "reader time?",
    "last_opened_at": "reader time?",
    "saved_at": "reader time",
    "last_moved_at": "reader time",
    "html_content?": "str?",
}
READER_TAG = {"name": "str", "type": "str", "created": "int"}
READER_RECEIPT = {"id": "str", "url": "str"}
READER_TAG_PAGE = {"count": "int", "nextPageCursor": "str?", "results": "list"}
READER_TAG_ROW = {"key": "str", "name": "str"}


def _matches(pattern: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def oddities(value: dict[str, Any], table: dict[str, str]) -> list[str]:
    """Say where an object differs from its table."""
    kinds = {key.rstrip("?"): kind for key, kind in table.items()}
    missing = [key for key in table if not key.endswith("?") and key not in value]
    found = [f"{key} is missing" for key in missing] + [f"{key} is not known" for key in value.keys() - kinds.keys()]
    for key in value.keys() & kinds.keys():
        kind = kinds[key]
        if not (value[key] is None and kind.endswith("?")) and not KINDS[kind.rstrip("?")](value[key]):
            found.append(f"{key} is {value[key]!r}, not {kind}")
    return found


def in_order(value: dict[str, Any], table: dict[str, str]) -> bool:
    """Whether an object's keys come in the order of the table, none left out but the optional last one."""
    keys = [key.rstrip("?") for key in table]
    return list(value) in (keys, keys[:-1])


def parts(path: str, body: Any) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Take an answer of either API apart into objects, each with its table."""
    if "/v2/export/" in path:
        yield body, EXPORT_PAGE
        for book in body["results"]:
            yield book, EXPORT_BOOK
            yield from ((tag, TAG) for tag in book.get("book_tags", []))
            for highlight in book["highlights"]:
                yield highlight, EXPORT_HIGHLIGHT
                yield from ((tag, TAG) for tag in highlight["tags"])
    elif "/v3/list/" in path:
        yield body, READER_PAGE
        for document in body["results"]:
            yield document, READER_DOCUMENT
            yield from ((tag, READER_TAG) for tag in document["tags"].values())
    elif "/v2/review/" in path:
        yield body, REVIEW
        yield from ((highlight, REVIEW_HIGHLIGHT) for highlight in body["highlights"])
    elif "/v2/highlights/" in path and isinstance(body, list):
        yield from ((book, POSTED_BOOK) for book in body)
    else:
        yield from _rows(path, body)


def _rows(path: str, body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    row, tag = (BOOK, BOOK_TAG) if "/books/" in path else (HIGHLIGHT, TAG)
    if "results" in body:
        yield body, LIST_PAGE
    for one in body.get("results", [body]):
        yield one, row
        yield from ((each, tag) for each in one["tags"])


@pytest.fixture
def library() -> Library:
    return sample_library()


ANSWERS = [
    "v2/export/",
    "v2/export/?includeDeleted=true",
    "v2/highlights/",
    "v2/books/",
    "v2/review/",
    "v3/list/",
    "v3/list/?withHtmlContent=true&location=later",
    "v3/list/?category=highlight",
    "v3/list/?category=note",
]


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_have_the_keys_and_types_of_the_documents(api: Api, path: str) -> None:
    found = [oddities(value, table) for value, table in parts(f"/api/{path}", api.get(path))]

    assert len(found) > 2
    assert not any(found), found


@pytest.mark.parametrize("path", ANSWERS)
def test_keys_come_in_the_order_the_services_send_them(api: Api, path: str) -> None:
    assert all(in_order(value, table) for value, table in parts(f"/api/{path}", api.get(path)) if len(table) > 4)


def test_details_are_shaped_like_the_rows_of_their_lists(api: Api, library: Library) -> None:
    for book in library.books.values():
        assert not oddities(api.get(f"v2/books/{book.id}/"), BOOK)
        assert not oddities(api.get(f"v2/highlights/{book.highlights[0].id}/"), HIGHLIGHT)


def test_a_post_answers_books_with_the_undocumented_keys(api: Api) -> None:
    reply = api.ask("POST", "v2/highlights/", {"highlights": [{"text": "alone"}]})

    (book,) = reply.json()
    assert (reply.status_code, oddities(book, POSTED_BOOK), list(book)) == (200, [], list(POSTED_BOOK))


def test_reader_writes_answer_id_and_address_only(api: Api) -> None:
    saved = api.ask("POST", "v3/save/", {"url": "https://example.com/a"})
    moved = api.ask("PATCH", f"v3/update/{saved.json()['id']}/", {"location": "later"})

    assert (saved.status_code, oddities(saved.json(), READER_RECEIPT)) == (201, [])
    assert (moved.status_code, oddities(moved.json(), READER_RECEIPT)) == (200, [])


def test_reader_tags_come_by_key(api: Api) -> None:
    page = api.get("v3/tags/")

    assert not oddities(page, READER_TAG_PAGE)
    assert not any(oddities(row, READER_TAG_ROW) for row in page["results"])
    assert {"key": "tools-for-thought", "name": "tools for thought"} in page["results"]


CAPTURED = [
    "readwise_v2_export_incremental.json",
    "readwise_v2_highlights_create.json",
    "readwise_v2_highlight_and_book_details.json",
    "readwise_v2_review_and_book.json",
    "reader_v3_list_pages.json",
    "reader_v3_list_tagged.json",
]


@pytest.mark.parametrize("name", CAPTURED)
def test_recorded_answers_fit_the_same_tables(captures: Path, name: str) -> None:
    exchanges = json.loads((captures / name).read_text(encoding="utf-8"))["exchanges"]

    found = [
        oddities(value, table)
        for exchange in exchanges
        for value, table in parts(exchange["request"]["path"], exchange["body"])
    ]
    assert not any(found), [each for each in found if each]


def test_refusals_are_worded_like_the_recorded_ones(captures: Path, simulator: Simulator, api: Api) -> None:
    essay = simulator.library.add_reader_document("Essay")
    child = simulator.library.highlight_in_reader(essay.id, "a passage").external_id
    recorded = json.loads((captures / "readwise_errors.json").read_text(encoding="utf-8"))["exchanges"]
    said = [(one["status"], one["body"]) for one in recorded[1:]]

    strangers = Api(simulator)
    with strangers.session:
        strangers.session.headers["Authorization"] = "Token someone-elses"
        replies = [
            strangers.ask("GET", "v2/highlights/"),
            api.ask("POST", "v2/highlights/", {"highlights": []}),
            api.ask("POST", "v2/highlights/", {"highlights": [{"text": "x" * 8192}]}),
            api.ask("PATCH", f"v3/update/{child}/", {"title": "mine"}),
            api.ask("DELETE", "v2/books/1/"),
        ]

    assert [(reply.status_code, reply.json()) for reply in replies] == said
