"""The simulated linkding: its quirks and switches; and the docs know all of its endpoints and settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from vaultsync.simulator import Simulator, faults
from vaultsync.simulator.linkding import LinkdingServer
from vaultsync.simulator.linkding_account import LinkdingAccount
from vaultsync.sources.linkding.settings import LinkdingSettings

pytest_plugins = ("tests.simulator_case",)

DOCS = Path(__file__).parent.parent / "docs"


class Client:
    """Asks a simulator's linkding; follows nothing, hides nothing."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.account = simulator.linkding
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Token {simulator.token}"

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send one request; path: below the context path."""
        url = f"{self.simulator.linkding_url}/{path}"
        return self.session.request(method, url, json=body, timeout=5, allow_redirects=False)

    def get(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        reply = self.ask("GET", path)
        assert reply.status_code == 200, (reply.status_code, reply.text)
        return reply.json()


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator)


def test_readwise_and_linkding_are_served_side_by_side(client: Client) -> None:
    client.account.add("https://example.org/a")
    assert client.get("api/bookmarks/")["count"] == 1
    assert client.get("api/v2/export/")["results"] == []


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("POST", 301), ("PATCH", 404)])
def test_without_its_last_slash_an_address_is_another(client: Client, method: str, status: int) -> None:
    path = "api/bookmarks" if status == 301 else "api/nothing"
    reply = client.ask(method, path, {"url": "https://example.org/a"} if method == "POST" else None)
    assert (reply.status_code, reply.headers.get("Location")) == (status, "/api/bookmarks/" if status == 301 else None)
    assert client.account.bookmarks == {}


def test_it_is_below_its_context_path_and_nowhere_else(client: Client) -> None:
    client.account.quirks.path = "/links"
    assert client.simulator.linkding_url.endswith("/links")
    assert client.get("api/bookmarks/")["count"] == 0
    elsewhere = client.session.get(client.simulator.base_url + "/bookmarks/", timeout=5)
    assert elsewhere.status_code == 404


def test_the_next_page_is_where_a_proxy_says_it_is(client: Client) -> None:
    for number in range(3):
        client.account.add(f"https://example.org/{number}")
    client.account.quirks.host = "inside:9090"
    assert client.get("api/bookmarks/?limit=2")["next"] == "http://inside:9090/api/bookmarks/?limit=2&offset=2"


def test_every_change_moves_the_time_but_one_of_tags(client: Client) -> None:
    one = client.account.add("https://example.org/a", tag_names=["tea"])
    times = [one.date_modified]
    client.ask("PATCH", "api/bookmarks/1/", {})
    times.append(one.date_modified)
    client.ask("POST", "api/bookmarks/1/archive/")
    times.append(one.date_modified)
    assert times == sorted(set(times))
    client.account.rename_tag("tea", "coffee")
    client.ask("DELETE", "api/tags/1/")
    assert (one.date_modified, one.tags) == (times[-1], [])


def test_versions_before_1_41_list_everything_whatever_they_are_asked_for(client: Client) -> None:
    client.account.add("https://example.org/a")
    path = "api/bookmarks/?modified_since=2099-01-01T00:00:00Z"
    assert client.get(path)["count"] == 0
    client.account.quirks.version = "1.40.0"
    assert client.get(path)["count"] == 1


def test_bookmarks_of_one_moment_change_places_where_that_is_switched_on(client: Client) -> None:
    made = client.account.add("https://example.org/0").date_added
    for number in range(1, 20):
        client.account.add(f"https://example.org/{number}", date_added=made)

    def order() -> list[int]:
        return [row["id"] for row in client.get("api/bookmarks/")["results"]]

    assert order() == order()
    client.account.quirks.shuffled = True
    assert order() != order()


def test_unread_ones_are_found(client: Client) -> None:
    client.account.add("https://example.org/a", unread=True)
    client.account.add("https://example.org/b")
    for query, ids in (("unread=yes", [1]), ("unread=no", [2]), ("q=!unread", [1]), ("q=example b", [2])):
        assert [row["id"] for row in client.get(f"api/bookmarks/?{query}")["results"]] == ids


def test_a_bundle_is_changed(client: Client) -> None:
    client.ask("POST", "api/bundles/", {"name": "Tea"})
    assert client.ask("PATCH", "api/bundles/1/", {"any_tags": "green"}).json()["any_tags"] == "green"


def test_files_go_with_their_bookmark(client: Client) -> None:
    client.account.add("https://example.org/a")
    url = f"{client.simulator.linkding_url}/api/bookmarks/1/assets/upload/"
    assert client.session.post(url, files={"file": ("a.txt", b"tea")}, timeout=5).status_code == 201
    client.ask("DELETE", "api/bookmarks/1/")
    assert client.account.assets == {}


def test_trouble_can_be_ordered_for_it(client: Client) -> None:
    client.account.add("https://example.org/a")
    client.simulator.faults.order(faults.empty_listing(), path="/api/bookmarks/")
    assert client.get("api/bookmarks/") == {"count": 0, "next": None, "previous": None, "results": []}
    assert client.get("api/bookmarks/")["count"] == 1
    assert [one.fault for one in client.simulator.log] == ["empty", ""]


# The docs.


def routes() -> set[str]:
    """Every endpoint it answers, as the docs write them."""
    return {
        f"{method} {route.pattern.replace('([^/.]+)', '<id>')}"
        for route in LinkdingServer(LinkdingAccount(), "").routes()
        for method in route.handlers
    }


def test_every_endpoint_is_in_the_table_of_what_is_used() -> None:
    section = (DOCS / "coverage.md").read_text("utf-8").partition("\n## linkding\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([A-Z]+ /[^`]*)` \| \S", section, re.MULTILINE)
    assert sorted(told) == sorted(routes())


@pytest.mark.parametrize("name", LinkdingSettings.__struct_fields__)
def test_every_setting_is_documented(name: str) -> None:
    section = (DOCS / "reference.md").read_text("utf-8").partition("| [sources.linkding] |")[2].partition("\n## ")[0]
    assert f"| `{name}` |" in section
