"""The rules of watching, one by one, against what the system tells and against looking again and again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.test_push import type_note, writes
from tests.watch_case import Watching, paced, polling, watching, within
from vaultsync.watching.heartbeat import heard
from vaultsync.watching.watcher import MOST

__all__ = ["reader"]

WAYS = {"events": {}, "polling": {"watching": polling}}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How the vault is watched."""
    return WAYS[request.param]


@contextmanager
def up_to_date(reader: Reading, *titles: str, **manner: Any) -> Iterator[Watching]:
    """Watch a vault with a note for each of these books, one highlight in each."""
    for title in titles:
        reader.book(title, f"Of {title}.")
    if titles:
        reader.export()
    reader.simulator.log.clear()
    with watching(reader, **manner) as watch:
        within(lambda: has_succeeded(reader))  # the first fetch is over
        yield watch


def has_succeeded(reader: Reading) -> bool:
    beat = heard(reader.state)
    return beat is not None and beat.last_success is not None


def fetched_since(reader: Reading, requests: int) -> bool:
    return len(reader.simulator.log) > requests


def note_of(reader: Reading, title: str) -> str:
    """What the service holds of the first highlight of a book."""
    book = next(one for one in reader.library.books.values() if one.title == title)
    return book.highlights[0].note


# What is saved arrives.


def test_a_saved_note_arrives_at_the_service(reader: Reading, way: dict[str, Any]) -> None:
    with up_to_date(reader, "Walden", **way) as watch:
        type_note(reader, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
    assert note_of(reader, "Walden") == "Mine."
    assert len(writes(reader)) == 1


def test_two_notes_saved_at_once_both_arrive(reader: Reading, way: dict[str, Any]) -> None:
    with up_to_date(reader, "Walden", "Essays", **way) as watch:
        type_note(reader, "Walden.md", "One.")
        type_note(reader, "Essays.md", "Two.")
        watch.hears("sent")
        watch.hears("sent")
    assert (note_of(reader, "Walden"), note_of(reader, "Essays")) == ("One.", "Two.")


def test_an_edit_after_a_rename_arrives_and_no_second_file_appears(reader: Reading, way: dict[str, Any]) -> None:
    with up_to_date(reader, "Walden", **way) as watch:
        (reader.vault / "Deep/er").mkdir(parents=True)
        (reader.vault / "Walden.md").rename(reader.vault / "Deep/er/Woods.md")
        type_note(reader, "Deep/er/Woods.md", "Mine.")
        watch.hears("sent", "Deep/er/Woods.md")
    assert note_of(reader, "Walden") == "Mine."
    assert reader.paths() == ["Deep/er/Woods.md"]


def test_an_edit_in_a_folder_that_was_moved_arrives(reader: Reading, way: dict[str, Any]) -> None:
    reader.configure(source='path = "A/{{ document.title }}.md"')
    with up_to_date(reader, "Walden", **way) as watch:
        (reader.vault / "A").rename(reader.vault / "B")
        type_note(reader, "B/Walden.md", "Mine.")
        watch.hears("sent", "B/Walden.md")
    assert note_of(reader, "Walden") == "Mine."


def save_atomically(reader: Reading, path: str, text: str) -> None:
    (reader.vault / ".saving").write_text(text)
    (reader.vault / ".saving").rename(reader.vault / path)


def save_as_vim_does(reader: Reading, path: str, text: str) -> None:
    (reader.vault / path).rename(reader.vault / f"{path}~")
    (reader.vault / path).write_text(text)
    (reader.vault / f"{path}~").unlink()


def save_three_times(reader: Reading, path: str, text: str) -> None:
    for part in (text[: len(text) // 3], "", text):
        (reader.vault / path).write_text(part)


@pytest.mark.parametrize("save", [save_atomically, save_as_vim_does, save_three_times])
def test_however_an_editor_saves_one_edit_arrives_once(reader: Reading, save: Any) -> None:
    with up_to_date(reader, "Walden") as watch:
        save(reader, "Walden.md", reader.text("Walden.md").replace("- Note: \n", "- Note: Mine.\n"))
        watch.hears("sent", "Walden.md")
    assert note_of(reader, "Walden") == "Mine."
    assert len(writes(reader)) == 1
    assert reader.paths() == ["Walden.md"]


def test_a_block_that_was_moved_to_another_note_is_followed(reader: Reading) -> None:
    with up_to_date(reader, "Walden") as watch:
        text = reader.text("Walden.md")
        block = text[text.index("> Of") :]
        reader.write("Walden.md", text.replace(block, ""))
        reader.write("Mine.md", block.replace("- Note: \n", "- Note: Moved.\n"))
        watch.hears("sent", "Walden.md")
    assert note_of(reader, "Walden") == "Moved."


def test_an_edit_made_while_nobody_watched_arrives_at_the_start(reader: Reading) -> None:
    reader.book("Walden", "Of Walden.")
    reader.export()
    type_note(reader, "Walden.md", "Mine.")
    with watching(reader) as watch:
        watch.hears("sent", "Walden.md")
    assert note_of(reader, "Walden") == "Mine."


# What is no edit wakes nobody.


def quiet(reader: Reading, watch: Watching) -> None:
    """Edit another note, and see that nothing but that was asked or sent: what was done before was no edit."""
    reader.simulator.log.clear()
    type_note(reader, "Other.md", "Mine.")
    watch.hears("sent", "Other.md")
    assert [one.method for one in reader.simulator.log] == ["GET", "PATCH"]
    assert watch.said("sent") == [("sent", "Other.md")]


@pytest.fixture
def settled(reader: Reading, way: dict[str, Any]) -> Iterator[Watching]:
    """Watching a vault with two notes, the first fetch over."""
    with up_to_date(reader, "Walden", "Other", **way) as watch:
        yield watch


def make_no_edit(vault: Path) -> None:
    """Do all that a watcher sees and that is no edit."""
    note = vault / "Walden.md"
    os.utime(note)
    subprocess.run(["grep", "-rq", "nothing like that", str(vault)], check=False)
    note.write_bytes(note.read_bytes())
    shutil.copy(note, vault / "Copy.md")
    (vault / ".obsidian").mkdir()
    (vault / ".obsidian/workspace.md").write_text("")
    (vault / "picture.png").write_bytes(b"0")
    (vault / "My own.md").write_text("My own words.\n")
    note.rename(vault / "Woods.md")
    (vault / "Gone.md").unlink()


def test_what_is_no_edit_asks_and_sends_nothing(reader: Reading, way: dict[str, Any]) -> None:
    with up_to_date(reader, "Walden", "Gone", "Other", **way) as watch:
        make_no_edit(reader.vault)
        quiet(reader, watch)


def test_an_emptied_note_is_left_alone(reader: Reading, settled: Watching) -> None:
    reader.write("Walden.md", "")
    quiet(reader, settled)
    assert reader.text("Walden.md") == ""


def test_half_of_a_note_is_left_alone_until_the_rest_is_there(reader: Reading, settled: Watching) -> None:
    type_note(reader, "Walden.md", "A long note. " * 20)
    settled.hears("sent", "Walden.md")
    text = reader.text("Walden.md")
    reader.write("Walden.md", text[: len(text) // 3])
    type_note(reader, "Other.md", "Mine.")
    settled.hears("sent", "Other.md")
    reader.write("Walden.md", text.replace("A long note. A", "A longer note. A", 1))
    settled.hears("sent", "Walden.md")
    assert note_of(reader, "Walden").startswith("A longer note. A long note.")


def test_its_own_export_of_many_notes_sends_nothing(reader: Reading) -> None:
    with up_to_date(reader, "Other") as watch:
        for number in range(100):
            reader.book(f"Book {number}", "one")
        reader.run("export")
        reader.simulator.log.clear()
        quiet(reader, watch)


# Remote changes.


def test_a_remote_change_arrives_beside_what_is_typed(reader: Reading, way: dict[str, Any]) -> None:
    with up_to_date(reader, "Walden", pace=paced(pull=0.2), **way) as watch:
        reader.type("Walden.md", "\nMy own words.\n")
        book = next(iter(reader.library.books.values()))
        reader.library.add_highlight(book, "A second one.")
        watch.hears("arrived", "Walden.md")
        within(lambda: "A second one." in reader.text("Walden.md"))
    assert "My own words." in reader.text("Walden.md")


def test_nothing_is_written_to_a_note_under_its_users_hands(reader: Reading) -> None:
    reader.configure(source='documents = "none"')
    with up_to_date(reader, "Walden", pace=paced(settle=2.0, longest=30.0, pull=0.05)) as watch:
        text = reader.type("Walden.md", "\nTyping")
        book = next(iter(reader.library.books.values()))
        reader.library.add_highlight(book, "A second one.")
        before = len(reader.simulator.log)
        for number in range(10):
            text = reader.type("Walden.md", f" {number}")
            within(partial(fetched_since, reader, before))
            before = len(reader.simulator.log)
            assert reader.text("Walden.md") == text
        watch.hears("arrived", "Walden.md")
    assert "A second one." in reader.text("Walden.md")
    assert "Typing 0 1 2" in reader.text("Walden.md")


# Bursts.


def test_more_files_at_once_than_are_followed_end_in_one_look_at_all_notes(reader: Reading) -> None:
    with up_to_date(reader, "Walden") as watch:
        for number in range(MOST * 2):
            (reader.vault / f"{number}.md").write_text(f"My own {number}.\n")
        type_note(reader, "Walden.md", "In the middle of it.")
        watch.hears("sent", "Walden.md")
    assert len(writes(reader)) == 1


def test_a_linter_over_all_notes_is_stopped_and_says_so_once(reader: Reading) -> None:
    # Long enough for all of it to be written on a busy machine.
    with up_to_date(reader, *(f"Book {number}" for number in range(30)), pace=paced(settle=0.5)) as watch:
        for path in reader.paths():
            type_note(reader, path, "linted")
        assert "More edits" not in watch.hears("trouble", "than anyone types").text
        type_note(reader, "Book 0.md", "Mine.", was="linted")
    assert len([event for event in watch.events if event.kind == "trouble"]) == 1
    assert writes(reader) == []


# Templates and configuration.


def test_a_saved_template_renders_its_notes_again(reader: Reading, way: dict[str, Any]) -> None:
    with up_to_date(reader, "Walden", **way) as watch:
        reader.type("Walden.md", "\nMy own words.\n")
        (reader.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
        watch.hears("arrived", "Walden.md")
        within(lambda: "# The book Walden" in reader.text("Walden.md"))
    assert reader.text("Walden.md").endswith("\nMy own words.\n")


def test_a_broken_template_is_told_once_and_the_old_one_stays_in_use(reader: Reading) -> None:
    with up_to_date(reader, "Walden", pace=paced(pull=0.1)) as watch:
        (reader.vault / "T/document.md").write_text(TEMPLATE + "{% if %}")
        assert "T/document.md, line 18" in watch.hears("trouble").text
        type_note(reader, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
        reader.book("Essays", "one")
        watch.hears("arrived", "Essays.md")
        (reader.vault / "T/document.md").write_text(TEMPLATE + "\nmended\n")
        watch.hears("mended", "line 18")
        within(lambda: "mended" in reader.text("Walden.md"))
    assert len(watch.said("trouble")) == 1


def test_a_template_that_would_change_many_notes_waits_for_a_word(reader: Reading) -> None:
    with up_to_date(reader, *(f"Book {number}" for number in range(51))) as watch:
        before = reader.contents()
        (reader.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
        text = watch.hears("trouble").text
        assert "51 notes" in text and "vaultsync export" in text
        type_note(reader, "Book 0.md", "Mine.")
        watch.hears("sent", "Book 0.md")
        assert reader.text("Book 1.md").encode() == before["Book 1.md"]
        within(lambda: reader.run("export").code == 0)
        within(lambda: "# The book Book 1\n" in reader.text("Book 1.md"))
        type_note(reader, "Book 2.md", "Mine too.")
        watch.hears("mended")
        watch.hears("sent", "Book 2.md")
    assert "# The book Book 1\n" in reader.text("Book 1.md")


def test_a_template_that_changed_while_nobody_watched_waits_for_a_word_too(reader: Reading) -> None:
    for number in range(52):
        reader.book(f"Book {number}", "one")
    reader.export()
    (reader.vault / "Book 51.md").unlink()  # a note that is gone counts for nothing
    before = reader.contents()
    (reader.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
    with watching(reader) as watch:
        text = watch.hears("trouble").text
        assert "51 notes" in text and "vaultsync export" in text
        assert "51 notes made by an earlier template" in reader.run("status").out
        reader.book("A new one", "one")
        type_note(reader, "Book 0.md", "Mine.")
        watch.hears("sent", "Book 0.md")
        assert "# The book Book 0\n" in reader.text("Book 0.md"), "one with an edit is made anew"
        assert reader.text("Book 1.md").encode() == before["Book 1.md"]
        within(lambda: reader.run("export").code == 0)
        assert "# The book Book 1\n" in reader.text("Book 1.md")
        type_note(reader, "Book 2.md", "Mine too.")
        watch.hears("mended", "51 notes")
        watch.hears("sent", "Book 2.md")
    assert "earlier template" not in reader.run("status").out


def test_how_many_notes_wait_for_a_word_is_said_once_though_they_become_fewer(reader: Reading) -> None:
    for number in range(54):
        reader.book(f"Book {number}", "one")
    reader.export()
    (reader.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
    with watching(reader) as watch:
        watch.hears("trouble", "54 notes")
        for number in range(2):
            type_note(reader, f"Book {number}.md", "Mine.")
            watch.hears("sent", f"Book {number}.md")
        assert watch.said("trouble", "mended") == [("trouble", "")]
        within(lambda: "52 notes" in reader.run("status").out)


def test_a_template_that_changed_few_notes_while_nobody_watched_is_taken_over(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    (reader.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
    with watching(reader) as watch:
        watch.hears("arrived", "Walden.md")
    assert "# The book Walden\n" in reader.text("Walden.md")
    assert watch.said("trouble") == []


@pytest.mark.parametrize("allowed", ["--yes", "unattended"])
def test_a_template_may_change_many_notes_where_that_is_allowed(reader: Reading, allowed: str) -> None:
    if allowed == "unattended":
        reader.configure(source="[watch]\nunattended = true\n")
    with up_to_date(reader, *(f"Book {number}" for number in range(51)), yes=allowed == "--yes"):
        (reader.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
        within(lambda: all("# The book" in reader.text(path) for path in reader.paths()))


def test_a_broken_configuration_is_told_once_and_a_mended_one_is_taken_over(reader: Reading) -> None:
    with up_to_date(reader, "Walden") as watch:
        toml = (reader.vault / "vaultsync.toml").read_text()
        (reader.vault / "vaultsync.toml").write_text(toml + "\npush = 3\n")
        assert "vaultsync.toml, line 9" in watch.hears("trouble").text
        type_note(reader, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
        (reader.vault / "vaultsync.toml").write_text(toml + "\npush = []\n")
        watch.hears("notice", "begins anew")
        watch.hears("started")
        type_note(reader, "Walden.md", "Mine again.", was="Mine.")
        watch.hears("waiting", "Walden.md")
    assert note_of(reader, "Walden") == "Mine."
    assert len(watch.said("trouble")) == 1


# The vault goes, and comes back.


def test_a_vault_that_is_gone_is_told_once_and_taken_up_when_it_is_back(reader: Reading, way: dict[str, Any]) -> None:
    away = reader.vault.with_name("away")
    with up_to_date(reader, "Walden", **way) as watch:
        reader.vault.rename(away)
        watch.hears("trouble", "vaultsync.toml")
        away.rename(reader.vault)
        watch.hears("started")
        type_note(reader, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
    assert len(watch.said("trouble")) == 1
    assert note_of(reader, "Walden") == "Mine."


def test_a_vault_without_its_marker_is_not_written_to(reader: Reading) -> None:
    with up_to_date(reader, "Walden", pace=paced(pull=0.1, tick=0.02)) as watch:
        (reader.vault / "vaultsync.toml").rename(reader.vault / "elsewhere.toml")
        watch.hears("trouble", "vaultsync.toml")
        reader.book("Essays", "one")
        (reader.vault / "elsewhere.toml").rename(reader.vault / "vaultsync.toml")
        watch.hears("mended", "vaultsync.toml")
        watch.hears("arrived", "Essays.md")


def test_a_vault_that_was_replaced_is_watched_anew(reader: Reading) -> None:
    with up_to_date(reader, "Walden") as watch:
        copy = reader.vault.with_name("copy")
        shutil.copytree(reader.vault, copy)
        reader.vault.rename(reader.vault.with_name("old"))
        copy.rename(reader.vault)
        watch.hears("started")
        within(lambda: has_succeeded(reader))
        type_note(reader, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
    assert note_of(reader, "Walden") == "Mine."


# Beside others.


def test_a_sync_by_hand_works_beside_it(reader: Reading) -> None:
    with up_to_date(reader, "Walden"):
        reader.book("Essays", "one")
        within(lambda: reader.run("sync").code == 0)
    assert reader.paths() == ["Essays.md", "Walden.md"]


def test_a_second_watcher_is_told_who_watches(reader: Reading) -> None:
    with up_to_date(reader, "Walden"):
        run = reader.run("watch")
    assert run.code == 2
    assert f'"vaultsync watch" (process {os.getpid()}, since 2' in run.err and "is watching this vault" in run.err


def test_what_someone_else_is_at_work_on_is_done_when_they_are_through(reader: Reading) -> None:
    from vaultsync.storage.lock import writer_lock

    with up_to_date(reader, "Walden") as watch:
        with writer_lock(reader.state, "vaultsync export"):
            asked = len(reader.simulator.log)
            type_note(reader, "Walden.md", "Mine.")
            (reader.vault / "T/document.md").write_text(TEMPLATE + "{% if %}")
            watch.hears("trouble")  # it is awake, and at work on what was saved
            assert len(reader.simulator.log) == asked
        watch.hears("sent", "Walden.md")


def test_status_shows_it_and_what_is_wrong(reader: Reading) -> None:
    with up_to_date(reader, "Walden", pace=paced(pull=0.1)) as watch:
        assert f"Watched by process {os.getpid()}" in reader.run("status").out
        within(lambda: reader.run("status", "--json").json["watching"]["last_success"])
    assert watch.said("trouble") == []
    assert "Watched" not in reader.run("status").out
