"""Every kind of trouble that can be ordered does what it says, when it was ordered for, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from tests.simulator_case import Api
from vaultsync.simulator import Library, Simulator, faults

pytest_plugins = ("tests.simulator_case",)


@pytest.fixture(autouse=True)
def books(library: Library) -> None:
    library.add_highlight(library.add_book("Walden"), "Simplify, simplify.")
    for title in ("a", "b", "c"):
        library.add_reader_document(title)


def test_any_status_with_any_body(simulator: Simulator, api: Api) -> None:
    simulator.faults.order(faults.status(520, b"<h1>oops</h1>", content_type="text/html"))
    reply = api.ask("GET", "v2/export/")

    assert (reply.status_code, reply.text, reply.headers["Content-Type"]) == (520, "<h1>oops</h1>", "text/html")


def test_429_with_seconds_without_header_and_with_a_date(simulator: Simulator, api: Api) -> None:
    said = []
    for fault in (
        faults.too_many_requests(7),
        faults.too_many_requests_in_body(8),
        faults.too_many_requests_until(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ):
        simulator.faults.order(fault)
        said.append(api.ask("GET", "v2/export/"))

    assert [reply.status_code for reply in said] == [429, 429, 429]
    assert [reply.headers.get("Retry-After") for reply in said] == ["7", None, "Fri, 02 Jan 2026 03:04:05 GMT"]
    assert said[1].json() == {"detail": "Request was throttled. Expected available in 8 seconds."}


def test_a_reset_connection_serves_nothing(simulator: Simulator, api: Api, library: Library) -> None:
    simulator.faults.order(faults.connection_reset())

    with pytest.raises(requests.ConnectionError):
        api.ask("POST", "v2/highlights/", {"highlights": [{"text": "lost"}]})
    assert len(library.books) == 1


def test_a_lost_reply_leaves_its_effect(simulator: Simulator, api: Api, library: Library) -> None:
    simulator.faults.order(faults.reply_lost(), method="POST")

    with pytest.raises(requests.ConnectionError):
        api.ask("POST", "v2/highlights/", {"highlights": [{"text": "kept"}]})
    assert [book.title for book in library.books.values()] == ["Walden", "Quotes"]


def test_a_cut_off_body_is_shorter_than_it_says(simulator: Simulator, api: Api) -> None:
    simulator.faults.order(faults.cut_off())

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.ask("GET", "v2/export/")
    assert api.get("v2/export/")["count"] == 1, "and the next request is served"


def test_a_page_for_people_instead_of_json(simulator: Simulator, api: Api) -> None:
    simulator.faults.order(faults.html_page())
    reply = api.ask("GET", "v3/list/")

    assert reply.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        reply.json()


def test_a_missing_page_keeps_the_way_to_the_next(simulator: Simulator, api: Api) -> None:
    whole = api.get("v3/list/", limit=2)
    simulator.faults.order(faults.page_missing(), path="/api/v3/list/")

    assert api.get("v3/list/", limit=2) == {**whole, "results": []}


def test_an_empty_listing_says_it_is_complete(simulator: Simulator, api: Api) -> None:
    for path in ("v2/export/", "v3/list/", "v2/books/"):
        simulator.faults.order(faults.empty_listing())
        page = api.get(path)
        assert (page["count"], page["results"], page.get("nextPageCursor"), page.get("next")) == (0, [], None, None)


def test_raw_bytes_arrive_as_they_are(simulator: Simulator, api: Api) -> None:
    simulator.faults.order(faults.raw_body(b'{"results": [{"user_book_id": "\\ud800"}'))

    assert api.ask("GET", "v2/export/").content == b'{"results": [{"user_book_id": "\\ud800"}'


def test_a_fault_hits_the_nth_matching_request_so_many_times(simulator: Simulator, api: Api) -> None:
    simulator.faults.order(faults.status(502), method="GET", path="/api/v2/export", nth=2, times=2)
    paths = ["v2/export/", "v3/list/", "v2/export/", "v2/export/", "v2/export/"]

    assert [api.ask("GET", path).status_code for path in paths] == [200, 200, 502, 502, 200]


def test_a_fault_may_last_for_ever_until_cleared(simulator: Simulator, api: Api) -> None:
    simulator.faults.order(faults.status(503), times=None)
    assert [api.ask("GET", "v2/auth/").status_code for _ in range(5)] == [503] * 5

    simulator.faults.clear()
    assert api.ask("GET", "v2/auth/").status_code == 204


def test_the_log_says_what_was_asked_and_answered(simulator: Simulator, api: Api) -> None:
    simulator.faults.order(faults.connection_reset(), method="DELETE")
    api.ask("GET", "v2/export/", updatedAfter="2025-01-01T00:00:00Z")
    with pytest.raises(requests.ConnectionError):
        api.ask("DELETE", "v2/highlights/1/")

    first, second = simulator.log
    assert str(first) == "GET /api/v2/export/?updatedAfter=2025-01-01T00%3A00%3A00Z → 200"
    assert first.parameters == {"updatedAfter": "2025-01-01T00:00:00Z"}
    assert (second.method, second.status, second.fault) == ("DELETE", 0, "reset")
    assert simulator.log.writes == [second]
    assert simulator.log.matching("/api/v2/export") == [first]


def test_the_log_never_holds_the_token(simulator: Simulator, api: Api) -> None:
    api.ask("GET", "v2/auth/", access_token=simulator.token)

    assert simulator.token not in str(simulator.log[0])
