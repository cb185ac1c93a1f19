"""Stories that once went wrong, told by the rule each of them broke."""

from __future__ import annotations

import pytest

from tests.export_case import Reading, reader
from tests.test_merging import block, replace
from tests.test_push import push, type_note
from tests.watch_case import watching, within
from vaultsync.simulator import faults

__all__ = ["reader"]


def test_a_dry_sync_tells_the_truth_about_a_note_it_would_merge(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    reader.type("Walden.md")
    reader.library.edit_highlight_at_source(one.id, note="Theirs.")
    assert reader.run("sync", "--dry-run", "--json").json["outbox"] == []


def test_a_block_that_only_lost_its_anchor_is_not_deleted_at_the_service(reader: Reading) -> None:
    reader.configure(source='on_local_delete = "delete"')
    _, (one, _) = reader.book("Walden", "I went to the woods.", "two")
    reader.export()
    text = reader.text("Walden.md").replace(f"^rw{one.id}\n", "").replace("the woods.", "the **woods**.")
    reader.write("Walden.md", text)
    push(reader)
    assert not one.deleted
    assert f"The line ^rw{one.id} is gone" in reader.run("status").out


def test_a_block_that_stands_in_a_copy_of_its_note_is_not_deleted(reader: Reading) -> None:
    reader.configure(source='on_local_delete = "delete"')
    _, (one, _) = reader.book("Walden", "I went to the woods.", "two")
    reader.export()
    text = reader.text("Walden.md")
    reader.write("Walden (conflicted copy).md", text)
    reader.write("Walden.md", text.replace(block(one, one.text) + "\n", ""))
    push(reader)
    assert not one.deleted


def test_the_last_of_several_restored_notes_is_not_sent_either(reader: Reading) -> None:
    highlights = [reader.book(f"Book {number}", "one")[1][0] for number in range(2)]
    reader.export()
    backup = reader.contents()
    for path in reader.paths():
        type_note(reader, path, "since")
    reader.run("sync")
    for path in reader.paths():
        (reader.vault / path).write_bytes(backup[path])
    assert reader.run("sync").code == 3
    assert "that the next push sends" not in reader.run("status").out
    (reader.vault / "Book 0.md").unlink()
    reader.run("restore", "Book 0.md")
    assert reader.run("sync").code == 3
    assert [one.note for one in highlights] == ["since", "since"]


def test_a_file_cut_off_at_the_end_of_a_line_sends_no_half_of_a_note(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.export()
    type_note(reader, "Walden.md", "first\n  second\n  third")
    reader.run("sync")
    text = reader.text("Walden.md")
    reader.write("Walden.md", text[: text.index("  second")])
    push(reader)
    assert one.note == "first\nsecond\nthird"


def test_a_conflict_in_a_moved_block_is_told_and_answered(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.export()
    replace(reader, "Walden.md", block(one, "one") + "\n", "")
    reader.write("Zettel.md", f"Mine.\n\n{block(one, 'one', 'Typed.')}\nMore.\n")
    reader.library.edit_highlight_in_app(one.id, note="Theirs")
    assert reader.run("sync", "--full").code == 3
    assert f"Zettel.md: note of ^rw{one.id}" in reader.run("status").out
    assert reader.run("sync").code == 3
    assert reader.run("resolve", "Walden.md", "--theirs").code == 0
    assert reader.text("Zettel.md") == f"Mine.\n\n{block(one, 'one', 'Theirs')}\nMore.\n"
    assert reader.run("sync").code == 0


def moved_with_its_conflict(reader: Reading) -> tuple[str, str]:
    """Have a block with a conflict moved from one document's note to another's; return the block, and the other note.

    The other note counts the conflict from the next run on.
    """
    _, (one,) = reader.book("Walden", "I went to the woods.")
    reader.book("Emma", "two")
    reader.export()
    alone = reader.text("Emma.md")
    type_note(reader, "Walden.md", "Mine.")
    reader.library.edit_highlight_at_source(one.id, note="Theirs.")
    reader.export(code=3)
    text = reader.text("Walden.md")
    moved = text[text.index("> I went") :]
    reader.write("Walden.md", text.replace(moved, ""))
    reader.write("Emma.md", alone + moved)
    reader.run("sync")
    assert "\nvaultsync_conflicts: 1\n" in reader.text("Emma.md")
    return moved, alone


@pytest.mark.parametrize("command", ["export", "push", "sync"])
def test_a_note_that_a_block_with_a_conflict_is_taken_out_of_counts_it_no_more(reader: Reading, command: str) -> None:
    moved, alone = moved_with_its_conflict(reader)
    replace(reader, "Emma.md", moved, "")
    reader.run(command)
    assert reader.text("Emma.md") == alone
    files, rows = reader.files(), reader.rows()
    reader.run(command)
    assert (reader.files(), reader.rows()) == (files, rows)


def test_a_watcher_sees_that_a_block_with_a_conflict_was_taken_out_of_a_note(reader: Reading) -> None:
    moved, alone = moved_with_its_conflict(reader)
    with watching(reader):
        replace(reader, "Emma.md", moved, "My own words.\n")
        within(lambda: reader.text("Emma.md") == alone + "My own words.\n")


def test_a_block_with_a_conflict_that_is_put_back_is_counted_where_it_stands(reader: Reading) -> None:
    moved, alone = moved_with_its_conflict(reader)
    replace(reader, "Emma.md", moved, "")
    reader.type("Walden.md", moved)
    reader.export(code=3)
    assert "\nvaultsync_conflicts: 1\n" in reader.text("Walden.md")
    assert reader.text("Emma.md") == alone


def test_a_title_changed_for_oneself_holds_up_no_other_edit(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    replace(reader, "Walden.md", 'title: "Walden"', 'title: "My Walden"')
    type_note(reader, "Walden.md", "mine")
    assert push(reader)["sent"] == 1
    assert one.note == "mine"


def test_what_a_sync_merged_is_in_its_report_also_if_it_sent_something_from_the_note(reader: Reading) -> None:
    _, (_, two) = reader.book("Walden", "one", "two")
    reader.export()
    type_note(reader, "Walden.md", "mine")
    reader.library.edit_highlight_at_source(two.id, text="two, mended")
    assert reader.run("sync", "--json").json["notes"]["merged"] == 1


def test_what_undo_makes_again_has_its_tags_also_if_an_answer_is_lost(reader: Reading) -> None:
    reader.configure(source='on_local_delete = "delete"')
    book, (one, _) = reader.book("Walden", "one", "two")
    reader.library.tag(one, "mine")
    reader.export()
    replace(reader, "Walden.md", block(one, "one", "", "#mine") + "\n", "")
    push(reader)
    reader.simulator.faults.order(faults.reply_lost(), path="/api/v2/highlights/", method="POST")
    reader.run("undo")
    assert [[tag.name for tag in each.tags] for each in book.live if each.text == "one"] == [["mine"]]


@pytest.mark.parametrize("command", ["sync", "export"])
def test_two_files_of_one_note_are_told(reader: Reading, command: str) -> None:
    reader.book("Walden", "one")
    reader.export()
    text = reader.text("Walden.md")
    (reader.vault / "Walden.md").unlink()
    reader.write("A.md", text)
    reader.write("B.md", text.replace("- Note: ", "- Note: typed"))
    assert "A.md, B.md" in reader.run(command).out


def test_a_document_whose_note_was_changed_at_the_service_is_not_deleted_there(reader: Reading) -> None:
    reader.configure(source='documents = "all"\non_local_delete = "delete"')
    document = reader.library.add_reader_document("Essay", location="later")
    reader.export()
    (reader.vault / "Essay.md").unlink()
    reader.library.edit_reader_document(document.id, notes="I need this.")
    push(reader)
    assert document.id in reader.library.documents
