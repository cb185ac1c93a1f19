"""A document made by code that is not ours is looked at before it is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from vaultsync.host.wellformed import problem
from vaultsync.model import Document, Highlight

HIGHLIGHT = Highlight(
    id="1", block_id="mem1", text="Simplify,\n\tsimplify.", highlighted_at=datetime(2026, 1, 5, tzinfo=UTC)
)
WALDEN = Document(id="memory:1", title="Walden", tags=("pond",), highlights=(HIGHLIGHT,), extra={"at": [1, None]})


def test_document_in_order_has_no_problem() -> None:
    assert problem(WALDEN) == ""


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"id": "memory"}, "id: 'memory' is not a prefix, a colon and an id"),
        ({"id": "memory:a b"}, "id: 'memory:a b' is not a prefix, a colon and an id"),
        ({"title": None}, "Expected `str`, got `null` - at `$.title`"),
        ({"tags": "text"}, "Expected `array`, got `str` - at `$.tags`"),
        ({"highlights": ("text",)}, "highlights: one of them is of type str"),
        ({"extra": {"at": object()}}, "Encoding objects of type object is unsupported"),
        ({"author": "a\x00b"}, r"author: 'a\x00b' has a character no note can hold"),
        ({"tags": ("a", "b\ufdd0")}, r"tags: 'b\ufdd0' has a character no note can hold"),
        ({"summary": "a\r\nb"}, r"summary: 'a\r\nb' has a character no note can hold"),
        ({"created": datetime(2026, 1, 5)}, "created: 2026-01-05T00:00:00 is not in UTC"),  # noqa: DTZ001
        (
            {"updated": datetime(2026, 1, 5, tzinfo=timezone(timedelta(hours=1)))},
            "updated: 2026-01-05T00:00:00+01:00 is not in UTC",
        ),
        ({"highlights": (HIGHLIGHT, HIGHLIGHT)}, "highlights: id '1' is there twice"),
    ],
)
def test_problem_of_a_document_is_named(fields: dict[str, Any], said: str) -> None:
    assert problem(msgspec.structs.replace(WALDEN, **fields)) == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"block_id": "a b"}, "highlights: block_id 'a b' has more than letters, digits and dashes"),
        ({"note": "\ud800"}, r"highlight 1: note: '\ud800' has a character no note can hold"),
        ({"location": "1"}, "Expected `int | null`, got `str` - at `$.highlights[0].location`"),
    ],
)
def test_problem_of_a_highlight_is_named(fields: dict[str, Any], said: str) -> None:
    highlight = msgspec.structs.replace(HIGHLIGHT, **fields)
    assert problem(msgspec.structs.replace(WALDEN, highlights=(highlight,))) == said


def test_something_else_is_no_document() -> None:
    assert problem("text") == "it is of type str"  # type: ignore[arg-type]
