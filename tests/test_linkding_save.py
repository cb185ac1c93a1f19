"""Addresses saved into linkding, through the command: what it has already is never overwritten."""

from __future__ import annotations

import msgspec
import pytest

from tests.export_case import reader
from tests.linkding_case import Keeper, keeper
from vaultsync.simulator import faults
from vaultsync.simulator.exchange import Reply
from vaultsync.simulator.linkding_records import Bookmark

__all__ = ["keeper", "reader"]

URL = "https://example.org/tea"


@pytest.fixture
def tea(keeper: Keeper) -> Bookmark:
    """A bookmark that vaultsync has not heard of."""
    return keeper.links.add(
        URL, title="Tea", description="Short.", notes="Mine.", tag_names=["green"], unread=True, shared=True
    )


def asked(keeper: Keeper) -> list[str]:
    """What linkding was asked, in short."""
    return [f"{one.method} {one.path.partition('/api/bookmarks/')[2]}" for one in keeper.reader.simulator.log]


def test_a_new_address_is_saved_with_all_that_was_said_of_it(keeper: Keeper) -> None:
    run = keeper.reader.run(
        *("save", URL, "--source", "linkding", "--tag", "green", "--tag", "to read", "--note", "For later."),
        *("--title", "Tea", "--summary", "Of leaves.", "--unread", "--shared", "--archived"),
    )
    (made,) = keeper.links.bookmarks.values()
    assert run.code == 0
    assert run.out == f"Saved: {URL}  {keeper.reader.simulator.linkding_url}/bookmarks/1/edit\n"
    assert (made.title, made.description, made.notes) == ("Tea", "Of leaves.", "For later.")
    assert (made.unread, made.shared, made.is_archived) == (True, True, True)
    assert keeper.links.tag_names(made) == ["green", "to-read"]
    assert asked(keeper) == ["GET check/", "POST "]


def test_what_is_not_said_is_filled_in_from_the_page_and_comes_with_the_next_export(keeper: Keeper) -> None:
    keeper.links.quirks.web = {URL: ("All about tea", "Leaves and water.")}
    keeper.reader.run("save", URL, "--source", "linkding", "--note", "For later.")
    keeper.reader.export()
    assert "- Note: For later.\n- Summary: Leaves and water.\n" in keeper.reader.text("All about tea.md")


@pytest.mark.parametrize("url", [URL, "https://EXAMPLE.org/tea/"])
def test_an_address_linkding_has_is_told_and_left_as_it_is(keeper: Keeper, tea: Bookmark, url: str) -> None:
    before = msgspec.structs.replace(tea)
    run = keeper.reader.run("save", url, "--source", "linkding", "--tag", "hot", "--title", "Else")
    assert (run.code, tea, asked(keeper)) == (3, before, ["GET check/"])
    assert run.out == (
        f"Known: {url}  {keeper.reader.simulator.linkding_url}/bookmarks/1/edit\n"
        "  linkding has it already. It was left as it is; --again adds to it what you give.\n"
    )


def test_again_adds_and_takes_nothing_away(keeper: Keeper, tea: Bookmark) -> None:
    run = keeper.reader.run(
        *("save", URL, "--source", "linkding", "--again", "--tag", "hot", "--tag", "GREEN", "--note", "And more."),
        *("--title", "Else", "--archived", "--unread"),
    )
    assert run.code == 0
    assert "  linkding had it already; added: note, tags, archived. Its title stayed.\n" in run.out
    assert (tea.title, tea.description, tea.notes) == ("Tea", "Short.", "Mine.\n\nAnd more.")
    assert (tea.unread, tea.shared, tea.is_archived) == (True, True, True)
    assert keeper.links.tag_names(tea) == ["green", "hot"]
    assert asked(keeper) == ["GET check/", "PATCH 1/", "POST 1/archive/", "GET 1/"]


def test_again_with_nothing_new_sends_nothing(keeper: Keeper, tea: Bookmark) -> None:
    keeper.links.archive(tea.id)
    run = keeper.reader.run(
        *("save", URL, "--source", "linkding", "--again", "--tag", "Green", "--note", "Mine.", "--unread", "--archived")
    )
    assert (run.code, asked(keeper)) == (0, ["GET check/"])
    assert "with all of that; nothing was sent" in run.out


def test_what_the_vault_knows_is_not_even_asked_for(keeper: Keeper, tea: Bookmark) -> None:
    keeper.reader.export()
    keeper.reader.simulator.log.clear()
    run = keeper.reader.run("save", URL, "--source", "linkding", "--json")
    assert (run.code, asked(keeper)) == (3, [])
    assert [(one["known"], one["sent"], one["new"]) for one in run.json["saved"]] == [("Tea.md", False, False)]
    assert keeper.reader.run("save", URL, "--source", "linkding", "--again", "--tag", "hot").code == 0
    assert keeper.links.tag_names(tea) == ["green", "hot"]


def test_where_two_sources_take_addresses_one_is_to_be_named(keeper: Keeper) -> None:
    run = keeper.reader.run("save", URL)
    assert (run.code, list(keeper.reader.simulator.log)) == (2, [])
    assert run.err == "Error: Several sources can do that. Nothing was done.\nAdd --source: readwise, linkding.\n"


def test_the_configuration_may_name_it(keeper: Keeper) -> None:
    keeper.configure('\n[save]\nsource = "linkding"\n')
    assert keeper.reader.run("save", URL).code == 0
    assert [one.url for one in keeper.links.bookmarks.values()] == [URL]
    keeper.configure('\n[save]\nsource = "pocket"\n')
    run = keeper.reader.run("save", URL)
    assert (run.code, 'no source "pocket"' in run.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--location", "later"], 'linkding has no place called "later"; it has an archive'),
        (["--tag", "a,b"], 'linkding takes a comma in a tag for its end; write "a,b" without one.'),
        (["--title", "x" * 513], "`title` has 513 characters"),
        (["--html", __file__], "leave out --html"),
    ],
)
def test_what_linkding_has_no_place_for_is_refused_before_anything_is_asked(
    keeper: Keeper, options: list[str], hint: str
) -> None:
    run = keeper.reader.run("save", URL, "--source", "linkding", *options)
    assert (run.code, list(keeper.reader.simulator.log)) == (2, [])
    assert "Nothing was saved." in run.err and hint in run.err


def test_a_lost_answer_is_asked_for_again_and_the_bookmark_made_once(keeper: Keeper) -> None:
    keeper.reader.simulator.faults.order(faults.reply_lost(), method="POST")
    run = keeper.reader.run("save", URL, "--source", "linkding", "--tag", "green")
    assert (run.code, len(keeper.links.bookmarks)) == (0, 1)
    assert run.out.startswith(f"Saved: {URL}  ")


def test_an_address_it_refuses_is_told_in_its_words_and_the_others_are_saved(keeper: Keeper) -> None:
    long = "https://example.org/" + "x" * 2050
    run = keeper.reader.run("save", long, URL, "--source", "linkding")
    assert (run.code, [one.url for one in keeper.links.bookmarks.values()]) == (1, [URL])
    assert "no more than 2048 characters" in run.err


def test_an_old_version_that_leaves_out_the_archive_is_asked_in_its_own_way(keeper: Keeper) -> None:
    keeper.reader.simulator.faults.order(faults.Fault("old", change=_active), method="POST", path="/api/bookmarks/")
    keeper.reader.run("save", URL, "--source", "linkding", "--archived")
    assert asked(keeper) == ["GET check/", "POST ", "POST 1/archive/", "GET 1/"]


def _active(reply: Reply) -> Reply:
    assert isinstance(reply.body, dict)
    return Reply(reply.status, {**reply.body, "is_archived": False})
