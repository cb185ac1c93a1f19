"""The documented rate limits, counted as the services' framework counts them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulator_case import Api, HandClock
from vaultsync.simulator import Simulator

pytest_plugins = ("tests.simulator_case",)


@pytest.fixture
def asked(throttled: Simulator) -> Iterator[Api]:
    client = Api(throttled)
    with client.session:
        yield client


def served(api: Api, path: str, method: str = "GET") -> int:
    """How many requests go through before the first refusal."""
    for count in range(300):
        if api.ask(method, path).status_code == 429:
            return count
    return 300


@pytest.mark.parametrize(
    ("path", "method", "limit"),
    [
        ("v2/export/", "GET", 240),
        ("v2/highlights/", "GET", 20),
        ("v2/books/", "GET", 20),
        ("v3/list/", "GET", 20),
        ("v3/save/", "POST", 50),
        ("v3/update/01x/", "PATCH", 50),
    ],
)
def test_each_scope_has_its_documented_limit(asked: Api, path: str, method: str, limit: int) -> None:
    assert served(asked, path, method) == limit


def test_a_refusal_names_the_wait_in_header_and_body(asked: Api, hand_clock: HandClock) -> None:
    served(asked, "v3/list/")
    hand_clock.forward(44.5)
    reply = asked.ask("GET", "v3/list/")

    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "16")
    assert reply.json() == {"detail": "Request was throttled. Expected available in 16 seconds."}


def test_one_second_is_singular(asked: Api, hand_clock: HandClock) -> None:
    served(asked, "v3/list/")
    hand_clock.forward(59.5)

    assert asked.ask("GET", "v3/list/").json()["detail"].endswith("in 1 second.")


def test_the_window_slides(asked: Api, hand_clock: HandClock) -> None:
    for _ in range(10):
        asked.ask("GET", "v3/list/")
    hand_clock.forward(30)
    assert served(asked, "v3/list/") == 10

    hand_clock.forward(30)
    assert served(asked, "v3/list/") == 10, "the first ten have left the window, the second ten have not"


def test_refused_requests_do_not_count(asked: Api, hand_clock: HandClock) -> None:
    served(asked, "v3/list/")
    hand_clock.forward(59)
    served(asked, "v3/list/")
    hand_clock.forward(1)

    assert served(asked, "v3/list/") == 20


def test_scopes_do_not_touch_each_other(asked: Api) -> None:
    served(asked, "v2/books/")

    assert asked.ask("GET", "v2/highlights/").status_code == 200
    assert asked.ask("GET", "v3/list/").status_code == 200


def test_a_bad_token_is_told_so_before_any_limit(asked: Api) -> None:
    served(asked, "v3/list/")
    asked.session.headers["Authorization"] = "Token wrong"

    assert asked.ask("GET", "v3/list/").status_code == 401
