"""Fixtures for tests that need a service to talk to. In a test module:

    pytest_plugins = ("tests.simulator_case",)

library     an empty Library; fill it with its verbs (add_book, add_highlight, add_reader_document, ...), or
            override the fixture in your module, e.g. to return sample_library()
simulator   a Simulator over that library, without rate limits, running for the length of the test
hand_clock  seconds that only move by `hand_clock.forward(seconds)`
throttled   like simulator, but with the documented rate limits on hand_clock
api         asks the simulator as a client would: api.get("v2/export/", updatedAfter="2025-01-01")
captures    the folder of recorded answers; the test is skipped where it is not at hand

`simulator.base_url` goes into vaultsync.toml, `simulator.token` into READWISE_TOKEN; `simulator.log` says what was
asked, `simulator.faults.order(...)` makes trouble (vaultsync.simulator.faults lists it).

PYTEST_DONT_REWRITE: test modules may import names from here before pytest takes it for a plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from vaultsync.simulator import Library, Simulator


class HandClock:
    """Seconds that stand still until told to move."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


class Api:
    """A plain client of a simulator: sends the token, follows nothing, hides nothing."""

    def __init__(self, simulator: Simulator) -> None:
        self.base_url = simulator.base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Token {simulator.token}"

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """Send one request; path: below /api."""
        url = f"{self.base_url}/{path}"
        return self.session.request(method, url, params=query, json=body, timeout=5, allow_redirects=False)

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of a GET that must succeed."""
        reply = self.ask("GET", path, **query)
        assert reply.status_code == 200, (reply.status_code, reply.text)
        return reply.json()

    def export(self, **query: Any) -> dict[int, dict[str, Any]]:
        """Return the books of a one-page export by id."""
        return {book["user_book_id"]: book for book in self.get("v2/export/", **query)["results"]}


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def simulator(library: Library) -> Iterator[Simulator]:
    with Simulator(library, limits=False) as running:
        yield running


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
def throttled(library: Library, hand_clock: HandClock) -> Iterator[Simulator]:
    with Simulator(library, clock=hand_clock) as running:
        yield running


@pytest.fixture
def api(simulator: Simulator) -> Iterator[Api]:
    client = Api(simulator)
    with client.session:
        yield client


@pytest.fixture(scope="session")
def captures() -> Path:
    folder = Path(__file__).parents[2] / "shared" / "captures"
    if not folder.is_dir():
        pytest.skip("no recorded answers at hand")
    return folder
