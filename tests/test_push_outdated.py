"""Edits in notes whose template has changed since: rendered again first, then sent; or left, and told why."""

from __future__ import annotations

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.plugin_case import Install, hook, install
from tests.test_push import type_note, writes
from tests.test_watch_time import saving
from tests.watch_case import Story, Told, told_story

__all__ = ["install", "reader"]

TODAY = TEMPLATE.replace("# {{", "# The book {{")


def books(reader: Reading, number: int) -> None:
    """So many notes, each with something typed, and made by an earlier template."""
    for one in range(number):
        reader.book(f"Book {one}", "one")
    reader.export()
    for one in range(number):
        type_note(reader, f"Book {one}.md", f"Mine {one}.")
    (reader.vault / "T/document.md").write_text(TODAY)
    reader.simulator.log.clear()


def notes(reader: Reading) -> set[str]:
    """What the service holds of all notes."""
    return {one.note for book in reader.library.books.values() for one in book.highlights}


def test_a_dry_run_says_what_would_be_sent_and_writes_nothing(reader: Reading) -> None:
    books(reader, 1)
    files, rows = reader.files(), reader.rows()
    run = reader.run("push", "--dry-run", "--json")
    assert run.json["edits"]["sent"] == 0 and [one["fate"] for one in run.json["outbox"]] == ["send"]
    assert (reader.files(), reader.rows(), writes(reader)) == (files, rows, [])


def test_more_edits_than_anyone_types_wait_and_none_is_called_unsure(reader: Reading) -> None:
    books(reader, 25)
    run = reader.run("push")
    assert run.code == 3 and "25 edits wait to be sent, more than anyone types at once" in run.out + run.err
    assert "can't be sent" not in run.out and "put the lines around it back" not in run.out + run.err
    assert notes(reader) == {""} and "# Book 3\n" in reader.text("Book 3.md")


def test_more_edits_than_anyone_types_are_sent_if_they_are_meant(reader: Reading) -> None:
    books(reader, 25)
    assert reader.run("push", "--yes").code == 0
    assert notes(reader) == {f"Mine {one}." for one in range(25)}
    assert "# The book Book 3\n" in reader.text("Book 3.md")


FAILING = """\
import os
asked = []
def keep(document):
    if document.title == "Book 0" and "FROM" in os.environ:
        asked.append(1)
        assert len(asked) < int(os.environ["FROM"]), "on holiday"
    return document
""" + hook("vaultsync_document_filters", "return (keep,)")


@pytest.mark.parametrize("number", [1, 3, 5, 7])
def test_a_plugin_that_fails_meanwhile_holds_up_no_other_note(
    reader: Reading, install: Install, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    install("moody", FAILING)
    books(reader, 2)
    monkeypatch.setenv("FROM", str(number))
    run = reader.run("push", "--json")
    assert run.code == 1 and "on holiday" in run.out
    assert notes(reader) >= {"Mine 1."}
    monkeypatch.delenv("FROM")
    assert reader.run("push").code == 0 and notes(reader) == {"Mine 0.", "Mine 1."}


def test_an_edit_in_half_a_note_is_not_sent(
    reader: Reading,
) -> None:
    books(reader, 1)
    reader.write("Book 0.md", reader.text("Book 0.md").rstrip("\n")[:-20])  # half a note
    run = reader.run("push", "--json")
    assert run.json["edits"]["sent"] == 0 and "put the lines around it back" not in run.out
    assert notes(reader) == {""}


def test_a_typist_is_not_told_of_a_note_that_is_rendered_again_when_they_pause(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    story, told = Story(), Told()
    words = [f"Words {number}" for number in range(12)]
    saves = [
        (10.0 + 2.7 * number, saving(reader, told, "Walden.md", word, was=words[number - 1] if number else ""))
        for number, word in enumerate(words)
    ]
    change = [(9.0, lambda: (reader.vault / "T/document.md").write_text(TODAY))]  # which it is not told of
    being = told_story(reader, *change, *saves, until=100.0, clock=story, watching=told)
    assert notes(reader) == {words[-1]}
    assert being.said("waiting", "trouble", "conflict") == []
    assert "# The book Walden\n" in reader.text("Walden.md")


def test_what_both_sides_changed_is_a_conflict_in_the_new_template_too(reader: Reading) -> None:
    books(reader, 1)
    highlight = next(iter(reader.library.books.values())).highlights[0]
    reader.library.set_note(highlight, "Theirs.")
    run = reader.run("push", "--json")
    assert [one["fate"] for one in run.json["outbox"]] == ["conflict"]
    text = reader.text("Book 0.md")
    assert "# The book Book 0\n" in text and "Mine 0." in text and "Theirs." in text
    assert notes(reader) == {"Theirs."} and writes(reader) == []


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("**Note** {{ h.note | indent }}", {"Mine 0."}),
        ("- {{ h.note | indent }} (a note)", {"Mine 0."}),
        ("- {{ h.note | upper }}", {""}),
        ("", {""}),
    ],
)
def test_an_edit_whose_line_looks_otherwise_now_is_sent_as_typed_or_not_at_all(
    reader: Reading, line: str, sent: set[str]
) -> None:
    books(reader, 1)
    (reader.vault / "T/document.md").write_text(TODAY.replace("- Note: {{ h.note | indent }}", line))
    run = reader.run("push")
    assert notes(reader) == sent, run.out
    assert "mine 0." in reader.text("Book 0.md").lower()
