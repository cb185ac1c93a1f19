"""How Readwise v2 behaves beyond its document: what shows up, what stays silent, what counts as the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.simulator_case import Api
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.records import Book, Highlight, HighlightEdit

pytest_plugins = ("tests.simulator_case",)

LATER = "2025-06-01T09:00:00Z"


@pytest.fixture
def book(library: Library) -> Book:
    return library.add_book("Walden", author="Henry David Thoreau")


@pytest.fixture
def highlight(library: Library, book: Book) -> Highlight:
    return library.add_highlight(book, "Simplify, simplify.", note="how?", tags=["life"])


@pytest.fixture
def since(library: Library, highlight: Highlight) -> str:
    """A moment after everything that is in the library."""
    assert highlight.updated < library.now()
    return library.now().isoformat().replace("+00:00", "Z")


# The incremental export


def test_incremental_export_lists_only_the_changed_highlights_of_a_book(
    api: Api, library: Library, book: Book, since: str
) -> None:
    new = library.add_highlight(book, "Time is but the stream I go a-fishing in.")

    assert [h["id"] for h in api.export(updatedAfter=since)[book.id]["highlights"]] == [new.id]


def test_a_passage_marked_long_ago_counts_as_changed_when_it_is_imported(
    api: Api, library: Library, book: Book, since: str
) -> None:
    library.add_highlight(book, "late", highlighted_at=datetime(2012, 3, 29, 4, 56, tzinfo=UTC))

    (exported,) = api.export(updatedAfter=since)[book.id]["highlights"]
    assert exported["highlighted_at"] == "2012-03-29T04:56:00Z"
    assert exported["updated_at"] > since


def test_new_text_moves_a_highlight(api: Api, library: Library, highlight: Highlight, since: str) -> None:
    library.edit_highlight_in_app(highlight.id, text="Simplify.")

    assert api.export(updatedAfter=since)[highlight.book_id]["highlights"][0]["text"] == "Simplify."


def test_edits_at_the_source_move_a_highlight(api: Api, library: Library, highlight: Highlight, since: str) -> None:
    library.edit_highlight_at_source(highlight.id, note="at Kindle")

    assert api.export(updatedAfter=since)[highlight.book_id]["highlights"][0]["note"] == "at Kindle"


@pytest.mark.parametrize("edit", [{"note": "why?"}, {"tags": ["favorite", "discard"]}, {"color": "pink"}])
def test_notes_tags_and_flags_set_in_the_app_stay_silent(
    api: Api, library: Library, highlight: Highlight, since: str, edit: HighlightEdit
) -> None:
    library.edit_highlight_in_app(highlight.id, **edit)

    assert api.export(updatedAfter=since) == {}


def test_silent_edits_arrive_with_the_next_full_export(api: Api, library: Library, highlight: Highlight) -> None:
    library.edit_highlight_in_app(highlight.id, note="why?", tags=["favorite"])

    (exported,) = api.export()[highlight.book_id]["highlights"]
    assert (exported["note"], [tag["name"] for tag in exported["tags"]]) == ("why?", ["favorite"])


def test_book_level_changes_show_in_the_book_list_and_not_in_the_export(
    api: Api, library: Library, book: Book, since: str
) -> None:
    library.edit_book(book.id, title="Walden; or, Life in the Woods", tags=["nature"], document_note="again")

    assert api.export(updatedAfter=since) == {}
    (row,) = api.get("v2/books/", updated__gt=since)["results"]
    assert (row["id"], row["title"], row["document_note"]) == (book.id, "Walden; or, Life in the Woods", "again")


def test_a_lone_deletion_shows_only_with_include_deleted(
    api: Api, library: Library, highlight: Highlight, since: str
) -> None:
    library.delete_highlight(highlight.id)

    assert api.export(updatedAfter=since) == {}
    shown = api.export(updatedAfter=since, includeDeleted="true")[highlight.book_id]
    assert (shown["is_deleted"], shown["highlights"][0]["is_deleted"]) == (False, True)


def test_a_deleted_book_shows_with_its_deleted_highlights(
    api: Api, library: Library, highlight: Highlight, since: str
) -> None:
    library.delete_book(highlight.book_id)

    assert api.export() == {}
    shown = api.export(updatedAfter=since, includeDeleted="true")[highlight.book_id]
    assert (shown["is_deleted"], [h["is_deleted"] for h in shown["highlights"]]) == (True, [True])
    assert api.ask("GET", f"v2/books/{highlight.book_id}/").status_code == 404


def test_export_by_ids_lists_all_highlights_of_those_books(api: Api, library: Library, highlight: Highlight) -> None:
    library.add_highlight(library.add_book("Another"), "not asked for")

    assert list(api.export(ids=str(highlight.book_id))) == [highlight.book_id]


def test_too_many_ids_make_the_address_too_long(api: Api) -> None:
    assert api.ask("GET", "v2/export/", ids=",".join("12345678" for _ in range(1000))).status_code == 414


def test_a_time_that_cannot_be_read_is_refused(api: Api) -> None:
    reply = api.ask("GET", "v2/export/?updatedAfter=2025-06-01T09:00:00+00:00")

    assert (reply.status_code, reply.json()) == (400, {"updatedAfter": ["Enter a valid date/time."]})


def test_pages_hold_whole_books_highest_id_first_and_the_cursor_is_a_number(library: Library) -> None:
    books = [library.add_book(f"Book {number}") for number in range(5)]
    for book in books:
        library.add_highlight(book, "one")
        library.add_highlight(book, "two")

    with Simulator(library, export_pages=2) as simulator, Api(simulator).session as session:
        pages: list[dict[str, Any]] = []
        cursor = None
        while not pages or cursor is not None:
            query: dict[str, Any] = {} if cursor is None else {"pageCursor": cursor}
            pages.append(session.get(f"{simulator.base_url}/v2/export/", params=query, timeout=5).json())
            cursor = pages[-1]["nextPageCursor"]

    assert [[b["user_book_id"] for b in page["results"]] for page in pages] == [
        [books[4].id, books[3].id],
        [books[2].id, books[1].id],
        [books[0].id],
    ]
    assert isinstance(pages[0]["nextPageCursor"], int)
    assert [page["count"] for page in pages] == [10, 10, 10], "count counts highlights"


def test_a_book_left_without_highlights_is_still_exported(api: Api, book: Book) -> None:
    assert api.export()[book.id]["highlights"] == []


def test_kindle_times_are_whole_seconds_among_milliseconds(api: Api, library: Library, book: Book) -> None:
    library.add_highlight(book, "x", highlighted_at=datetime(2024, 11, 13, 4, 56, tzinfo=UTC), created=library.now())

    (exported,) = api.export()[book.id]["highlights"]
    assert exported["highlighted_at"] == "2024-11-13T04:56:00Z"
    assert exported["created_at"] == "2025-06-01T08:00:01.104Z"


# Highlights and their tags


def test_favourite_and_discard_are_tags(api: Api, highlight: Highlight) -> None:
    tag = api.ask("POST", f"v2/highlights/{highlight.id}/tags/", {"name": "favorite"}).json()
    (exported,) = api.export()[highlight.book_id]["highlights"]
    assert (exported["is_favorite"], exported["is_discard"]) == (True, False)

    assert api.ask("DELETE", f"v2/highlights/{highlight.id}/tags/{tag['id']}/").status_code == 204
    assert api.export()[highlight.book_id]["highlights"][0]["is_favorite"] is False


def test_the_same_tag_on_two_highlights_has_two_ids(library: Library, book: Book) -> None:
    first, second = (library.add_highlight(book, text, tags=["science"]) for text in ("a", "b"))

    assert first.tags[0].id != second.tags[0].id


def test_a_tag_is_deleted_by_the_id_of_its_own_highlight_only(api: Api, library: Library, book: Book) -> None:
    first, second = (library.add_highlight(book, text, tags=["science"]) for text in ("a", "b"))

    reply = api.ask("DELETE", f"v2/highlights/{first.id}/tags/{second.tags[0].id}/")

    assert (reply.status_code, reply.json()) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("kind", ["highlights", "books"])
def test_tags_can_be_listed_created_read_renamed_and_deleted(api: Api, highlight: Highlight, kind: str) -> None:
    thing = f"v2/{kind}/{highlight.id if kind == 'highlights' else highlight.book_id}/tags"
    created = api.ask("POST", thing, {"name": "first tag"})
    one = f"{thing}/{created.json()['id']}"

    assert (created.status_code, created.json()["name"]) == (200, "first tag")
    assert api.get(one) == created.json()
    assert api.ask("PATCH", one, {"name": "renamed"}).json() == {**created.json(), "name": "renamed"}
    assert "renamed" in [tag["name"] for tag in api.get(f"{thing}/")["results"]]
    assert api.ask("DELETE", one).status_code == 204
    assert api.ask("GET", one).status_code == 404


def test_creating_a_tag_twice_answers_the_tag_that_is_there(api: Api, highlight: Highlight) -> None:
    reply = api.ask("POST", f"v2/highlights/{highlight.id}/tags/", {"name": "life"})

    assert reply.json() == {"id": highlight.tags[0].id, "name": "life"}


def test_tags_have_a_longest_name(api: Api, highlight: Highlight) -> None:
    on_highlight = api.ask("POST", f"v2/highlights/{highlight.id}/tags/", {"name": "x" * 128})
    on_book = api.ask("POST", f"v2/books/{highlight.book_id}/tags/", {"name": "x" * 128})

    assert on_highlight.json() == {"name": ["Ensure this field has no more than 127 characters."]}
    assert (on_highlight.status_code, on_book.status_code) == (400, 200)


def test_a_patch_answers_the_whole_highlight_as_it_now_is(api: Api, highlight: Highlight) -> None:
    reply = api.ask("PATCH", f"v2/highlights/{highlight.id}/", {"note": "", "color": "green", "unknown": 1})

    assert reply.json() == api.get(f"v2/highlights/{highlight.id}/")
    assert (reply.json()["note"], reply.json()["color"]) == ("", "green")


def test_a_patch_may_come_as_a_form(api: Api, highlight: Highlight) -> None:
    url = f"{api.base_url}/v2/highlights/{highlight.id}/"

    assert api.session.patch(url, data={"note": "from a form"}, timeout=5).json()["note"] == "from a form"


def test_a_patch_with_bad_values_changes_nothing(api: Api, highlight: Highlight) -> None:
    reply = api.ask("PATCH", f"v2/highlights/{highlight.id}/", {"note": "new", "color": "mauve"})

    assert (reply.status_code, reply.json()) == (400, {"color": ['"mauve" is not a valid choice.']})
    assert highlight.note == "how?"


@pytest.mark.parametrize("moves", [True, False])
def test_whether_a_patched_note_moves_updated_is_a_switch(
    api: Api, library: Library, highlight: Highlight, since: str, moves: bool
) -> None:
    library.quirks.patch_moves_updated = moves
    api.ask("PATCH", f"v2/highlights/{highlight.id}/", {"note": "new"})

    assert (highlight.book_id in api.export(updatedAfter=since)) is moves


@pytest.mark.parametrize("inclusive", [True, False])
def test_whether_updated_after_includes_its_instant_is_a_switch(
    api: Api, library: Library, highlight: Highlight, inclusive: bool
) -> None:
    library.quirks.after_is_inclusive = inclusive

    assert (highlight.book_id in api.export(updatedAfter=highlight.updated.isoformat())) is inclusive


@pytest.mark.parametrize(("keeps", "text"), [(True, "Simplify, simplify."), (False, "")])
def test_whether_a_deleted_highlight_keeps_its_text_is_a_switch(
    api: Api, library: Library, highlight: Highlight, keeps: bool, text: str
) -> None:
    library.quirks.deleted_keep_text = keeps
    library.delete_highlight(highlight.id)

    assert api.export(includeDeleted="true")[highlight.book_id]["highlights"][0]["text"] == text


@pytest.mark.parametrize(("stay", "note"), [(True, ".woods as he said"), (False, "as he said")])
def test_whether_inline_tags_stay_in_the_note_is_a_switch(
    api: Api, library: Library, highlight: Highlight, stay: bool, note: str
) -> None:
    library.quirks.inline_tags_stay = stay

    reply = api.ask("PATCH", f"v2/highlights/{highlight.id}/", {"note": ".woods as he said"})
    assert (reply.json()["note"], reply.json()["tags"][1]["name"]) == (note, "woods")


def test_whether_tag_names_are_folded_is_a_switch(api: Api, library: Library, highlight: Highlight) -> None:
    library.quirks.tags_lower_cased = True

    assert api.ask("POST", f"v2/highlights/{highlight.id}/tags/", {"name": "Life"}).json()["name"] == "life"
    assert len(highlight.tags) == 1


def test_a_tag_that_is_renamed_is_folded_too(api: Api, library: Library, highlight: Highlight) -> None:
    library.quirks.tags_lower_cased = True
    tag = highlight.tags[0]

    renamed = api.ask("PATCH", f"v2/highlights/{highlight.id}/tags/{tag.id}/", {"name": "Living"}).json()
    assert (renamed, tag.name) == ({"id": tag.id, "name": "living"}, "living")


def test_whether_a_tag_posted_again_is_there_twice_is_a_switch(
    api: Api, library: Library, highlight: Highlight
) -> None:
    library.quirks.tags_repeat = True
    reply = api.ask("POST", f"v2/highlights/{highlight.id}/tags/", {"name": "life"})

    assert [(tag.id, tag.name) for tag in highlight.tags[1:]] == [(reply.json()["id"], "life")]
    assert highlight.tags[0].name == "life"


@pytest.mark.parametrize(("trims", "note"), [(False, " why?\n"), (True, "why?")])
def test_whether_texts_are_trimmed_is_a_switch(
    api: Api, library: Library, highlight: Highlight, trims: bool, note: str
) -> None:
    library.quirks.texts_trimmed = trims

    assert api.ask("PATCH", f"v2/highlights/{highlight.id}/", {"note": " why?\n"}).json()["note"] == note


def test_words_with_a_dot_at_the_start_of_a_note_become_tags(api: Api, highlight: Highlight) -> None:
    reply = api.ask("PATCH", f"v2/highlights/{highlight.id}/", {"note": ".woods .h1 as he said"})

    assert [tag["name"] for tag in reply.json()["tags"]] == ["life", "woods", "h1"]


@pytest.mark.parametrize("note", ["... and so on", "a .b c", "", ". .", "no.dots"])
def test_other_dots_in_a_note_make_no_tags(library: Library, book: Book, note: str) -> None:
    assert library.add_highlight(book, "x", note=note).tags == []


def test_inline_tags_do_not_bring_back_a_deleted_tag(library: Library, highlight: Highlight) -> None:
    library.retag_in_app(highlight.id, remove=["life"])
    library.set_note(highlight, ".life again")

    assert highlight.tags == []


def test_a_deleted_highlight_is_not_found(api: Api, highlight: Highlight) -> None:
    assert api.ask("DELETE", f"v2/highlights/{highlight.id}/").status_code == 204
    assert api.ask("GET", f"v2/highlights/{highlight.id}/").json() == {"detail": "Not found."}


def test_lists_are_paged_and_link_to_their_neighbours(api: Api, library: Library, book: Book) -> None:
    for number in range(5):
        library.add_highlight(book, f"text {number}")
    page = api.get("v2/highlights/", page=2, page_size=2, book_id=book.id)

    assert (page["count"], len(page["results"])) == (5, 2)
    assert page["next"] == f"{api.base_url}/v2/highlights/?page_size=2&book_id={book.id}&page=3"
    assert page["previous"] == f"{api.base_url}/v2/highlights/?page_size=2&book_id={book.id}&page=1"
    assert api.ask("GET", "v2/highlights/", page=9).json() == {"detail": "Invalid page."}


def test_books_are_filtered_by_category_source_and_times(api: Api, library: Library, highlight: Highlight) -> None:
    podcast = library.add_book("Small Hours", category="podcasts", source="snipd")

    def ids(**query: str) -> list[int]:
        return [row["id"] for row in api.get("v2/books/", **query)["results"]]

    assert ids() == [podcast.id, highlight.book_id], "highest id first"
    assert ids(category="podcasts") == ids(source="snipd") == [podcast.id]
    assert ids(last_highlight_at__gt="2020-01-01") == [highlight.book_id]
    assert ids(updated__gt="2099-01-01T00:00:00Z") == ids(updated__lt="2020-01-01") == []


# Posting


def post(api: Api, **highlight: object) -> dict[str, Any]:
    (book,) = api.ask("POST", "v2/highlights/", {"highlights": [highlight]}).json()
    return dict(book)


def test_text_alone_goes_to_quotes(api: Api) -> None:
    book = post(api, text="alone")

    assert (book["title"], book["author"], book["category"], book["source"]) == ("Quotes", None, "books", "api_book")


def test_an_author_left_out_is_the_domain(api: Api) -> None:
    book = post(api, text="a", title="T", source_url="https://blog.example.com/t")

    assert (book["author"], book["category"]) == ("blog.example.com", "articles")


def test_posting_a_duplicate_changes_nothing_but_the_books_updated(api: Api) -> None:
    first = post(api, text="a", title="T", author="A")
    again = post(api, text="a", title="T", author="A")

    assert len(first["modified_highlights"]) == 1
    assert (again["id"], again["modified_highlights"], again["num_highlights"]) == (first["id"], [], 1)
    assert again["updated"] > first["updated"]


def test_posting_the_same_highlight_with_another_note_updates_the_note(api: Api) -> None:
    first = post(api, text="a", title="T", note="one")
    again = post(api, text="a", title="T", note="two")

    assert again["modified_highlights"] == first["modified_highlights"]
    assert api.get(f"v2/highlights/{first['modified_highlights'][0]}/")["note"] == "two"


def test_the_same_highlight_url_with_new_text_updates_the_text(api: Api) -> None:
    first = post(api, text="a", title="T", highlight_url="https://x.example/1")
    again = post(api, text="b", title="T", highlight_url="https://x.example/1")

    assert again["modified_highlights"] == first["modified_highlights"]
    assert again["num_highlights"] == 1


def test_another_highlight_url_makes_a_second_highlight(api: Api) -> None:
    post(api, text="a", title="T", highlight_url="https://x.example/1")

    assert post(api, text="a", title="T", highlight_url="https://x.example/2")["num_highlights"] == 2


def test_posted_highlights_do_not_join_the_book_of_a_reader_document(api: Api, library: Library) -> None:
    essay = library.add_reader_document("Essay", author="A", source_url="https://example.com/e")
    theirs = library.highlight_in_reader(essay.id, "a")

    ours = post(api, text="b", title="Essay", author="A", source_url="https://example.com/e")

    assert ours["id"] != theirs.book_id
    assert len(library.documents) == 2, "and do not reach Reader"


def test_one_bad_highlight_refuses_them_all_with_a_parallel_list(api: Api, library: Library) -> None:
    items = [{"text": "good"}, {"text": ""}, {"title": "no text"}, {"text": "a", "location_type": "chapter"}]
    reply = api.ask("POST", "v2/highlights/", {"highlights": items})

    assert (reply.status_code, reply.json()) == (
        400,
        [
            {},
            {"text": ["This field may not be blank."]},
            {"text": ["This field is required."]},
            {"location_type": ['"chapter" is not a valid choice.']},
        ],
    )
    assert library.books == {}


def test_broken_json_is_refused_in_the_frameworks_words(api: Api) -> None:
    url, kind = f"{api.base_url}/v2/highlights/", {"Content-Type": "application/json"}
    reply = api.session.post(url, data=b"{", headers=kind, timeout=5)

    assert reply.status_code == 400
    assert reply.json()["detail"].startswith("JSON parse error - ")


# Addresses and methods


@pytest.mark.parametrize("path", ["v2/auth", "v2/auth/"])
def test_auth_answers_nothing_with_or_without_the_slash(api: Api, path: str) -> None:
    reply = api.ask("GET", path)

    assert (reply.status_code, reply.content) == (204, b"")


def test_posting_without_the_final_slash_works_too(api: Api) -> None:
    assert api.ask("POST", "v2/highlights", {"highlights": [{"text": "a"}]}).status_code == 200


def test_a_missing_token_is_refused(api: Api) -> None:
    del api.session.headers["Authorization"]
    reply = api.ask("GET", "v2/auth/")

    assert (reply.status_code, reply.json()) == (401, {"detail": "Authentication credentials were not provided."})


def test_unknown_paths_are_a_page_for_people(api: Api) -> None:
    reply = api.ask("GET", "v2/nothing/")

    assert (reply.status_code, reply.headers["Content-Type"]) == (404, "text/html")


def test_the_review_shows_highlights_that_are_not_discarded(api: Api, library: Library, highlight: Highlight) -> None:
    other = library.add_highlight(highlight.book_id, "not this", tags=["discard"])
    shown = [one["id"] for one in api.get("v2/review/")["highlights"]]

    assert (highlight.id in shown, other.id in shown) == (True, False)
