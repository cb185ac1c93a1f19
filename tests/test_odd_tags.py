"""What is typed as a tag and is no plain word: numbers, truth values, dates, hashes, commas, nothing at all.

A row of the table is what stands in the property `tags`, and what the service has of it after a push. Whatever that is:
other edits of the note go out, the lines stay as they were typed, and the runs after it change nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.export_case import Reading, reader
from tests.test_push import push, type_note, type_tags, walden, writes
from vaultsync.simulator.records import Highlight

__all__ = ["reader", "walden"]

TYPED = [
    ("a number", "tags:\n  - 2025\n", ["2025"]),
    ("a number in a line", "tags: [2025, time]\n", ["2025", "time"]),
    ("a number with a point", "tags:\n  - 1.50\n", ["1.50"]),
    ("numbers of other bases", "tags:\n  - 007\n  - 0x1F\n  - 1e3\n", ["007", "0x1F", "1e3"]),
    ("truth values", "tags:\n  - true\n  - False\n", ["true", "False"]),
    ("words that YAML 1.1 takes for truth values", "tags: [no, on]\n", ["no", "on"]),
    ("a day", "tags:\n  - 2025-01-01\n", ["2025-01-01"]),
    ("a time", "tags:\n  - 12:30\n", ["12:30"]),
    ("a hash", 'tags:\n  - "#woods"\n', ["woods"]),
    ("a comma in a tag", 'tags:\n  - "woods, ponds"\n', ["woods, ponds"]),
    ("blanks in a tag", "tags:\n  - to  read\n", ["to read"]),
    ("characters a tag of Obsidian can't have", 'tags:\n  - "C++ & co."\n', ["C++ & co."]),
    ("nothing", "tags:\n  -\n  - woods\n", ["woods"]),
    ("the word for nothing", "tags:\n  - null\n  - woods\n  - ~\n", ["woods"]),
    ("a hash without quotes, which YAML takes for a remark", "tags:\n  - #woods\n  - ponds\n", ["ponds"]),
    ("no list but a word", "tags: woods\n", ["woods"]),
    ("no list but words", "tags: woods, 2025\n", ["woods", "2025"]),
    ("no list but a number", "tags: 2025 # mine\n", ["2025"]),
]


def type_property(reader: Reading, lines: str) -> None:
    """Type the property `tags`, and a highlight's note with it."""
    reader.write("Walden.md", reader.text("Walden.md").replace("tags: []\n", lines))
    type_note(reader, "Walden.md", "Why the woods?")


def book_tags(reader: Reading, one: Highlight) -> list[str]:
    return [tag.name for tag in reader.library.books[one.book_id].tags]


class Typed(NamedTuple):
    """What was typed, its edits pushed. one: whose note was typed, too; sent: the tags the service is to have.

    before: the note as it was saved.
    """

    one: Highlight
    lines: str
    sent: list[str]
    before: str
    counts: dict[str, int]


@pytest.fixture(params=TYPED, ids=[why for why, _, _ in TYPED])
def typed(reader: Reading, walden: Highlight, request: pytest.FixtureRequest) -> Typed:
    """Each of the odd tags, in turn."""
    _, lines, sent = request.param
    type_property(reader, lines)
    return Typed(walden, lines, sent, reader.text("Walden.md"), push(reader))


def test_a_tag_is_what_was_typed_and_holds_up_no_other_edit(reader: Reading, typed: Typed) -> None:
    assert typed.counts["refused"] == 0
    assert (typed.one.note, book_tags(reader, typed.one)) == ("Why the woods?", typed.sent)
    assert reader.text("Walden.md") == typed.before


def test_the_runs_after_it_write_and_send_nothing(reader: Reading, typed: Typed) -> None:
    files = reader.files()
    for _ in range(2):
        reader.simulator.log.clear()
        run = reader.run("sync", "--full", "--json")
        assert (run.code, run.json["edits"]["refused"], writes(reader)) == (0, 0, [])
    assert reader.files() == files
    assert book_tags(reader, typed.one) == typed.sent


def test_a_tag_that_comes_or_goes_at_the_service_leaves_the_typed_ones(reader: Reading, typed: Typed) -> None:
    reader.library.edit_book(typed.one.book_id, tags=[*typed.sent, "theirs"])
    assert reader.run("sync", "--full").code == 0
    front = reader.text("Walden.md").partition("# Walden")[0]
    assert "theirs" in front
    assert all(line in front for line in typed.lines.splitlines() if line.startswith("  -")), front
    reader.library.edit_book(typed.one.book_id, tags=["theirs"])
    assert reader.run("sync", "--full").code == 0
    front = reader.text("Walden.md").partition("# Walden")[0]
    assert "theirs" in front
    assert not any(tag in front.replace("#woods", "") for tag in typed.sent), front
    assert book_tags(reader, typed.one) == ["theirs"]


REFUSED = [
    (
        "nothing a tag can hold",
        'tags:\n  - woods\n  - "!?"\n',
        '"!?" is no tag; write it with letters, or take it out.',
    ),
    ("a mapping", "tags:\n  - woods: 5\n", '"woods: 5" is no tag; write it with letters, or take it out.'),
    (
        "too long",
        f"tags: [{'x' * 513}]\n",
        f'The tag "{"x" * 20}…" has 513 characters, and Readwise takes 512; shorten it.',
    ),
]


@pytest.mark.parametrize(("why", "typed", "message"), REFUSED, ids=[why for why, _, _ in REFUSED])
def test_what_can_be_no_tag_is_refused_by_name_and_alone(
    reader: Reading, walden: Highlight, why: str, typed: str, message: str
) -> None:
    type_property(reader, typed)
    before = reader.text("Walden.md")
    pushed = reader.run("push")
    assert (pushed.code, message in pushed.out) == (0, True), (why, pushed.out)
    assert message in reader.run("status").out
    assert (walden.note, book_tags(reader, walden)) == ("Why the woods?", [])
    reader.library.edit_book(walden.book_id, title="Walden; or, Life")
    assert reader.run("sync", "--full").code == 0
    assert reader.text("Walden.md") == before.replace('"Walden"', '"Walden; or, Life"').replace(
        "# Walden\n", "# Walden; or, Life\n"
    )


def test_a_tag_that_can_be_none_is_nobodys_business_where_tags_are_not_sent(reader: Reading, walden: Highlight) -> None:
    reader.configure(source='push = ["note"]')
    type_property(reader, 'tags:\n  - "!?"\n')
    run = reader.run("push")
    assert '"!?" is no tag' not in run.out and '`tags` is not sent: add "tags" to push' in run.out, run.out
    assert walden.note == "Why the woods?"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("#woods #2025", '"#2025" is no tag in Obsidian; write "#y2025".'),
        ("#woods, ponds", '"ponds" has no # before it; write "#ponds", or put it on a line of its own.'),
        ("#co.", '"#co." is no tag in Obsidian; write "#co".'),
        ("#woods #", '"#" is no tag; take it out, or put it on a line of its own.'),
    ],
)
def test_a_line_of_tags_with_another_word_is_refused_by_that_word_and_alone(
    reader: Reading, walden: Highlight, typed: str, message: str
) -> None:
    type_tags(reader, "Walden.md", typed)
    type_note(reader, "Walden.md", "Why the woods?")
    before = reader.text("Walden.md")
    pushed = reader.run("push")
    assert (pushed.code, message in pushed.out) == (0, True), pushed.out
    assert reader.run("status").out.count(message) == 1
    assert (walden.note, walden.tags) == ("Why the woods?", [])
    assert reader.text("Walden.md") == before
    type_tags(reader, "Walden.md", "#woods")
    push(reader)
    assert [tag.name for tag in walden.tags] == ["woods"]
