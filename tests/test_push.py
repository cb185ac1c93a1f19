"""What goes back to the service, through the command, over HTTP, from a real vault."""

from __future__ import annotations

import os
import re

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from vaultsync.simulator.faults import status
from vaultsync.simulator.records import Highlight

__all__ = ["reader"]


def type_note(reader: Reading, path: str, words: str, *, was: str = "") -> None:
    """Type a highlight's note where the template has its place; of several, the first."""
    text = reader.text(path)
    assert f"- Note: {was}\n" in text, text
    reader.write(path, text.replace(f"- Note: {was}\n", f"- Note: {words}\n", 1))


def type_tags(reader: Reading, path: str, tags: str) -> None:
    """Type the first highlight's tags."""
    reader.write(path, re.sub(r"- Tags: .*\n", f"- Tags: {tags}\n", reader.text(path), count=1))


def writes(reader: Reading) -> list[tuple[str, str]]:
    """Every request that was not a GET."""
    return [(one.method, one.path) for one in reader.simulator.log if one.method != "GET"]


def push(reader: Reading, *args: str, code: int = 0) -> dict[str, int]:
    """Push, and return the counts of edits."""
    reader.simulator.log.clear()
    run = reader.run("push", "--json", *args)
    assert run.code == code, (run.code, run.out, run.err)
    edits: dict[str, int] = run.json["edits"]
    return edits


@pytest.fixture
def walden(reader: Reading) -> Highlight:
    """A book with one highlight, exported."""
    _, (one,) = reader.book("Walden", "I went to the woods.")
    reader.export()
    return one


# Notes.


def test_a_typed_note_arrives_and_the_file_is_not_touched(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Why the woods?")
    files = reader.files()
    assert push(reader)["sent"] == 1
    assert walden.note == "Why the woods?"
    assert reader.files() == files
    assert writes(reader) == [("PATCH", f"/api/v2/highlights/{walden.id}/")]


@pytest.mark.usefixtures("walden")
def test_after_a_push_nothing_is_sent_or_written_again(reader: Reading) -> None:
    type_note(reader, "Walden.md", "Why the woods?")
    push(reader)
    files = reader.files()
    reader.simulator.log.clear()
    assert reader.run("sync", "--full", "--json").json["edits"]["sent"] == 0
    assert push(reader)["sent"] == 0
    assert writes(reader) == []
    assert reader.files() == files
    rows = reader.rows()
    reader.run("sync", "--full")
    assert reader.rows() == rows


def test_an_edit_is_sent_though_the_template_has_changed_since(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    reader.type("Walden.md")
    (reader.vault / "T/document.md").write_text(TEMPLATE.replace("# {{", "# The book {{"))
    assert "1 edit that the next push sends" in reader.run("status").out
    assert push(reader, "--dry-run")["sent"] == 0 and walden.note == ""
    assert push(reader)["sent"] == 1
    assert walden.note == "Mine."
    assert "# The book Walden\n" in reader.text("Walden.md")
    assert reader.text("Walden.md").endswith("\nMy own words.\n")


def test_a_note_is_changed_and_cleared(reader: Reading, walden: Highlight) -> None:
    for was, now in (("", "one"), ("one", "two, three"), ("two, three", "")):
        type_note(reader, "Walden.md", now, was=was)
        assert push(reader)["sent"] == 1
        assert walden.note == now


def test_a_note_of_several_lines_arrives_as_typed(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "one\n  - two\n  - [[three]]\n\n  four")
    push(reader)
    assert walden.note == "one\n- two\n- [[three]]\n\nfour"


def test_what_stands_around_the_blocks_is_never_sent(reader: Reading, walden: Highlight) -> None:
    text = (
        reader.text("Walden.md").replace("# Walden\n", "# My Walden\n\nMy own words.\n").replace("> I", "Mine.\n\n> I")
    )
    reader.write("Walden.md", text + "\nMore of mine.\n")
    assert push(reader) == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}
    assert not reader.simulator.log
    assert walden.note == ""


FOLLOWS = {
    "a mark on a line of its own": (
        ("- Tags:", "{{ '★' if 'favorite' in h.tags }}\n- Tags:"),
        "\n★\n- Tags: #favorite\n",
    ),
    "a word before another value": (
        ("{{ h.text", "{% if h.note %}noted: {% endif %}{{ h.text"),
        "noted: > I went to the woods.\n",
    ),
    "a line that comes in": (
        ("- Note:", "{% if h.note %}\n- noted\n{% endif %}- Note:"),
        "\n- noted\n- Note: Mine.\n",
    ),
    "a count in the head of the note": (
        ("# {{", "{{ document.highlights | selectattr('note') | list | length }} of them\n\n# {{"),
        "\n1 of them\n\n# Walden\n",
    ),
}


@pytest.mark.parametrize(("change", "there"), FOLLOWS.values(), ids=FOLLOWS)
def test_what_a_template_makes_of_an_edit_elsewhere_stands_against_no_edit(
    reader: Reading, change: tuple[str, str], there: str
) -> None:
    (reader.vault / "T/document.md").write_text(TEMPLATE.replace(*change))
    _, (one, _) = reader.book("Walden", "I went to the woods.", "Simplify.")
    reader.export()
    type_note(reader, "Walden.md", "Mine.")
    type_tags(reader, "Walden.md", "#favorite")
    reader.type("Walden.md")
    assert push(reader)["sent"] == 2
    assert (one.note, [tag.name for tag in one.tags]) == ("Mine.", ["favorite"])
    assert there in reader.text("Walden.md") and reader.text("Walden.md").endswith("\nMy own words.\n")
    files = reader.files()
    assert reader.run("sync", "--full", "--json").json["edits"]["sent"] == 0 and reader.files() == files


# Tags.


def test_tags_are_added_and_removed_one_by_one(reader: Reading, walden: Highlight) -> None:
    for name in ("Solitude", "nature"):
        reader.library.tag(walden, name)
    reader.export("--full")
    type_tags(reader, "Walden.md", "#solitude #woods #favorite")
    push(reader)
    assert [tag.name for tag in walden.tags] == ["Solitude", "woods", "favorite"]
    assert sorted(method for method, _ in writes(reader)) == ["DELETE", "POST", "POST"]


def test_tags_the_service_got_meanwhile_stay(reader: Reading, walden: Highlight) -> None:
    reader.library.tag(walden, "theirs")
    type_tags(reader, "Walden.md", "#mine")
    push(reader)
    assert sorted(tag.name for tag in walden.tags) == ["mine", "theirs"]
    assert "#mine" in reader.text("Walden.md") and "#theirs" in reader.text("Walden.md")


def test_a_tag_the_account_has_elsewhere_is_sent_in_its_spelling(reader: Reading, walden: Highlight) -> None:
    _, (other,) = reader.book("Essays", "two")
    reader.library.tag(other, "To read")
    reader.export("--full")
    type_tags(reader, "Walden.md", "#to-read")
    files = reader.files()
    push(reader)
    assert [tag.name for tag in walden.tags] == ["To read"]
    assert push(reader)["sent"] == 0
    assert reader.files() == files


def test_a_service_that_changes_the_case_of_tags_causes_no_echo(reader: Reading, walden: Highlight) -> None:
    reader.library.quirks.tags_lower_cased = True
    type_tags(reader, "Walden.md", "#Solitude")
    files = reader.files()
    assert push(reader)["sent"] == 1
    assert [tag.name for tag in walden.tags] == ["solitude"]
    assert reader.run("sync", "--full", "--json").json["edits"]["sent"] == 0
    assert push(reader)["sent"] == 0
    assert reader.files() == files


@pytest.mark.usefixtures("walden")
def test_a_service_that_trims_texts_causes_no_echo(reader: Reading) -> None:
    reader.library.quirks.texts_trimmed = True
    reader.configure(source='push = ["note", "text"]')
    text = reader.text("Walden.md")
    reader.write("Walden.md", text.replace("> I went", ">     I went"))
    files = reader.files()
    push(reader)
    reader.run("sync", "--full")
    assert push(reader)["sent"] == 0
    assert reader.files() == files


def test_the_documents_own_tags_go_to_its_book(reader: Reading, walden: Highlight) -> None:
    reader.write("Walden.md", reader.text("Walden.md").replace("tags: []", "tags:\n  - classics\n  - to-read"))
    assert push(reader)["sent"] == 1
    assert [tag.name for tag in reader.library.books[walden.book_id].tags] == ["classics", "to-read"]


def test_a_tag_typed_with_a_blank_is_sent_as_typed_and_no_edit_afterwards(reader: Reading, walden: Highlight) -> None:
    reader.write("Walden.md", reader.text("Walden.md").replace("tags: []", "tags:\n  - To read"))
    files = reader.files()
    assert push(reader)["sent"] == 1
    assert [tag.name for tag in reader.library.books[walden.book_id].tags] == ["To read"]
    assert (push(reader)["sent"], reader.files()) == (0, files)


# What may be sent is its user's choice.


def test_nothing_is_sent_where_push_is_empty(reader: Reading, walden: Highlight) -> None:
    reader.configure(source="push = []")
    type_note(reader, "Walden.md", "Mine.")
    assert push(reader) == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 1}
    assert not reader.simulator.log
    assert 'add "note" to push' in reader.run("status").out
    assert walden.note == ""


def test_a_text_is_sent_only_if_its_user_lists_it(reader: Reading, walden: Highlight) -> None:
    reader.write("Walden.md", reader.text("Walden.md").replace("> I went", "> He went"))
    assert push(reader)["refused"] == 1
    reader.configure(source='push = ["note", "tags", "text"]')
    assert push(reader)["sent"] == 1
    assert walden.text == "He went to the woods."


# Conflicts.


def test_a_conflict_sends_nothing_and_puts_both_into_the_note(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    reader.library.edit_highlight_in_app(walden.id, note="Theirs.")
    assert push(reader, code=3)["conflicts"] == 1
    assert writes(reader) == []
    assert "- Note: Mine.\n" in reader.text("Walden.md") and "> Theirs.\n" in reader.text("Walden.md")
    assert push(reader, code=3)["sent"] == 0
    assert (walden.note, writes(reader)) == ("Theirs.", [])


@pytest.mark.parametrize(("side", "note"), [("--ours", "Mine."), ("--theirs", "Theirs.")])
def test_a_resolved_conflict_ends_alike_on_both_sides(reader: Reading, walden: Highlight, side: str, note: str) -> None:
    type_note(reader, "Walden.md", "Mine.")
    reader.library.edit_highlight_in_app(walden.id, note="Theirs.")
    push(reader, code=3)
    assert reader.run("resolve", "Walden.md", side).code == 0
    push(reader)
    assert walden.note == note
    assert f"- Note: {note}\n" in reader.text("Walden.md")
    assert "vaultsync-conflict" not in reader.text("Walden.md")


def test_a_conflict_whose_callout_is_deleted_sends_what_the_note_says(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    reader.library.edit_highlight_in_app(walden.id, note="Theirs.")
    push(reader, code=3)
    reader.write("Walden.md", re.sub(r"\n> \[!vaultsync-conflict\].*\n> Theirs\.\n", "", reader.text("Walden.md")))
    assert reader.run("sync", "--json").json["edits"]["sent"] == 1
    assert walden.note == "Mine."


def test_an_edit_both_sides_made_is_agreed_without_a_write(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "The same.")
    reader.library.edit_highlight_in_app(walden.id, note="The same.")
    assert push(reader)["sent"] == 0
    assert writes(reader) == []
    assert push(reader) == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}
    assert not reader.simulator.log


# What is not certainly meant.


def test_a_file_cut_in_half_sends_nothing(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.export()
    type_note(reader, "Walden.md", "A note of some length.")
    push(reader)
    text = reader.text("Walden.md")
    reader.write("Walden.md", text[: text.index(" length.")])
    run = reader.run("push")
    assert run.code == 1 and "Walden.md ends in the middle of a line" in run.err
    assert (one.note, writes(reader)[1:]) == ("A note of some length.", [])


def test_half_of_a_file_that_was_changed_before_sends_nothing(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.export()
    type_note(reader, "Walden.md", "A note of some length.")
    push(reader)
    text = reader.text("Walden.md").replace("# Walden\n", "# Walden\n\nMine.\n")
    reader.write("Walden.md", text[: text.index(" length.")])
    run = reader.run("push")
    assert run.code == 1 and "Walden.md ends in the middle of a line" in run.err
    assert one.note == "A note of some length."


def test_half_of_words_that_were_just_typed_is_not_sent(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two")
    reader.export()
    type_note(reader, "Walden.md", "A note of some length.")
    text = reader.text("Walden.md").replace("# Walden\n", "# Walden\n\nMine.\n")
    reader.write("Walden.md", text[: text.index(" length.")])
    assert push(reader)["refused"] == 1
    assert one.note == ""
    assert "may be cut off" in reader.run("status").out


def test_half_of_a_file_whose_user_typed_into_it_sends_nothing_of_it(reader: Reading) -> None:
    _, (one, _) = reader.book("Walden", "one", "two is the second passage")
    reader.export()
    type_note(reader, "Walden.md", "Mine.")
    text = reader.text("Walden.md").replace("# Walden\n", "# Walden\n\nSome words of mine.\n")
    cut = text[: text.index(" second passage")].replace("\n", "\r\n")
    reader.write("Walden.md", cut)

    run = reader.run("sync")

    assert run.code == 1 and "Walden.md ends in the middle of a line" in run.err
    assert (one.note, reader.text("Walden.md")) == ("", cut)
    reader.write("Walden.md", text)
    assert reader.run("sync").code == 0
    assert one.note == "Mine."


def test_an_emptied_file_sends_nothing_and_says_what_to_do(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    push(reader)
    reader.write("Walden.md", "")
    run = reader.run("push")
    assert run.code == 1 and "Walden.md is empty" in run.err
    assert walden.note == "Mine."


def test_a_linter_over_the_vault_sends_nothing(reader: Reading) -> None:
    for number in range(30):
        reader.book(f"Book {number}", "one", "two")
    reader.export()
    for path in reader.paths():
        text = reader.text(path).replace("\n- ", "\n* ").replace('title: "', "title: '").replace('"\ntags', "'\ntags")
        reader.write(path, re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))
    assert push(reader)["sent"] == 0
    assert writes(reader) == []


def test_more_edits_than_anyone_types_wait_for_a_word(reader: Reading) -> None:
    highlights = [reader.book(f"Book {number}", "one")[1][0] for number in range(21)]
    reader.export()
    for path in reader.paths():
        type_note(reader, path, "replaced everywhere")
    assert push(reader, code=3) == {"sent": 0, "waiting": 21, "conflicts": 0, "refused": 0}
    assert not reader.simulator.log
    assert "vaultsync push --yes" in reader.run("push").err
    assert push(reader, "--yes")["sent"] == 21
    assert {one.note for one in highlights} == {"replaced everywhere"}


def test_notes_restored_from_a_backup_are_not_sent(reader: Reading) -> None:
    highlights = [reader.book(f"Book {number}", "one")[1][0] for number in range(5)]
    reader.export()
    backup = reader.contents()
    for path in reader.paths():
        type_note(reader, path, "typed since")
    push(reader)
    for path in reader.paths():
        (reader.vault / path).write_bytes(backup[path])
    for full in ((), ("--full",)):
        run = reader.run("sync", *full)
        assert run.code == 3
        assert "restored from a backup" in run.out
    assert {one.note for one in highlights} == {"typed since"}
    assert push(reader, "--yes")["sent"] == 5
    assert {one.note for one in highlights} == {""}


def test_one_note_from_a_backup_is_known_by_its_age(reader: Reading, walden: Highlight) -> None:
    backup = reader.contents()["Walden.md"]
    type_note(reader, "Walden.md", "typed since")
    push(reader)
    (reader.vault / "Walden.md").write_bytes(backup)
    os.utime(reader.vault / "Walden.md", (1_000_000_000, 1_000_000_000))
    assert push(reader, code=3)["waiting"] == 1
    assert walden.note == "typed since"


def test_an_edit_undone_in_the_editor_is_an_edit(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "typed")
    push(reader)
    type_note(reader, "Walden.md", "", was="typed")
    assert push(reader)["sent"] == 1
    assert walden.note == ""


def test_a_note_that_would_be_a_command_waits_for_a_word(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", ".h1 Chapter one")
    assert push(reader)["refused"] == 1
    assert "--allow-inline-commands" in reader.run("push").out
    assert push(reader, "--allow-inline-commands")["sent"] == 1
    assert walden.note == ".h1 Chapter one"


def test_a_note_that_is_too_long_is_refused_with_its_length(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "x" * 8192)
    assert push(reader)["refused"] == 1
    assert "8192 characters" in reader.run("push").out
    assert walden.note == ""


# Deleting in the vault.


def test_a_deleted_block_or_note_is_not_deleted_at_the_service(reader: Reading) -> None:
    book, (one, _) = reader.book("Walden", "one", "two")
    reader.book("Essays", "three")
    reader.export()
    text = reader.text("Walden.md")
    reader.write("Walden.md", text.replace(text[text.index("> one") : text.index("> two")], ""))
    (reader.vault / "Essays.md").unlink()
    reader.run("sync", "--full")
    assert writes(reader) == []
    assert len(book.live) == 2
    assert reader.paths() == ["Walden.md"]


# Requests.


def test_a_dry_run_of_a_push_tells_what_would_be_sent(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    rows, files = reader.rows(), reader.files()
    run = reader.run("push", "--dry-run")
    assert "Walden.md: note" in run.out and "(empty) -> Mine." in run.out
    assert (reader.rows(), reader.files(), writes(reader), walden.note) == (rows, files, [], "")
    assert push(reader)["sent"] == 1


def test_a_hundred_edits_take_no_more_requests_than_looks_and_writes(reader: Reading) -> None:
    for number in range(50):
        reader.book(f"Book {number}", "one", "two")
    reader.export()
    for path in reader.paths():
        reader.write(path, reader.text(path).replace("- Note: \n", "- Note: typed\n"))
    assert push(reader, "--yes")["sent"] == 100
    assert len(reader.simulator.log) == 200


def test_state_deleted_between_two_syncs_sends_nothing_needlessly(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Mine.")
    reader.run("sync")
    for file in reader.state.glob("state.sqlite3*"):
        file.unlink()
    files = reader.files()
    reader.simulator.log.clear()
    assert reader.run("sync").code == 0
    assert (writes(reader), reader.files(), walden.note) == ([], files, "Mine.")


# What goes wrong.


def test_an_edit_of_what_is_gone_at_the_service_is_told(reader: Reading, walden: Highlight) -> None:
    reader.library.add_highlight(walden.book_id, "another")
    reader.export()
    type_note(reader, "Walden.md", "Mine.")
    reader.library.delete_highlight(walden.id)
    run = reader.run("push", "--json")
    assert [(one["fate"], one["why"]) for one in run.json["outbox"]] == [
        ("refused", "It is of something that is gone at the source.")
    ]
    assert reader.export("--allow-removals").json["edits"]["conflicts"] == 0
    assert "Mine." in reader.text("Walden.md") and "vaultsync-deleted" in reader.text("Walden.md")


def test_one_documents_failure_stops_no_other(reader: Reading) -> None:
    highlights = [reader.book(f"Book {number}", "one")[1][0] for number in range(3)]
    reader.export()
    for path in reader.paths():
        type_note(reader, path, "typed")
    bad = status(400, {"note": ["Not this one."]})
    reader.simulator.faults.order(bad, path=f"/api/v2/highlights/{highlights[1].id}", method="PATCH")
    run = reader.run("push", "--json")
    assert run.code == 1
    assert run.json["edits"] == {"sent": 2, "waiting": 1, "conflicts": 0, "refused": 0}
    assert [one.note for one in highlights] == ["typed", "", "typed"]
    assert push(reader)["sent"] == 1


def test_a_token_revoked_midway_leaves_the_rest_waiting(reader: Reading) -> None:
    highlights = [reader.book(f"Book {number}", "one")[1][0] for number in range(3)]
    reader.export()
    for path in reader.paths():
        type_note(reader, path, "typed")
    refused = status(401, {"detail": "Invalid token."})
    reader.simulator.faults.order(refused, path="/api/v2/highlights/", nth=3, times=None)
    run = reader.run("push", "--json")
    assert run.json["edits"]["sent"] + run.json["edits"]["waiting"] == 3
    assert run.code in (1, 2)
    reader.simulator.faults.clear()
    push(reader)
    assert [one.note for one in highlights] == ["typed", "typed", "typed"]


def test_a_refused_token_is_told_once_though_it_met_both_halves_of_a_sync(
    reader: Reading, walden: Highlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_note(reader, "Walden.md", "Mine.")
    monkeypatch.setenv("READWISE_TOKEN", "wrong")
    run = reader.run("sync")
    assert (run.code, run.err.count("token refused (401)"), walden.note) == (2, 1, "")
    assert 'Run "vaultsync auth readwise"; the next run goes on where this one stopped.' in run.err
