"""Which documents get notes, what a listing would name, and that registering the source costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from tests.readwise_case import Memory, source_of
from vaultsync.http import Http
from vaultsync.model import Document, Highlight
from vaultsync.simulator import Simulator, faults
from vaultsync.sources import readwise
from vaultsync.sources.readwise.settings import ReadwiseSettings
from vaultsync.sources.readwise.source import ReadwiseSource

pytest_plugins = ("tests.simulator_case",)

LIVE = (Highlight(id="1", block_id="rw1", text="Simplify."),)
DEAD = (Highlight(id="1", block_id="rw1", text="Simplify.", deleted=True),)


def source(**options: Any) -> ReadwiseSource:
    settings = msgspec.convert(options, ReadwiseSettings)
    return ReadwiseSource(settings, Http("readwise", settings.base_url, None))


def document(**fields: Any) -> Document:
    return Document(**{"id": "readwise:1", "title": "Walden", "category": "books", **fields})


@pytest.mark.parametrize(
    ("options", "fields", "wanted"),
    [
        ({}, {"highlights": LIVE}, True),
        ({}, {"highlights": DEAD}, False),
        ({}, {"highlights": ()}, False),
        ({}, {"id": "reader:1", "location": "new"}, False),
        ({"documents": "all"}, {"id": "reader:1", "location": "new"}, True),
        ({"documents": "all"}, {"id": "reader:1", "location": "feed"}, False),
        ({"documents": "all"}, {"id": "reader:1", "location": "feed", "highlights": LIVE}, True),
        ({"documents": "all", "locations": ["feed"]}, {"id": "reader:1", "location": "feed"}, True),
        ({"documents": "all"}, {"highlights": (), "location": ""}, False),
        ({"documents": "none"}, {"highlights": LIVE}, True),
        ({"categories": ["articles"]}, {"highlights": LIVE}, False),
        ({"categories": ["books", "articles"]}, {"highlights": LIVE}, True),
        ({"tags": ["Pond"]}, {"highlights": LIVE, "tags": ("pond", "lake")}, True),
        ({"tags": ["Pond"]}, {"highlights": LIVE, "tags": ("lake",)}, False),
        ({}, {"id": "reader:1", "title": "", "highlights": LIVE}, False),
    ],
)
def test_a_note_is_made_of_what_is_highlighted_or_asked_for(
    options: dict[str, Any], fields: dict[str, Any], wanted: bool
) -> None:
    assert source(**options).wanted(document(**fields)) is wanted


@pytest.mark.parametrize(
    ("options", "location", "listable"),
    [
        ({}, "new", True),
        ({}, "feed", False),
        ({}, "", False),
        ({"locations": ["feed"]}, "feed", True),
        ({"documents": "none"}, "new", False),
    ],
)
def test_a_complete_listing_names_what_is_in_a_listed_location(
    options: dict[str, Any], location: str, listable: bool
) -> None:
    assert source(**options).listable(document(location=location)) is listable


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="ful_text"):
        msgspec.convert({"ful_text": True}, ReadwiseSettings)


def test_the_plugin_registers_one_source() -> None:
    [plugin] = readwise.vaultsync_sources()
    assert (plugin.name, plugin.token, plugin.settings) == ("readwise", "READWISE_TOKEN", ReadwiseSettings)
    made = plugin.make(ReadwiseSettings(), Http("readwise", "https://readwise.io/api", None))
    assert made.name == "readwise"
    assert made.prefixes == ("readwise", "reader", "reader-child")


def test_registering_the_source_imports_nothing_heavy() -> None:
    code = "import sys, vaultsync.sources.readwise; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["requests", "html_to_markdown", "markdownify", "jinja2", "sqlite3"]
    told = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "[]"


def test_one_hostile_book_on_a_page_does_not_cost_the_others(simulator: Simulator) -> None:
    books = [
        {"user_book_id": 1, "title": "Before", "highlights": [{"id": 11, "text": "a"}]},
        {"title": "Without an id"},
        {"user_book_id": 2, "title": ["not", "a", "title"], "highlights": [{"id": "x"}, {"id": 22, "text": "b\ud800"}]},
        "not a book",
        {"user_book_id": 3, "title": "After", "highlights": [{"id": 33, "text": "c"}]},
        {"user_book_id": 3, "title": "After", "highlights": [{"id": 33, "text": "c"}]},
    ]
    page = json.dumps({"results": books, "nextPageCursor": None}).encode()
    simulator.faults.order(faults.raw_body(page), path="/api/v2/export")
    memory = Memory(source_of(simulator, documents="none"))
    memory.pull()
    assert {one.id: one.title for one in memory.documents().values()} == {
        "readwise:1": "Before",
        "readwise:2": "",
        "readwise:3": "After",
    }
    assert sorted(one.about for one in memory.problems) == ["2", "Without an id", "a result", "x"]
    assert memory.documents()[""].live[0].text == "b\ufffd"


def test_one_hostile_document_on_a_page_does_not_cost_the_others(simulator: Simulator) -> None:
    documents = [
        {"id": "01a", "title": "Before", "location": "new"},
        {"id": None, "title": "Without an id"},
        {"id": "01b", "title": 7, "tags": "x", "parent_id": [], "location": "new"},
        {"id": "01c", "title": "After", "location": "new"},
    ]
    page = json.dumps({"results": documents, "nextPageCursor": None}).encode()
    simulator.faults.order(faults.raw_body(page), path="/api/v3/list")
    memory = Memory(source_of(simulator, highlights=False))
    memory.pull()
    assert sorted(memory.documents()) == ["7", "After", "Before"]
    assert "Without an id" in [one.about for one in memory.problems]


def test_a_page_that_is_never_json_stops_with_what_was_had(simulator: Simulator) -> None:
    simulator.faults.order(faults.html_page(), path="/api/v2/export", times=None)
    memory = Memory(source_of(simulator))
    error = memory.pull_with_trouble()
    assert error is not None
    assert "v2/export/ is cut off or not what its documents say" in str(error)
