"""How Reader v3 behaves beyond its document: no tombstones, child documents, updates that replace and say little."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator_case import Api
from vaultsync.simulator import Library
from vaultsync.simulator.records import ReaderDocument

pytest_plugins = ("tests.simulator_case",)


@pytest.fixture
def essay(library: Library) -> ReaderDocument:
    return library.add_reader_document("On Noise", tags=["sound", "First tag"], source_url="https://example.com/noise")


def rows(api: Api, **query: Any) -> list[dict[str, Any]]:
    return list(api.get("v3/list/", **query)["results"])


def ids(api: Api, **query: Any) -> list[str]:
    return [row["id"] for row in rows(api, **query)]


def now(library: Library) -> str:
    return library.now().isoformat()


# Listing


def test_documents_come_newest_first_by_creation_not_by_update(api: Api, library: Library) -> None:
    old, middle, new = (library.add_reader_document(title) for title in "abc")
    library.move_reader_document(old.id, "later")

    assert ids(api) == [new.id, middle.id, old.id]


def test_the_cursor_is_the_last_documents_id(api: Api, library: Library) -> None:
    made = [library.add_reader_document(f"{number}").id for number in range(5)][::-1]
    first = api.get("v3/list/", limit=2)
    second = api.get("v3/list/", limit=2, pageCursor=first["nextPageCursor"])
    last = api.get("v3/list/", limit=2, pageCursor=second["nextPageCursor"])

    assert first["nextPageCursor"] == made[1]
    assert [[row["id"] for row in page["results"]] for page in (first, second, last)] == [made[:2], made[2:4], made[4:]]
    assert last["nextPageCursor"] is None


def test_a_cursor_whose_document_was_deleted_still_leads_on(api: Api, library: Library) -> None:
    made = [library.add_reader_document(f"{number}").id for number in range(4)][::-1]
    cursor = api.get("v3/list/", limit=2)["nextPageCursor"]
    library.delete_reader_document(cursor)

    assert ids(api, pageCursor=cursor) == made[2:]


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_limits_outside_1_to_100_are_refused(api: Api, limit: Any) -> None:
    assert api.ask("GET", "v3/list/", limit=limit).status_code == 400


def test_page_size_is_ignored(api: Api, library: Library) -> None:
    made = {library.add_reader_document(title).id for title in "abc"}

    assert set(ids(api, page_size=1)) == made


def test_count_stops_at_ten_thousand(api: Api, library: Library) -> None:
    for number in range(10_005):
        library.add_reader_document(f"{number}")

    assert api.get("v3/list/", limit=1)["count"] == 10_000


def test_a_deleted_document_is_merely_absent(api: Api, library: Library, essay: ReaderDocument) -> None:
    since = now(library)

    assert api.ask("DELETE", f"v3/delete/{essay.id}/").status_code == 204
    assert ids(api) == ids(api, id=essay.id) == ids(api, updatedAfter=since) == []
    assert api.ask("DELETE", f"v3/delete/{essay.id}/").status_code == 404


def test_documents_are_filtered_by_location_category_id_and_time(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    pdf = library.add_reader_document("Paper", category="pdf", location="archive")
    since = now(library)
    library.open_reader_document(pdf.id, progress=0.25)

    assert ids(api, location="archive") == ids(api, category="pdf") == ids(api, updatedAfter=since) == [pdf.id]
    assert ids(api, id=essay.id) == [essay.id]
    assert api.ask("GET", "v3/list/", location="attic").status_code == 400


def test_documents_are_found_by_all_of_their_tags_or_by_having_none(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    bare = library.add_reader_document("Bare")

    assert ids(api, tag=["sound", "first-tag"]) == [essay.id]
    assert ids(api, tag=["sound", "other"]) == []
    assert ids(api, tag="") == [bare.id]
    assert api.ask("GET", "v3/list/", tag=list("abcdef")).status_code == 400


@pytest.mark.usefixtures("essay")
def test_tags_are_objects_by_key(api: Api) -> None:
    (row,) = rows(api)

    assert row["tags"]["first-tag"] == {"name": "First tag", "type": "manual", "created": 1_748_764_800_104}


def test_html_and_raw_source_come_only_if_asked_for(api: Api, library: Library) -> None:
    library.add_reader_document("Page", html_content="<p>three short words</p>")

    assert rows(api)[0].keys().isdisjoint({"html_content", "raw_source_url"})
    (row,) = rows(api, withHtmlContent="true", withRawSourceUrl="true")
    assert (row["html_content"], row["word_count"], row["reading_time"]) == ("<p>three short words</p>", 3, "1 min")
    assert "/storage/" in row["raw_source_url"]


def test_opening_a_feed_document_makes_it_seen(api: Api, library: Library) -> None:
    post = library.add_reader_document("Post", category="rss", location="feed")
    assert rows(api)[0]["first_opened_at"] is None

    library.open_reader_document(post.id, progress=1.0)
    assert (rows(api)[0]["first_opened_at"] is None, rows(api)[0]["reading_progress"]) == (False, 1)


# Highlights are documents


def test_a_highlight_and_its_comment_are_child_documents(api: Api, library: Library, essay: ReaderDocument) -> None:
    made = library.highlight_in_reader(essay.id, "Quiet is a material.", note="so is time")
    (highlight,) = rows(api, category="highlight")
    (comment,) = rows(api, category="note")

    assert (highlight["parent_id"], highlight["content"], highlight["location"]) == (essay.id, made.text, None)
    assert (highlight["id"], highlight["title"], highlight["tags"]) == (made.external_id, None, {})
    assert (comment["parent_id"], comment["content"]) == (highlight["id"], "so is time")


def test_a_reader_highlight_appears_in_v2_joined_by_external_id(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    library.highlight_in_reader(essay.id, "Quiet is a material.")
    (book,) = api.export().values()
    (highlight,) = book["highlights"]

    assert (book["source"], book["category"], book["external_id"]) == ("reader", "articles", essay.id)
    assert book["unique_url"] == f"https://read.readwise.io/read/{essay.id}"
    assert highlight["url"] == f"https://read.readwise.io/read/{highlight['external_id']}"
    assert highlight["external_id"] == rows(api, category="highlight")[0]["id"]


def test_a_changed_comment_moves_the_note_document_and_not_the_highlight(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    made = library.highlight_in_reader(essay.id, "Quiet is a material.", note="one")
    since = now(library)
    library.edit_highlight_in_app(made.id, note="two")

    assert [(row["category"], row["content"]) for row in rows(api, updatedAfter=since)] == [("note", "two")]
    assert api.export(updatedAfter=since) == {}


def test_deleting_a_document_leaves_its_book_behind_without_highlights(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    library.highlight_in_reader(essay.id, "Quiet is a material.", note="gone too")
    library.delete_reader_document(essay.id)

    assert ids(api) == []
    (book,) = api.export().values()
    assert (book["is_deleted"], book["highlights"]) == (False, [])


def test_deleting_a_highlight_in_v2_removes_its_child_document(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    made = library.highlight_in_reader(essay.id, "Quiet is a material.", note="gone too")
    api.ask("DELETE", f"v2/highlights/{made.id}/")

    assert ids(api) == [essay.id]


def test_a_retitled_document_retitles_its_book_without_moving_any_highlight(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    made = library.highlight_in_reader(essay.id, "Quiet is a material.")
    since = now(library)
    api.ask("PATCH", f"v3/update/{essay.id}/", {"title": "On Silence", "notes": "reread"})

    assert api.export(updatedAfter=since) == {}
    (row,) = api.get("v2/books/", updated__gt=since)["results"]
    assert (row["id"], row["title"], row["document_note"]) == (made.book_id, "On Silence", "reread")


# Writing


def test_tags_in_an_update_replace_the_whole_set(api: Api, essay: ReaderDocument) -> None:
    api.ask("PATCH", f"v3/update/{essay.id}/", {"tags": ["sound", "new"]})

    assert list(rows(api)[0]["tags"]) == ["sound", "new"]


def test_an_update_answers_id_and_url_even_for_what_it_ignores(api: Api, essay: ReaderDocument) -> None:
    reply = api.ask("PATCH", f"v3/update/{essay.id}", {"reading_progress": 1, "colour": "red"})

    assert reply.json() == {"id": essay.id, "url": f"https://read.readwise.io/read/{essay.id}"}
    assert rows(api)[0]["reading_progress"] == 0


def test_shortlist_is_refused_in_an_update(api: Api, essay: ReaderDocument) -> None:
    reply = api.ask("PATCH", f"v3/update/{essay.id}/", {"location": "shortlist"})

    assert (reply.status_code, reply.json()) == (400, {"location": ['"shortlist" is not a valid choice.']})


def test_a_location_that_is_switched_off_becomes_the_default(api: Api, library: Library, essay: ReaderDocument) -> None:
    library.quirks.locations_off = ("later",)

    assert api.ask("PATCH", f"v3/update/{essay.id}/", {"location": "later"}).status_code == 200
    assert rows(api)[0]["location"] == "new"


def test_an_update_is_trimmed_and_its_tags_are_folded_if_the_switches_say_so(
    api: Api, library: Library, essay: ReaderDocument
) -> None:
    library.quirks.texts_trimmed = library.quirks.tags_lower_cased = True
    api.ask("PATCH", f"v3/update/{essay.id}/", {"title": " Noise ", "tags": ["Sound", "sound", "New"]})

    (row,) = rows(api)
    assert (row["title"], [tag["name"] for tag in row["tags"].values()]) == ("Noise", ["sound", "new"])


def test_newer_fields_of_an_update_are_notes_and_seen(api: Api, essay: ReaderDocument) -> None:
    api.ask("PATCH", f"v3/update/{essay.id}/", {"notes": "mine", "seen": True})
    (row,) = rows(api)
    assert (row["notes"], row["first_opened_at"] is None) == ("mine", False)

    api.ask("PATCH", f"v3/update/{essay.id}/", {"seen": False})
    assert rows(api)[0]["first_opened_at"] is None


def test_dates_are_sent_as_times_and_come_back_as_days(api: Api, essay: ReaderDocument) -> None:
    api.ask("PATCH", f"v3/update/{essay.id}/", {"published_date": "2020-07-14T20:11:24+00:00"})
    assert rows(api)[0]["published_date"] == "2020-07-14"

    reply = api.ask("PATCH", f"v3/update/{essay.id}/", {"published_date": 3})
    assert (reply.status_code, list(reply.json())) == (400, ["published_date"])


def test_updating_an_unknown_document_is_not_found(api: Api) -> None:
    assert api.ask("PATCH", "v3/update/01nothing/", {"title": "x"}).status_code == 404


def test_a_bulk_update_changes_all_documents_or_none(api: Api, library: Library, essay: ReaderDocument) -> None:
    other = library.add_reader_document("Other")
    both = [{"id": essay.id, "location": "archive"}, {"id": other.id, "tags": ["x"]}]

    assert api.ask("PATCH", "v3/bulk_update/", {"updates": both}).status_code == 200
    assert (essay.location, list(other.tags)) == ("archive", ["x"])

    half = [{"id": essay.id, "location": "later"}, {"id": "01nothing"}]
    assert api.ask("PATCH", "v3/bulk_update/", {"updates": half}).status_code == 404
    assert essay.location == "archive"


def test_a_bulk_update_takes_fifty_at_most(api: Api, essay: ReaderDocument) -> None:
    assert api.ask("PATCH", "v3/bulk_update/", {"updates": [{"id": essay.id}] * 51}).status_code == 400


def test_saving_a_known_address_moves_it_back_to_the_inbox(api: Api, library: Library, essay: ReaderDocument) -> None:
    library.move_reader_document(essay.id, "archive")
    reply = api.ask("POST", "v3/save/", {"url": essay.source_url})

    assert (reply.status_code, reply.json()["id"], rows(api)[0]["location"]) == (200, essay.id, "new")


def test_saving_keeps_what_was_sent(api: Api) -> None:
    sent = {
        "url": "https://example.com/new",
        "html": "<p>one two</p>",
        "title": "New",
        "author": "A",
        "tags": ["x"],
        "notes": "n",
        "published_date": "2024-02-03T00:00:00Z",
        "location": "later",
        "saved_using": "my_app",
        "category": "tweet",
    }
    reply = api.ask("POST", "v3/save", sent)
    (row,) = rows(api)

    assert (reply.status_code, reply.json()["url"]) == (201, f"https://read.readwise.io/new/read/{row['id']}")
    assert (row["title"], row["author"], row["notes"], row["location"]) == ("New", "A", "n", "later")
    assert (row["source"], row["published_date"], list(row["tags"])) == ("my_app", "2024-02-03", ["x"])
    assert row["category"] == "article", "a category counts only without html"


def test_saving_needs_an_address(api: Api) -> None:
    assert api.ask("POST", "v3/save/", {"title": "x"}).json() == {"url": ["This field is required."]}


def test_uncleaned_html_wants_title_and_author(api: Api) -> None:
    sent = {"url": "https://example.com/x", "html": "<p>x</p>", "should_clean_html": False}

    assert api.ask("POST", "v3/save/", sent).status_code == 400
    assert api.ask("POST", "v3/save/", {**sent, "title": "T", "author": "A"}).status_code == 201
