"""The simulator answers as a linkding did, in every recorded exchange; and what that answered can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from vaultsync.simulator import Library, Simulator
from vaultsync.sources.linkding import documents, record, wire

CAPTURES = Path(__file__).parents[2] / "shared" / "captures" / "linkding_1.46.2_exchanges.json"

pytestmark = pytest.mark.skipif(not CAPTURES.is_file(), reason="no recorded answers at hand")

HOST = "linkding.example:9090"
LOGIN = ("Login - Linkding", "Self-hosted bookmark service")
# The recording names only the kind of some bodies; these fit what was answered.
BODIES: dict[str, tuple[str, bytes]] = {
    "create_bad_json": ("application/json", b'{"url":}'),
    "create_form_encoded": (
        "application/x-www-form-urlencoded",
        b"url=https%3A%2F%2Fexample.com%2Fform&tag_names=a&tag_names=b",
    ),
    "create_text_plain": ("text/plain", b"https://example.com/text"),
    "accept_body_list": ("application/json", b"[]"),
    "asset_upload_nofile": ("multipart/form-data; boundary=cut", b"--cut--\r\n"),
    "asset_upload": (
        "multipart/form-data; boundary=cut",
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="note.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello asset\r\n--cut--\r\n",
    ),
}
TOKENS = {
    "auth_missing": None,
    "auth_bad": "Token nonsense",
    "auth_bearer": "Bearer {}",
    "auth_malformed": "Token {} more",
    "auth_lowercase_scheme": "token {}",
}


def exchanges() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(CAPTURES.read_text())["exchanges"]
    return found


def unfolded(value: Any) -> Any:
    """A long text that the recording only names, e.g. "nnn...(100000 chars)"."""
    if isinstance(value, dict):
        return {key: unfolded(one) for key, one in value.items()}
    found = re.fullmatch(r"(.)\1+\.\.\.\((\d+) chars\)", value) if isinstance(value, str) else None
    return found[1] * int(found[2]) if found else value


def undated(value: Any) -> Any:
    """A body without what the clock decides, times of the day of the recording; and long texts cut."""
    text = re.sub(r"2026-11-21T[0-9:.%A]+Z", "<time>", json.dumps(value))
    text = re.sub(r'"([a-z])\1{19,}(\.\.\.\([^)]*\))?"', '"<long>"', text)
    return json.loads(re.sub(r"/web/20261121\d{6}/", "/web/<time>/", text))


class Replay:
    """Asks a simulator what was asked of linkding, in the same order."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.account = simulator.linkding
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, exchange: dict[str, Any]) -> requests.Response:
        request, note = exchange["request"], exchange["note"]
        self.arrange(note)
        kind, body = BODIES.get(note, ("application/json", b""))
        if note not in BODIES and request["body"] is not None:
            body = json.dumps(unfolded(request["body"])).encode()
        headers = {"Host": HOST, "Content-Type": kind} if body else {"Host": HOST}
        token = TOKENS.get(note, "Token {}")
        if token is not None:
            headers["Authorization"] = token.format(self.simulator.token)
        url = self.simulator.linkding_url + self.at_the_same_moment(request["path"], note)
        return self.session.request(request["method"], url, data=body, headers=headers, timeout=5)

    def arrange(self, note: str) -> None:
        """Do what was done in the browser in between: a rule for tags came and went."""
        if note == "create:https://example.net/x":
            self.account.quirks.auto_tags = {"example.net": ["auto-rule"]}
        if note == "create:https://example.net/case":
            self.account.quirks.auto_tags = {}

    def at_the_same_moment(self, path: str, note: str) -> str:
        """The path; where it names the very time of a bookmark, by this clock."""
        if note != "list_modified_since_equal":
            return str(path)
        modified = self.account.bookmarks[1].date_modified
        return f"/api/bookmarks/?limit=1&modified_since={modified:%Y-%m-%dT%H%%3A%M%%3A%S.%fZ}"


@pytest.fixture
def replay() -> Iterator[Replay]:
    with Simulator(Library()) as simulator:
        simulator.linkding.wind_to(datetime(2026, 11, 21, 17, 31, 10, tzinfo=UTC))
        quirks = simulator.linkding.quirks
        quirks.development = True
        pages = ("login", "login/", "login/?x=1")
        quirks.web = {f"http://{HOST}/{page}": LOGIN for page in pages}
        replay = Replay(simulator)
        with replay.session:
            yield replay


def test_every_recorded_exchange_goes_the_same_way(replay: Replay) -> None:
    for number, exchange in enumerate(exchanges()):
        reply, wanted = replay.ask(exchange), exchange["body"]
        about = (number, exchange["note"], reply.text[:300])
        assert reply.status_code == exchange["status"], about
        headers = exchange["headers"]
        assert reply.headers.get("Allow") == headers.get("Allow"), about
        assert reply.headers.get("Content-Disposition") == headers.get("Content-Disposition"), about
        if wanted is None:
            assert reply.content == b"", about
        elif "_non_json_body" in wanted:
            said = wanted["_non_json_body"]
            assert said == "HTML error page" or reply.text == said, about
        else:
            told = reply.json()
            assert undated(told) == undated(wanted), about
            assert list(told) == list(wanted), about


def test_what_was_recorded_is_read_without_a_problem() -> None:
    rows = [row for one in exchanges() if isinstance(one["body"], dict) for row in one["body"].get("results", ())]
    bookmarks = [row for row in rows if "url" in row]
    assert len(bookmarks) > 50
    for sent in bookmarks:
        told, problems = wire.bookmark(json.dumps(sent).encode())
        assert problems == () and told is not None
        document = documents.document(record.encoded(record.settled(told)), "https://links.example.org")
        assert document.id == f"linkding:{sent['id']}"
        assert document.title == (sent["title"] or sent["url"])
        assert (document.note, document.summary) == (
            sent["notes"].replace("\r\n", "\n"),
            sent["description"].replace("\r\n", "\n"),
        )
        assert list(document.tags) == sent["tag_names"]
        assert document.extra["unread"] == sent["unread"]
        assert document.created and document.updated
