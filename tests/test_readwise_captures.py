"""What the services really answered is read without a problem, and loses nothing a reader would miss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vaultsync.sources.readwise import documents, record, settle, wire
from vaultsync.sources.readwise.reading import BOOK, READER_DOCUMENT

CAPTURES = Path(__file__).parents[2] / "shared" / "captures"

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="no recorded answers at hand")


def pages(path: str) -> list[Any]:
    """Return the recorded answers to a path that are pages."""
    found: list[Any] = []
    for file in sorted(CAPTURES.glob("read*.json")):
        for exchange in json.loads(file.read_text())["exchanges"]:
            body = exchange["body"]
            if exchange["request"]["path"].startswith(path) and isinstance(body, dict) and "results" in body:
                found.append(pytest.param(body, id=f"{file.stem}-{len(found)}"))
    return found


@pytest.mark.parametrize("body", pages("/api/v2/export/") if CAPTURES.is_dir() else [])
def test_a_recorded_export_is_read_without_a_problem(body: Any) -> None:
    for raw in wire.envelope(json.dumps(body).encode()).results:
        book, problems = BOOK.read(raw)
        assert problems == ()
        assert book is not None
        sent = json.loads(raw)
        told = documents.document(record.absorbed(None, settle.book_piece(book)))
        assert told.id == f"readwise:{sent['user_book_id']}"
        assert told.title == sent["title"].strip()
        assert sorted(one.text for one in told.highlights) == sorted(one["text"] for one in sent["highlights"])
        assert all(one.created and one.updated for one in told.highlights)


@pytest.mark.parametrize("body", pages("/api/v3/list/") if CAPTURES.is_dir() else [])
def test_a_recorded_reader_list_is_read_without_a_problem(body: Any) -> None:
    for raw in wire.envelope(json.dumps(body).encode()).results:
        document, problems = READER_DOCUMENT.read(raw)
        assert problems == ()
        assert document is not None
        sent = json.loads(raw)
        told = documents.document(record.absorbed(None, settle.reader_document(document, "")))
        assert told.id == f"reader:{sent['id']}"
        assert told.title == (sent["title"] or "").strip()
        assert told.tags == tuple(tag["name"] for tag in (sent["tags"] or {}).values())
        assert (told.published is None) == (sent["published_date"] is None)


def test_the_recorded_cursors_are_read_as_they_came() -> None:
    cursors = {body.values[0]["nextPageCursor"] for body in pages("/api/v2/export/")}
    read = {wire.envelope(json.dumps(body.values[0]).encode()).after for body in pages("/api/v2/export/")}
    assert read == cursors
