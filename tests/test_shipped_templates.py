"""Notes by the shipped templates: whatever a passage holds, Obsidian shows and links each one by itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from msgspec.structs import replace

from vaultsync.lint.writable import lint
from vaultsync.model import Document, Highlight
from vaultsync.properties import read_properties
from vaultsync.rendering import templates
from vaultsync.rendering.render import Rendered, Renderer
from vaultsync.rendering.tracked import Span

NOW = datetime(2024, 5, 2, tzinfo=UTC)
WHEN = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
MARKDOWN = MarkdownIt("commonmark").enable("table")
FENCE = "```"
VIDEO = 'Best advice. <video controls><source src="https://v.example/a.mp4">No video.</video>'
Lines = tuple[int, int]


def passage(number: int, text: str, **more: Any) -> Highlight:
    given_fields: dict[str, Any] = {"service_url": f"https://readwise.io/open/{number}", "highlighted_at": WHEN} | more
    return Highlight(id=str(number), block_id=f"rw{number}", text=text, **given_fields)


def book(*highlights: Highlight, **more: Any) -> Document:
    given_fields: dict[str, Any] = {"title": "A Book", "category": "books", "source": "readwise"} | more
    return Document(id="readwise:1", highlights=highlights, **given_fields)


def with_texts(*texts: str, note: str = "") -> Document:
    return book(*(passage(number, text, note=note) for number, text in enumerate([*texts, "The next one."], 1)))


BOOKMARK = Document(
    id="linkding:9",
    title="On Tea",
    category="bookmarks",
    source="linkding",
    url="https://tea.example.org/a(b)?c=1",
    service_url="https://links.example.org/bookmarks/9/edit",
    cover="https://links.example.org/static/tea.png",
    tags=("green", "to-read"),
    created=WHEN,
    view="inbox",
    site_name="tea.example.org",
    extra={"web_archive_snapshot_url": "https://web.archive.org/web/20240501123000/https://tea.example.org/"},
)
HOSTILE = {
    "no highlights": book(),
    "nothing known": Document(id="linkding:9", title="", category="bookmarks"),
    "a highlight of which nothing is known": book(Highlight(id="1", block_id="rw1", text=""), category=""),
    "an empty note": with_texts("One line."),
    "five paragraphs": with_texts("One.\n\nTwo.\n\nThree.\n\nFour.\n\nFive."),
    "lists and code": with_texts(f"Both:\n\n- a\n  - b\n\n1. c\n\n{FENCE}py\n# d\n{FENCE}", "- a\n- b", "1. a"),
    "code that is never closed": with_texts(f"{FENCE}py\nx = 1", f"~~~\n\n{FENCE}", FENCE),
    "only an image": with_texts("![](https://i.example/a.png)", "Words \n\n![](https://i.example/b.png)"),
    "no text": with_texts("", "", "\n\n"),
    "raw HTML": with_texts(VIDEO, "<details>\n<summary>open", "<!-- open\n\ncomment", "<div>"),
    "lines under text": with_texts("Title\n---", "Title\n===", "---", "===", "***", "A #", "# A", "## A #"),
    "tables": with_texts("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n--|--", "| a |"),
    "quotes and callouts": with_texts("> a\nb", "[!warning] a\nb", ">", "[ ] a task", "[x]"),
    "indented text": with_texts("    code", "\tcode", " a\n  b", "a\n\n\n\nb"),
    "another's anchor in a passage": with_texts("one", "see ^rw1", "two\n\n^rw1 too"),
    "a note of several paragraphs": with_texts("One.", note=f"Two.\n\n- a\n- b\n\n{FENCE}\nThree.\n\n---\n\n# Four"),
    "a note that begins with code": with_texts("One.", note=f"{FENCE}\nTwo."),
    "a note that begins with a line": with_texts("One.", note="---\nTwo.\n==="),
    "tags with blanks": book(passage(1, "One.", tags=("to read", "2024", "über")), tags=("to read", "2024")),
    "marks in the title": book(passage(1, "One."), title='[A] | #b ^c: "d"', author="E: [[F]] | g"),
    "no text but much else": book(
        title="no",
        author="12:30",
        cover="https://i.example/a b.png",
        url="https://example.org/a(b)",
        service_url="https://readwise.io/bookreview/1",
        summary=f"Short.\n\n- a\n\n{FENCE}\nopen",
        note="Mine.\n\nAnd more.",
        view="later",
        published=date(2024, 2, 29),
        created=WHEN,
        content=f"---\n\n# Head\n\n{FENCE}\nopen",
        extra={"source": "reader"},
    ),
    "right to left and Chinese": with_texts("السلام عليكم", "道可道，\n\n非常道。", note="ملاحظة"),
    "flags and places": book(
        passage(1, "One.", favorite=True, location=7, location_type="page"),
        passage(2, "Two.", discarded=True, location=91, location_type="location"),
        passage(3, "Three.\n\nFour.", favorite=True, discarded=True, location=3, location_type="order"),
    ),
    "tweets": book(passage(1, VIDEO, url="https://x.example/1"), passage(2, "Two."), category="tweets"),
    "a podcast": book(
        passage(1, "**One**\n\n- a", location=150, location_type="time_offset", url="https://s.example/1"),
        passage(2, "Two.", location=4801, location_type="time_offset"),
        passage(3, "Three.", service_url="", highlighted_at=None),
        category="podcasts",
    ),
    "a bookmark": BOOKMARK,
    "a bookmark with a hostile note": replace(BOOKMARK, note=f"---\n\n- a\n\n{FENCE}\nopen", summary=f"{FENCE}\n> a"),
}
every_set = pytest.mark.parametrize("name", templates.SETS)
every_document = pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())


@lru_cache
def shipped(name: str) -> templates.Ready:
    return templates.ready(templates.load(Path("/no/vault"), name), {})


def rendered(name: str, document: Document) -> Rendered:
    note: Rendered = shipped(name).render(document, now=NOW)
    return note


def linked(body: str) -> dict[str, list[Lines]]:
    """Block ids where Obsidian takes them, each with the lines of the element it names, once per place."""
    found: dict[str, list[Lines]] = {}
    for node in SyntaxTreeNode(MARKDOWN.parse(body)).walk():
        if node.type == "paragraph" and (match := re.search(r"(?:^|\s)\^([A-Za-z0-9-]+)$", node.children[0].content)):
            named = _named(node, body.split("\n"), alone=node.children[0].content == f"^{match[1]}")
            if named is not None and named.map is not None:
                found.setdefault(match[1], []).append(named.map)
    return found


def _named(paragraph: SyntaxTreeNode, lines: list[str], *, alone: bool) -> SyntaxTreeNode | None:
    """What an id at the end of a paragraph names; None if Obsidian would not see it there."""
    parent, before = paragraph.parent, paragraph.previous_sibling
    assert parent is not None and paragraph.map is not None
    start, end = paragraph.map
    if alone:
        apart = not lines[start - 1] and not lines[end]
        return before if parent.is_root and apart and before and before.type in ("blockquote", "table") else None
    if parent.type == "list_item":
        later = parent.children[parent.children.index(paragraph) + 1 :]
        return parent if all(node.type == "bullet_list" for node in later) else None
    return paragraph if parent.is_root else None


def span(note: Rendered, owner: str, field: str) -> Span:
    (found,) = (span for span in note.layout.spans if (span.owner, span.field) == (owner, field))
    return found


def lines_of(note: Rendered, found: Span) -> Lines:
    """The lines of the body a value stands on, the last one included."""
    body = note.layout.body
    return note.text.count("\n", body, found.start), note.text.count("\n", body, found.end)


def assert_each_by_itself(note: Rendered, document: Document) -> None:
    """Each anchor counts once, names an element that holds the whole passage, and no element holds two."""
    links = linked(note.text[note.layout.body :])
    assert {id_: len(places) for id_, places in links.items()} == {h.block_id: 1 for h in document.live}
    elements = [links[highlight.block_id][0] for highlight in document.live]
    for (_, end), (start, _) in zip(elements, elements[1:], strict=False):
        assert end <= start
    for highlight, (start, end) in zip(document.live, elements, strict=True):
        first, last = lines_of(note, span(note, highlight.id, "text"))
        assert start <= first and last < end


def assert_labels_stand(note: Rendered, document: Document) -> None:
    """Each note and tag list has its label beside it, and no code or HTML has swallowed that."""
    body = note.text[note.layout.body :].split("\n")
    opaque = {"fence", "code_block", "html_block"}
    swallowed = [node.map for node in SyntaxTreeNode(MARKDOWN.parse("\n".join(body))).walk() if node.type in opaque]
    for highlight in document.live:
        for field, label in (("note", "Note"), ("tags", "Tags:")):
            at, _ = lines_of(note, span(note, highlight.id, field))
            line = at if label in body[at] else at - 1
            assert label in body[line]
            assert not [lines for lines in swallowed if lines and lines[0] <= line < lines[1]]


@every_set
@every_document
def test_every_passage_can_be_linked_and_stays_in_the_element_its_anchor_names(name: str, document: Document) -> None:
    assert_each_by_itself(rendered(name, document), document)


@every_set
@every_document
def test_every_highlight_has_a_labelled_place_for_a_note_and_for_tags(name: str, document: Document) -> None:
    assert_labels_stand(rendered(name, document), document)


NASTY = st.lists(
    st.sampled_from(
        ["", "text", "- a", "1. a", "> a", "# a", "a #", "---", "===", FENCE, "~~~", "    a", "\ta", "| a | b |"]
        + [
            "|---|---|",
            "<div>",
            "<!--",
            VIDEO,
            "![](a.png)",
            "[ ] a",
            "[!note] a",
            "* * *",
            "`a",
            "a\\",
            "[a]: b",
            "[^1]: a",
        ]
    ),
    max_size=5,
).map("\n".join)


@given(st.sampled_from(templates.SETS), st.lists(NASTY, min_size=1, max_size=3), NASTY)
def test_no_passage_and_no_note_swallows_the_next(name: str, texts: list[str], note: str) -> None:
    document = with_texts(*texts, note=note)

    result = rendered(name, document)

    assert_each_by_itself(result, document)
    assert_labels_stand(result, document)


@every_set
@every_document
def test_fields_are_tracked_so_that_edits_can_be_read_back(name: str, document: Document) -> None:
    note = rendered(name, document)

    for highlight in document.live:
        found = {span.field for span in note.layout.spans if span.owner == highlight.id}
        assert {"text", "note", "tags", "anchor"} <= found
    own = {span.field for span in note.layout.spans if not span.owner}
    assert {"note", "tags"} <= own | {owned.field for owned in note.layout.properties}


@every_set
@every_document
def test_values_are_parted_by_words_of_the_template(name: str, document: Document) -> None:
    spans = sorted(rendered(name, document).layout.spans, key=lambda span: span.start)

    assert all(left.end < right.start for left, right in zip(spans, spans[1:], strict=False))


@every_set
@every_document
def test_tracked_and_plain_rendering_say_the_same(name: str, document: Document) -> None:
    made = templates.load(Path("/no/vault"), name)
    note = rendered(name, document)

    plain = Renderer(made.sources).plain(made.main(document.category), document, now=NOW)

    assert plain.endswith(note.text[note.layout.body :])


@every_set
@every_document
def test_a_note_has_no_stray_blanks_or_lines(name: str, document: Document) -> None:
    note = rendered(name, document)
    text, at = "", 0
    for found in sorted(note.layout.spans, key=lambda span: span.start):
        text, at = f"{text}{note.text[at : found.start]}value", found.end
    text += note.text[at:]

    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert "\n\n\n" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")


@every_set
@every_document
def test_properties_can_be_read_and_name_the_document(name: str, document: Document) -> None:
    assert read_properties(rendered(name, document).text)["vaultsync_id"] == document.id


def test_a_property_has_one_type_in_the_whole_vault() -> None:
    kinds: dict[str, set[str]] = {}
    for name in templates.SETS:
        for document in HOSTILE.values():
            properties = yaml.safe_load(rendered(name, document).text.split("---\n")[1])
            for key, value in properties.items():
                if value is not None:
                    kinds.setdefault(key, set()).add(type(value).__name__)

    assert kinds == {
        "vaultsync_id": {"str"},
        "title": {"str"},
        "author": {"str"},
        "category": {"str"},
        "source": {"str"},
        "view": {"str"},
        "url": {"str"},
        "cover": {"str"},
        "published": {"date"},
        "created": {"date"},
        "highlighted": {"date"},
        "highlights": {"int"},
        "tags": {"list"},
    }


def body_of(name: str, document: Document) -> str:
    note = rendered(name, document)
    return note.text[note.layout.body :]


def test_the_default_set_quotes_a_passage_and_lists_what_belongs_to_it() -> None:
    noted = passage(7, "One.\n\nTwo.", note="Mine.\n\nMore.", tags=("to read",), location=91, location_type="location")

    assert body_of("default", book(noted)) == (
        "# A Book\n\n- Note: \n\n## Highlights\n\n"
        "> One.\n>\n> Two.\n\n^rw7\n\n"
        "- Note: Mine.\n\n  More.\n- Tags: #to-read\n- [Location 91](<https://readwise.io/open/7>) · 2024-05-01\n"
    )


def test_the_minimal_set_keeps_prose_on_one_line_and_quotes_the_rest_inside_the_item() -> None:
    short = passage(7, "One.", location=91, location_type="location")

    assert body_of("minimal", book(short, passage(8, "Two.\n\nThree.", note="Mine."))).endswith(
        "- One. ([Location 91](<https://readwise.io/open/7>)) ^rw7\n    - Note: \n    - Tags: \n"
        "- > Two.\n  >\n  > Three.\n\n  ([View Highlight](<https://readwise.io/open/8>)) ^rw8\n"
        "    - Note: Mine.\n    - Tags: \n"
    )


@every_set
def test_a_podcast_says_when_it_was_said(name: str) -> None:
    body = body_of(name, HOSTILE["a podcast"])

    assert "[02:30](<https://s.example/1>)" in body
    assert "[1:20:01](<https://readwise.io/open/2>)" in body


@every_set
def test_the_full_text_comes_last_and_folded(name: str) -> None:
    assert "\n\n> [!note]- Full text\n>\n> ---\n>\n> # Head\n" in body_of(name, HOSTILE["no text but much else"])


@every_set
def test_a_discarded_highlight_and_a_favourite_are_told_apart(name: str) -> None:
    body = body_of(name, HOSTILE["flags and places"])

    assert body.count("★") == 2
    assert body.lower().count("discarded") == 2


def test_notes_of_tweets_change_with_the_general_template_they_extend() -> None:
    made = templates.load(Path("/no/vault"), "default")
    changed = {**made.fallback, "document.md": made.fallback["document.md"] + "\n"}

    after = templates.Templates({}, changed, made.shipped)

    assert after.fingerprint("tweets") != made.fingerprint("tweets")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "default",
            "# On Tea\n\n![cover|150](<https://links.example.org/static/tea.png>)\n\n{}\n\n- Summary: \n- Note: \n",
        ),
        (
            "callouts",
            "# On Tea\n\n> [!info] Bookmark · {}\n>\n> ![cover|150](<https://links.example.org/static/tea.png>)\n\n"
            "> [!abstract] Summary\n>\n\n> [!note] Note\n>\n",
        ),
    ],
)
def test_a_bookmark_has_its_links_and_a_place_for_words_about_it(name: str, body: str) -> None:
    links = (
        "[tea.example.org](<https://tea.example.org/a(b)?c=1>)"
        " · [Archived copy](<https://web.archive.org/web/20240501123000/https://tea.example.org/>)"
        " · [Open in linkding](<https://links.example.org/bookmarks/9/edit>)"
    )

    assert body_of(name, BOOKMARK) == body.format(links)


@pytest.mark.parametrize("name", ["default", "callouts"])
def test_a_bookmark_of_linkding_can_be_switched(name: str) -> None:
    flags = {"unread": True, "shared": False, "is_archived": False}

    text = rendered(name, replace(BOOKMARK, extra={**BOOKMARK.extra, **flags})).text

    assert "\nunread: true\nshared: false\narchived: false\n---\n" in text
    assert "unread" not in rendered(name, BOOKMARK).text


@every_set
def test_note_and_tags_of_a_bookmark_can_be_edited(name: str) -> None:
    def render(document: Document) -> Rendered:
        return rendered(name, document)

    found = lint(render, "bookmarks")

    assert all(found.writable("", field) for field in ("note", "tags", "summary"))
