"""Stories that test_machine.py told first, each for the rule it broke."""

from __future__ import annotations

import os
import re

import pytest

from tests.export_case import TEMPLATE, Reading, reader

__all__ = ["reader"]


def _without_state(reader: Reading) -> None:
    for file in reader.state.glob("state.sqlite3*"):
        file.unlink()


def _moved(reader: Reading, start: str, end: str) -> None:
    """Move lines of Walden.md to a note of one's own."""
    text = reader.text("Walden.md")
    there = slice(text.index(start), text.index(end))
    reader.write("Mine.md", f"Mine.\n\n{text[there]}")
    reader.write("Walden.md", text[: there.start] + text[there.stop :])


def test_a_block_moved_to_another_note_stays_there_when_state_is_lost(reader: Reading) -> None:
    _, (first, _) = reader.book("Walden", "one", "two")
    reader.export()
    _moved(reader, "> one", "> two")
    before = reader.contents()
    _without_state(reader)
    reader.export()
    assert reader.contents() == before
    reader.library.edit_highlight_in_app(first.id, note="New.")
    reader.export("--full")
    assert "- Note: New.\n" in reader.text("Mine.md")


def test_what_a_moved_block_says_otherwise_is_a_conflict_there_when_state_is_lost(reader: Reading) -> None:
    _, (first, _) = reader.book("Walden", "one", "two")
    reader.export()
    _moved(reader, "> one", "> two")
    reader.write("Mine.md", reader.text("Mine.md").replace("- Note: ", "- Note: Mine."))
    reader.library.edit_highlight_in_app(first.id, note="Theirs.")
    _without_state(reader)
    reader.export(code=3)
    assert "- Note: Mine.\n" in reader.text("Mine.md")
    assert f"> [!vaultsync-conflict] note [[#^rw{first.id}]]\n> Theirs.\n" in reader.text("Mine.md")


def test_a_line_both_the_template_and_its_user_added_disturbs_no_news(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    (reader.vault / "T/document.md").write_text(TEMPLATE.replace("\n# {{", "\nBy hand.\n\n# {{"))
    reader.write("Walden.md", reader.text("Walden.md").replace("\n# Walden", "\nBy hand.\n\n# Walden"))
    reader.library.edit_book(book.id, title="Walden, or Life in the Woods")
    reader.export()
    assert "---\nBy hand.\n\n# Walden, or Life in the Woods\n" in reader.text("Walden.md")


def test_a_note_that_stays_though_its_document_is_gone_is_left_in_peace_by_later_templates(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    reader.type("Walden.md")
    reader.library.delete_book(book.id)
    (reader.vault / "T/document.md").write_text(TEMPLATE.replace("Note:", "Thought:"))
    reader.export("--full")
    files, rows = reader.files(), reader.rows()
    assert reader.export("--full").err == ""
    assert (reader.files(), reader.rows()) == (files, rows)


def test_an_answered_conflict_is_counted_no_more_in_a_note_whose_document_is_gone(reader: Reading) -> None:
    book, (highlight,) = reader.book("Walden", "one")
    reader.export()
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: ", "- Note: Mine."))
    reader.library.edit_highlight_in_app(highlight.id, note="Theirs.")
    reader.export("--full", code=3)
    reader.library.delete_book(book.id)
    callout = f"> [!vaultsync-conflict] note [[#^rw{highlight.id}]]\n> Theirs.\n"
    reader.write("Walden.md", reader.text("Walden.md").replace(callout, ""))
    reader.export()
    assert "vaultsync_conflicts" not in reader.text("Walden.md")


def test_an_edited_note_that_a_listing_names_without_news_does_not_look_restored_from_a_backup(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    reader.type("Walden.md")
    earlier = (reader.vault / "Walden.md").stat().st_mtime_ns - 60 * 10**9
    os.utime(reader.vault / "Walden.md", ns=(earlier, earlier))
    reader.library.edit_book(book.id, title="Walden")
    rows = reader.rows()
    reader.export()
    assert [row for row in reader.rows() if row not in rows and row[0] != "cursors"] == []
    reader.library.add_highlight(book, "two")
    reader.export()
    assert "> two" in reader.text("Walden.md")


def test_a_note_without_anchors_gets_its_blocks_again_when_state_is_lost(reader: Reading) -> None:
    _, (highlight,) = reader.book("Walden", "one")
    reader.export()
    reader.write("Walden.md", reader.text("Walden.md").replace(f"^rw{highlight.id}", "My own words."))
    _without_state(reader)
    reader.export()
    assert reader.text("Walden.md").count("My own words.") == 1
    assert reader.text("Walden.md").count(f"> one\n\n^rw{highlight.id}\n") == 1


def test_tags_cleared_in_a_moved_block_are_not_read_from_the_next_documents_block(reader: Reading) -> None:
    _, (moved, stays) = reader.book("Walden", "one", "two")
    _, (other,) = reader.book("Essays", "three")
    reader.library.tag(moved, "woods")
    reader.library.tag(other, "letters")
    reader.export()
    text, there = reader.text("Walden.md"), reader.text("Essays.md")
    block = text[text.index("> one") : text.index("> two")]
    reader.write("Walden.md", text.replace(block, ""))
    reader.write("Essays.md", there.replace("> three", f"{block.replace('#woods', '')}> three"))
    assert reader.run("sync").code == 0
    assert [[tag.name for tag in one.tags] for one in (moved, stays, other)] == [[], [], ["letters"]]


def test_a_note_that_was_found_when_its_document_was_gone_holds_up_no_push(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    _, (other,) = reader.book("Essays", "two")
    reader.export()
    _without_state(reader)
    reader.library.delete_book(book.id)
    reader.export("--full")
    reader.write("Essays.md", reader.text("Essays.md").replace("- Note: ", "- Note: Mine."))
    assert reader.run("sync").code == 0
    assert other.note == "Mine."


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_answering_for_one_note_answers_nothing_of_the_note_its_block_was_moved_to(reader: Reading, side: str) -> None:
    _, (_, moved) = reader.book("Walden", "one", "two")
    essays, (other,) = reader.book("Essays", "three")
    reader.export()
    text, there = reader.text("Walden.md"), reader.text("Essays.md")
    at = text.index("> two")
    reader.write("Walden.md", text[:at])
    typed = f"{there}\n{text[at:]}".replace("# Essays", "# My essays").replace("- Note: ", "- Note: Mine.")
    reader.write("Essays.md", typed)
    reader.library.edit_book(essays.id, title="All essays")
    for one in (moved, other):
        reader.library.edit_highlight_in_app(one.id, note="Theirs.")
    assert reader.run("sync", "--full").code == 3
    about = re.findall(r"\[!vaultsync-conflict\] (.*)", reader.text("Essays.md"))
    assert len(about) == 3
    assert reader.run("resolve", "Walden.md", side).out.startswith("Walden.md: 1 answered")
    left = re.findall(r"\[!vaultsync-conflict\] (.*)", reader.text("Essays.md"))
    assert left == [one for one in about if f"rw{moved.id}" not in one]
    reader.run("sync", "--full")
    assert (moved.note, other.note) == ("Mine." if side == "--ours" else "Theirs.", "Theirs.")


def _cut(reader: Reading, start: str) -> str:
    """Cut the rest of Walden.md out of it; return that."""
    text = reader.text("Walden.md")
    reader.write("Walden.md", text[: text.index(start)])
    return text[text.index(start) :]


def test_news_of_a_block_that_was_cut_out_arrive_when_it_is_put_back_elsewhere(reader: Reading) -> None:
    book, (_, cut) = reader.book("Walden", "one", "two")
    reader.library.edit_highlight_in_app(cut.id, note="Old.")
    reader.export("--full")
    block = _cut(reader, "> two")
    reader.library.edit_highlight_in_app(cut.id, note="New.", text="two, mended")
    reader.library.retag_in_app(cut.id, add=["later"])
    assert reader.run("sync", "--full").code == 0
    reader.library.add_highlight(book, "three")
    assert reader.run("sync").code == 0
    reader.write("Mine.md", f"Mine.\n\n{block}")
    assert reader.run("sync", "--full").code == 0
    assert reader.text("Mine.md") == "Mine.\n\n" + block.replace("> two", "> two, mended").replace(
        "Old.", "New."
    ).replace("- Tags: ", "- Tags: #later")
    assert (cut.note, [tag.name for tag in cut.tags]) == ("New.", ["later"])
    assert "> two" not in reader.text("Walden.md")


def test_what_is_typed_in_a_block_that_was_away_is_sent_or_asked_about(reader: Reading) -> None:
    _, (_, cut) = reader.book("Walden", "one", "two")
    reader.export("--full")
    block = _cut(reader, "> two")
    reader.library.edit_highlight_in_app(cut.id, note="Theirs.")
    assert reader.run("sync", "--full").code == 0
    reader.write("Mine.md", block.replace("- Note: ", "- Note: Mine.").replace("- Tags: ", "- Tags: #mine"))
    assert reader.run("sync").code == 3
    assert (cut.note, [tag.name for tag in cut.tags]) == ("Theirs.", ["mine"])
    assert "- Note: Mine.\n" in reader.text("Mine.md")
    assert f"> [!vaultsync-conflict] note [[#^rw{cut.id}]]\n> Theirs.\n" in reader.text("Mine.md")


def test_half_a_file_and_then_the_whole_of_it_sends_nothing_back(reader: Reading) -> None:
    _, (_, last) = reader.book("Walden", "one", "two")
    reader.library.edit_highlight_in_app(last.id, note="Old.")
    reader.export("--full")
    rest = _cut(reader, "> two")
    reader.library.edit_highlight_in_app(last.id, note="New.")
    reader.run("sync", "--full")
    reader.write("Walden.md", reader.text("Walden.md") + rest)
    assert reader.run("sync").code == 0
    assert last.note == "New."
    assert "- Note: New.\n" in reader.text("Walden.md")


def test_a_block_that_was_restored_has_its_news_and_is_edited_as_before(reader: Reading) -> None:
    _, (_, cut) = reader.book("Walden", "one", "two")
    reader.export()
    _cut(reader, "> two")
    reader.library.edit_highlight_in_app(cut.id, note="New.")
    reader.run("sync", "--full")
    reader.run("restore", "Walden.md")
    assert "- Note: New.\n" in reader.text("Walden.md")
    reader.write("Walden.md", reader.text("Walden.md").replace("New.", "Mine."))
    assert reader.run("sync").code == 0
    assert cut.note == "Mine."


def test_what_got_news_its_user_has_not_seen_is_not_deleted_at_the_service(reader: Reading) -> None:
    reader.configure(source='on_local_delete = "delete"')
    _, (_, cut) = reader.book("Walden", "one", "two")
    reader.export()
    _cut(reader, "> two")
    reader.library.edit_highlight_in_app(cut.id, note="New.")
    for _ in range(2):
        assert "kept there" in reader.run("sync", "--full").out
    assert not cut.deleted


def test_news_of_a_block_in_a_note_whose_document_was_gone_when_it_was_found_hold_up_no_push(reader: Reading) -> None:
    _, (moved, stays) = reader.book("Walden", "one", "two")
    gone, _ = reader.book("Essays", "three")
    reader.export()
    _without_state(reader)
    reader.library.delete_book(gone.id)
    reader.export("--full")
    text = reader.text("Walden.md")
    there = slice(text.index("> one"), text.index("> two"))
    reader.write("Essays.md", f"{reader.text('Essays.md')}\n{text[there]}")
    reader.write("Walden.md", (text[: there.start] + text[there.stop :]).replace("- Note: ", "- Note: Mine."))
    reader.library.edit_highlight_in_app(moved.id, note="New.")
    assert reader.run("sync", "--full").code == 0
    assert "- Note: New.\n" in reader.text("Essays.md")
    assert stays.note == "Mine."


def test_a_moved_block_goes_with_its_highlight_though_its_own_note_needs_no_change(reader: Reading) -> None:
    _, (only,) = reader.book("Walden", "one")
    reader.export()
    reader.write("Mine.md", f"Mine.\n\n{_cut(reader, '> one')}More.\n")
    reader.export("--full")
    reader.library.delete_highlight(only.id)
    reader.export("--full")
    assert reader.text("Mine.md") == "Mine.\n\nMore.\n"


def test_blocks_in_other_notes_count_when_many_highlights_are_gone_at_once(reader: Reading) -> None:
    _, highlights = reader.book("Walden", *(f"passage {number}" for number in range(7)))
    reader.export()
    reader.write("Mine.md", _cut(reader, "> passage 0"))
    reader.export("--full")
    for one in highlights:
        reader.library.delete_highlight(one.id)
    assert "--allow-removals" in reader.export("--full", code=3).out
    assert "> passage 6" in reader.text("Mine.md")


def test_what_its_user_typed_into_a_callout_stays_when_that_gets_new_words(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: ", "- Note: Mine."))
    reader.library.edit_highlight_in_app(one.id, note="Theirs.\n\nAnd more.")
    reader.export("--full", code=3)
    told = f"> [!vaultsync-conflict] note [[#^rw{one.id}]]\n> Theirs.\n>\n> And more.\n"
    text = reader.text("Walden.md")
    assert told in text
    reader.write("Walden.md", text.replace(told, f"{told}> Which one is right?\n"))
    reader.library.edit_highlight_in_app(one.id, note="Theirs again.")
    reader.export("--full", code=3)
    now = f"> [!vaultsync-conflict] note [[#^rw{one.id}]]\n> Theirs again.\n\n> Which one is right?\n"
    assert reader.text("Walden.md") == text.replace(told, now)


def test_what_its_user_typed_below_the_mark_of_a_deleted_block_stays_when_that_is_back(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.export()
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: ", "- Note: Mine.", 1))
    reader.library.delete_highlight(one.id)
    reader.export("--full")
    mark = f"> [!vaultsync-deleted] [[#^rw{one.id}]] is gone at the source\n"
    text = reader.text("Walden.md")
    assert mark in text
    reader.write("Walden.md", text.replace(mark, f"{mark}> Why did I do that?\n"))
    one.deleted = False
    one.updated = reader.library.now()
    reader.export("--full", code=3)
    assert mark not in reader.text("Walden.md")
    assert "\n\n> Why did I do that?\n\n" in reader.text("Walden.md")


def test_notes_that_undo_gave_back_do_not_look_restored_from_a_backup(reader: Reading) -> None:
    highlights = [reader.book(title, "one")[1][0] for title in ("Walden", "Essays")]
    reader.export()
    for path in ("Walden.md", "Essays.md"):
        reader.type(path)
    for one in highlights:
        reader.library.edit_highlight_in_app(one.id, note="New.")
    reader.export("--full")
    assert reader.run("undo").code == 0
    assert "New." not in reader.text("Walden.md")
    assert reader.export("--full").counts == (0, 2, 0, 0)
    assert all("- Note: New.\n" in reader.text(path) for path in ("Walden.md", "Essays.md"))


def test_without_state_a_passage_that_cannot_be_read_is_not_mixed_with_what_it_says_now(reader: Reading) -> None:
    _, (first, second) = reader.book("Walden", "one", "two")
    reader.export()
    reader.write("Walden.md", reader.text("Walden.md").replace(f"^rw{first.id}\n", "\n"))
    _without_state(reader)
    reader.library.edit_highlight_in_app(second.id, text="two, mended")
    reader.export(code=3)
    callout = f"> [!vaultsync-conflict] lines [[#^rw{second.id}]]\n> > two, mended\n"
    assert f"\n\n> two\n\n^rw{second.id}\n" in reader.text("Walden.md")
    assert callout in reader.text("Walden.md")
    assert reader.run("resolve", "Walden.md", "--theirs").code == 0
    assert f"\n\n> two, mended\n\n^rw{second.id}\n" in reader.text("Walden.md")


def test_a_copy_from_before_the_news_in_another_note_takes_nothing_back(reader: Reading) -> None:
    _, (copied, _) = reader.book("Walden", "one", "two")
    reader.library.edit_highlight_in_app(copied.id, note="Old.")
    assert reader.run("sync").code == 0
    text = reader.text("Walden.md")
    block = text[text.index("> one") : text.index("> two")]
    reader.write("Mine.md", f"Mine.\n\n{block}")
    reader.library.edit_highlight_in_app(copied.id, note="New.")
    assert reader.run("sync", "--full").code == 0
    reader.library.edit_highlight_in_app(copied.id, text="one, mended")
    assert reader.run("sync", "--full").code == 0
    text = reader.text("Walden.md")
    assert "> one, mended" in text
    reader.write("Walden.md", text.replace(text[text.index("> one") : text.index("> two")], ""))

    assert "before its last news" in reader.run("sync").out

    assert (copied.text, copied.note) == ("one, mended", "New.")
    assert "before its last news" in reader.run("status").out
    reader.write("Mine.md", reader.text("Mine.md").replace("Old.", "Old, and mine."))
    assert reader.run("sync").code == 0
    assert copied.note == "Old, and mine."


def test_a_copy_from_before_the_news_in_the_same_note_takes_nothing_back(reader: Reading) -> None:
    _, (copied, _) = reader.book("Walden", "one", "two")
    reader.library.retag_in_app(copied.id, add=["mine"])
    assert reader.run("sync", "--full").code == 0
    text = reader.text("Walden.md")
    block = text[text.index("> one") : text.index("> two")]
    reader.type("Walden.md", f"\n{block}")
    reader.library.retag_in_app(copied.id, add=["later"])
    assert reader.run("sync", "--full").code == 0
    text = reader.text("Walden.md")
    at = text.index("> one")
    assert "#later" in text[at : text.index("> two")]
    reader.write("Walden.md", text[:at] + text[text.index("> two") :])

    assert "before its last news" in reader.run("sync").out

    assert [tag.name for tag in copied.tags] == ["mine", "later"]
