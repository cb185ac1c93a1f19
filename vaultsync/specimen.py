"""Made-up documents that show what a template does before it meets a real one. No I/O."""

from __future__ import annotations

from datetime import UTC, date, datetime

from vaultsync.model import Document, Highlight

_WHEN = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)

# Keys that services fill; templates may ask for any of them, so a specimen has them all.
_DOCUMENT_EXTRA = [
    "source",
    "reader_source",
    "asin",
    "readable_title",
    "unique_url",
    "external_id",
    "reader_url",
    "reading_time",
    "listening_time",
    "saved_at",
    "first_opened_at",
    "last_opened_at",
    "last_moved_at",
]
_HIGHLIGHT_EXTRA = ["end_location", "external_id"]


def _rich_highlight(number: int) -> Highlight:
    return Highlight(
        id=str(number),
        block_id=f"rw{number}",
        text=f"A passage, number {number}.\n\nIts second paragraph.",
        note="What I thought.\n\nAnd then again.",
        tags=("to read", "2024"),
        color="yellow",
        location=number,
        location_type="page",
        url="https://example.org/passage",
        service_url="https://example.org/open",
        highlighted_at=_WHEN,
        created=_WHEN,
        updated=_WHEN,
        favorite=number == 1,
        extra=dict.fromkeys(_HIGHLIGHT_EXTRA),
    )


def specimens(category: str) -> tuple[Document, ...]:
    """Three documents of a category: everything given, nothing given, and no highlights."""
    rich = Document(
        id="specimen:1",
        title="A Title: with a colon",
        author="An Author",
        category=category,
        source="specimen",
        url="https://example.org/",
        service_url="https://example.org/service",
        cover="https://example.org/cover.png",
        summary="In short.",
        note="My note on all of it.",
        tags=("philosophy/stoicism", "2024"),
        highlights=(_rich_highlight(1), _rich_highlight(2)),
        published=date(2024, 2, 29),
        created=_WHEN,
        updated=_WHEN,
        location="later",
        view="later",
        site_name="example.org",
        word_count=1200,
        reading_progress=0.5,
        content="The full text.",
        extra=dict.fromkeys(_DOCUMENT_EXTRA, ""),
    )
    bare = Document(
        id="specimen:2",
        title="",
        category=category,
        highlights=(Highlight(id="3", block_id="rw3", text="", extra=dict.fromkeys(_HIGHLIGHT_EXTRA)),),
        extra=dict.fromkeys(_DOCUMENT_EXTRA),
    )
    unread = Document(id="specimen:3", title="Unread", category=category, extra=dict.fromkeys(_DOCUMENT_EXTRA))
    return rich, bare, unread
