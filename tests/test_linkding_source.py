"""What is asked of linkding, and what is made of its answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.linkding_case import Links, links
from vaultsync.errors import AuthError, SourceError, UnexpectedReply
from vaultsync.hookspecs import Fetch, Problem
from vaultsync.model import Document
from vaultsync.simulator import Simulator, faults

pytest_plugins = ("tests.simulator_case",)
__all__ = ["links"]

ALL = ["GET bookmarks/?0", "GET bookmarks/archived/?0"]


def many(links: Links, number: int, **fields: Any) -> None:
    for at in range(number):
        links.account.add(f"https://example.org/{at}", title=f"Page {at}", **fields)


# What a bookmark becomes.


def test_a_bookmark_is_a_document_without_highlights(links: Links) -> None:
    when = datetime(2020, 9, 26, 9, 46, 23, 6313, tzinfo=UTC)
    tea = links.account.add(
        "https://tea.example.org/a?b=1",
        title="On Tea",
        description="In short.",
        notes="Mine.",
        tag_names=["green", "to read"],
        unread=True,
        shared=True,
        date_added=when,
        date_modified=when + timedelta(days=1),
    )
    links.pull()
    url = links.simulator.linkding_url
    assert links.shown(tea) == Document(
        id="linkding:1",
        title="On Tea",
        category="bookmarks",
        source="linkding",
        url="https://tea.example.org/a?b=1",
        service_url=f"{url}/bookmarks/1/edit",
        summary="In short.",
        note="Mine.",
        tags=("green", "to-read"),
        created=when,
        updated=when + timedelta(days=1),
        view="inbox",
        site_name="tea.example.org",
        extra={
            "unread": True,
            "shared": True,
            "is_archived": False,
            "web_archive_snapshot_url": "https://web.archive.org/web/20200926094623/https://tea.example.org/a?b=1",
            "favicon_url": "",
            "website_title": "",
            "website_description": "",
        },
    )


def test_without_a_title_a_bookmark_goes_by_that_of_its_page_or_by_its_address(links: Links) -> None:
    links.account.add("https://example.org/a", website_title="The Page")
    links.account.add("https://example.org/b")
    links.pull()
    assert links.titles == {"The Page", "https://example.org/b"}


def test_what_is_archived_is_in_the_archive_be_it_unread_or_not(links: Links) -> None:
    links.account.add("https://example.org/a", title="A", is_archived=True, unread=True)
    links.account.add("https://example.org/b", title="B")
    links.pull()
    places = {title: (one.location, one.view) for title, one in links.memory.documents().items()}
    assert places == {"A": ("archive", "archive"), "B": ("", "")}


def test_text_is_made_fit_for_a_note(links: Links) -> None:
    one = links.account.add("https://example.org/a", title=" A\n title ", notes="one\r\ntwo\x00\ufdd0")
    links.pull()
    assert (links.shown(one).title, links.shown(one).note) == ("A title", "one\ntwo")


def test_pictures_are_asked_for_where_linkding_is(links: Links) -> None:
    links.account.quirks.path = "/links"
    links.configure()
    one = links.account.add("https://example.org/a", preview_image_url="http://127.0.0.1:9090/links/static/a.png")
    links.pull()
    assert links.shown(one).cover == f"{links.simulator.linkding_url}/static/a.png"


@pytest.mark.parametrize(
    ("field", "value", "how"),
    [
        ("title", ["a"], "left empty"),
        ("unread", "perhaps", "left empty"),
        ("date_modified", "soon", "left empty"),
        ("shared", "true", "read as well as possible"),
    ],
)
def test_a_field_of_the_wrong_type_costs_that_field_and_is_told(
    links: Links, field: str, value: object, how: str
) -> None:
    bookmark = {"id": 1, "url": "https://example.org/a", "notes": "Mine.", field: value}
    links.simulator.faults.order(faults.status(200, {"count": 1, "results": [bookmark]}))
    links.pull()
    (document,) = (links.source.document(record) for record in links.memory.records.values())
    assert document.note == "Mine."
    assert [problem.message for problem in links.memory.problems] == [f"{field} came as {value!r}; {how}."]


def test_an_odd_tag_costs_none_of_the_others(links: Links) -> None:
    body = b'{"count": 1, "results": [{"id": 1, "tag_names": ["a", 2024, null, {"b": 1}, "\\ud800c"]}]}'
    links.simulator.faults.order(faults.raw_body(body))
    links.pull()
    (document,) = (links.source.document(record) for record in links.memory.records.values())
    assert document.tags == ("a", "2024", "\ufffdc")


def test_a_bookmark_without_an_id_is_left_out_and_the_others_arrive(links: Links) -> None:
    body = b'{"count": 2, "results": [{"id": null, "title": "A"}, {"id": 2, "title": "B"}]}'
    links.simulator.faults.order(faults.raw_body(body))
    links.pull()
    assert links.titles == {"B"}
    assert links.memory.problems == [Problem("A", "left out: None is no id.")]


# What is asked.


def test_both_lists_are_read_and_told_complete(links: Links) -> None:
    many(links, 3)
    links.account.archive(2)
    assert links.pull() == ALL
    assert links.titles == {"Page 0", "Page 1", "Page 2"}
    assert links.memory.listings == [("linkding:", 3, True)]
    assert [key for page in links.memory.pages for key in page.listed] == ["linkding:3", "linkding:1", "linkding:2"]


def test_only_what_changed_is_asked_for_and_what_is_known_is_no_news(links: Links) -> None:
    many(links, 3)
    links.pull()
    links.account.edit(1, title="Changed")
    asked = links.pull()
    assert [line.partition("=")[0] for line in asked] == [
        "GET bookmarks/?modified_since",
        "GET bookmarks/archived/?0",
    ]
    assert asked[0].endswith("Z&0")
    assert links.memory.keys == ["linkding:1"]
    assert links.memory.listings == []


def test_with_nothing_new_the_cursor_stays_as_it_is(links: Links) -> None:
    many(links, 3)
    links.account.archive(2)
    links.pull()
    links.pull()
    before = links.memory.cursor
    links.pull()
    assert (links.memory.cursor, links.memory.keys) == (before, [])


def test_what_was_archived_since_is_found_in_the_archive(links: Links) -> None:
    many(links, 2)
    links.account.archive(2)
    links.pull()
    links.account.archive(1)
    links.account.archive(2, archived=False)
    links.pull()
    assert {title: one.location for title, one in links.memory.documents().items()} == {
        "Page 0": "archive",
        "Page 1": "",
    }


def test_a_bookmark_dated_ahead_hides_no_change(links: Links) -> None:
    many(links, 2)
    links.account.add("https://example.org/b", title="B", date_modified=datetime(2099, 1, 1, tzinfo=UTC))
    links.pull()
    links.account.edit(1, title="Changed")
    links.pull()
    assert links.memory.keys == ["linkding:1"]


def test_a_complete_listing_brings_what_changes_of_tags_do_not_tell(links: Links) -> None:
    many(links, 2, tag_names=["tea"])
    links.pull()
    links.account.rename_tag("tea", "coffee")
    links.pull()
    assert links.memory.keys == []
    links.pull(full=True)
    assert {one.tags for one in links.memory.documents().values()} == {("coffee",)}


def test_what_is_known_by_its_bytes_is_not_read_again(links: Links) -> None:
    many(links, 3)
    links.pull()
    links.pull(full=True)
    assert (links.memory.keys, sum(page.unchanged for page in links.memory.pages)) == ([], 3)


def test_a_version_that_knows_no_modified_since_is_read_through(links: Links) -> None:
    links.account.quirks.version = "1.40.0"
    many(links, 120)
    links.pull()
    links.account.edit(5, title="Changed")
    assert len(links.pull()) == 3
    assert links.memory.keys == ["linkding:5"]
    assert sum(page.unchanged for page in links.memory.pages) == 119


def test_single_bookmarks_are_asked_for_by_their_ids(links: Links) -> None:
    many(links, 3)
    assert links.pull(only=("linkding:2", "linkding:9")) == [
        "GET bookmarks/2/",
        "GET bookmarks/9/",
        "GET bookmarks/?limit=1",
    ]
    assert links.titles == {"Page 1"}


@pytest.mark.parametrize("path", ["", "/links"])
def test_linkding_is_asked_below_its_context_path_whatever_it_calls_itself(links: Links, path: str) -> None:
    links.account.quirks.path, links.account.quirks.host = path, "elsewhere.invalid:9090"
    links.configure()
    many(links, 150)
    assert len(links.pull()) == 3
    assert len(links.titles) == 150
    assert {one.path for one in links.simulator.log} == {f"{path}/api/bookmarks/", f"{path}/api/bookmarks/archived/"}


# Rows that move.


def test_pages_overlap_by_a_row(links: Links) -> None:
    many(links, 250)
    assert links.pull() == ["GET bookmarks/?0", "GET bookmarks/?99", "GET bookmarks/?198", ALL[1]]
    assert len(links.memory.keys) == len(set(links.memory.keys)) == 250


def moved_meanwhile(links: Links, move: Callable[[], object]) -> set[str]:
    """Pull, and have something happen behind the first page; return what is known then."""
    for number, page in enumerate(links.source.pages(Fetch(full=True))):
        links.memory.take(page)
        links.memory.cursor = page.cursor
        if number == 0:
            with links.simulator.lock:
                move()
    return set(links.memory.records)


def there(links: Links) -> set[str]:
    return {f"linkding:{id_}" for id_ in links.account.bookmarks}


@pytest.mark.parametrize("number", [1, 30, 99, 100])
def test_rows_deleted_while_pages_are_read_hide_none(links: Links, number: int) -> None:
    many(links, 250)

    def delete() -> None:
        for id_ in range(250, 250 - number, -1):
            links.account.delete(id_)

    seen = moved_meanwhile(links, delete)
    assert there(links) <= seen


def test_rows_added_while_pages_are_read_are_found_too(links: Links) -> None:
    many(links, 150)
    assert len(moved_meanwhile(links, lambda: many(links, 3))) == 153


def test_one_deleted_and_one_added_hide_none_between_them(links: Links) -> None:
    many(links, 250)

    def swap() -> None:
        links.account.delete(250)
        links.account.add("https://example.org/new")

    seen = moved_meanwhile(links, swap)
    assert seen == {f"linkding:{id_}" for id_ in range(1, 251)}
    links.pull()
    assert links.memory.keys == ["linkding:251"]


def test_most_of_a_list_deleted_while_pages_are_read_hides_nothing(links: Links) -> None:
    many(links, 200)

    def delete() -> None:
        for id_ in range(51, 201):
            links.account.delete(id_)

    seen = moved_meanwhile(links, delete)
    assert there(links) <= seen


def test_bookmarks_of_one_moment_all_arrive_though_their_order_changes(links: Links) -> None:
    links.account.quirks.shuffled = True
    many(links, 350, date_added=datetime(2025, 1, 1, tzinfo=UTC))
    links.pull()
    assert len(links.memory.keys) == len(set(links.memory.keys)) == 350
    assert len(links.asked) < 15
    assert links.memory.listings == [("linkding:", 350, True)]


def test_an_interrupted_sweep_begins_its_list_again_and_not_the_one_before(links: Links) -> None:
    many(links, 120)
    many(links, 120, is_archived=True)
    links.memory.pull(stop_after=3)
    assert links.pull() == ["GET bookmarks/archived/?0", "GET bookmarks/archived/?99"]
    assert links.memory.listings == [("linkding:", 240, True)]
    assert len(links.memory.records) == 240


def test_a_cursor_nobody_can_read_means_starting_over(links: Links) -> None:
    many(links, 2)
    links.memory.cursor = '{"was_swept": 5}'
    assert links.pull() == ALL
    assert links.memory.listings == [("linkding:", 2, True)]


# What may be gone.


def test_a_bookmark_that_is_gone_is_told_from_one_that_is_not_listed(links: Links) -> None:
    many(links, 2)
    links.pull()
    links.account.delete(1)
    links.account.archive(2)
    assert [links.source.still_there(f"linkding:{id_}") for id_ in (1, 2)] == [False, True]


def test_a_404_is_believed_only_of_linkding(links: Links) -> None:
    many(links, 1)
    links.pull()
    links.simulator.faults.order(faults.status(404, {"detail": "Not found."}), times=None)
    with pytest.raises(UnexpectedReply):
        links.source.still_there("linkding:1")


def test_what_is_gone_keeps_what_was_said_of_it(links: Links) -> None:
    (one,) = [links.account.add("https://example.org/a", title="A", notes="Mine.")]
    links.pull()
    gone = links.source.document(links.source.without(links.record(one), "linkding:1"))
    assert (gone.deleted, gone.title, gone.note) == (True, "A", "Mine.")


def test_notes_are_wanted_of_what_is_asked_for_and_all_may_be_missed(links: Links) -> None:
    links.account.add("https://example.org/a", title="A", tag_names=["Tea"])
    links.account.add("https://example.org/b", title="B", tag_names=["tea"], is_archived=True)
    links.account.add("https://example.org/c", title="C")
    links.pull()
    documents = links.memory.documents()
    assert all(links.source.listable(one) for one in documents.values())
    wanted = {}
    for archived in (True, False):
        for tags in ([], ["TEA"]):
            links.configure(archived=archived, tags=tags)
            wanted[archived, *tags] = "".join(name for name, one in documents.items() if links.source.wanted(one))
    assert wanted == {(True,): "CAB", (True, "TEA"): "AB", (False,): "CA", (False, "TEA"): "A"}


# Trouble on the way.


def test_a_page_that_lacks_rows_is_asked_for_again(links: Links) -> None:
    many(links, 150)
    links.simulator.faults.order(faults.page_missing(), path="/api/bookmarks/", nth=2)
    links.pull()
    assert len(links.memory.records) == 150


@pytest.mark.parametrize("fault", [faults.cut_off(), faults.html_page(), faults.status(502), faults.connection_reset()])
def test_a_hiccup_is_waited_out(links: Links, fault: faults.Fault) -> None:
    many(links, 150)
    links.simulator.faults.order(fault, nth=2, times=2)
    links.pull()
    assert len(links.memory.records) == 150


def test_a_token_is_checked_and_told_from_a_login_page(links: Links) -> None:
    links.source.check_token()
    links.simulator.faults.order(faults.html_page(), times=None)
    with pytest.raises(UnexpectedReply, match="cut off or not what its documents say"):
        links.source.check_token()


def test_a_wrong_token_is_refused_in_words(simulator: Simulator) -> None:
    simulator.token = "another"
    links = Links(simulator)
    with pytest.raises(AuthError, match="vaultsync auth linkding") as caught:
        links.source.check_token()
    assert "another" not in f"{caught.value}"


def test_a_wrong_address_says_so(links: Links) -> None:
    links.configure(base_url=f"{links.simulator.linkding_url}/nowhere")
    with pytest.raises(SourceError, match="Check base_url"):
        links.pull()
