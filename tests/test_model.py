from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.model import Document, Highlight, reading_order
from vaultsync.rendering.specimen import specimens


def highlight(number: int, **fields: Any) -> Highlight:
    return Highlight(id=str(number), block_id=f"rw{number}", text="", **fields)


def ids(highlights: tuple[Highlight, ...]) -> list[str]:
    return [one.id for one in highlights]


def test_highlights_are_read_by_place_then_time_then_age() -> None:
    early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
    shuffled = [
        highlight(7),
        highlight(6, created=late),
        highlight(5, location=9),
        highlight(4, location=2, highlighted_at=late),
        highlight(10, location=2, highlighted_at=early, created=late),
        highlight(9, location=2, highlighted_at=early),
    ]

    assert ids(reading_order(shuffled)) == ["9", "10", "4", "5", "7", "6"]


@given(st.permutations(range(6)))
def test_reading_order_does_not_depend_on_the_order_of_arrival(order: list[int]) -> None:
    highlights = [highlight(n, location=n % 2 or None) for n in order]

    assert reading_order(highlights) == reading_order(reversed(highlights))


def test_only_live_highlights_are_shown() -> None:
    document = Document(id="x:1", title="", highlights=(highlight(1, deleted=True), highlight(2, discarded=True)))

    assert ids(document.live) == ["2"]


def test_a_document_can_not_be_changed() -> None:
    with pytest.raises(AttributeError):
        Document(id="x:1", title="").title = "y"  # type: ignore[misc]


def test_specimens_show_everything_nothing_and_no_highlights() -> None:
    rich, bare, unread = specimens("tweets")

    assert {one.category for one in (rich, bare, unread)} == {"tweets"}
    assert all(getattr(rich, field) for field in Document.__struct_fields__ if field != "deleted")
    assert not any(
        getattr(bare, field)
        for field in Document.__struct_fields__
        if field not in ("id", "category", "highlights", "extra")
    )
    assert rich.highlights and bare.highlights and not unread.highlights
