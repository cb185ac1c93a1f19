"""Taking the last run back, and deleting at the service what was deleted in the vault, through the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.test_push import push, type_note, walden, writes
from vaultsync.simulator.records import Highlight

__all__ = ["reader", "walden"]


# Undo.


def test_an_update_is_taken_back_and_comes_again_with_the_next_export(reader: Reading, walden: Highlight) -> None:
    before = reader.text("Walden.md")
    reader.library.edit_highlight_at_source(walden.id, text="I went into the woods.")
    reader.export()
    after = reader.text("Walden.md")
    assert reader.run("undo").code == 0
    assert reader.text("Walden.md") == before
    assert reader.export().counts == (0, 1, 0, 0)
    assert reader.text("Walden.md") == after


@pytest.mark.parametrize("typed", [False, True])
def test_status_after_it_does_not_say_that_anything_failed(reader: Reading, walden: Highlight, *, typed: bool) -> None:
    if typed:
        reader.type("Walden.md")
    reader.library.edit_highlight_at_source(walden.id, text="I went into the woods.")
    reader.export()
    reader.run("undo")
    status = reader.run("status").out
    assert "could not" not in status
    assert "1 note with news that wait for the next export:\n  Walden.md\n" in status


def test_it_stands_among_the_last_runs(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    push(reader)
    assert reader.run("undo").code == 0
    reader.library.edit_highlight_at_source(walden.id, text="I went into the woods.")
    reader.export()
    assert reader.run("undo").code == 0
    shown = re.findall(r"^\S+ \S+  (undo: .*)$", reader.run("status").out, re.MULTILINE)
    assert shown == ["undo: 1 note taken back (exit 0)", "undo: 1 edit taken back (exit 0)"]
    last = reader.run("status", "--json").json["runs"][0]
    assert (last["command"], last["taken_back"], last["full"]) == ("undo", {"notes": 1, "edits": 0}, [])


def test_one_that_found_nothing_or_only_looked_is_no_run(reader: Reading, walden: Highlight) -> None:
    reader.library.edit_highlight_at_source(walden.id, text="I went into the woods.")
    reader.export()
    for options, code in ((("--dry-run",), 0), ((), 0), ((), 0)):
        assert reader.run("undo", *options).code == code
    runs = reader.run("status", "--json").json["runs"]
    assert [run["command"] for run in runs] == ["undo", "export", "export"]


def test_a_merge_is_taken_back_with_what_its_user_had_typed(reader: Reading, walden: Highlight) -> None:
    mine = reader.type("Walden.md")
    reader.library.edit_highlight_at_source(walden.id, text="I went into the woods.")
    reader.export()
    assert reader.run("undo").code == 0
    assert reader.text("Walden.md") == mine
    reader.export()
    assert "My own words." in reader.text("Walden.md") and "> I went into" in reader.text("Walden.md")


def test_new_notes_go_to_the_trash_and_trashed_ones_come_back(reader: Reading, walden: Highlight) -> None:
    text = reader.text("Walden.md")
    reader.library.delete_book(walden.book_id)
    reader.book("Essays", "one")
    assert reader.export().counts == (1, 0, 0, 1)
    assert reader.run("undo").code == 0
    assert reader.paths() == ["Walden.md"]
    assert reader.text("Walden.md") == text
    assert "Essays.md" in reader.trashed()
    assert reader.export().counts == (1, 0, 0, 1)


def test_what_was_sent_is_sent_back(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    reader.write("Walden.md", reader.text("Walden.md").replace("- Tags: \n", "- Tags: #mine\n"))
    text = reader.text("Walden.md")
    assert push(reader)["sent"] == 2
    assert reader.run("undo").code == 0
    assert (walden.note, walden.tags) == ("", [])
    assert reader.text("Walden.md") == text
    assert push(reader)["sent"] == 2


def test_what_was_changed_since_is_left_and_told(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    reader.library.edit_book(walden.book_id, author="Thoreau")
    reader.run("sync")
    reader.library.edit_highlight_in_app(walden.id, note="Theirs, later.")
    run = reader.run("undo")
    assert run.code == 3
    assert "was changed at the source since" in run.err
    assert walden.note == "Theirs, later."


def test_a_note_edited_after_the_run_is_left_and_told(reader: Reading, walden: Highlight) -> None:
    reader.library.edit_highlight_at_source(walden.id, text="I went into the woods.")
    reader.export()
    mine = reader.type("Walden.md")
    run = reader.run("undo")
    assert run.code == 3
    assert "Walden.md was" in run.err
    assert reader.text("Walden.md") == mine


def test_a_document_that_got_another_id_within_the_run_is_taken_back_as_any(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    (reader.vault / "T/document.md").write_text(
        TEMPLATE.replace("# {{ document.title }}\n", "# {{ document.title }}\n\n{{ document.note }}\n")
    )
    page = reader.library.add_reader_document(
        "Gate", source_url="https://example.org/gate", location="later", notes="Old."
    )
    reader.export()
    before = reader.text("Gate.md")
    reader.library.highlight_in_reader(page.id, "A gate.")
    reader.library.edit_reader_document(page.id, notes="New.")
    reader.export()
    after = reader.text("Gate.md")
    assert "A gate." in after and "New." in after

    assert reader.run("undo").code == 0

    assert "Old." in before and reader.text("Gate.md") == before
    assert push(reader)["sent"] == 0
    assert reader.run("sync", "--full").code == 0
    assert (page.notes, reader.text("Gate.md")) == ("New.", after)


def test_a_first_export_that_was_taken_back_is_done_again(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    page = reader.library.add_reader_document("Gate", source_url="https://example.org/gate", location="later")
    reader.library.highlight_in_reader(page.id, "A gate.")
    reader.export()
    text = reader.text("Gate.md")
    assert reader.run("undo").code == 0
    assert "Gate.md" not in reader.paths()
    reader.export()
    assert reader.text("Gate.md") == text


def test_a_dry_undo_says_what_it_would_do(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    push(reader)
    rows, files = reader.rows(), reader.files()
    out = reader.run("undo", "--dry-run").out
    assert "Would be taken back: 0 notes, 1 edit" in out and "Mine. -> (empty)" in out
    assert (reader.rows(), reader.files(), walden.note) == (rows, files, "Mine.")


def test_a_dry_undo_says_what_would_be_left(reader: Reading, walden: Highlight) -> None:
    reader.book("Essays", "one")
    reader.library.edit_highlight_at_source(walden.id, text="I went into the woods.")
    reader.export()
    reader.type("Walden.md")
    reader.type("Essays.md")
    files = reader.files()
    run = reader.run("undo", "--dry-run")
    assert run.out == "Would be taken back: 0 notes, 0 edits at the services.\n"
    assert run.err == "".join(
        f"{path} was changed since; it was left as it is.\n" for path in ("Walden.md", "Essays.md")
    )
    assert run.code == 3
    assert reader.files() == files


def test_many_notes_that_are_taken_back_are_counted_where_they_are_not_named(reader: Reading) -> None:
    for number in range(22):
        reader.book(f"Book {number}", "one")
    reader.export()
    assert reader.run("undo").out.endswith("\n  and 2 more\n")


@pytest.mark.usefixtures("walden")
def test_an_idle_run_is_not_the_last_one(reader: Reading) -> None:
    assert reader.export("--full").counts == (0, 0, 1, 0)
    assert reader.run("undo").out.startswith("Taken back: 1 note,")
    assert reader.run("undo").out == "There is nothing to take back.\n"


# Deleting at the service, where it is asked for.


def deleting(reader: Reading) -> tuple[Highlight, Highlight]:
    """A book whose user asks that what they delete is deleted there too."""
    reader.configure(source='on_local_delete = "delete"')
    _, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    return one, two


def delete_block(reader: Reading, path: str, highlight: Highlight) -> None:
    """Take a block out of a note."""
    reader.write(path, re.sub(rf"> [^\n]*\n\n\^rw{highlight.id}\n\n- Note: \n- Tags: \n\n", "", reader.text(path)))


def test_a_deleted_block_is_deleted_at_the_service_if_that_is_asked_for(reader: Reading) -> None:
    one, two = deleting(reader)
    delete_block(reader, "Walden.md", one)
    text = reader.text("Walden.md")
    push(reader)
    assert (one.deleted, two.deleted) == (True, False)
    assert writes(reader) == [("DELETE", f"/api/v2/highlights/{one.id}/")]
    reader.run("sync", "--full")
    assert reader.text("Walden.md") == text


def test_a_block_changed_at_the_service_since_is_kept_there(reader: Reading) -> None:
    one, _ = deleting(reader)
    delete_block(reader, "Walden.md", one)
    reader.library.edit_highlight_in_app(one.id, note="I need this.")
    push(reader)
    assert (one.deleted, writes(reader)) == (False, [])


def test_a_block_that_was_moved_or_half_a_file_deletes_nothing(reader: Reading) -> None:
    one, two = deleting(reader)
    text = reader.text("Walden.md")
    delete_block(reader, "Walden.md", one)
    reader.write("Zettel.md", f"> one\n\n^rw{one.id}\n")
    push(reader)
    reader.write("Walden.md", text[: text.index("> two") + 3])
    reader.run("push")
    assert not (one.deleted or two.deleted)


@pytest.mark.parametrize("linked", ["Books", "Books/Letters.md"])
def test_a_note_that_has_become_a_symbolic_link_is_not_deleted(reader: Reading, tmp_path: Path, linked: str) -> None:
    reader.configure(source='documents = "all"\non_local_delete = "delete"\npath = "Books/{{ document.title }}.md"')
    letters = reader.library.add_reader_document("Letters", location="later", source_url="https://example.org/letters")
    reader.export()
    place, elsewhere = reader.vault / linked, tmp_path / "elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    assert push(reader)["sent"] == 0
    assert reader.run("sync", "--full").code == 0
    assert letters.id in reader.library.documents
    assert "deleted by you" not in reader.run("status").out
    told = reader.run("doctor", "--offline").out
    assert f"warning  notes      {linked} is a symbolic link, and none is followed; notes that were there" in told


def test_many_deleted_blocks_wait_for_a_word(reader: Reading) -> None:
    reader.configure(source='on_local_delete = "delete"')
    _, highlights = reader.book("Walden", *(f"passage {number}" for number in range(12)))
    reader.export()
    for one in highlights[:7]:
        delete_block(reader, "Walden.md", one)
    run = reader.run("push")
    assert run.code == 3 and "vaultsync push --yes" in run.err
    assert not any(one.deleted for one in highlights)
    push(reader, "--yes")
    assert sum(one.deleted for one in highlights) == 7


def test_a_deletion_is_taken_back_by_making_it_again(reader: Reading) -> None:
    one, _ = deleting(reader)
    delete_block(reader, "Walden.md", one)
    push(reader)
    assert reader.run("undo").code == 3
    live = reader.library.books[one.book_id].live
    assert sorted(highlight.text for highlight in live) == ["one", "two"]


def test_a_deleted_note_of_a_reader_document_is_deleted_in_reader(reader: Reading) -> None:
    reader.configure(source='documents = "all"\non_local_delete = "delete"')
    url = "https://example.org/essay"
    document = reader.library.add_reader_document("Essay", location="later", source_url=url)
    reader.export()
    (reader.vault / "Essay.md").unlink()
    push(reader)
    assert document.id not in reader.library.documents
    reader.run("undo")
    assert [one.source_url for one in reader.library.documents.values()] == [url]


@pytest.mark.parametrize("url", [None, "", "mailto:reader-forwarded-email/1", "private://read/01gk"])
def test_what_could_not_be_given_back_is_not_deleted(reader: Reading, url: str | None) -> None:
    reader.configure(source='documents = "all"\non_local_delete = "delete"')
    document = reader.library.add_reader_document("Letter", location="later", source_url=url, html_content="<p>Dear")
    reader.export()
    (reader.vault / "Letter.md").unlink()
    for options in ((), ("--dry-run",)):
        (told,) = reader.run("push", "--json", *options).json["outbox"]
        assert (told["fate"], "has no address on the web" in told["why"]) == ("refused", True)
    assert document.id in reader.library.documents


def test_a_dry_push_says_which_deletions_readwise_would_refuse(reader: Reading) -> None:
    one, _ = deleting(reader)
    (reader.vault / "Walden.md").unlink()
    for options in (("--dry-run",), ()):
        (told,) = reader.run("push", "--json", *options).json["outbox"]
        assert (told["fate"], "lets no program delete a book" in told["why"]) == ("refused", True)
    assert not reader.library.books[one.book_id].deleted
