"""A library whose titles, texts and tags are as bad as they come: every document arrives, in one note, inside."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.export_case import Reading, reader
from vaultsync.simulator.faults import raw_body

__all__ = ["reader"]

CAFE = "Caf\u00e9"

# As the service has them, and as the note's property must say them.
TITLES = {
    r'All of / \ : # ^ [ ] | < > " * ? at once': None,
    "..": None,
    "../../etc/passwd": None,
    "/etc/passwd": None,
    r"C:\Windows\system32": None,
    "CON": None,
    "con.md": None,
    "nul.txt.md": None,
    "x" * 300: None,
    "\u6587" * 300: None,
    "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 40: None,
    unicodedata.normalize("NFC", CAFE): None,
    unicodedata.normalize("NFD", CAFE): None,
    CAFE.upper(): None,
    "Essays": None,
    "ESSAYS": None,
    "essays.md": None,
    "Essays (2)": None,
    "": None,
    "...": None,
    ". hidden": None,
    "  blanks around  ": "blanks around",
    "two\nlines": "two lines",
    "carriage\r\nreturn\rtwice": "carriage return twice",
    "tab\tin it": "tab in it",
    "nul\x00 and bell\x07": "nul and bell",
    "next\u0085line, line\u2028and paragraph\u2029ends": "nextline, line\u2028and paragraph\u2029ends",
    "nonchar\ufdd0acters\ufdef\uffff": "noncharacters",
    "byte order \ufeffmark": None,
    "right \u202eto left": None,
    'say "no": it\'s # not a comment': None,
    "{{ document.id }} {% for x in y %} {# gone #}": None,
    "{curly: braces}": None,
    "[a, list]": None,
    "no": None,
    "~": None,
    "007": None,
    "12:30": None,
    "=": None,
    "- item": None,
    "? key": None,
    "!!python/object:os.system": None,
    "&anchor *alias": None,
    "---": None,
    "%%": None,
    "| pipe": None,
    "> folded": None,
    "2024-01-01": None,
    "Unknown": None,
}

TEXTS = [
    "---\ntitle: mine\n---",
    "\n---\n",
    "{{ document.title }} {% raw %} {% endhighlight %} {# x #}",
    "%% a comment that is not closed",
    "Looks like an anchor ^rw500001",
    "^rw500001",
    "\n\n^rw500001\n\n",
    "```python\nnever closed",
    "~~~~\nnor this",
    "<script>alert(1)</script><!-- not closed",
    "<details>",
    "$$ not closed",
    "> [!note] a callout\n> of its own",
    "# A heading\n\n## Another",
    "- a\n  - list\n1. and\n   1. another",
    "| a | table |\n|---|---|\n| b | c |",
    "marks: \ufdd0one\ufdd1two\ufdef\uffff",
    "nul \x00, escape \x1b[31m, next line \u0085",
    "windows\r\nlines\r\nand\rold ones",
    "\u2028separators\u2029",
    "trailing blanks   \n\n\n",
    "",
    " ",
    "[[link]] ![[embed]] [text](javascript:alert(1))",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301",
    "\\",
    "a" * 8191,
]

TAGS = [
    "two words",
    "#hash",
    "2024",
    "\U0001f44d",
    "a/b",
    "",
    " ",
    "a,b",
    '"quoted"',
    "y2024",
    "Two Words",
    "---",
    "\ufdd0",
]

SETS = ["T", "default", "callouts", "minimal"]


def _use(reader: Reading, templates: str, path: str = "{{ document.title }}.md") -> None:
    reader.configure()
    file = reader.vault / "vaultsync.toml"
    text = file.read_text().replace('templates = "T"', f'templates = "{templates}"')
    file.write_text(text.replace('path = "{{ document.title }}.md"', f"path = '{path}'"))


def _shelve(reader: Reading) -> dict[str, str]:
    """Put a book for every title on the shelf, with every text and tag in one or other; return titles by id."""
    titles = {}
    for number, title in enumerate(TITLES):
        text, tag = TEXTS[number % len(TEXTS)], TAGS[number % len(TAGS)]
        book = reader.library.add_book(
            title, author=title, tags=[tag], category=["books", "tweets", "podcasts"][number % 3], document_note=text
        )
        reader.library.add_highlight(book, text, note=TEXTS[-number % len(TEXTS)], tags=[tag, "plain"])
        reader.library.add_highlight(book, title, note=title)
        titles[f"readwise:{book.id}"] = title if (told := TITLES[title]) is None else told
    return titles


def _properties(text: str) -> dict[str, Any]:
    matched = re.match(r"---\n(.*?\n)---\n", text, re.DOTALL)
    assert matched, text[:80]
    properties: dict[str, Any] = yaml.safe_load(matched[1])
    return properties


def _notes(reader: Reading) -> dict[str, tuple[str, dict[str, Any]]]:
    """Path and properties of the note of every document, by its id."""
    notes: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in reader.paths():
        properties = _properties(reader.text(path))
        assert properties["vaultsync_id"] not in notes, path
        notes[properties["vaultsync_id"]] = (path, properties)
    return notes


def _everything_beside(vault: Path) -> set[str]:
    return {path.name for path in vault.parent.iterdir()} | {path.name for path in vault.iterdir()}


@pytest.mark.parametrize("templates", SETS)
def test_every_document_arrives_in_one_note_that_says_its_very_title(reader: Reading, templates: str) -> None:
    _use(reader, templates)
    titles = _shelve(reader)
    run = reader.export()
    assert run.json["errors"] == []
    notes = _notes(reader)
    assert notes.keys() == titles.keys()
    if templates != "minimal":  # which has no properties but the id
        assert {identity: properties["title"] or "" for identity, (_, properties) in notes.items()} == titles


@pytest.mark.parametrize("templates", SETS)
def test_every_highlight_keeps_its_anchor_on_a_line_of_its_own_or_at_the_end_of_one(
    reader: Reading, templates: str
) -> None:
    _use(reader, templates)
    _shelve(reader)
    reader.export()
    text = "\n".join(reader.text(path) for path in reader.paths())
    for book in reader.library.books.values():
        for highlight in book.highlights:
            assert len(re.findall(rf"(?:^|\s)\^rw{highlight.id}$", text, re.MULTILINE)) == 1, highlight


@pytest.mark.parametrize("templates", SETS)
def test_a_second_export_and_one_that_has_lost_its_state_change_nothing(reader: Reading, templates: str) -> None:
    _use(reader, templates)
    titles = _shelve(reader)
    reader.export()
    files, rows = reader.files(), reader.rows("deeds")
    assert reader.export("--full").counts == (0, 0, len(titles), 0)
    assert reader.files() == files
    assert reader.rows("deeds") == rows
    for file in reader.state.glob("state.sqlite3*"):
        file.unlink()
    assert reader.export().counts == (0, 0, len(titles), 0)
    assert reader.files() == files
    assert reader.rows("deeds") == rows


def test_no_two_names_are_one_on_any_disk_and_none_is_special_there(reader: Reading) -> None:
    _shelve(reader)
    reader.export()
    names = reader.paths()
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(TITLES)
    for name in names:
        assert "/" not in name
        assert not re.search(r'[\\:*?"<>|#^\[\]\x00-\x1f]', name), name
        assert len(name.encode()) <= 255
        assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name), name
        assert not name.removesuffix(".md").endswith((" ", ".")), name


def test_nothing_comes_to_be_outside_the_vault(reader: Reading) -> None:
    before = _everything_beside(reader.vault) - {path.name for path in reader.vault.iterdir()}
    _shelve(reader)
    reader.export()
    beside = {path.name for path in reader.vault.parent.iterdir()}
    assert beside - before <= {"state", "config"}
    assert all(path.suffix == ".md" for path in reader.vault.iterdir() if path.name not in ("T", "vaultsync.toml"))


@pytest.mark.parametrize("templates", SETS)
def test_no_mark_of_ours_no_control_and_no_carriage_return_is_written(reader: Reading, templates: str) -> None:
    _use(reader, templates)
    _shelve(reader)
    reader.export()
    for path in reader.paths():
        found = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]", reader.text(path))
        assert found is None, (path, found)


@pytest.mark.parametrize(
    "pattern",
    [
        "../{{ document.title }}.md",
        "/tmp/{{ document.title }}.md",
        "a/../../{{ document.title }}.md",
        "{{ document.title }}/../x.md",
        ".obsidian/{{ document.title }}.md",
        ".trash/{{ document.title }}",
        '{{ "../" * 9 }}{{ document.title }}.md',
        "C:\\{{ document.title }}.md",
    ],
)
def test_a_path_pattern_that_leads_out_of_the_vault_is_brought_back_in(reader: Reading, pattern: str) -> None:
    _use(reader, "T", pattern)
    reader.book("Walden", "one")
    reader.book("..", "two")
    before = {path.name for path in reader.vault.parent.iterdir()}
    assert reader.export().counts[0] == 2
    assert len(reader.paths()) == 2
    assert {path.name for path in reader.vault.parent.iterdir()} - before <= {"state", "config"}


# What the service may send that no document of it says.

_BOOK = {"user_book_id": 1, "title": "Walden", "category": "books", "highlights": [{"id": 2, "text": "one"}]}


def _sent(reader: Reading, *results: Any) -> None:
    body = json.dumps({"count": len(results), "nextPageCursor": None, "results": list(results)})
    reader.simulator.faults.order(raw_body(body.encode()), path="/api/v2/export/")


def test_lone_surrogates_become_replacement_characters(reader: Reading) -> None:
    broken = {"id": 2, "text": "half \ud83d a pair", "note": "\udc00", "tags": [{"id": 3, "name": "a\ud800"}]}
    _sent(reader, {**_BOOK, "title": "Wal\ud800den", "highlights": [broken]})
    reader.export()
    (path,) = reader.paths()
    assert _properties(reader.text(path))["title"] == "Wal\ufffdden"
    assert "half \ufffd a pair" in reader.text(path)


WRONG: list[Any] = [None, 7, -1.5, True, "text", "", [], {}, ["a"], {"a": None}, [None], [[]], "\ud800", 10**30]


@pytest.mark.parametrize(
    "name", ["title", "author", "category", "book_tags", "document_note", "source_url", "is_deleted", "external_id"]
)
def test_a_field_of_the_wrong_type_never_costs_the_document(reader: Reading, name: str) -> None:
    wrong = WRONG if name != "is_deleted" else [None, "text", "", [], {}, 10**30]
    _sent(reader, *({**_BOOK, "user_book_id": n, name: value} for n, value in enumerate(wrong, 1)))
    run = reader.export()
    assert run.json["errors"] == []
    assert len(_notes(reader)) == len(wrong)


@pytest.mark.parametrize("name", ["text", "note", "tags", "location", "highlighted_at", "updated_at", "color", "url"])
def test_a_field_of_the_wrong_type_never_costs_the_highlight(reader: Reading, name: str) -> None:
    highlights = [{"id": n, "text": "one", name: value} for n, value in enumerate(WRONG, 1)]
    _sent(reader, {**_BOOK, "highlights": highlights})
    run = reader.export()
    assert run.json["errors"] == []
    (path,) = reader.paths()
    for highlight in highlights:
        assert re.search(rf"\^rw{highlight['id']}$", reader.text(path), re.MULTILINE)


def test_missing_and_unknown_fields_are_no_trouble(reader: Reading) -> None:
    _sent(reader, {"user_book_id": 1, "highlights": [{"id": 2}]}, {**_BOOK, "user_book_id": 3, "mood": {"a": [1]}})
    run = reader.export()
    assert run.json["errors"] == run.json["problems"] == []
    assert len(_notes(reader)) == 2


def test_what_has_no_usable_id_is_left_out_and_named_and_the_others_arrive(reader: Reading) -> None:
    _sent(reader, {**_BOOK, "user_book_id": None, "title": "Nobody's"}, {"title": "Nobody's either"}, 7, None, _BOOK)
    run = reader.export()
    assert reader.paths() == ["Walden.md"]
    assert {problem["about"] for problem in run.json["problems"]} == {"Nobody's", "Nobody's either", "a result"}


# Links in the vault.


def test_a_linked_folder_is_neither_read_nor_written_through(reader: Reading) -> None:
    outside = reader.vault.parent / "outside"
    outside.mkdir()
    (reader.vault / "Books").symlink_to(outside)
    _use(reader, "T", "Books/{{ document.title }}.md")
    reader.book("Walden", "one")
    run = reader.export(code=1)
    assert "symbolic link" in run.json["errors"][0]["message"]
    assert list(outside.iterdir()) == []
    (reader.vault / "Books").unlink()
    assert reader.export().counts == (1, 0, 0, 0)


def test_a_link_where_a_note_should_go_is_left_alone(reader: Reading) -> None:
    outside = reader.vault.parent / "mine.md"
    outside.write_text("Mine.\n")
    (reader.vault / "Walden.md").symlink_to(outside)
    reader.book("Walden", "one")
    reader.export()
    assert outside.read_text() == "Mine.\n"
    assert (reader.vault / "Walden.md").is_symlink()
    assert len(_notes_of_files(reader.vault)) == 1


def test_a_note_replaced_by_a_link_is_not_written_through(reader: Reading) -> None:
    book, _ = reader.book("Walden", "one")
    reader.export()
    outside = reader.vault.parent / "mine.md"
    (reader.vault / "Walden.md").rename(outside)
    (reader.vault / "Walden.md").symlink_to(outside)
    text = outside.read_bytes()
    reader.library.add_highlight(book, "two")
    reader.run("export")
    assert outside.read_bytes() == text
    assert (reader.vault / "Walden.md").is_symlink()


def _notes_of_files(vault: Path) -> list[Path]:
    return [path for path in vault.glob("*.md") if not path.is_symlink()]


def test_a_vault_reached_through_a_link_is_the_vault_itself(reader: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    link = reader.vault.parent / "link"
    link.symlink_to(reader.vault)
    reader.book("Walden", "one")
    reader.export()
    monkeypatch.setenv("VAULTSYNC_VAULT", str(link))
    assert reader.export().counts == (0, 0, 1, 0)
    assert reader.paths() == ["Walden.md"]
