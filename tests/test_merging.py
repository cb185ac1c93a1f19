"""What an export does with notes their user has edited, through the command, over HTTP, in a real vault."""

from __future__ import annotations

import re

import pytest

from tests.export_case import Reading, reader
from vaultsync.simulator.records import Highlight

__all__ = ["reader"]


def lose_state(reader: Reading) -> None:
    """Delete the database, as anyone may."""
    for file in reader.state.glob("state.sqlite3*"):
        file.unlink()


def replace(reader: Reading, path: str, old: str, new: str) -> str:
    """Edit a note by replacing words that stand in it once; return all of it."""
    text = reader.text(path)
    assert text.count(old) == 1, (old, text)
    reader.write(path, text.replace(old, new))
    return reader.text(path)


def block(highlight: Highlight, text: str, note: str = "", tags: str = "") -> str:
    """A highlight's block as the template of these tests prints it."""
    return f"> {text}\n\n^rw{highlight.id}\n\n- Note: {note}\n- Tags: {tags}\n"


# An ordinary day.


def test_a_typed_note_stays_when_its_highlight_changes(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "I went to the wods.")
    reader.export()
    replace(reader, "Walden.md", "- Note: \n", "- Note: Why the woods?\n")
    reader.library.edit_highlight_at_source(one.id, text="I went to the woods.")
    assert reader.export().counts == (0, 1, 0, 0)
    assert block(one, "I went to the woods.", "Why the woods?") in reader.text("Walden.md")


def test_an_ordinary_day_ends_with_no_callout_and_no_question(reader: Reading) -> None:
    books = [reader.book(f"Book {number}", "first", "second") for number in range(10)]
    reader.export()
    for number in range(10):
        path = f"Book {number}.md"
        text = reader.text(path).replace("- Note: \n", f"- Note: typed {number}\n", 1)
        reader.write(path, text.replace("- Tags: \n", "- Tags: #mine\n", 1) if number < 3 else text)
    for number, (book, (_, second)) in enumerate(books[:5]):
        reader.library.edit_highlight_at_source(second.id, text=f"second, mended {number}")
        reader.library.edit_book(book.id, author=f"Author {number}")
    typed = {path: reader.text(path) for path in reader.paths()}
    run = reader.export()
    assert run.counts == (0, 5, 5, 0)
    assert run.json["edits"]["conflicts"] == 0
    for number in range(5):
        path = f"Book {number}.md"
        assert reader.text(path) == typed[path].replace("> second\n", f"> second, mended {number}\n")


def test_a_value_that_says_the_same_as_the_news_is_agreed_silently(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    mine = replace(reader, "Walden.md", "- Note: \n", "- Note: Mine.\n")
    reader.library.edit_highlight_in_app(one.id, note="Mine.")
    assert reader.export("--full").counts == (0, 0, 1, 0)
    assert reader.text("Walden.md") == mine


# Conflicts.


def disputed(reader: Reading) -> Highlight:
    """A note typed in the vault, and another one given to the same highlight in the app."""
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    replace(reader, "Walden.md", "- Note: \n", "- Note: Mine.\n")
    reader.library.edit_highlight_in_app(one.id, note="Theirs.")
    assert reader.export("--full", code=3).json["edits"]["conflicts"] == 1
    return one


def test_a_conflict_keeps_both_and_says_so(reader: Reading) -> None:
    one = disputed(reader)
    text = reader.text("Walden.md")
    assert block(one, "one", "Mine.") + f"\n> [!vaultsync-conflict] note [[#^rw{one.id}]]\n> Theirs.\n" in text
    assert "\nvaultsync_conflicts: 1\n" in text
    run = reader.run("export")
    assert run.code == 3
    assert "Walden.md (1)" in run.out
    assert f"Walden.md: note of ^rw{one.id}" in reader.run("status").out


def test_a_conflict_that_was_resolved_by_hand_stays_resolved(reader: Reading) -> None:
    one = disputed(reader)
    text = re.sub(r"\n> \[!vaultsync-conflict\].*\n> Theirs\.\n", "", reader.text("Walden.md"))
    reader.write("Walden.md", text)
    assert reader.export().json["edits"]["conflicts"] == 0
    assert reader.text("Walden.md") == text.replace("vaultsync_conflicts: 1\n", "")
    files = reader.files()
    reader.export("--full")
    assert reader.files() == files
    assert block(one, "one", "Mine.") in reader.text("Walden.md")


@pytest.mark.parametrize(("side", "note"), [("--ours", "Mine."), ("--theirs", "Theirs.")])
def test_a_conflict_is_resolved_by_command(reader: Reading, side: str, note: str) -> None:
    one = disputed(reader)
    shown = reader.run("resolve", "Walden.md")
    assert shown.code == 3
    assert "yours:  Mine." in shown.out and "theirs: Theirs." in shown.out
    assert reader.run("resolve", "Walden.md", side).code == 0
    assert "vaultsync" not in reader.text("Walden.md").replace("vaultsync_id", "")
    assert block(one, "one", note) in reader.text("Walden.md")
    files = reader.files()
    assert reader.export("--full").counts == (0, 0, 1, 0)
    assert reader.files() == files
    assert reader.run("resolve", "Walden.md").out == "Walden.md has no conflicts.\n"


# What its user did to the note as a whole.


def test_a_block_its_user_deleted_stays_deleted_until_they_want_it_back(reader: Reading) -> None:
    book, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    whole = reader.text("Walden.md")
    mine = replace(reader, "Walden.md", block(one, "one") + "\n", "")
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    reader.library.edit_book(book.id, title="Walden")
    reader.export("--full")
    assert reader.text("Walden.md") == mine
    assert reader.run("restore", "Walden.md").code == 0
    assert sorted(reader.text("Walden.md").split()) == sorted(whole.replace("> one", "> one, mended").split())
    assert reader.text("Walden.md").index("> one") < reader.text("Walden.md").index(f"^rw{two.id}")


def test_one_of_several_deleted_blocks_comes_back(reader: Reading) -> None:
    _, (one, two, three) = reader.book("Walden", "one", "two", "three")
    reader.export()
    text = reader.text("Walden.md")
    reader.write("Walden.md", text.replace(block(one, "one") + "\n", "").replace(block(three, "three"), ""))
    assert reader.run("restore", "Walden.md", f"^rw{three.id}").code == 0
    assert f"^rw{three.id}" in reader.text("Walden.md")
    assert f"^rw{one.id}" not in reader.text("Walden.md")
    assert reader.text("Walden.md").index(f"^rw{two.id}") < reader.text("Walden.md").index(f"^rw{three.id}")


def test_a_deleted_note_is_restored_beside_a_folder_that_has_its_name(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    text = reader.text("Walden.md")
    (reader.vault / "Walden.md").unlink()
    (reader.vault / "Walden.md").mkdir()
    assert reader.run("restore", "Walden.md").code == 0
    assert reader.text("Walden (2).md") == text


def test_a_dry_restore_of_what_is_all_there_says_so_in_the_users_words(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    reader.type("Walden.md")
    run = reader.run("restore", "Walden.md", "--dry-run")
    assert run.out.splitlines()[1:] == [
        "  as is   Walden.md  (it has all of that already)",
        "Notes: nothing new; 1 unchanged. 0 requests.",
    ]


def test_a_block_that_never_was_can_not_be_restored_and_those_that_can_are_named(reader: Reading) -> None:
    _, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    run = reader.run("restore", "Walden.md", "nosuchblock")
    assert (run.code, run.out) == (2, "")
    assert "Walden.md has no block ^nosuchblock, and no highlight for it. Nothing was written." in run.err
    assert f"None of its blocks is missing; it has ^rw{one.id}, ^rw{two.id}." in run.err
    text = replace(reader, "Walden.md", block(one, "one") + "\n", "")
    run = reader.run("restore", "Walden.md", f"rw{one.id}", "nosuchblock")
    assert (run.code, reader.text("Walden.md")) == (2, text)
    assert f"Missing from it: ^rw{one.id}." in run.err


def test_of_a_block_that_is_gone_at_the_source_it_is_not_said_that_it_never_was(reader: Reading) -> None:
    _, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    reader.library.delete_highlight(one.id)
    reader.export()
    run = reader.run("restore", "Walden.md", f"rw{one.id}")
    assert (run.code, reader.text("Walden.md").count("^rw")) == (2, 1)
    assert f"Walden.md has no block ^rw{one.id}, and no highlight for it. Nothing was written." in run.err
    assert f"None of its blocks is missing; it has ^rw{two.id}." in run.err


def test_a_block_that_stands_in_its_note_is_said_to_stand_there(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    run = reader.run("restore", "Walden.md", f"^rw{one.id}")
    assert (run.code, run.out.splitlines()[-1]) == (
        0,
        f"^rw{one.id} was not deleted, so there is nothing to restore of it.",
    )


def test_a_block_of_a_deleted_note_comes_back_with_its_note(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    (reader.vault / "Walden.md").unlink()
    assert reader.run("restore", "Walden.md", "nosuchblock").code == 2
    assert reader.paths() == []
    assert reader.run("restore", "Walden.md", f"^rw{one.id}").code == 0
    assert reader.paths() == ["Walden.md"]


def test_a_note_its_user_deleted_is_restored_by_its_path(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    text = reader.text("Walden.md")
    (reader.vault / "Walden.md").unlink()
    assert reader.export("--full").counts == (0, 0, 0, 0)
    reader.simulator.log.clear()
    assert reader.run("restore", "Walden.md").code == 0
    assert reader.text("Walden.md") == text
    assert not reader.simulator.log


def test_a_block_moved_to_another_note_gets_its_news_there(reader: Reading) -> None:
    _, (one, two) = reader.book("Walden", "one", "two")
    reader.export()
    replace(reader, "Walden.md", block(one, "one") + "\n", "")
    reader.write("Zettel.md", f"# On woods\n\nMine before.\n\n{block(one, 'one', 'Typed there.')}\nMine after.\n")
    home = reader.text("Walden.md")
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    assert reader.export().counts == (0, 1, 0, 0)
    moved = block(one, "one, mended", "Typed there.")
    assert reader.text("Zettel.md") == f"# On woods\n\nMine before.\n\n{moved}\nMine after.\n"
    assert reader.text("Walden.md") == home
    files = reader.files()
    assert reader.export("--full").counts == (0, 0, 1, 0)
    assert reader.files() == files
    assert f"^rw{two.id}" in home


def test_a_note_edited_everywhere_gets_all_news_and_loses_nothing(reader: Reading) -> None:
    book, (one, two, three, four) = reader.book("Walden", "one", "two", "three", "four", author="Thoreau")
    reader.export()
    front = f'---\n# my own\ntitle: "Walden"\nrating: 5 # of five\ntags: []\nvaultsync_id: "readwise:{book.id}"\n---\n'
    (reader.vault / "Walden.md").rename(reader.vault / "Woods.md")
    body = (
        "# Walden\n\nMy introduction.\n\n"
        f"{block(three, 'three', 'Mine on three.')}\nBetween three and one.\n\n"
        f"{block(one, 'one', '', '#mine')}\n## A heading of mine\n\n- [ ] a task\n\n"
        f"{block(four, 'four')}\nThe end.\n"
    )
    reader.write("Woods.md", front + body)
    reader.write("Elsewhere/Zettel.md", f"Mine.\n\n{block(two, 'two')}")
    for highlight in (one, two, three, four):
        reader.library.edit_highlight_at_source(highlight.id, text=f"{highlight.text}, mended")
    five = reader.library.add_highlight(book, "five")
    run = reader.export()
    assert run.json["edits"]["conflicts"] == 0
    expected = front + re.sub("> (one|three|four)", r"> \1, mended", body)
    new = f"{block(four, 'four, mended')}\nThe end.\n\n{block(five, 'five')}"
    assert reader.text("Woods.md") == expected.replace(f"{block(four, 'four, mended')}\nThe end.\n", new)
    assert reader.text("Elsewhere/Zettel.md") == f"Mine.\n\n{block(two, 'two, mended')}"
    assert reader.paths() == ["Elsewhere/Zettel.md", "Woods.md"]


def test_a_linter_over_the_vault_changes_nothing_at_the_next_export(reader: Reading) -> None:
    for number in range(8):
        reader.book(f"Book {number}", "one", "two", author=f"Author {number}")
    reader.export()
    for path in reader.paths():
        text = reader.text(path).replace("\n- ", "\n* ").replace('title: "', "title: '").replace('"\ntags', "'\ntags")
        text = re.sub(r"\n{2,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).rstrip("\n") + "\n"
        reader.write(path, text)
    linted = reader.contents()
    assert reader.export("--full").counts == (0, 0, 8, 0)
    assert reader.contents() == linted
    book = next(iter(reader.library.books.values()))
    reader.library.edit_highlight_at_source(book.highlights[0].id, text="one, mended")
    assert reader.export().counts == (0, 1, 7, 0)
    changed = {path: data for path, data in reader.contents().items() if linted[path] != data}
    assert changed == {f"{book.title}.md": linted[f"{book.title}.md"].replace(b"> one\n", b"> one, mended\n")}


def test_a_changed_template_is_merged_into_edited_notes(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    replace(reader, "Walden.md", "- Note: \n", "- Note: Mine.\n")
    reader.type("Walden.md", "My end.\n")
    template = reader.vault / "T/document.md"
    template.write_text(template.read_text().replace("- Note:", "- Thought:").replace("# {{", "## {{"))
    run = reader.run("export", "--json")
    assert run.code == 0
    assert "1 note is rendered again" in run.err
    text = reader.text("Walden.md")
    assert "## Walden\n" in text and "- Thought: Mine.\n" in text and "My end.\n" in text
    assert "- Note:" not in text


# What can't be read now.


@pytest.mark.parametrize("half", ["", "\0\0\0\0"])
def test_a_file_without_anything_in_it_waits(reader: Reading, half: str) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    reader.write("Walden.md", half)
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    run = reader.export(code=1)
    assert "Walden.md" in run.err and "vaultsync restore" in run.err
    assert reader.text("Walden.md") == half


@pytest.mark.parametrize(
    ("half", "todo"),
    [
        (b"", ""),
        (b"\xff\xfe", " If it is all there, save it as UTF-8."),
        (b"> one\n\n^r", " If it is meant to end there, end it with a new line."),
        (b"---\ntitle: Walden\n", ' If it is all there, put the line "---" back below its properties.'),
    ],
)
def test_what_to_do_about_half_a_file_helps_with_what_it_lacks(reader: Reading, half: bytes, todo: str) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    (reader.vault / "Walden.md").write_bytes(half)
    reader.library.add_highlight(book, "two")
    hint = 'If it stays so, put back an earlier version, or delete it and run "vaultsync restore readwise:40000010".'
    assert reader.run("export").err.splitlines()[1:] == [f"  {hint}{todo}"]


def test_half_a_file_waits_until_the_other_half_is_there(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.export()
    whole = reader.text("Walden.md")
    reader.write("Walden.md", whole[: whole.index("ne\n\n^rw")])
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    assert "in the middle of a line" in reader.export(code=1).err
    reader.write("Walden.md", whole)
    assert reader.export().counts == (0, 1, 0, 0)
    assert reader.text("Walden.md") == whole.replace("> one", "> one, mended")


def test_a_note_whose_properties_are_broken_is_told_once_though_it_was_named(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    reader.write("Walden.md", reader.text("Walden.md").replace("title: ", "title: [", 1))
    assert reader.run("restore", "Walden.md").err.count("not YAML") == 1


# State is disposable.


def test_lost_state_takes_over_edited_notes_without_a_question_where_nothing_differs(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.book("Essays", "two")
    reader.export()
    replace(reader, "Walden.md", block(one, "one"), f"My words.\n\n{block(one, 'one')}\nMore of mine.\n")
    files = reader.files()
    lose_state(reader)
    assert reader.export().counts == (0, 0, 2, 0)
    assert reader.files() == files
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    assert reader.export().counts == (0, 1, 1, 0)
    assert reader.contents()["Walden.md"] == files["Walden.md"][0].replace(b"> one", b"> one, mended")


def test_lost_state_makes_no_second_note_of_what_is_listed_under_two_ids(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    essay = reader.library.add_reader_document("Essay", location="later")
    reader.library.highlight_in_reader(essay.id, "A passage.")
    reader.export()
    assert reader.paths() == ["Essay.md"]
    reader.type("Essay.md")
    files = reader.files()
    lose_state(reader)
    reader.library.add_reader_document("Other", location="later")
    assert reader.export().counts == (1, 0, 1, 0)
    assert reader.paths() == ["Essay.md", "Other.md"] and reader.files()["Essay.md"] == files["Essay.md"]
    assert reader.export("--full").counts == (0, 0, 2, 0)


def test_lost_state_makes_a_conflict_of_what_differs(reader: Reading) -> None:
    book, (one,) = reader.book("Walden", "one")
    reader.export()
    replace(reader, "Walden.md", "- Note: \n", "- Note: Mine.\n")
    lose_state(reader)
    two = reader.library.add_highlight(book, "two")
    reader.export(code=3)
    text = reader.text("Walden.md")
    told = f"> [!vaultsync-conflict] note [[#^rw{one.id}]] (empty at the source)\n"
    assert block(one, "one", "Mine.") + f"\n{told}" in text
    assert block(two, "two") in text
    assert text.count("vaultsync-conflict]") == 1


def test_state_of_yesterday_brings_no_conflict(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.export()
    kept = {file.name: file.read_bytes() for file in reader.state.iterdir() if file.is_file()}
    replace(reader, "Walden.md", "- Note: \n", "- Note: Mine.\n")
    reader.library.edit_highlight_at_source(one.id, text="one, mended")
    reader.export()
    text = reader.text("Walden.md")
    for file in [file for file in reader.state.iterdir() if file.is_file()]:
        file.unlink()
    for name, data in kept.items():
        (reader.state / name).write_bytes(data)
    assert reader.export().json["edits"]["conflicts"] == 0
    assert reader.text("Walden.md") == text


# Looking at one note.


def test_diff_shows_lines_and_fields_that_were_changed(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "one")
    reader.book("Essays", "two")
    reader.export()
    replace(reader, "Walden.md", "- Note: \n", "- Note: Mine.\n")
    lines = reader.run("diff").out.splitlines()
    assert lines[:2] == ["--- agreed/Walden.md", "+++ vault/Walden.md"]
    assert "-- Note: " in lines and "+- Note: Mine." in lines
    assert lines[-1] == f"# ^rw{one.id} note: (empty) -> Mine."
    assert reader.run("diff", "Essays.md").out == ""
