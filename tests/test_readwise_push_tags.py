"""Tags of highlights and documents, sent one by one or as a set: each is there once, and nobody else's is lost."""

from __future__ import annotations

import pytest

from tests.readwise_case import Pushing
from vaultsync.errors import SourceError, Unreachable
from vaultsync.simulator import Library, Simulator, faults
from vaultsync.simulator.records import Book, Highlight, ReaderDocument

pytest_plugins = ("tests.simulator_case", "tests.readwise_case")

TAGS = ("life", "short")  # of the highlight


def names(thing: Highlight | Book) -> list[str]:
    return [tag.name for tag in thing.tags]


def book_of(library: Library, document: ReaderDocument) -> Book:
    found = library.book_of(document.id)
    assert found is not None
    return found


# Of a highlight


def test_three_tags_added_and_one_removed_take_one_look_and_four_changes(
    pushing: Pushing, highlight: Highlight
) -> None:
    gone = highlight.tags[1].id
    record = pushing.push(highlight, "tags", ("life", "a", "b", "c"), before=TAGS)
    path = f"v2/highlights/{highlight.id}/"

    assert pushing.requests == [f"GET {path}", *[f"POST {path}tags/"] * 3, f"DELETE {path}tags/{gone}/"]
    assert names(highlight) == ["life", "a", "b", "c"]
    assert pushing.mark(record, highlight).tags == ("life", "a", "b", "c")


def test_tags_are_merged_with_what_was_changed_there(pushing: Pushing, library: Library, highlight: Highlight) -> None:
    library.retag_in_app(highlight.id, add=["theirs", "Mine"], remove=["short"])
    record = pushing.push(highlight, "tags", ("life", "mine"), before=TAGS)

    assert names(highlight) == ["life", "theirs", "Mine"]
    assert pushing.mark(record, highlight).tags == ("life", "theirs", "Mine")
    assert pushing.requests == [f"GET v2/highlights/{highlight.id}/"]


def test_a_second_edit_of_tags_looks_again(pushing: Pushing, highlight: Highlight) -> None:
    once = pushing.push(highlight, "tags", ("life",), before=TAGS)
    pushing.simulator.log.clear()
    record = pushing.source.applied(once, pushing.edit(highlight, "tags", ("b",), before=("life",)))

    path = f"v2/highlights/{highlight.id}/"
    assert pushing.requests[:2] == [f"GET {path}", f"POST {path}tags/"]
    assert pushing.mark(record, highlight).tags == ("b",)


def test_favourite_and_discard_are_sent_as_the_tags_they_are(pushing: Pushing, highlight: Highlight) -> None:
    record = pushing.push(highlight, "tags", ("life", "short", "favorite", "discard"), before=TAGS)
    told = pushing.mark(record, highlight)

    assert (told.favorite, told.discarded) == (True, True)
    assert names(highlight) == ["life", "short", "favorite", "discard"]


def test_another_spelling_renames_the_tag(pushing: Pushing, highlight: Highlight) -> None:
    tag = highlight.tags[0]
    record = pushing.push(highlight, "tags", ("Life", "short"), before=TAGS)

    assert pushing.requests[1:] == [f"PATCH v2/highlights/{highlight.id}/tags/{tag.id}/"]
    assert (tag.name, pushing.mark(record, highlight).tags) == ("Life", ("Life", "short"))


def test_tags_the_server_folds_are_folded_in_the_record(
    pushing: Pushing, library: Library, highlight: Highlight
) -> None:
    library.quirks.tags_lower_cased = True
    record = pushing.push(highlight, "tags", ("Life", "short", "Big"), before=TAGS)

    assert pushing.mark(record, highlight).tags == ("life", "short", "big")


@pytest.mark.parametrize("repeats", [True, False])
def test_a_tag_whose_answer_is_lost_is_there_once(
    pushing: Pushing, simulator: Simulator, library: Library, highlight: Highlight, repeats: bool
) -> None:
    library.quirks.tags_repeat = repeats
    simulator.faults.order(faults.reply_lost(), method="POST")
    record = pushing.push(highlight, "tags", (*TAGS, "new"), before=TAGS)

    path = f"v2/highlights/{highlight.id}/"
    assert pushing.requests == [f"GET {path}", f"POST {path}tags/", f"GET {path}"]
    assert names(highlight) == ["life", "short", "new"]
    assert pushing.mark(record, highlight).tags == ("life", "short", "new")


@pytest.mark.parametrize("fault", [faults.connection_reset(), faults.status(502, b"Bad gateway"), faults.html_page()])
def test_a_tag_that_did_not_arrive_is_sent_again_after_a_look(
    pushing: Pushing, simulator: Simulator, library: Library, highlight: Highlight, fault: faults.Fault
) -> None:
    library.quirks.tags_repeat = True
    simulator.faults.order(fault, method="POST")
    pushing.push(highlight, "tags", (*TAGS, "new"), before=TAGS)

    path = f"v2/highlights/{highlight.id}/"
    assert pushing.requests[1:] == [f"POST {path}tags/", f"GET {path}", f"POST {path}tags/"]
    assert names(highlight) == ["life", "short", "new"]


def test_a_tag_that_never_arrives_is_given_up(pushing: Pushing, simulator: Simulator, highlight: Highlight) -> None:
    simulator.faults.order(faults.status(503), method="POST", times=None)
    with pytest.raises(Unreachable, match='did not get the tag "new": it was sent 3 times and is not there'):
        pushing.push(highlight, "tags", (*TAGS, "new"), before=TAGS)
    assert names(highlight) == ["life", "short"]


def test_a_tag_removed_there_in_the_meantime_is_removed(
    pushing: Pushing, library: Library, highlight: Highlight
) -> None:
    fresh = pushing.look(highlight)
    library.retag_in_app(highlight.id, remove=["short", "life"])
    record = pushing.source.applied(fresh, pushing.edit(highlight, "tags", ("Life",), before=TAGS))

    assert pushing.mark(record, highlight).tags == ()


def test_tags_of_a_highlight_deleted_in_the_meantime_are_an_error(
    pushing: Pushing, library: Library, highlight: Highlight
) -> None:
    fresh = pushing.look(highlight)
    library.delete_highlight(highlight.id)
    with pytest.raises(SourceError, match="is gone. Its tags were not changed."):
        pushing.source.applied(fresh, pushing.edit(highlight, "tags", (*TAGS, "new"), before=TAGS))


def test_what_a_look_saw_is_not_kept_for_ever(pushing: Pushing, library: Library, book: Book) -> None:
    many = [library.add_highlight(book, f"{number}", tags=["x"]) for number in range(21)]
    pushing.pull()
    record = pushing.record(book)
    for one in many:
        record = pushing.source.refreshed(record, str(one.id))
    pushing.simulator.log.clear()
    for one in (many[0], many[-1]):
        pushing.source.applied(record, pushing.edit(one, "tags", (), before=("x",)))

    assert [line.partition(" ")[0] for line in pushing.requests] == ["GET", "DELETE", "DELETE"]


# Of a document


def test_tags_of_a_book_are_changed_one_by_one(pushing: Pushing, book: Book) -> None:
    pond, to_read = book.tags
    record = pushing.push(book, "tags", ("Pond", "new"), before=("pond", "To read"))

    path = f"v2/books/{book.id}/"
    assert pushing.requests == [
        *(f"GET {path}", f"POST {path}tags/", f"PATCH {path}tags/{pond.id}/"),
        f"DELETE {path}tags/{to_read.id}/",
    ]
    assert names(book) == ["Pond", "new"]
    assert pushing.shown(record).tags == ("Pond", "new")


def test_tags_of_a_document_are_sent_to_reader_as_the_whole_new_set(
    pushing: Pushing, library: Library, essay: ReaderDocument
) -> None:
    library.edit_reader_document(essay.id, tags=["sound", "quiet", "theirs"])
    record = pushing.push(essay, "tags", ("Sound", "new"), before=("sound", "quiet"))

    assert pushing.requests == ["GET v3/list/", f"PATCH v3/update/{essay.id}/", "GET v3/list/"]
    assert list(essay.tags) == ["Sound", "theirs", "new"]
    assert pushing.shown(record).tags == ("Sound", "theirs", "new")


def test_a_tag_added_to_what_both_have_is_sent_to_reader_alone(pushing: Pushing, joined: ReaderDocument) -> None:
    record = pushing.push(joined, "tags", ("sea", "salt", "new"), before=("sea", "salt"))

    assert pushing.changes == [f"PATCH v3/update/{joined.id}/"]
    assert pushing.shown(record).tags == ("sea", "salt", "new")


def test_a_tag_removed_or_respelled_is_so_at_both(pushing: Pushing, library: Library, joined: ReaderDocument) -> None:
    there = book_of(library, joined)
    sea, salt = there.tags
    record = pushing.push(joined, "tags", ("Salt",), before=("sea", "salt"))

    path = f"v2/books/{there.id}/tags/"
    assert pushing.changes == [f"DELETE {path}{sea.id}/", f"PATCH {path}{salt.id}/", f"PATCH v3/update/{joined.id}/"]
    assert (list(joined.tags), names(there)) == (["Salt"], ["Salt"])
    assert pushing.shown(record).tags == ("Salt",)


def test_a_tag_that_only_the_book_has_is_removed_there_alone(
    pushing: Pushing, library: Library, joined: ReaderDocument
) -> None:
    there = book_of(library, joined)
    shelf = library.tag(there, "shelf")
    record = pushing.push(joined, "tags", ("sea", "salt"), before=("sea", "salt", "shelf"))

    assert pushing.changes == [f"DELETE v2/books/{there.id}/tags/{shelf.id}/"]
    assert (names(there), pushing.shown(record).tags) == (["sea", "salt"], ("sea", "salt"))
