"""A highlight changed or deleted at Readwise, request by request, and what the record says afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.readwise_case import Memory, Pushing, source_of
from vaultsync.errors import SourceError, UnexpectedReply
from vaultsync.simulator import Library, Simulator, faults
from vaultsync.simulator.records import Book, Highlight, ReaderDocument

pytest_plugins = ("tests.simulator_case", "tests.readwise_case")

NOT_FOUND = faults.status(404, b"<h1>Not Found</h1>", content_type="text/html")


# A field of a highlight


@pytest.mark.parametrize(
    ("field", "after", "there"),
    [
        ("note", "because", "because"),
        ("note", "two\n\nparagraphs", "two\n\nparagraphs"),
        ("note", "", ""),
        ("text", "Simplify.", "Simplify."),
        ("color", "green", "green"),
        ("url", "https://example.org/walden#2", "https://example.org/walden#2"),
        ("location", "1212", 1212),
    ],
)
def test_a_field_of_a_highlight_takes_one_look_and_one_change(
    pushing: Pushing, highlight: Highlight, field: str, after: str, there: object
) -> None:
    record = pushing.push(highlight, field, after)

    assert pushing.requests == [f"GET v2/highlights/{highlight.id}/", f"PATCH v2/highlights/{highlight.id}/"]
    assert getattr(highlight, field) == there
    assert getattr(pushing.mark(record, highlight), field) == there


def test_an_address_that_is_taken_away_is_null(pushing: Pushing, highlight: Highlight) -> None:
    highlight.url = "https://example.org/walden"
    record = pushing.push(highlight, "url", "", before="https://example.org/walden")
    there: str | None = highlight.url

    assert (there, pushing.mark(record, highlight).url) == (None, "")


def test_only_the_field_that_moved_is_sent(pushing: Pushing, library: Library, highlight: Highlight) -> None:
    fresh = pushing.look(highlight)
    library.edit_highlight_in_app(highlight.id, color="pink")
    record = pushing.source.applied(fresh, pushing.edit(highlight, "note", "mine"))

    assert (highlight.note, highlight.color) == ("mine", "pink")
    told = pushing.mark(record, highlight)
    assert (told.note, told.color) == ("mine", "pink")


def test_what_the_service_says_already_is_not_sent(pushing: Pushing, library: Library, highlight: Highlight) -> None:
    library.edit_highlight_in_app(highlight.id, note="mine")
    record = pushing.push(highlight, "note", "mine", before="how?")

    assert pushing.requests == [f"GET v2/highlights/{highlight.id}/"]
    assert pushing.mark(record, highlight).note == "mine"


def test_a_look_takes_in_all_that_changed_silently(pushing: Pushing, library: Library, highlight: Highlight) -> None:
    library.edit_highlight_in_app(
        highlight.id, text="Simplify!", note="app", tags=["life", "Favorite", "favorite"], color="blue"
    )
    highlight.location, highlight.location_type, highlight.url = 7, "page", "https://example.org/7"
    told = pushing.mark(pushing.look(highlight), highlight)

    assert (told.text, told.note, told.tags) == ("Simplify!", "app", ("life", "Favorite", "favorite"))
    assert (told.color, told.location, told.location_type, told.url) == ("blue", 7, "page", "https://example.org/7")
    assert (told.favorite, told.discarded) == (True, False)


def test_the_time_of_a_highlight_moves_on_and_never_back(pushing: Pushing, highlight: Highlight) -> None:
    record = pushing.record(highlight)
    was = pushing.mark(record, highlight).updated
    highlight.updated -= timedelta(days=1)
    stale = pushing.source.refreshed(record, str(highlight.id))
    highlight.updated += timedelta(days=2)
    newer = pushing.source.refreshed(stale, str(highlight.id))

    assert was is not None
    assert pushing.mark(stale, highlight).updated == was
    assert pushing.mark(newer, highlight).updated == was + timedelta(days=1)


def test_a_note_the_server_trims_is_trimmed_in_the_record(
    pushing: Pushing, library: Library, highlight: Highlight
) -> None:
    library.quirks.texts_trimmed = True
    record = pushing.push(highlight, "note", "because \n")

    assert pushing.mark(record, highlight).note == "because"


def test_a_note_that_makes_tags_brings_them_along(pushing: Pushing, library: Library, highlight: Highlight) -> None:
    library.quirks.inline_tags_stay = False
    record = pushing.push(highlight, "note", ".woods as he said")
    told = pushing.mark(record, highlight)

    assert (told.note, told.tags) == ("as he said", ("life", "short", "woods"))


# Trouble on the way


@pytest.mark.parametrize("fault", [faults.reply_lost(), faults.connection_reset(), faults.cut_off()])
def test_a_note_whose_answer_is_lost_is_sent_again(
    pushing: Pushing, simulator: Simulator, highlight: Highlight, fault: faults.Fault
) -> None:
    simulator.faults.order(fault, method="PATCH")
    record = pushing.push(highlight, "note", "because")

    assert pushing.mark(record, highlight).note == highlight.note == "because"


def test_an_answer_that_is_none_is_followed_by_a_look(
    pushing: Pushing, simulator: Simulator, highlight: Highlight
) -> None:
    simulator.faults.order(faults.html_page(), method="PATCH")
    record = pushing.push(highlight, "note", "because")

    assert pushing.requests[1:] == [f"PATCH v2/highlights/{highlight.id}/", f"GET v2/highlights/{highlight.id}/"]
    # That page was a proxy's and the service never saw the change; the record says so, and it will be sent again.
    assert pushing.mark(record, highlight).note == "how?"


def test_what_the_service_refuses_is_told_in_its_words_and_without_the_token(
    pushing: Pushing, simulator: Simulator, highlight: Highlight
) -> None:
    said = {"note": [f"Not with {simulator.token} in it."]}
    simulator.faults.order(faults.status(400, said), method="PATCH")
    with pytest.raises(UnexpectedReply) as caught:
        pushing.push(highlight, "note", "because")

    assert caught.value.message == (
        f'readwise: PATCH v2/highlights/{highlight.id}/ is answered 400: "{{"note":["Not with *** in it."]}}". '
        "What was fetched before is kept. It changed nothing there."
    )
    assert (caught.value.status, highlight.note) == (400, "how?")
    assert caught.value.hint == "Write it in the note as the service takes it, or put back what stood there."


def test_a_highlight_that_is_gone_is_marked_and_the_others_stay(
    pushing: Pushing, library: Library, book: Book, highlight: Highlight
) -> None:
    other = library.add_highlight(book, "Time is but the stream I go a-fishing in.")
    pushing.pull()
    library.delete_highlight(highlight.id)
    record = pushing.look(highlight)

    assert pushing.mark(record, highlight).deleted
    assert [one.id for one in pushing.shown(record).live] == [str(other.id)]
    pushing.pull()
    assert pushing.shown(pushing.record(book)).live == pushing.shown(record).live


def test_a_highlight_deleted_between_look_and_change_is_marked(
    pushing: Pushing, library: Library, highlight: Highlight
) -> None:
    fresh = pushing.look(highlight)
    library.delete_highlight(highlight.id)
    record = pushing.source.applied(fresh, pushing.edit(highlight, "note", "mine"))

    assert pushing.mark(record, highlight).deleted


@pytest.mark.parametrize("owner", ["highlight", ""])
def test_a_404_to_everything_is_not_believed(
    pushing: Pushing, simulator: Simulator, highlight: Highlight, owner: str
) -> None:
    simulator.faults.order(NOT_FOUND, times=None)
    with pytest.raises(UnexpectedReply, match="v2/auth/ is answered 404"):
        pushing.source.refreshed(pushing.record(highlight), owner and str(highlight.id))


def test_a_look_that_is_refused_says_nothing_of_what_is_there(
    pushing: Pushing, simulator: Simulator, highlight: Highlight
) -> None:
    simulator.faults.order(faults.status(405, {"detail": "Not today."}))
    with pytest.raises(UnexpectedReply, match="is answered 405.*Not today"):
        pushing.look(highlight)


def test_an_answer_about_something_else_is_not_believed(
    pushing: Pushing, simulator: Simulator, highlight: Highlight
) -> None:
    simulator.faults.order(faults.raw_body(b'{"id": 1, "text": "Not this one.", "note": ""}'))
    record = pushing.record(highlight)

    assert pushing.source.refreshed(record, str(highlight.id)) == record
    assert len(pushing.requests) == 2


def test_an_answer_out_of_shape_costs_only_what_is_out_of_shape(
    pushing: Pushing, simulator: Simulator, highlight: Highlight
) -> None:
    body = f'{{"id": {highlight.id}, "note": "lone \\ud800", "tags": ["x", {{"id": 3, "name": "three"}}], "color": 5}}'
    simulator.faults.order(faults.raw_body(body.encode()))
    record = pushing.look(highlight)
    told = pushing.mark(record, highlight)

    assert (told.text, told.note, told.tags) == ("Simplify, simplify.", "lone \ufffd", ("three",))


def test_a_highlight_the_document_never_had_is_not_asked_for(pushing: Pushing, highlight: Highlight) -> None:
    record = pushing.record(highlight)
    with pytest.raises(SourceError, match="no highlight 01abc in this document"):
        pushing.source.refreshed(record, "01abc")
    assert pushing.requests == []


# What a later export makes of it


@pytest.mark.parametrize(
    ("field", "after"),
    [("note", "because"), ("text", "Simplify."), ("location", "99"), ("tags", ("LIFE", "new", "favorite"))],
)
def test_the_next_export_says_the_same_of_a_highlight_byte_for_byte(
    pushing: Pushing, library: Library, highlight: Highlight, field: str, after: Any
) -> None:
    library.add_highlight(highlight.book_id, "Time is but the stream I go a-fishing in.")
    pushing.pull()
    record = pushing.push(highlight, field, after, before=("life", "short"))
    pushing.pull()

    assert pushing.record(highlight) == record


def test_the_next_export_says_the_same_of_a_book_byte_for_byte(pushing: Pushing, book: Book) -> None:
    record = pushing.push(book, "tags", ("Pond", "new"), before=("pond",))
    pushing.pull()

    assert pushing.record(book) == record


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [("title", "On Salt", "Salt"), ("tags", ("sea", "salt"), ("Salt", "new")), ("location", "later", "archive")],
)
def test_the_next_export_says_the_same_of_a_document_of_both(
    pushing: Pushing, joined: ReaderDocument, field: str, before: Any, after: Any
) -> None:
    told = pushing.shown(pushing.push(joined, field, after, before=before))
    pushing.pull()
    again = pushing.shown(pushing.record(joined))

    assert msgspec.structs.replace(told, extra={}) == msgspec.structs.replace(again, extra={})


def test_a_look_at_what_has_not_changed_changes_nothing(
    pushing: Pushing, highlight: Highlight, book: Book, essay: ReaderDocument, joined: ReaderDocument
) -> None:
    for thing in (highlight, book, essay, joined):
        assert pushing.look(thing) == pushing.record(thing)


# Deleting


def test_a_deleted_highlight_is_gone_there_and_in_the_record(pushing: Pushing, highlight: Highlight) -> None:
    record = pushing.source.removed(pushing.record(highlight), str(highlight.id))

    assert pushing.requests == [f"DELETE v2/highlights/{highlight.id}/"]
    assert (highlight.deleted, pushing.shown(record).live) == (True, ())


@pytest.mark.parametrize("fault", [None, faults.reply_lost()])
def test_deleting_what_is_gone_already_is_no_error(
    pushing: Pushing, simulator: Simulator, library: Library, highlight: Highlight, fault: faults.Fault | None
) -> None:
    if fault is None:
        library.delete_highlight(highlight.id)
    else:
        simulator.faults.order(fault, method="DELETE")
    record = pushing.source.removed(pushing.record(highlight), str(highlight.id))

    assert (highlight.deleted, pushing.shown(record).live) == (True, ())


def test_a_highlight_of_reader_s_is_deleted_at_both(
    simulator: Simulator, library: Library, joined: ReaderDocument
) -> None:
    source = source_of(simulator, children=True)
    memory = Memory(source)
    memory.pull()
    [record] = memory.records.values()
    [mark] = source.document(record).live
    record = source.removed(record, mark.id)

    assert source.document(record).live == ()
    assert list(library.documents) == [joined.id]


def test_a_document_of_reader_s_is_deleted(pushing: Pushing, library: Library, essay: ReaderDocument) -> None:
    record = pushing.source.removed(pushing.record(essay), "")
    again = pushing.source.removed(record, "")

    assert pushing.requests == [f"DELETE v3/delete/{essay.id}/"]
    assert (essay.id in library.documents, pushing.shown(record).deleted, again) == (False, True, record)


def test_a_book_can_not_be_deleted_and_the_error_says_where_it_can(pushing: Pushing, book: Book) -> None:
    with pytest.raises(SourceError) as caught:
        pushing.source.removed(pushing.record(book), "")

    assert str(caught.value) == (
        'readwise: "Walden" is not in Reader, and Readwise lets no program delete a book. Nothing was deleted. '
        f"Delete it at https://readwise.io/bookreview/{book.id}."
    )
    assert pushing.requests == []
