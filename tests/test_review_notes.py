"""Notes and tags typed in a review go to the highlights they stand under: the cases, through the command."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.export_case import Reading, reader
from tests.plugin_case import Install, hook, install
from tests.test_push import push, writes
from tests.test_review import PATH, review
from tests.watch_case import watching, within
from vaultsync import reviews, workspace
from vaultsync.simulator.records import Highlight

__all__ = ["install", "reader"]

CALLOUT = "> [!vaultsync-conflict] {} [[#^review-{}]]\n> {}\n"


def typed(reader: Reading, one: Highlight, words: str, *, was: str = "", path: str = PATH) -> str:
    """Type a highlight's note in the review; return all of that."""
    start, found, rest = reader.text(path).partition(f"^review-{one.id}\n")
    assert found
    rest, times = re.subn(rf"- Note: {re.escape(was)}\n", lambda _: f"- Note: {words}\n", rest, count=1)
    assert times
    reader.write(path, start + found + rest)
    return reader.text(path)


def typed_in_its_note(reader: Reading, words: str, *, was: str = "", path: str = "Walden.md") -> None:
    text = reader.text(path)
    assert f"- Note: {was}\n" in text
    reader.write(path, text.replace(f"- Note: {was}\n", f"- Note: {words}\n", 1))


def sync(reader: Reading, *args: str, code: int = 0) -> dict[str, int]:
    """Sync, and return the counts of edits."""
    reader.simulator.log.clear()
    run = reader.run("sync", "--json", *args)
    assert run.code == code, (run.code, run.out, run.err)
    edits: dict[str, int] = run.json["edits"]
    return edits


def told(reader: Reading) -> list[tuple[str, str]]:
    """What is refused, and why, as status tells."""
    found = reader.run("status", "--json").json["refused"]
    return [(one["path"], one["reason"]) for one in found]


@pytest.fixture
def walden(reader: Reading) -> Highlight:
    """A book with a highlight that is in today's review."""
    _, (one,) = reader.book("Walden", "I went to the woods.")
    reader.export()
    review(reader)
    return one


# What is typed arrives, once, on both sides.


def test_a_typed_note_goes_to_the_highlight_and_into_its_note(reader: Reading, walden: Highlight) -> None:
    text = typed(reader, walden, "Why the woods?")
    assert push(reader)["sent"] == 1
    assert walden.note == "Why the woods?"
    assert reader.text(PATH) == text
    assert "- Note: Why the woods?\n" in reader.text("Walden.md")
    assert writes(reader) == [("PATCH", f"/api/v2/highlights/{walden.id}/")]


def test_it_is_sent_once(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why the woods?")
    push(reader)
    files = reader.files()
    for _ in range(2):
        assert sync(reader, "--full")["sent"] == 0
        assert writes(reader) == []
    assert reader.files() == files
    rows = reader.rows()
    sync(reader, "--full")
    assert reader.rows() == rows


def test_several_lines_and_a_second_thought(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "One.\n  And two.")
    push(reader)
    assert walden.note == "One.\nAnd two."
    typed(reader, walden, "Three.", was="One.\n  And two.")
    push(reader)
    assert (walden.note, "- Note: Three.\n" in reader.text("Walden.md")) == ("Three.", True)


def test_tags_too_as_the_account_spells_them(reader: Reading, walden: Highlight) -> None:
    reader.book("Essays", "x")
    other = next(iter(reader.library.books.values()))
    reader.library.retag_in_app(other.highlights[0].id, add=["to read"])
    reader.export("--full")
    reader.write(PATH, reader.text(PATH).replace("- Tags: \n", "- Tags: #to-read #woods\n", 1))
    assert push(reader)["sent"] == 1
    assert sorted(tag.name for tag in walden.tags) == ["to read", "woods"]
    assert "- Tags: #to-read #woods\n" in reader.text("Walden.md")


def test_a_highlight_that_stands_in_no_note_is_reached_as_well(reader: Reading, walden: Highlight) -> None:
    (reader.vault / "Walden.md").unlink()
    review(reader)
    typed(reader, walden, "Why the woods?")
    assert push(reader)["sent"] == 1
    assert (walden.note, reader.paths()) == ("Why the woods?", [PATH])


def test_words_around_the_embedded_block_stay_in_both_notes(reader: Reading, walden: Highlight) -> None:
    reader.type("Walden.md", "\nMine.\n")
    typed(reader, walden, "Why the woods?")
    reader.type(PATH, "\nAlso mine.\n")
    push(reader)
    assert reader.text("Walden.md").endswith("- Note: Why the woods?\n- Tags: \n\n\nMine.\n")
    assert reader.text(PATH).endswith("\nAlso mine.\n")


def test_a_note_is_cleared_by_emptying_its_place(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    push(reader)
    typed(reader, walden, "", was="Why?")
    assert push(reader)["sent"] == 1
    assert (walden.note, "- Note: \n" in reader.text("Walden.md")) == ("", True)


def test_a_service_that_trims_causes_no_echo(reader: Reading, walden: Highlight) -> None:
    reader.library.quirks.texts_trimmed = True
    text = typed(reader, walden, "Why?\n  \n  ")
    push(reader)
    push(reader)
    assert writes(reader) == []
    assert (walden.note, reader.text(PATH)) == ("Why?", text)


# Both notes, or the service, say something else.


def test_the_same_in_both_notes_is_sent_once(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    typed_in_its_note(reader, "Why?")
    assert push(reader)["sent"] == 1
    assert (walden.note, len(writes(reader))) == ("Why?", 1)
    files = reader.files()
    assert sync(reader)["sent"] == 0
    assert reader.files() == files


def test_two_thoughts_are_a_conflict_and_none_is_lost(reader: Reading, walden: Highlight) -> None:
    text = typed(reader, walden, "In the review.")
    typed_in_its_note(reader, "In the note.")
    assert push(reader, code=3)["sent"] == 1
    assert (walden.note, "- Note: In the note.\n" in reader.text("Walden.md")) == ("In the note.", True)
    after = reader.text(PATH)
    assert "- Note: In the review.\n" in after
    callout = CALLOUT.format("note", walden.id, "In the note.")
    assert after.replace(f"\n{callout}", "").replace("vaultsync_conflicts: 1\n", "") == text
    assert push(reader, code=3)["sent"] == 0

    reader.write(PATH, after.replace(f"\n{callout}", ""))
    assert sync(reader)["sent"] == 1
    assert (walden.note, "- Note: In the review.\n" in reader.text("Walden.md")) == ("In the review.", True)
    assert reader.text(PATH) == text


@pytest.mark.parametrize("side", ["ours", "theirs"])
def test_resolve_answers_it(reader: Reading, walden: Highlight, side: str) -> None:
    typed(reader, walden, "In the review.")
    typed_in_its_note(reader, "In the note.")
    push(reader, code=3)
    assert reader.run("resolve", PATH, f"--{side}").code == 0
    sync(reader)
    expected = "In the review." if side == "ours" else "In the note."
    assert walden.note == expected
    for path in (PATH, "Walden.md"):
        assert reader.text(path).count(f"- Note: {expected}\n") == 1
        assert "conflict" not in reader.text(path)


def test_a_note_that_came_there_meanwhile_is_a_conflict(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Mine.")
    reader.library.edit_highlight_in_app(walden.id, note="Theirs.")
    assert push(reader, code=3)["sent"] == 0
    assert (walden.note, writes(reader)) == ("Theirs.", [])
    assert "- Note: Mine.\n" in reader.text(PATH)
    assert CALLOUT.format("note", walden.id, "Theirs.") in reader.text(PATH)
    assert "- Note: Theirs.\n" in reader.text("Walden.md")


def test_tags_from_everywhere_come_together(reader: Reading, walden: Highlight) -> None:
    reader.write(PATH, reader.text(PATH).replace("- Tags: \n", "- Tags: #one\n", 1))
    reader.write("Walden.md", reader.text("Walden.md").replace("- Tags: \n", "- Tags: #two\n", 1))
    reader.library.retag_in_app(walden.id, add=["three"])
    push(reader)
    sync(reader)
    assert sorted(tag.name for tag in walden.tags) == ["one", "three", "two"]
    for path in (PATH, "Walden.md"):
        tags = re.findall(r"- Tags: (.*)", reader.text(path))[0]
        assert sorted(tags.split()) == ["#one", "#three", "#two"], path


def test_two_reviews_with_the_same_highlight(reader: Reading, walden: Highlight) -> None:
    earlier = _review_of_yesterday(reader)
    typed(reader, walden, "Yesterday.", path=earlier)
    push(reader)
    assert walden.note == "Yesterday."
    typed(reader, walden, "Today.")
    assert push(reader, code=3)["sent"] == 0
    assert CALLOUT.format("note", walden.id, "Yesterday.") in reader.text(PATH)
    assert (walden.note, "- Note: Today.\n" in reader.text(PATH)) == ("Yesterday.", True)


def _review_of_yesterday(reader: Reading) -> str:
    """Write the review of the day before; return where it is."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    stand = workspace.Stand(now=lambda: yesterday)
    with workspace.opened(reader.vault, env=os.environ, stand=stand, writing="a test") as opened:
        return reviews.review(opened, "readwise").path


def test_the_review_is_brought_up_to_date_when_it_is_asked_for_again(reader: Reading, walden: Highlight) -> None:
    typed_in_its_note(reader, "In the note.")
    push(reader)
    assert "- Note: \n" in reader.text(PATH)
    reader.type(PATH)
    review(reader)
    assert "- Note: In the note.\n" in reader.text(PATH)
    typed(reader, walden, "More.", was="In the note.")
    assert push(reader)["sent"] == 1
    assert walden.note == "More."


# What is not certainly meant is not sent.


@pytest.mark.parametrize(
    ("what", "now"),
    [
        ("- Note: Why?\n- Tags: \n", ""),
        ("- Note: Why?\n", ""),
        ("- Note: Why?\n", "Why?\n"),
        ("- Note: Why?\n", "- Why?\n"),
    ],
)
def test_a_place_that_is_gone_clears_nothing(reader: Reading, walden: Highlight, what: str, now: str) -> None:
    typed(reader, walden, "Why?")
    push(reader)
    reader.write(PATH, reader.text(PATH).replace(what, now))
    assert push(reader)["sent"] == 0
    assert walden.note == "Why?"
    assert "- Note: Why?\n" in reader.text("Walden.md")


def test_half_a_file_sends_nothing(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why the woods?")
    push(reader)
    text = reader.text(PATH)
    for end in range(0, len(text), 3):
        reader.write(PATH, text[:end])
        reader.run("push")
        assert walden.note == "Why the woods?", text[:end]
    assert "- Note: Why the woods?\n" in reader.text("Walden.md")


def test_a_deleted_review_or_block_of_it_deletes_nothing(reader: Reading, walden: Highlight) -> None:
    reader.configure(source='on_local_delete = "delete"')
    text = typed(reader, walden, "Why?")
    push(reader)
    reader.write(PATH, text[: text.index("![[")] + "\nMine.\n")
    assert push(reader)["sent"] == 0
    (reader.vault / PATH).unlink()
    assert push(reader)["sent"] == 0
    assert (walden.deleted, walden.note, writes(reader)) == (False, "Why?", [])
    assert reader.run("status", "--json").json["deleted"] == []


def test_one_way_stays_one_way(reader: Reading, walden: Highlight) -> None:
    reader.configure(source="push = []")
    typed(reader, walden, "Why?")
    assert push(reader)["refused"] == 1
    assert (walden.note, writes(reader)) == ("", [])
    assert told(reader) == [(PATH, '`note` is not sent: add "note" to push of [sources.readwise] in vaultsync.toml.')]


def test_a_note_like_a_command_waits_for_a_word(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, ".woods")
    assert push(reader)["refused"] == 1
    assert push(reader, "--allow-inline-commands")["sent"] == 1


def test_a_highlight_that_is_gone_is_told(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    reader.library.delete_highlight(walden.id)
    assert push(reader)["refused"] == 1
    assert "- Note: Why?\n" in reader.text(PATH)
    sync(reader)
    assert "- Note: Why?\n" in reader.text(PATH)


def test_a_highlight_whose_document_is_not_known_has_no_place(reader: Reading) -> None:
    _, (one,) = reader.book("Walden", "I went to the woods.")
    review(reader)
    assert "- Note:" not in reader.text(PATH)
    reader.export()
    review(reader)
    typed(reader, one, "Why?")
    assert push(reader)["sent"] == 1


def test_a_passage_marked_in_a_review_makes_no_highlight(reader: Reading, walden: Highlight) -> None:
    reader.type(PATH, "\n> [!highlight] hm\n> Some passage.\n\nMine.\n")
    assert push(reader)["refused"] == 1
    assert told(reader) == [
        (PATH, "A review is no document to highlight in; mark the passage in the note of the document.")
    ]
    assert reader.run("add", PATH, "Another.").code == 2
    assert writes(reader) == []
    assert len(next(iter(reader.library.books.values())).highlights) == 1
    del walden


def test_reviews_from_a_backup_are_not_sent(reader: Reading, walden: Highlight, tmp_path: Path) -> None:
    typed(reader, walden, "One.")
    push(reader)
    shutil.copytree(reader.vault, tmp_path / "backup")
    typed(reader, walden, "Two.", was="One.")
    push(reader)
    shutil.copytree(tmp_path / "backup", reader.vault, dirs_exist_ok=True)
    assert push(reader, code=3)["sent"] == 0
    assert walden.note == "Two."


def test_more_than_anyone_types_waits(reader: Reading) -> None:
    highlights = [reader.book(f"Book {number}", f"passage {number}")[1][0] for number in range(5)]
    reader.export()
    review(reader)
    reader.write(PATH, reader.text(PATH).replace("- Note: \n- Tags: \n", "- Note: x\n- Tags: #x\n"))
    for number in range(5):
        path = f"Book {number}.md"
        reader.write(path, re.sub("- Note: \n- Tags: \n", "- Note: y\n- Tags: #y\n", reader.text(path)))
        typed_in_its_note(reader, "y", was="y", path=path)
        reader.write(path, reader.text(path).replace("tags: []", "tags: [y]"))
    assert push(reader, code=3)["sent"] == 0
    assert [one.note for one in highlights] == [""] * 5


# Wherever the notes are.


def test_a_review_that_was_moved_is_still_read(reader: Reading, walden: Highlight) -> None:
    (reader.vault / PATH).rename(reader.vault / "Some day.md")
    typed(reader, walden, "Why?", path="Some day.md")
    assert push(reader)["sent"] == 1
    assert walden.note == "Why?"


def test_a_document_that_was_renamed_as_obsidian_does(reader: Reading, walden: Highlight) -> None:
    (reader.vault / "Walden.md").rename(reader.vault / "The Woods.md")
    reader.write(PATH, reader.text(PATH).replace("![[Walden#", "![[The Woods#"))
    typed(reader, walden, "Why?")
    assert push(reader)["sent"] == 1
    assert "- Note: Why?\n" in reader.text("The Woods.md")


def test_a_part_of_a_review_in_another_note(reader: Reading, walden: Highlight) -> None:
    text = reader.text(PATH)
    start, end = text.index("![["), text.index("- Tags: \n") + len("- Tags: \n")
    reader.write("Woods.md", f"# Woods\n\n{text[start:end]}\nMine.\n")
    reader.write(PATH, text[:start] + text[end:] + "Mine.\n")
    typed(reader, walden, "Why?", path="Woods.md")
    assert push(reader)["sent"] == 1
    assert walden.note == "Why?"


def test_an_edited_template_keeps_what_was_typed(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    reader.type(PATH)
    shipped = Path(__file__).parent.parent / "templates/default/review.md"
    own = shipped.read_text().replace("# {{ document.title }}", "# To read again")
    (reader.vault / "T/review.md").write_text(own)
    assert sync(reader)["sent"] == 1
    text = reader.text(PATH)
    assert ("# To read again\n" in text, "- Note: Why?\n" in text, "My own words." in text) == (True, True, True)


# Around it.


def test_a_dry_run_tells_what_would_be_sent(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    files, rows = reader.files(), reader.rows()
    run = reader.run("push", "--dry-run")
    assert f"{PATH}: note of ^review-{walden.id}: (empty) -> Why?" in run.out
    assert (reader.files(), reader.rows(), walden.note, writes(reader)) == (files, rows, "", [])


def test_undo_takes_it_back_on_both_sides(reader: Reading, walden: Highlight) -> None:
    before = reader.text("Walden.md")
    text = typed(reader, walden, "Why?")
    push(reader)
    assert reader.run("undo").code == 0
    assert (walden.note, reader.text("Walden.md"), reader.text(PATH)) == ("", before, text)
    reader.write(PATH, text.replace("Why?", ""))
    assert sync(reader)["sent"] == 0
    assert (walden.note, reader.text("Walden.md")) == ("", before)


def test_without_state_nothing_is_sent_and_nothing_lost(reader: Reading, walden: Highlight) -> None:
    text = typed(reader, walden, "Why?")
    for file in reader.state.iterdir():
        file.unlink()
    assert sync(reader)["sent"] == 0
    assert (walden.note, reader.text(PATH)) == ("", text)
    review(reader)
    assert "- Note: Why?\n" in reader.text(PATH)
    assert CALLOUT.format("note", walden.id, "").replace("\n> \n", " (empty at the source)\n") in reader.text(PATH)


def test_status_counts_and_tells_it(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    status = reader.run("status", "--json").json
    assert [(one["path"], one["what"]) for one in status["unsent"]] == [(PATH, "(empty) -> Why?")]


def test_an_offline_day_sends_later(reader: Reading, walden: Highlight) -> None:
    from vaultsync.simulator.faults import status

    typed(reader, walden, "Why?")
    reader.simulator.faults.order(status(401), path="/api/v2/highlights")
    run = reader.run("push", "--json")
    assert (run.code, run.json["edits"]["waiting"]) == (2, 1)
    assert push(reader)["sent"] == 1
    assert (walden.note, "- Note: Why?\n" in reader.text("Walden.md")) == ("Why?", True)


# The two notes at odds.


def test_a_place_that_can_not_be_read_in_the_other_note_loses_nothing(reader: Reading, walden: Highlight) -> None:
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: \n", "Thought: in the note.\n"))
    typed(reader, walden, "In the review.")
    push(reader, code=3)
    assert walden.note == "In the review."
    text = reader.text("Walden.md")
    assert "\nThought: in the note.\n" in text
    assert f"> [!vaultsync-conflict] lines [[#^rw{walden.id}]]\n> - Note: In the review.\n" in text


def test_an_open_conflict_in_the_other_note_keeps_all_three(reader: Reading, walden: Highlight) -> None:
    typed_in_its_note(reader, "In the note.")
    reader.library.edit_highlight_in_app(walden.id, note="In the app.")
    sync(reader, code=3)
    typed(reader, walden, "In the review.")
    sync(reader, code=3)
    together = reader.text("Walden.md") + reader.text(PATH)
    for words in ("In the note.", "In the app.", "In the review."):
        assert words in together
    assert walden.note == "In the app."


def test_an_edit_that_is_refused_in_the_other_note_stays_there(reader: Reading, walden: Highlight) -> None:
    typed_in_its_note(reader, ".woods")
    typed(reader, walden, "In the review.")
    assert push(reader, code=3)["refused"] == 1
    assert walden.note == "In the review."
    text = reader.text("Walden.md")
    assert "- Note: .woods\n" in text
    assert f"> [!vaultsync-conflict] note [[#^rw{walden.id}]]\n> In the review.\n" in text


def test_several_highlights_of_one_document(reader: Reading) -> None:
    _, ours = reader.book("Walden", "one", "two", "three")
    reader.export()
    review(reader)
    for number, one in enumerate(ours):
        typed(reader, one, f"Thought {number}.")
    assert push(reader)["sent"] == 3
    assert [one.note for one in ours] == ["Thought 0.", "Thought 1.", "Thought 2."]
    assert [f"- Note: Thought {number}.\n" in reader.text("Walden.md") for number in range(3)] == [True] * 3
    files = reader.files()
    assert sync(reader, "--full")["sent"] == 0
    assert reader.files() == files


# Other commands.


def test_a_deleted_review_comes_back_when_it_is_asked_for(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    push(reader)
    (reader.vault / PATH).unlink()
    sync(reader)
    assert reader.paths() == ["Walden.md"]
    assert reader.run("restore", PATH).code == 0
    assert "- Note: Why?\n" in reader.text(PATH)


def test_one_review_alone_can_be_exported_and_pushed(reader: Reading, walden: Highlight) -> None:
    typed_in_its_note(reader, "In the note.")
    push(reader)
    assert reader.export("--only", PATH).json["notes"]["updated"] == 1
    assert "- Note: In the note.\n" in reader.text(PATH)
    typed(reader, walden, "More.", was="In the note.")
    assert push(reader, "--only", PATH)["sent"] == 1
    assert walden.note == "More."


def test_diff_preview_and_check_know_reviews(reader: Reading, walden: Highlight) -> None:
    typed(reader, walden, "Why?")
    assert "Why?" in reader.run("diff", PATH).out
    assert f"^review-{walden.id}" in reader.run("templates", "preview", PATH).out
    shipped = Path(__file__).parent.parent / "templates/default/review.md"
    shutil.copy(shipped, reader.vault / "T/review.md")
    checked = reader.run("templates", "check").out
    assert re.search(r"review\.md: works\.\n(?:.*\n)*? +highlight\.note +writable\n", checked), checked
    (reader.vault / "T/review.md").write_text("{{ review.url }}\n")
    assert "T/review.md, line 1: 'review' is undefined" in reader.run("templates", "check").out
    reader.book("Essays", "What do I know?")
    assert "Its note of readwise-review" in reader.export(code=1).err
    assert reader.paths() == ["Essays.md", PATH, "Walden.md"], "it holds up reviews alone"


def test_a_filter_of_a_plugin_is_not_asked_about_reviews(reader: Reading, walden: Highlight, install: Install) -> None:
    install("shy", hook("vaultsync_document_filters", "return (lambda one: None if 'Daily' in one.title else one,)"))
    typed(reader, walden, "Why?")
    assert push(reader)["sent"] == 1
    assert walden.note == "Why?"


def test_a_watcher_sends_what_is_saved_in_a_review(reader: Reading, walden: Highlight) -> None:
    with watching(reader) as watch:
        typed(reader, walden, "Why?")
        watch.hears("sent", PATH)
        within(lambda: "- Note: Why?\n" in reader.text("Walden.md"))
    assert walden.note == "Why?"
    assert sync(reader)["sent"] == 0


def test_an_account_of_another_name_has_reviews_of_its_own(reader: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READWISE_TOKEN_HOME_LAB", reader.simulator.token)
    toml = (reader.vault / "vaultsync.toml").read_text()
    section = f'[sources.home-lab]\ntype = "readwise"\nbase_url = "{reader.simulator.base_url}"\n'
    (reader.vault / "vaultsync.toml").write_text(toml[: toml.index("[sources.")] + section)
    _, (one,) = reader.book("Walden", "I went to the woods.")
    reader.export()
    review(reader)
    path = PATH.replace(".md", " (home-lab).md")
    text = reader.text(path)
    assert f"![[Walden#^homelab-rw{one.id}]]\n\n^homelab-review-{one.id}\n" in text
    assert 'vaultsync_id: "home-lab-review:' in text
    reader.write(path, text.replace("- Note: \n", "- Note: Why?\n"))
    assert push(reader)["sent"] == 1
    assert (one.note, "- Note: Why?\n" in reader.text("Walden.md")) == ("Why?", True)


def test_an_account_called_as_the_reviews_of_another_is_refused(reader: Reading) -> None:
    for first in (True, False):
        reader.configure()
        toml = (reader.vault / "vaultsync.toml").read_text()
        other = f'[sources.readwise-review]\ntype = "linkding"\nbase_url = "{reader.simulator.base_url}"\n'
        at = toml.index("[sources.") if first else len(toml)
        (reader.vault / "vaultsync.toml").write_text(f"{toml[:at]}\n{other}\n{toml[at:]}")
        assert 'would both have ids that begin with "readwise-review:"' in reader.run("export").err
