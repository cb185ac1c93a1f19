"""What is sent to linkding for an edit, and what its answers become."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.linkding_case import Links, links
from vaultsync.errors import UnexpectedReply
from vaultsync.simulator import faults
from vaultsync.simulator.exchange import Reply
from vaultsync.simulator.linkding_records import Bookmark

pytest_plugins = ("tests.simulator_case",)
__all__ = ["links"]

EVERYTHING = ["note", "tags", "title", "summary", "archived"]


@pytest.fixture
def tea(links: Links) -> Bookmark:
    """A bookmark that was pulled; every field of it may be sent."""
    links.configure(push=EVERYTHING)
    made = links.account.add(
        "https://example.org/tea", title="Tea", description="Short.", notes="Long.", tag_names=["a", "b"], unread=True
    )
    links.account.add("https://example.org/other", tag_names=["Coffee"])
    links.pull()
    return made


@pytest.mark.parametrize(
    ("field", "name", "before"),
    [("note", "notes", "Long."), ("summary", "description", "Short."), ("title", "title", "Tea")],
)
def test_only_the_field_that_moved_is_sent(links: Links, tea: Bookmark, field: str, name: str, before: str) -> None:
    told = links.push(tea, field, "Mine.\n\nMore.", before=before)
    assert getattr(tea, name) == "Mine.\n\nMore."
    assert links.asked == ["PATCH bookmarks/1/"]
    assert (tea.unread, told.tags) == (True, ("a", "b"))


def test_a_text_is_emptied(links: Links, tea: Bookmark) -> None:
    assert links.push(tea, "note", "", before="Long.").note == ""
    assert tea.notes == ""


def test_what_it_trims_is_kept_as_it_says(links: Links, tea: Bookmark) -> None:
    assert links.push(tea, "note", "  Mine.\n", before="Long.").note == "Mine."


def test_tags_are_changed_as_they_are_now(links: Links, tea: Bookmark) -> None:
    links.account.edit(tea.id, tag_names=["a", "b", "theirs"])
    assert links.push(tea, "tags", ("B", "mine", "coffee"), before=("a", "b")).tags == ("Coffee", "b", "mine", "theirs")
    assert links.account.tag_names(tea) == ["Coffee", "b", "mine", "theirs"]


def test_a_tag_with_blanks_is_sent_as_linkding_spells_it_and_taken_out_by_that(links: Links, tea: Bookmark) -> None:
    assert links.push(tea, "tags", ("a", "b", "to  read"), before=("a", "b")).tags == ("a", "b", "to-read")
    assert links.push(tea, "tags", ("a", "b", "to read"), before=("a", "b")).tags == ("a", "b", "to-read")
    assert links.asked == []
    assert links.push(tea, "tags", ("b",), before=("a", "b", "to read")).tags == ("b",)


def test_a_tag_that_has_blanks_there_is_taken_out_by_them(links: Links, tea: Bookmark) -> None:
    tea.tags.append(links.account.made_tag("old one").id)  # POST tags/ leaves them
    assert links.push(tea, "tags", ("a", "b"), before=("a", "b", "old one")).tags == ("a", "b")


def test_a_tag_that_a_rule_puts_back_is_news_afterwards(links: Links, tea: Bookmark) -> None:
    links.account.quirks.auto_tags = {"example.org": ["auto"]}
    links.account.edit(tea.id)
    told = links.push(tea, "tags", ("a", "b", "c"), before=("a", "auto", "b"))
    assert (told.tags, links.account.tag_names(tea)) == (("a", "b", "c"), ["a", "auto", "b", "c"])
    links.pull()
    assert links.shown(tea).tags == ("a", "auto", "b", "c")


@pytest.mark.parametrize(("before", "after", "verb"), [("", "archive", "archive"), ("archive", "", "unarchive")])
def test_a_bookmark_goes_into_the_archive_and_comes_back(
    links: Links, tea: Bookmark, before: str, after: str, verb: str
) -> None:
    tea.is_archived = before == "archive"
    told = links.push(tea, "location", after, before=before)
    assert (tea.is_archived, told.location) == (after == "archive", after)
    assert links.asked == [f"POST bookmarks/1/{verb}/", "GET bookmarks/1/"]


@pytest.mark.parametrize(
    ("field", "after"), [("note", "Long."), ("tags", ("B", "a")), ("location", ""), ("title", "Tea")]
)
def test_what_is_there_already_is_not_sent(links: Links, tea: Bookmark, field: str, after: Any) -> None:
    links.push(tea, field, after)
    assert links.asked == []


def test_our_own_change_is_read_back_and_is_no_news_afterwards(links: Links, tea: Bookmark) -> None:
    record = links.source.applied(links.record(tea), links.edit(tea, "note", "Mine.", "Long."))
    links.memory.records["linkding:1"] = record
    links.pull()
    assert links.memory.keys == ["linkding:1"]
    assert links.record(tea) == record
    links.pull()
    assert links.memory.keys == []


def test_an_answer_that_is_none_is_asked_for(links: Links, tea: Bookmark) -> None:
    links.simulator.faults.order(faults.Fault("garbled", change=lambda _: Reply(200, b"<html>")), method="PATCH")
    assert links.push(tea, "note", "Mine.").note == "Mine."
    assert links.asked == ["PATCH bookmarks/1/", "GET bookmarks/1/"]


@pytest.mark.parametrize("fault", [faults.reply_lost(), faults.status(502), faults.cut_off()])
def test_a_change_whose_answer_is_lost_is_made_once(links: Links, tea: Bookmark, fault: faults.Fault) -> None:
    links.simulator.faults.order(fault, method="PATCH")
    assert links.push(tea, "tags", ("a", "b", "c"), before=("a", "b")).tags == ("a", "b", "c")
    assert links.account.tag_names(tea) == ["a", "b", "c"]


def test_what_is_deleted_there_is_marked_so_and_not_sent(links: Links, tea: Bookmark) -> None:
    record = links.record(tea)
    links.account.delete(tea.id)
    assert links.source.document(links.source.refreshed(record, "")).deleted
    assert links.source.document(links.source.applied(record, links.edit(tea, "note", "Mine.", "Long."))).deleted


def test_a_refused_change_says_what_linkding_said(links: Links, tea: Bookmark) -> None:
    links.simulator.faults.order(faults.status(400, {"notes": ["Not like this."]}), method="PATCH")
    with pytest.raises(UnexpectedReply, match=r"Not like this.*changed nothing there"):
        links.push(tea, "note", "Mine.")


# What is not sent.


@pytest.mark.parametrize(
    ("field", "after", "why"),
    [
        ("tags", ("a", "to read"), ""),
        ("tags", ("a", "b,c"), 'linkding takes a comma in a tag for its end; write "b,c" without one.'),
        ("tags", ("a", "  "), "A tag has to have a name; take out the empty one."),
        ("tags", ("x" * 65,), f'The tag "{"x" * 20}…" has 65 characters, and linkding takes 64; shorten it.'),
        ("title", " ", "A bookmark without a title shows its address; write a title, or delete it at linkding."),
        ("title", "x" * 513, "`title` has 513 characters, and linkding takes 512; shorten it."),
        ("location", "later", '"later" is no place at linkding; write "archive", or leave it empty.'),
        ("author", "Ada", "The `author` of a bookmark can't be changed from a note; change it at linkding."),
        ("unread", "", "The `unread` of a bookmark can't be changed from a note; change it at linkding."),
        ("note", "x" * 100_000, ""),
        ("tags", (), ""),
        ("location", "archive", ""),
    ],
)
def test_what_it_would_not_take_is_not_sent_to_it(
    links: Links, tea: Bookmark, field: str, after: Any, why: str
) -> None:
    before = ("a", "b") if field == "tags" else ""
    assert links.refusal(tea, field, after, before=before) == why


def test_what_it_has_already_may_stay_as_it_is(links: Links, tea: Bookmark) -> None:
    assert links.refusal(tea, "tags", ("to read",), before=("to read", "b")) == ""


@pytest.mark.parametrize(
    ("field", "listed"), [("note", "note"), ("title", "title"), ("summary", "summary"), ("location", "archived")]
)
def test_what_its_user_does_not_list_is_not_sent(links: Links, tea: Bookmark, field: str, listed: str) -> None:
    links.configure(push=[])
    why = links.refusal(tea, field, "archive")
    assert why == f'`{field}` is not sent: add "{listed}" to push of [sources.linkding] in vaultsync.toml.'


# Deleting, and taking that back.


def test_a_bookmark_is_deleted_once(links: Links, tea: Bookmark) -> None:
    record = links.record(tea)
    for _ in range(2):
        assert links.source.document(links.source.removed(record, "")).deleted
    assert list(links.account.bookmarks) == [2]


def test_what_was_deleted_is_made_again_with_all_that_was_said_of_it(links: Links, tea: Bookmark) -> None:
    record = links.record(tea)
    links.source.removed(record, "")
    links.source.recreate(record, "")
    made = links.account.bookmarks[3]
    assert made == msgspec.structs.replace(tea, id=3, date_modified=made.date_modified)


def test_an_address_that_was_bookmarked_anew_is_not_overwritten(links: Links, tea: Bookmark) -> None:
    record = links.record(tea)
    links.source.removed(record, "")
    anew = links.account.add("https://Example.org/tea/", title="Anew")
    links.simulator.log.clear()
    links.source.recreate(record, "")
    assert [line.partition("?")[0] for line in links.asked] == ["GET bookmarks/check/"]
    assert (anew.title, len(links.account.bookmarks)) == ("Anew", 2)
