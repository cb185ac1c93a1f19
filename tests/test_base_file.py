"""Library.base: what Obsidian's Bases can read, and views that show the notes of the default templates they are for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.export_case import Reading, reader
from vaultsync.library_base import VIEWS, library_base
from vaultsync.model import Document, Highlight
from vaultsync.properties import read_properties
from vaultsync.rendering import templates
from vaultsync.scalars import Loader

__all__ = ["reader"]

ROOT = Path(__file__).parent.parent
BASE = yaml.safe_load(library_base())
WHEN = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
STATEMENT = re.compile(r'(?:file\.(has\w+|in\w+)\("([^"]*)"\)|(note\.\w+) (==|!=|>|<|>=|<=) ("[^"]*"|\d+))')
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one is not None and one > other,
    "<": lambda one, other: one is not None and one < other,
    ">=": lambda one, other: one is not None and one >= other,
    "<=": lambda one, other: one is not None and one <= other,
}
PROPERTY = re.compile(r"(?:note|file|formula)\.\w+")


def problems(base: Any) -> Iterator[str]:
    """What Obsidian would not take in a base."""
    yield from (f"key {key}" for key in base.keys() - {"filters", "formulas", "properties", "summaries", "views"})
    yield from _filter_problems(base.get("filters", {"and": []}))
    yield from (f"property {name}" for name in base.get("properties", {}) if not PROPERTY.fullmatch(name))
    names = [view["name"] for view in base["views"]]
    yield from (f"view {name} twice" for name in names if names.count(name) > 1)
    for view in base["views"]:
        yield from _view_problems(view)


def _view_problems(view: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"key {key}" for key in view.keys() - {"type", "name", "limit", "filters", "groupBy", "order", "sort"})
    if view["type"] not in ("table", "cards", "list", "map"):
        yield f"type {view['type']}"
    yield from _filter_problems(view.get("filters", {"and": []}))
    sorted_by = [*view.get("sort", ()), *([view["groupBy"]] if "groupBy" in view else [])]
    for one in sorted_by:
        if one.keys() != {"property", "direction"} or one["direction"] not in ("ASC", "DESC"):
            yield f"sorted by {one}"
    used = [*view["order"], *(one["property"] for one in sorted_by)]
    yield from (f"property {name}" for name in used if not PROPERTY.fullmatch(name))


def _filter_problems(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        if not STATEMENT.fullmatch(found):
            yield f"filter {found}"
    elif len(found) != 1 or next(iter(found)) not in ("and", "or", "not"):
        yield f"filter {found}"
    else:
        for one in next(iter(found.values())):
            yield from _filter_problems(one)


def holds(found: Any, path: str, properties: Mapping[str, Any]) -> bool:
    """Whether a filter is true of a note."""
    if isinstance(found, str):
        return _is_true(found, path, properties)
    (kind, inner), *_ = found.items()
    each = [holds(one, path, properties) for one in inner]
    return {"and": all(each), "or": any(each), "not": not any(each)}[kind]


def _is_true(statement: str, path: str, properties: Mapping[str, Any]) -> bool:
    match = STATEMENT.fullmatch(statement)
    assert match is not None, statement
    function, argument, name, operator, operand = match.groups()
    if function:
        asked = {"hasProperty": argument in properties, "inFolder": path.startswith(f"{argument}/")}
        return asked[function]
    return COMPARED[operator](properties.get(name.removeprefix("note.")), yaml.safe_load(operand))


def marked(number: int, day: int) -> Highlight:
    when = WHEN.replace(day=day)
    return Highlight(id=str(number), block_id=f"rw{number}", text="One.", highlighted_at=when)


DOCUMENTS = {
    **{
        view: Document(id=f"reader:{view}", title=view, category="articles", source="readwise", view=view, created=WHEN)
        for view in ("inbox", "later", "shortlist", "archive", "feed-unseen", "feed-seen")
    },
    "book": Document(
        id="readwise:1",
        title="A Book",
        author="Woolf, Virginia",
        category="books",
        source="readwise",
        published=date(1931, 10, 8),
        highlights=(marked(1, 2), marked(2, 9)),
        tags=("novel",),
    ),
    "tweets": Document(id="readwise:2", title="no", author="12:30", category="tweets", highlights=(marked(3, 4),)),
    "podcast": Document(id="readwise:3", title="112", category="podcasts", highlights=(marked(4, 5),)),
    "bookmark": Document(id="linkding:9", title="", category="bookmarks", source="linkding", view="inbox"),
}


@lru_cache
def noted(name: str) -> str:
    """The note of a document, by the default templates."""
    ready = templates.ready(templates.load(Path("/no/vault"), "default"), {})
    text: str = ready.render(DOCUMENTS[name], now=WHEN).text
    return text


def shown(view: Mapping[str, Any], notes: Mapping[str, str]) -> set[str]:
    both = {"and": [BASE["filters"], view.get("filters", {"and": []})]}
    return {name for name, text in notes.items() if holds(both, f"Readwise/{name}.md", read_properties(text))}


def notes() -> dict[str, str]:
    """Every document's note, one of them in conflict, and a note of its user's own."""
    own = "---\nview: inbox\nauthor: me\nhighlighted: 2024-05-01\n---\nMine.\n"
    disputed = noted("tweets").replace("---\n# ", "vaultsync_conflicts: 2\n---\n# ", 1)
    return {**{name: noted(name) for name in DOCUMENTS}, "tweets": disputed, "own": own}


EXPECTED = {
    "Inbox": {"inbox", "bookmark"},
    "Later": {"later"},
    "Shortlist": {"shortlist"},
    "Archive": {"archive"},
    "Feed unseen": {"feed-unseen"},
    "Feed seen": {"feed-seen"},
    "By author": {"book", "tweets"},
    "Recently highlighted": {"book", "tweets", "podcast"},
    "Conflicts": {"tweets"},
}


def test_obsidian_can_read_the_file() -> None:
    assert list(problems(BASE)) == []


def test_the_check_of_the_syntax_finds_what_obsidian_would_not_take() -> None:
    view = {"type": "grid", "name": "x", "filters": {"and": ["note.a = 1"]}, "order": ["author"], "columns": []}
    assert list(problems({"views": [view], "source": "x"})) == [
        "key source",
        "key columns",
        "type grid",
        "filter note.a = 1",
        "property author",
    ]


@pytest.mark.parametrize("view", BASE["views"], ids=lambda view: str(view["name"]))
def test_a_view_shows_the_notes_it_is_for(view: Mapping[str, Any]) -> None:
    assert shown(view, notes()) == EXPECTED[view["name"]]


def test_every_place_of_reader_has_its_view() -> None:
    assert {view.name for view in VIEWS} == EXPECTED.keys()


def test_what_is_sorted_and_grouped_by_has_one_type_in_every_note() -> None:
    kinds: dict[str, set[str]] = {}
    dates = re.compile(r"\d{4}-\d\d-\d\d")
    for text in notes().values():
        for key, value in read_properties(text).items():
            kind = "date" if isinstance(value, str) and dates.fullmatch(value) else type(value).__name__
            kinds.setdefault(key, set()).add(kind)
    expected = {"highlighted": "date", "created": "date", "published": "date", "author": "str", "view": "str"}
    expected |= {"highlights": "int", "vaultsync_conflicts": "int", "tags": "list"}
    assert {key: kinds[key] for key in expected} == {key: {kind} for key, kind in expected.items()}


def test_every_column_is_a_property_the_templates_write() -> None:
    written = {key for text in notes().values() for key in read_properties(text)}
    used = {
        name for view in BASE["views"] for name in [*view["order"], *(one["property"] for one in view.get("sort", ()))]
    }
    assert {name.removeprefix("note.") for name in used if name.startswith("note.")} <= written


def test_init_writes_it_once_and_leaves_what_its_user_made_of_it(reader: Reading) -> None:
    assert "Library.base written." in reader.run("init", str(reader.vault), "--base").out
    assert reader.text("Library.base") == library_base()
    reader.write("Library.base", "views: []\n")
    assert "Library.base is there already and was left as it is." in reader.run("init", str(reader.vault), "--base").out
    assert reader.text("Library.base") == "views: []\n"


def test_export_writes_it_beside_the_notes_and_a_dry_run_only_says_so(reader: Reading) -> None:
    reader.book("Walden", "one")
    assert "Library.base would be written." in reader.run("export", "--base", "--dry-run").out
    assert not (reader.vault / "Library.base").exists()
    assert reader.export("--base").counts == (1, 0, 0, 0)
    assert reader.text("Library.base") == library_base()
    files = reader.files()
    reader.export("--base")
    assert reader.files() == files


def test_the_sample_vault_has_it() -> None:
    assert (ROOT / "sample_vault/Library.base").read_text("utf-8") == library_base()


def test_numbers_and_words_are_read_as_obsidian_reads_them() -> None:
    assert yaml.load(library_base(), Loader=Loader) == BASE  # noqa: S506  # it is a safe loader
