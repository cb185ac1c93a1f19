"""Documents and values made to break a rendering, for the tests that try to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from vaultsync.model import Document, Highlight
from vaultsync.rendering.render import Rendered, Renderer

NOW = datetime(2024, 5, 1, 12, 30, 9, tzinfo=UTC)

TRAPS = (
    "", " ", "no", "Yes", "on", "y", "null", "~", "true", "12:30", "007", "0o7", "0x1f", "1_000", "1e3", "1.5",
    "2024", "-1", ".inf", ".nan", "=", "<<", "2024-05-01", "2024-05-01T12:30:09", "---", "...", "- a", "? a", ": ",
    "a: b", "a:", "# no", "a #b", "'", '"', "it's", 'say "no"', "\\", "\\n", "a\\", "[x]", "{x}", "a, b", "a,b",
    "&a", "*a", "!x", "|", ">", "%x", "@x", "`x`", "a\nb", "a\n\nb", "\n", "a\n", "\na", "---\na: 1\n---",
    "a\n---\nb", "a\n...\nb", "\tx", "x\t", " x", "x ", "a  b", "a\u2028b", "a\u2029b", "\xa0", "\ufeffx", "é", "é",
    "🇩🇪 👩🏽\u200d🚀", "مرحبا", "漢字", "\u200bx", "^rw1", "> q", "{{ x }}", "{% x %}", "x" * 1100, "vaultsync_id: x",
    "\nvaultsync_id: x", "]", "}", ", x", "x, ", "-", "a -", "key: |\n  x", "[[x]]", "#x", "|x|",
)  # fmt: skip

# What the model promises: no control characters but tab and newline, no noncharacters, no surrogates.
_CLEAN = st.characters(exclude_categories=["Cs", "Cc", "Cn"])
TEXTS = st.one_of(
    st.sampled_from(TRAPS),
    st.text(st.sampled_from(" \n\t:#-'\"\\,[]{}&*!|>%@`?~=<.0159aeNo\u2028é🙂")),
    st.text(st.one_of(_CLEAN, st.sampled_from("\n\t"))),
)
WORDS = st.sampled_from(["no", "to read", "2024", "Stoic", "stoic", "a/b", "#x", "é", "!?", "a, b", ""])
MOMENTS = st.datetimes(datetime(100, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds have none
HIGHLIGHTS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, text=TEXTS, note=TEXTS, tags=st.lists(WORDS, max_size=3).map(tuple), color=st.sampled_from(["", "yellow"]),
    location=st.none() | st.integers(0, 99), favorite=st.booleans(), highlighted_at=st.none() | MOMENTS,
)  # fmt: skip


def _document(fields: dict[str, Any], highlights: list[dict[str, Any]]) -> Document:
    made = tuple(Highlight(id=str(n), block_id=f"rw{n}", **one) for n, one in enumerate(highlights, 1))
    return Document(id="readwise:1", highlights=made, **fields)


DOCUMENTS = st.builds(
    _document,
    st.builds(
        dict, title=TEXTS, author=TEXTS, note=TEXTS, tags=st.lists(WORDS, max_size=3).map(tuple),
        published=st.none() | st.dates(), updated=st.none() | MOMENTS, word_count=st.none() | st.integers(),
        reading_progress=st.none() | st.floats(0, 1),
    ),
    st.lists(HIGHLIGHTS, max_size=4),
)  # fmt: skip


def document(**fields: Any) -> Document:
    """A document with two highlights, unless told otherwise."""
    told: dict[str, Any] = {
        "title": "Meditations",
        "author": "Marcus Aurelius",
        "tags": ("to read", "2024"),
        "highlights": (
            Highlight(id="1", block_id="rw1", text="First.", note="Mine.", tags=("a b", "c")),
            Highlight(id="2", block_id="rw2", text="Second."),
        ),
    }
    return Document(id="readwise:1", **(told | fields))


def rendered(template: str, shown: Document | None = None, parts: Mapping[str, str] | None = None) -> Rendered:
    """What a template makes of a document. parts: texts it may include."""
    renderer = Renderer({"document.md": template, **(parts or {})})
    return renderer.render("document.md", shown or document(), now=NOW)
