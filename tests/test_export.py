"""What an export does, through the command, over HTTP, in a real vault."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from tests.export_case import Reading, reader
from vaultsync.simulator.faults import empty_listing, status

__all__ = ["reader"]

# First exports.


def test_every_book_with_highlights_gets_a_note(reader: Reading) -> None:
    reader.book("Walden", "I went to the woods.", author="Henry David Thoreau")
    reader.book("Empty")
    assert reader.export().counts == (1, 0, 0, 0)
    assert reader.paths() == ["Walden.md"]
    book = next(iter(reader.library.books))
    assert reader.text("Walden.md") == (
        f'---\ntitle: "Walden"\ntags: []\nvaultsync_id: "readwise:{book}"\n---\n'
        "# Walden\n\n> I went to the woods.\n\n"
        f"^rw{next(iter(reader.library.books.values())).highlights[0].id}\n\n- Note: \n- Tags: \n\n"
    )


def test_titles_that_collide_get_names_of_their_own(reader: Reading) -> None:
    for title in ("Essays", "ESSAYS", "Essays"):
        reader.book(title, "one")
    reader.export()
    assert len({path.casefold() for path in reader.paths()}) == 3


def test_reader_document_and_its_book_are_one_note(reader: Reading) -> None:
    document = reader.library.add_reader_document("On Noise", location="later")
    reader.library.highlight_in_reader(document.id, "Quiet is a material.")
    assert reader.export().counts == (1, 0, 0, 0)
    assert 'vaultsync_id: "readwise:' in reader.text("On Noise.md")


def test_documents_without_highlights_get_notes_only_if_asked_for(reader: Reading) -> None:
    reader.library.add_reader_document("Unread", location="later")
    assert reader.export().counts == (0, 0, 0, 0)
    reader.configure(source='documents = "all"')
    assert reader.export().counts == (1, 0, 0, 0)
    assert 'vaultsync_id: "reader:' in reader.text("Unread.md")


def test_a_note_keeps_its_file_when_its_document_becomes_a_book(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    document = reader.library.add_reader_document("Unread", location="later")
    reader.export()
    reader.library.highlight_in_reader(document.id, "Now marked.")
    assert reader.export().counts == (0, 1, 0, 0)
    assert reader.paths() == ["Unread.md"]
    assert 'vaultsync_id: "readwise:' in reader.text("Unread.md")
    assert "Now marked." in reader.text("Unread.md")


def test_the_feed_is_left_out_unless_asked_for(reader: Reading) -> None:
    reader.library.add_reader_document("News", location="feed")
    reader.configure(source='documents = "all"')
    assert reader.export().counts == (0, 0, 0, 0)
    reader.configure(source='documents = "all"\nlocations = ["feed"]')
    assert reader.export().counts == (1, 0, 0, 0)


def test_two_answers_about_one_document_on_one_page_both_arrive(reader: Reading) -> None:
    reader.configure(source='documents = "all"\nchildren = true')
    document = reader.library.add_reader_document("On Noise", location="later")
    reader.export()
    for text in ("Quiet is a material.", "Noise is a habit."):
        reader.library.highlight_in_reader(document.id, text)
    reader.export()
    assert reader.export("--full").counts == (0, 0, 1, 0)
    assert all(text in reader.text("On Noise.md") for text in ("Quiet is a material.", "Noise is a habit."))
    rows = reader.rows()
    reader.export("--full")
    assert reader.rows() == rows


# Second exports.


@pytest.mark.parametrize("how", [(), ("--full",)])
def test_an_unchanged_account_changes_no_byte_no_mtime_and_no_row(reader: Reading, how: tuple[str, ...]) -> None:
    reader.book("Walden", "one", "two")
    document = reader.library.add_reader_document("On Noise", location="later")
    reader.library.highlight_in_reader(document.id, "Quiet is a material.")
    reader.export()
    files, rows = reader.files(), reader.rows()
    reader.simulator.log.clear()
    assert reader.export(*how).counts == (0, 0, 2, 0)
    assert reader.files() == files
    assert reader.rows() == rows
    assert {request.method for request in reader.simulator.log} == {"GET"}


def test_a_new_highlight_joins_the_ones_that_are_there(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    reader.library.add_highlight(book, "two")
    assert reader.export().counts == (0, 1, 0, 0)
    assert reader.text("Walden.md").index("> one") < reader.text("Walden.md").index("> two")


def test_a_tag_set_in_the_app_arrives_with_the_next_full_sweep(reader: Reading) -> None:
    _, (highlight,) = reader.book("Walden", "one")
    reader.export()
    reader.library.retag_in_app(highlight.id, add=["solitude"])
    assert reader.export().counts == (0, 0, 1, 0)
    assert reader.export("--full").counts == (0, 1, 0, 0)
    assert "#solitude" in reader.text("Walden.md")


def test_everything_is_listed_again_a_day_later_by_itself(reader: Reading) -> None:
    _, (highlight,) = reader.book("Walden", "one")
    reader.export()
    reader.library.retag_in_app(highlight.id, add=["solitude"])
    with freeze_time(datetime.now(UTC) + timedelta(hours=23), tick=True):
        assert reader.export().counts == (0, 0, 1, 0)
    with freeze_time(datetime.now(UTC) + timedelta(hours=25), tick=True):
        assert reader.export().counts == (0, 1, 0, 0)


def test_a_listing_without_news_goes_on_where_it_was_interrupted(reader: Reading) -> None:
    reader.simulator.readwise.pages = 2  # books on a page
    for number in range(10):
        reader.book(f"Book {number}", "one")
    reader.export()
    reader.simulator.faults.order(status(403, {"detail": "no"}), path="/api/v2/export/", nth=4)
    reader.run("export", "--full")
    failed = reader.simulator.log.matching("/api/v2/export/")[-1].query
    reader.simulator.log.clear()
    assert reader.export("--full").counts == (0, 0, 10, 0)
    assert reader.simulator.log.matching("/api/v2/export/")[0].query == failed
    assert "pageCursor" in failed


def test_a_new_title_arrives_and_moves_no_file(reader: Reading) -> None:
    book, _ = reader.book("Waldn", "one")
    reader.export()
    reader.library.edit_book(book.id, title="Walden")
    assert reader.export().counts == (0, 1, 0, 0)
    assert reader.paths() == ["Waldn.md"]
    assert "# Walden\n" in reader.text("Waldn.md")


def test_a_note_that_was_renamed_and_moved_is_found_by_its_id(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    (reader.vault / "Woods").mkdir()
    (reader.vault / "Walden.md").rename(reader.vault / "Woods/My Walden.md")
    reader.library.add_highlight(book, "two")
    assert reader.export().counts == (0, 1, 0, 0)
    assert reader.paths() == ["Woods/My Walden.md"]
    assert "> two" in reader.text("Woods/My Walden.md")


# What its user wrote.


def test_news_go_into_an_edited_note_around_what_its_user_wrote(reader: Reading) -> None:
    book, (first,) = reader.book("Walden", "one")
    reader.export()
    mine = reader.type("Walden.md")
    second = reader.library.add_highlight(book, "two")
    assert reader.export().counts == (0, 1, 0, 0)
    block = f"> two\n\n^rw{second.id}\n\n- Note: \n- Tags: \n"
    assert reader.text("Walden.md") == f"{mine}\n{block}"
    assert f"^rw{first.id}" in mine


def test_an_edit_that_meets_no_news_is_left_alone(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    reader.type("Walden.md")
    files = reader.files()
    assert reader.export("--full").counts == (0, 0, 1, 0)
    assert reader.files() == files


def test_a_note_its_user_deleted_stays_deleted(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    (reader.vault / "Walden.md").unlink()
    reader.library.add_highlight(book, "two")
    assert reader.export().counts[0] == 0
    assert reader.paths() == []


def test_a_deleted_note_comes_back_when_asked_for(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    (reader.vault / "Walden.md").unlink()
    assert reader.export("--only", f"readwise:{book.id}").counts == (1, 0, 0, 0)
    assert reader.paths() == ["Walden.md"]


def test_a_file_of_the_same_name_is_never_overwritten(reader: Reading) -> None:
    reader.write("Walden.md", "My own page about Walden.\n")
    reader.book("Walden", "one")
    reader.export()
    assert reader.text("Walden.md") == "My own page about Walden.\n"
    assert len(reader.paths()) == 2


def test_a_copied_note_is_reported_and_the_first_stays_home(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    reader.write("Copy.md", reader.text("Walden.md"))
    reader.library.add_highlight(book, "two")
    run = reader.run("export")
    assert "Copy.md" in run.out
    assert "> two" in reader.text("Walden.md")
    assert "> two" not in reader.text("Copy.md")


# State is disposable.


def test_lost_state_is_made_again_without_touching_a_note(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.book("Essays", "two")
    reader.export()
    files, rows = reader.files(), reader.rows("deeds")
    for file in reader.state.glob("state.sqlite3*"):
        file.unlink()
    assert reader.export().counts == (0, 0, 2, 0)
    assert reader.files() == files
    assert reader.rows("deeds") == rows


def test_lost_state_makes_no_second_note_of_an_edited_one(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    mine = reader.type("Walden.md")
    for file in reader.state.glob("state.sqlite3*"):
        file.unlink()
    reader.export()
    assert reader.paths() == ["Walden.md"]
    assert reader.text("Walden.md") == mine


# Deletions.


def test_a_deleted_book_goes_to_the_trash(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.book("Essays", "two")
    reader.export()
    reader.library.delete_book(book.id)
    assert reader.export().counts == (0, 0, 1, 1)
    assert reader.paths() == ["Essays.md"]
    assert reader.trashed() == ["Walden.md"]


def test_a_deleted_book_whose_note_was_edited_keeps_its_note(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    mine = reader.type("Walden.md")
    reader.library.delete_book(book.id)
    reader.export()
    assert reader.text("Walden.md") == mine.replace("\n---\n#", "\nvaultsync_deleted: true\n---\n#")
    assert reader.trashed() == []


def test_a_deleted_highlight_leaves_its_note(reader: Reading) -> None:
    _, (first, _) = reader.book("Walden", "one", "two")
    reader.export()
    reader.library.delete_highlight(first.id)
    assert reader.export().counts == (0, 1, 0, 0)
    assert "> one" not in reader.text("Walden.md")
    assert "> two" in reader.text("Walden.md")


def test_a_book_whose_highlights_are_all_gone_keeps_its_note(reader: Reading) -> None:
    _, (only,) = reader.book("Walden", "one")
    reader.export()
    reader.library.delete_highlight(only.id)
    reader.export()
    assert reader.paths() == ["Walden.md"]


def test_a_document_deleted_in_reader_goes_to_the_trash_with_the_next_sweep(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    gone = reader.library.add_reader_document("Gone", location="later")
    reader.library.add_reader_document("Here", location="later")
    reader.export()
    reader.library.delete_reader_document(gone.id)
    assert reader.export().counts == (0, 0, 2, 0)
    assert reader.export("--full").counts == (0, 0, 1, 1)
    assert reader.trashed() == ["Gone.md"]


def test_a_document_whose_book_is_deleted_stays_while_reader_has_it(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    document = reader.library.add_reader_document("Here", location="later")
    highlight = reader.library.highlight_in_reader(document.id, "Quiet is a material.")
    reader.export()
    reader.library.delete_book(highlight.book_id)
    assert reader.export().counts == (0, 1, 0, 0)
    assert reader.paths() == ["Here.md"]


def test_a_document_moved_out_of_the_listed_locations_is_not_gone(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    document = reader.library.add_reader_document("Later", location="later")
    reader.library.add_reader_document("Here", location="new")
    reader.export()
    reader.library.move_reader_document(document.id, "feed")
    assert reader.export("--full").counts == (0, 0, 2, 0)


def test_many_deletions_at_once_stop_and_say_what_allows_them(reader: Reading) -> None:
    books = [reader.book(f"Book {number}", "one")[0] for number in range(12)]
    reader.export()
    for book in books[:8]:
        reader.library.delete_book(book.id)
    before = reader.contents()
    run = reader.export(code=3)
    assert "--allow-removals" in run.err
    assert reader.contents() == before
    assert reader.export(code=3).counts == (0, 0, 12, 0)
    assert reader.export("--allow-removals").counts == (0, 0, 4, 8)
    assert len(reader.trashed()) == 8


def test_many_deleted_highlights_stop_too(reader: Reading) -> None:
    _, highlights = reader.book("Walden", *(f"passage {number}" for number in range(20)))
    reader.export()
    for highlight in highlights[:9]:
        reader.library.delete_highlight(highlight.id)
    before = reader.contents()
    reader.export(code=3)
    assert reader.contents() == before
    assert reader.export("--allow-removals").counts == (0, 1, 0, 0)


def test_an_account_that_lists_nothing_removes_nothing(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.export()
    before = reader.contents()
    reader.library.books.clear()
    run = reader.export("--full", code=3)
    assert "Nothing was removed" in run.err
    assert reader.contents() == before


def test_highlights_in_documents_that_are_not_listed_alarm_nobody(reader: Reading) -> None:
    post = reader.library.add_reader_document("Post", location="feed")
    reader.library.highlight_in_reader(post.id, "Marked in the feed.")
    reader.export()
    assert reader.export("--full").counts == (0, 0, 1, 0)


def test_reader_listing_nothing_where_it_listed_something_removes_nothing(reader: Reading) -> None:
    reader.configure(source='documents = "all"')
    reader.library.add_reader_document("Later", location="later")
    reader.export()
    reader.simulator.faults.order(empty_listing(), path="/api/v3/list", times=None)
    run = reader.export("--full", code=3)
    assert "Nothing was removed" in run.err
    assert reader.paths() == ["Later.md"]


# Templates.


def test_a_changed_template_renders_its_notes_again_and_says_how_many_first(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.book("Essays", "two")
    reader.export()
    template = reader.vault / "T/document.md"
    template.write_text(template.read_text() + "\nThe end.\n")
    run = reader.run("export", "--json")
    assert run.counts == (0, 2, 0, 0)
    assert "2 notes" in run.err
    assert reader.text("Walden.md").endswith("\nThe end.\n")


def test_only_the_category_whose_template_changed_is_rendered_again(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.book("Noise", "two", category="articles")
    reader.export()
    (reader.vault / "T/document.articles.md").write_text("# {{ document.title }}\n")
    assert reader.export().counts == (0, 1, 1, 0)


@pytest.mark.parametrize("broken", ["{{ document.titel }}", "{% for x in %}", "---\na: [\n---\n"])
def test_a_broken_template_stops_before_anything_is_written(reader: Reading, broken: str) -> None:
    reader.book("Walden", "one")
    (reader.vault / "T/document.md").write_text(f"\n{broken}\n" if "---" not in broken else broken)
    run = reader.run("export")
    assert run.code == 2
    assert "T/document.md, line" in run.err
    assert reader.paths() == []


# Options.


def test_a_dry_run_tells_the_truth_and_writes_nothing(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    gone, _ = reader.book("Gone", "three")
    reader.export()
    reader.library.add_highlight(book, "two")
    reader.library.delete_book(gone.id)
    reader.book("New", "four")
    files, rows = reader.files(), reader.rows()
    told = reader.export("--dry-run")
    assert reader.files() == files
    assert reader.rows() == rows
    done = reader.export()
    assert told.json["changes"] == done.json["changes"]
    assert told.counts == done.counts == (1, 1, 0, 1)


def test_only_one_document_is_fetched_when_asked(reader: Reading) -> None:
    first, _ = reader.book("Walden", "one")
    reader.book("Essays", "two")
    assert reader.export("--only", f"readwise:{first.id}").counts == (1, 0, 0, 0)
    assert reader.paths() == ["Walden.md"]
    reader.library.retag_in_app(first.highlights[0].id, add=["silent"])
    assert reader.export("--only", "Walden.md").counts == (0, 1, 0, 0)


def test_only_what_nobody_knows_is_refused(reader: Reading) -> None:
    run = reader.run("export", "--only", "Nowhere.md")
    assert run.code == 2
    assert "Nowhere.md" in run.err


@pytest.mark.parametrize("path", ["{{ document.titel }}", "{{ document.title "])
def test_a_path_that_can_not_be_made_is_told_by_a_run_without_news(reader: Reading, path: str) -> None:
    reader.book("Walden", "one")
    reader.export()
    reader.configure(source=f'path = "{path}"')
    for options in (("--dry-run",), (), ()):
        run = reader.run("export", *options)
        assert run.code == 2 and "No note was written." in run.err
        assert run.err.startswith("Error: vaultsync.toml, line 7: path of [sources.readwise]: ")
    reader.configure(source='path = "Books/{{ document.title }}.md"')
    assert reader.export().counts == (0, 0, 1, 0)
    rows = reader.rows()
    assert reader.export().counts == (0, 0, 1, 0)
    assert reader.rows() == rows


def test_an_unknown_source_is_refused(reader: Reading) -> None:
    run = reader.run("export", "--source", "kindle")
    assert run.code == 2
    assert "readwise" in run.err


def test_state_of_an_earlier_version_is_taken_over_with_all_it_knew(reader: Reading) -> None:
    reader.book("Walden", "one")
    reader.configure(source='path = "Books/{{ document.title }}.md"')
    reader.export()
    reader.simulator.log.clear()
    reader.export()
    idle, rows = len(reader.simulator.log), reader.rows()
    earlier = sqlite3.connect(reader.state / "state.sqlite3")
    earlier.executescript("""
        INSERT INTO cursors SELECT name, mark FROM marks WHERE name GLOB '*:*';
        INSERT INTO cursors VALUES ('paths:', '["Books/{{ document.title }}.md"]');
        DROP TABLE marks; DROP TABLE told; PRAGMA user_version = 3;
    """)
    earlier.close()
    reader.simulator.log.clear()
    assert reader.export().counts == (0, 0, 1, 0)
    assert len(reader.simulator.log) == idle, "everything is listed again if the settings are not known"
    assert reader.rows() == rows
