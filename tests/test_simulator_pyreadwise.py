"""A client we did not write, the `readwise` package, works against the simulator."""

from __future__ import annotations

import pytest
from readwise import Readwise, ReadwiseReader

from vaultsync.simulator import Library, Simulator, sample_library

pytest_plugins = ("tests.simulator_case",)


@pytest.fixture
def library() -> Library:
    return sample_library()


@pytest.fixture
def readwise(simulator: Simulator) -> Readwise:
    client = Readwise(simulator.token)
    client._url = f"{simulator.base_url}/v2"
    return client


@pytest.fixture
def reader(simulator: Simulator) -> ReadwiseReader:
    client = ReadwiseReader(simulator.token)
    client._url = f"{simulator.base_url}/v3"
    return client


def test_it_checks_its_token(readwise: Readwise) -> None:
    assert readwise.get("/auth/").status_code == 204


def test_it_lists_books_with_their_dates(readwise: Readwise) -> None:
    titles = {book.title: book for book in readwise.get_books("books")}

    assert titles["Moby-Dick; or, The Whale"].author == "Herman Melville"
    assert titles["Moby-Dick; or, The Whale"].num_highlights == 8
    assert all(book.updated for book in titles.values())


def test_it_lists_the_highlights_of_a_book(readwise: Readwise) -> None:
    book = next(book for book in readwise.get_books("books") if book.title == "Walden")
    highlights = list(readwise.get_book_highlights(book.id))

    assert len(highlights) == 7
    assert {tag.name for highlight in highlights for tag in highlight.tags} >= {"favorite", "attention"}


def test_it_creates_highlights(readwise: Readwise) -> None:
    readwise.create_highlight("a passage", "A title", author="An author", category="books", note="mine")
    book = next(book for book in readwise.get_books("books") if book.title == "A title")

    (highlight,) = readwise.get_book_highlights(book.id)
    assert (highlight.text, highlight.note) == ("a passage", "mine")


def test_it_reads_adds_and_deletes_tags_of_books(readwise: Readwise, library: Library) -> None:
    library.quirks.book_tags_bare = True  # this client was written for a bare list
    book = next(iter(library.books.values()))

    readwise.add_tag(str(book.id), "from outside")
    tags = {tag.name: tag.id for tag in readwise.get_book_tags(str(book.id))}
    readwise.delete_tag(str(book.id), tags["from outside"])

    assert "from outside" in tags
    assert "from outside" not in [tag.name for tag in book.tags]


def test_it_lists_reader_documents_page_after_page(reader: ReadwiseReader, library: Library) -> None:
    documents = list(reader.get_documents({"limit": 10}))

    assert {document.id for document in documents} == library.documents.keys()
    assert len(documents) == len(library.documents)


def test_it_saves_reader_documents(reader: ReadwiseReader) -> None:
    reply = reader.create_document("https://example.com/saved", title="Saved", tags=["one"], location="later")

    (saved,) = [document for document in reader.get_documents({"location": "later"}) if document.title == "Saved"]
    assert (reply.status_code, saved.id, list(saved.tags)) == (201, reply.json()["id"], ["one"])
