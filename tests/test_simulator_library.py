"""A library is made the same way every time, survives being kept, and serves many clients at once."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import msgspec
import pytest

from tests.simulator_case import Api
from vaultsync.simulator import Library, Simulator, running, sample_library
from vaultsync.simulator.big import big_library
from vaultsync.simulator.frozen import freeze
from vaultsync.simulator.records import Quirks

pytest_plugins = ("tests.simulator_case",)


def everything(library: Library) -> bytes:
    return msgspec.json.encode([list(library.books.values()), list(library.documents.values())])


def test_two_libraries_made_alike_are_alike() -> None:
    assert everything(sample_library()) == everything(sample_library())
    assert everything(big_library(5, 3)) == everything(big_library(5, 3))


def test_another_seed_gives_other_ids() -> None:
    first, second = (Library(seed=seed).add_reader_document("x").id for seed in (1, 2))

    assert first != second


def test_a_kept_library_goes_on_where_it_was(tmp_path: Path) -> None:
    library = sample_library()
    library.quirks = Quirks(book_tags_bare=True)
    library.delete_reader_document(next(iter(library.documents)))
    library.save(tmp_path / "library.json")
    again = Library.load(tmp_path / "library.json")

    assert everything(again) == everything(library)
    assert (again.gone, again.quirks) == (library.gone, library.quirks)
    for each in (library, again):
        each.add_highlight(each.add_book("One more"), "and a highlight", tags=["x"])
        each.add_reader_document("And a document")
    assert [*again.books] == [*library.books]
    assert [*again.documents] == [*library.documents]
    assert again.now() > max(book.updated for book in again.books.values())


def test_no_two_changes_happen_at_the_same_time() -> None:
    frozen = sample_library().now()
    library = Library(clock=lambda: frozen)
    moments = [library.now() for _ in range(5)]

    assert len({moment.isoformat(timespec="milliseconds") for moment in moments}) == 5


def test_the_sample_library_has_something_of_everything() -> None:
    library = sample_library()
    highlights = [highlight for book in library.books.values() for highlight in book.live]
    tags = {tag.name for highlight in highlights for tag in highlight.tags}
    documents = [document for document in library.documents.values() if document.parent_id is None]

    assert len(library.books) >= 14
    assert 70 <= len(highlights) <= 90
    assert {"kindle", "twitter", "snipd", "reader", "ibooks"} <= {book.source for book in library.books.values()}
    assert {"favorite", "discard", "morning pages", "philosophy/stoicism", "Übersetzung"} <= tags
    assert {"new", "later", "shortlist", "archive", "feed"} == {document.location for document in documents}
    assert {"article", "pdf", "email", "rss", "video"} == {document.category for document in documents}
    assert {None} < {document.first_opened_at for document in documents if document.location == "feed"}
    assert all(document.html_content for document in documents)
    assert max(highlight.text.count("\n\n") for highlight in highlights) == 4
    assert any(highlight.text.startswith("![](") for highlight in highlights)
    assert all(2023 <= highlight.created.year <= 2025 for highlight in highlights)


def test_a_big_library_looks_like_a_real_account() -> None:
    library = big_library(200, 25)
    books = list(library.books.values())
    highlights = [highlight for book in books for highlight in book.highlights]
    lengths = [len(highlight.text) for highlight in highlights]

    assert 280 < sum(lengths) / len(lengths) < 340
    assert 0.27 < sum(bool(highlight.note) for highlight in highlights) / len(highlights) < 0.33
    assert 0.37 < sum(bool(highlight.tags) for highlight in highlights) / len(highlights) < 0.43
    assert 0 < len(books) - len({book.title for book in books}) < 12
    assert 19_000 < freeze(library).size / len(books) < 24_000


def test_frozen_pages_say_what_the_export_says() -> None:
    library = big_library(7, 2)
    with Simulator(library, export_pages=3) as live, Simulator(library, export_pages=freeze(library, 3)) as frozen:
        answers = []
        for simulator in (live, frozen):
            with Api(simulator).session as session:
                url = f"{simulator.base_url}/v2/export/"
                pages = [session.get(url, timeout=5).json()]
                while (cursor := pages[-1]["nextPageCursor"]) is not None:
                    pages.append(session.get(url, params={"pageCursor": cursor}, timeout=5).json())
                answers.append(pages)

    assert len(answers[0]) == 3
    assert answers[0] == answers[1]


def test_stopping_ends_idle_connections_and_frees_the_port() -> None:
    before = threading.active_count()
    with running(Library()) as simulator:
        port = int(simulator.base_url.split(":")[2].split("/")[0])
        idle = socket.create_connection(("127.0.0.1", port))
        idle.sendall(b"GET /api/v2/auth/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 401")
    with idle:
        assert idle.recv(100) == b""
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", port)).close()
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize(
    "last",
    [b"Content-Length: 10\r\n\r\n{", b"Content-Length: 10\r\n\r\n", b"Content-Length: 10\r\n", b"Content-Length: 1"],
)
def test_half_a_request_is_not_served(simulator: Simulator, library: Library, last: bytes) -> None:
    one = library.add_highlight(library.add_book("Walden"), "Simplify")
    port = int(simulator.base_url.split(":")[2].split("/")[0])
    head = f"PATCH /api/v2/highlights/{one.id}/ HTTP/1.1\r\nAuthorization: Token {simulator.token}\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(head + last)
        client.shutdown(socket.SHUT_WR)  # as when the client is killed while it sends
        assert client.recv(100) == b""
    assert list(simulator.log) == []


def test_many_clients_at_once_get_whole_answers(simulator: Simulator, library: Library) -> None:
    library.add_book("Shared")
    trouble: list[str] = []

    def write_and_read() -> None:
        client = Api(simulator)
        with client.session:
            for number in range(10):
                text = f"{threading.get_ident()} {number}"
                reply = client.ask("POST", "v2/highlights/", {"highlights": [{"text": text, "title": "Shared"}]})
                if reply.status_code != 200 or "Shared" not in client.ask("GET", "v2/export/").text:
                    trouble.append(reply.text)

    threads = [threading.Thread(target=write_and_read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert trouble == []
    assert sum(len(book.live) for book in library.books.values()) == 40
