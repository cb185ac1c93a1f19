"""Bookmarks as notes beside books, both ways, through the command, over HTTP, in a real vault."""

from __future__ import annotations

import shutil

import pytest

from tests.export_case import reader
from tests.linkding_case import Keeper, keeper
from vaultsync.simulator import faults
from vaultsync.simulator.linkding_records import Bookmark

__all__ = ["keeper", "reader"]

UNSENT = {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}
EVERYTHING = '["note", "tags", "title", "summary", "archived"]'


@pytest.fixture
def tea(keeper: Keeper) -> Bookmark:
    """A bookmark beside a book, exported."""
    keeper.reader.book("Walden", "I went to the woods.")
    made = keeper.links.add("https://example.org/tea", title="Tea", tag_names=["green"])
    keeper.reader.export()
    return made


# Beforehand.


def test_a_token_for_a_server_that_no_section_names_says_which_section_to_write(keeper: Keeper) -> None:
    (keeper.reader.vault / "vaultsync.toml").write_text("[sources.readwise]\n")
    run = keeper.reader.run("auth", "linkding")
    assert (run.code, run.err.splitlines()) == (
        2,
        [
            "Error: There is no section [sources.linkding] in a vaultsync.toml here, and linkding can't be asked "
            "without one. Nothing was done.",
            "Write [sources.linkding] and base_url below it into the vaultsync.toml of your vault, and run this in "
            "the vault.",
        ],
    )


def test_a_section_without_an_address_says_that_it_is_missing(keeper: Keeper) -> None:
    (keeper.reader.vault / "vaultsync.toml").write_text("[notes]\n\n[sources.linkding]\narchived = false\n")
    for command in (["auth", "linkding"], ["export"]):
        run = keeper.reader.run(*command)
        assert run.code == 2
        assert "[sources.linkding]: base_url is missing: it says where the service is. Nothing was done." in run.err


# Out.


@pytest.mark.usefixtures("tea")
def test_bookmarks_and_books_become_notes_in_one_run(keeper: Keeper) -> None:
    assert keeper.reader.paths() == ["Tea.md", "Walden.md"]
    assert keeper.reader.text("Tea.md") == (
        '---\ntitle: Tea\nlocation:\ntags:\n  - green\nvaultsync_id: "linkding:1"\n---\n'
        "# Tea\n\n- Note: \n- Summary: \n"
    )


@pytest.mark.usefixtures("tea")
def test_a_second_run_changes_nothing(keeper: Keeper) -> None:
    keeper.reader.export()
    files, rows = keeper.reader.files(), keeper.reader.rows()
    for options in ((), ("--full",)):
        keeper.reader.simulator.log.clear()
        assert keeper.reader.export(*options).counts[:2] == (0, 0)
        assert keeper.reader.simulator.log.writes == []
        assert (keeper.reader.files(), keeper.reader.rows()) == (files, rows)


def test_what_changed_at_linkding_arrives(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.edit(tea.id, notes="Mine.\n\nMore.", tag_names=["green", "hot"], description="Short.")
    keeper.links.archive(tea.id)
    assert keeper.reader.export().counts[:2] == (0, 1)
    assert keeper.reader.text("Tea.md") == (
        '---\ntitle: Tea\nlocation: archive\ntags:\n  - green\n  - hot\nvaultsync_id: "linkding:1"\n---\n'
        "# Tea\n\n- Note: Mine.\n\n  More.\n- Summary: Short.\n"
    )


def test_a_bookmark_of_which_no_title_is_known_has_a_note(keeper: Keeper) -> None:
    keeper.links.add("https://example.org/a?b=1")
    keeper.reader.export()
    (path,) = keeper.reader.paths()
    assert 'title: "https://example.org/a?b=1"\n' in keeper.reader.text(path)
    assert "/" not in path


def test_one_service_that_is_down_does_not_stop_the_other(keeper: Keeper) -> None:
    keeper.reader.book("Walden", "one")
    keeper.reader.simulator.faults.order(faults.status(404, b"nothing here"), path="/api/bookmarks/", times=None)
    run = keeper.reader.export(code=1)
    assert keeper.reader.paths() == ["Walden.md"]
    assert [error["message"].partition(":")[0] for error in run.json["errors"]] == ["linkding"]


def test_single_bookmarks_are_exported_by_id_path_and_address(keeper: Keeper, tea: Bookmark) -> None:
    for number, name in enumerate(("linkding:1", "Tea.md", "https://example.org/tea")):
        keeper.links.edit(tea.id, notes=f"Note {number}.")
        keeper.reader.export("--only", name)
        assert f"Note {number}.\n" in keeper.reader.text("Tea.md")


def test_a_section_without_an_address_says_what_to_write(keeper: Keeper) -> None:
    keeper.reader.configure(source="\n[sources.linkding]\narchived = false\n")
    run = keeper.reader.run("export")
    assert run.code == 2
    assert "base_url" in run.err and "https://example.org/path" in run.err


# Gone.


def test_a_deleted_bookmark_takes_its_note_along_and_an_edited_one_stays(keeper: Keeper, tea: Bookmark) -> None:
    mine = keeper.links.add("https://example.org/mine", title="Mine")
    keeper.links.add("https://example.org/other", title="Other")
    keeper.reader.export()
    keeper.reader.type("Mine.md")
    keeper.links.delete(tea.id)
    keeper.links.delete(mine.id)
    keeper.reader.export()
    assert len(keeper.reader.paths()) == 4  # no news says so
    keeper.reader.export("--full")
    assert keeper.reader.paths() == ["Mine.md", "Other.md", "Walden.md"]
    assert keeper.reader.trashed() == ["Tea.md"]
    assert "vaultsync_deleted: true\n" in keeper.reader.text("Mine.md")


def test_what_is_archived_keeps_its_note_where_the_archive_gets_none(keeper: Keeper, tea: Bookmark) -> None:
    keeper.configure("archived = false\n")
    keeper.links.archive(tea.id)
    keeper.links.add("https://example.org/old", title="Old", is_archived=True)
    keeper.reader.export("--full")
    assert keeper.reader.paths() == ["Tea.md", "Walden.md"]
    assert "location: archive\n" in keeper.reader.text("Tea.md")
    keeper.configure()
    keeper.reader.export()
    assert keeper.reader.paths() == ["Old.md", "Tea.md", "Walden.md"]


def test_more_deletions_than_anyone_means_wait_for_a_word(keeper: Keeper) -> None:
    for number in range(8):
        keeper.links.add(f"https://example.org/{number}", title=f"Page {number}")
    keeper.reader.export()
    for number in range(1, 8):
        keeper.links.delete(number)
    keeper.reader.export("--full", code=3)
    assert len(keeper.reader.paths()) == 8
    keeper.reader.export("--full", "--allow-removals")
    assert keeper.reader.paths() == ["Page 7.md"]


def test_deletions_found_earlier_hide_no_later_ones(keeper: Keeper) -> None:
    for number in range(1, 21):
        keeper.links.add(f"https://example.org/{number}", title=f"Page {number}")
    keeper.reader.export()
    for last in (5, 10, 15):
        for number in range(last - 4, last + 1):
            keeper.links.delete(number)
        keeper.reader.simulator.log.clear()
        keeper.reader.export("--full")
        assert len(keeper.reader.paths()) == 20 - last
        assert sum(one.status == 404 for one in keeper.reader.simulator.log) == 5


@pytest.mark.usefixtures("tea")
def test_an_empty_answer_removes_nothing(keeper: Keeper) -> None:
    keeper.reader.simulator.faults.order(faults.empty_listing(), path="/api/bookmarks/", times=2)
    run = keeper.reader.export("--full", code=3)
    assert "lists no documents at all" in run.err + run.out
    assert keeper.reader.paths() == ["Tea.md", "Walden.md"]


# Back.


def test_a_note_and_tags_arrive_and_the_file_is_not_touched(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "- Note: \n", "- Note: Why green?\n")
    keeper.type("Tea.md", "  - green\n", "  - green\n  - China\n")
    files = keeper.reader.files()
    assert keeper.push() == {**UNSENT, "sent": 2}
    assert (tea.notes, keeper.links.tag_names(tea)) == ("Why green?", ["China", "green"])
    assert keeper.writes == ["PATCH bookmarks/1/", "PATCH bookmarks/1/"]
    assert (keeper.sync("--full"), keeper.writes) == (UNSENT, [])
    assert (keeper.push(), keeper.writes, keeper.reader.files()) == (UNSENT, [], files)


def test_notes_of_both_sources_are_sent_to_where_they_belong(keeper: Keeper, tea: Bookmark) -> None:
    for path in ("Tea.md", "Walden.md"):
        keeper.type(path, "- Note: \n", f"- Note: of {path}\n")
    assert keeper.sync() == {**UNSENT, "sent": 2}
    assert tea.notes == "of Tea.md"
    assert [one.note for book in keeper.reader.library.books.values() for one in book.live] == ["of Walden.md"]


def test_title_summary_and_place_are_sent_where_their_user_lists_them(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "title: Tea\n", "title: Green tea\n")
    keeper.type("Tea.md", "location:\n", "location: archive\n")
    keeper.type("Tea.md", "- Summary: \n", "- Summary: Short.\n")
    assert keeper.push() == {**UNSENT, "refused": 3}
    assert 'add "archived" to push of [sources.linkding]' in keeper.reader.run("status").out
    keeper.configure(push=EVERYTHING)
    assert keeper.push() == {**UNSENT, "sent": 3}
    assert (tea.title, tea.is_archived, tea.description) == ("Green tea", True, "Short.")
    files = keeper.reader.files()
    assert (keeper.sync("--full"), keeper.writes, keeper.reader.files()) == (UNSENT, [], files)
    keeper.type("Tea.md", "location: archive\n", "location:\n")
    assert keeper.push() == {**UNSENT, "sent": 1}
    assert not tea.is_archived


def test_what_linkding_trims_and_folds_causes_no_echo(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.add("https://example.org/b", title="B", tag_names=["Stoic"])
    keeper.reader.export()
    keeper.type("Tea.md", "  - green\n", "  - Green\n  - stoic\n")
    keeper.type("Tea.md", "- Note: \n", "- Note: Mine.\n")
    files = keeper.reader.files()
    assert keeper.push()["sent"] == 2
    assert keeper.links.tag_names(tea) == ["Stoic", "green"]
    assert (keeper.sync("--full"), keeper.writes) == (UNSENT, [])
    assert keeper.reader.files() == files


def test_a_tag_with_a_blank_arrives_as_linkding_spells_it_and_causes_no_echo(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "  - green\n", "  - green\n  - To read\n")
    files = keeper.reader.files()
    assert keeper.sync() == {**UNSENT, "sent": 1}
    assert keeper.links.tag_names(tea) == ["To-read", "green"]
    for _ in range(2):
        assert (keeper.sync("--full"), keeper.writes, keeper.reader.files()) == (UNSENT, [], files)
    keeper.links.edit(tea.id, tag_names=["To-read", "hot"])
    keeper.sync()
    assert "  - To read\n  - hot\n" in keeper.reader.text("Tea.md")
    keeper.type("Tea.md", "  - To read\n", "")
    assert keeper.sync() == {**UNSENT, "sent": 1}
    assert keeper.links.tag_names(tea) == ["hot"]
    assert (keeper.sync("--full"), keeper.writes) == (UNSENT, [])


def test_a_tag_typed_with_a_blank_is_the_one_linkding_has(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.add("https://example.org/b", title="B", tag_names=["To-Read"])
    keeper.reader.export()
    keeper.type("Tea.md", "  - green\n", "  - green\n  - to read\n")
    assert keeper.sync() == {**UNSENT, "sent": 1}
    assert keeper.links.tag_names(tea) == ["To-Read", "green"]
    assert (keeper.sync("--full"), keeper.writes) == (UNSENT, [])
    shutil.rmtree(keeper.reader.state)
    assert (keeper.sync("--full"), keeper.writes) == (UNSENT, [])


def test_a_tag_that_a_rule_puts_back_comes_back_into_the_note_once(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.quirks.auto_tags = {"example.org": ["auto"]}
    keeper.links.edit(tea.id)
    keeper.sync()
    keeper.type("Tea.md", "  - auto\n", "")
    keeper.sync()
    assert keeper.writes == ["PATCH bookmarks/1/"]
    keeper.sync()
    assert keeper.links.tag_names(tea) == ["auto", "green"]
    assert "  - auto\n" in keeper.reader.text("Tea.md")
    assert (keeper.sync("--full"), keeper.writes) == (UNSENT, [])


def test_a_note_changed_on_both_sides_is_a_conflict_and_is_not_sent(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "- Note: \n", "- Note: Mine.\n")
    keeper.links.edit(tea.id, notes="Theirs.")
    assert keeper.sync(code=3)["conflicts"] == 1
    assert (keeper.writes, tea.notes) == ([], "Theirs.")
    assert "- Note: Mine.\n" in keeper.reader.text("Tea.md") and "> Theirs.\n" in keeper.reader.text("Tea.md")
    keeper.reader.run("resolve", "Tea.md", "--ours")
    assert keeper.sync()["sent"] == 1
    assert tea.notes == "Mine."


def test_a_bookmark_that_is_gone_is_not_sent_to(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "- Note: \n", "- Note: Mine.\n")
    keeper.links.delete(tea.id)
    assert keeper.push()["refused"] == 1
    assert keeper.writes == []
    assert "- Note: Mine.\n" in keeper.reader.text("Tea.md")


@pytest.mark.usefixtures("tea")
def test_a_note_deleted_here_is_deleted_there_only_if_that_is_asked_for(keeper: Keeper) -> None:
    (keeper.reader.vault / "Tea.md").unlink()
    keeper.sync("--full")
    assert keeper.writes == []
    keeper.configure('on_local_delete = "delete"\n')
    keeper.push()
    assert keeper.writes == ["DELETE bookmarks/1/"]
    assert keeper.links.bookmarks == {}


def test_a_run_that_sent_something_is_taken_back_by_undo(keeper: Keeper, tea: Bookmark) -> None:
    keeper.type("Tea.md", "- Note: \n", "- Note: Mine.\n")
    keeper.push()
    assert keeper.reader.run("undo").code == 0
    assert tea.notes == ""


def test_a_thousand_bookmarks_go_both_ways(keeper: Keeper) -> None:
    keeper.configure('on_local_delete = "delete"\n', push=EVERYTHING)
    for number in range(1000):
        keeper.links.add(f"https://example.org/{number}", title=f"Page {number}", tag_names=["all"])
    assert keeper.reader.export().counts == (1000, 0, 0, 0)
    for number in range(0, 1000, 21):
        keeper.type(f"Page {number}.md", "- Note: \n", f"- Note: typed {number}\n")
        keeper.type(f"Page {number}.md", "  - all\n", f"  - all\n  - to read {number}\n")
    for number in (997, 998, 999):
        keeper.type(f"Page {number}.md", "location:\n", "location: archive\n")
    (keeper.reader.vault / "Page 995.md").unlink()
    for number in range(2, 12):
        keeper.links.archive(number)
    keeper.links.delete(12)

    assert keeper.sync("--full")["sent"] == 48 * 2 + 3 + 1
    edited = [one for one in keeper.links.bookmarks.values() if one.notes]
    assert {(one.title, one.notes, *keeper.links.tag_names(one)) for one in edited} == {
        (f"Page {number}", f"typed {number}", "all", f"to-read-{number}") for number in range(0, 1000, 21)
    }
    assert [keeper.links.bookmarks[number + 1].is_archived for number in (996, 997, 998, 999)] == [0, 1, 1, 1]
    assert {996, 12}.isdisjoint(keeper.links.bookmarks)
    assert all("location: archive\n" in keeper.reader.text(f"Page {number}.md") for number in range(1, 11))
    assert keeper.reader.trashed() == ["Page 11.md"]
    assert "  - all\n  - to read 42\n" in keeper.reader.text("Page 42.md")

    files = keeper.reader.files()
    for options in ((), ("--full",)):
        assert (keeper.sync(*options), keeper.writes, keeper.reader.files()) == (UNSENT, [], files)
