"""The README and docs/two-way.md show what happens: each note in them is what the program makes, byte for byte."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.export_case import Reading, reader
from tests.test_push import writes
from vaultsync.simulator.records import Highlight

__all__ = ["reader"]

ROOT = Path(__file__).parent.parent
# What is shown there, by the name behind the language of its code block, which no reader of the page sees.
SHOWN = dict(re.findall(r"(?ms)^```[a-z]+ ([\w-]+)\n(.*?)^```$", (ROOT / "docs/two-way.md").read_text("utf-8")))
README = (ROOT / "README.md").read_text("utf-8")
[TEMPLATE] = re.findall(r"(?ms)^```jinja\n(.*?)^```$", README)
MISTAKEN = (
    "I went to the wods because I wished to live deliberately.",
    "Our life is frittered away by detial.",
    "Time is but the steam I go a-fishing in.",
    "Simplfy, simplify.",
)
MENDED = (
    "I went to the woods because I wished to live deliberately.",
    "Our life is frittered away by detail.",
    "Time is but the stream I go a-fishing in.",
    "Simplify, simplify.",
)


@pytest.fixture
def walden(reader: Reading) -> list[Highlight]:
    """The book of the page, exported with the template of the README."""
    (reader.vault / "T/document.md").write_text(TEMPLATE)
    _, highlights = reader.book("Walden", *MISTAKEN, author="Henry David Thoreau")
    reader.export()
    return highlights


def held(highlights: list[Highlight]) -> str:
    """What the service has of its user's on these highlights, a line each."""
    said = [{"id": one.id, "note": one.note, "tags": [tag.name for tag in one.tags]} for one in highlights]
    return "".join(f"{json.dumps(one)}\n" for one in said)


def test_the_readme_shows_what_its_template_makes(reader: Reading) -> None:
    (reader.vault / "T/document.md").write_text(TEMPLATE)
    text = "The universe is transformation: life is opinion."
    _, (one,) = reader.book("Meditations", text, author="Marcus Aurelius", tags=["philosophy/stoicism"])
    one.note = "Twelve books, and this would do."
    for name in ("favorite", "one-liners"):
        reader.library.tag(one, name)
    reader.export()
    assert f"```markdown\n{reader.text('Meditations.md')}```" in README


def test_a_note_before_and_after_is_as_the_page_shows_it(reader: Reading, walden: list[Highlight]) -> None:
    assert reader.text("Walden.md") == SHOWN["exported"]
    (reader.vault / "Walden.md").unlink()
    reader.write("Reading/Woods.md", SHOWN["edited"])
    reader.write("Detail.md", SHOWN["edited-elsewhere"])
    for one, text in zip(walden, MENDED, strict=True):
        reader.library.edit_highlight_at_source(one.id, text=text)
    reader.library.add_highlight(walden[0].book_id, "We must learn to reawaken and keep ourselves awake.")
    reader.run("sync")
    assert reader.paths() == ["Detail.md", "Reading/Woods.md"]
    assert reader.text("Reading/Woods.md") == SHOWN["merged"]
    assert reader.text("Detail.md") == SHOWN["merged-elsewhere"]
    assert held(walden) == SHOWN["sent"]


def test_a_push_is_as_the_page_shows_it(reader: Reading, walden: list[Highlight]) -> None:
    note, block = reader.text("Walden.md"), SHOWN["typed"]
    start = note.index(block[: block.index("- Note:")])
    end = note.index("> ", note.index("- Tags:", start))
    reader.write("Walden.md", note[:start] + block + note[end:])
    files = reader.files()
    assert reader.run("push").code == 0
    assert reader.files() == files
    assert held(walden[:1]) == SHOWN["pushed"]
    reader.simulator.log.clear()
    reader.run("sync", "--full")
    assert (reader.files(), writes(reader)) == (files, [])


def test_a_conflict_looks_as_the_page_shows_it(reader: Reading, walden: list[Highlight]) -> None:
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: \n", "- Note: Which woods?\n", 1))
    reader.library.edit_highlight_in_app(walden[0].id, note="Near Concord.")
    assert reader.run("sync", "--full").code == 3
    assert SHOWN["conflict"] in reader.text("Walden.md")
    assert walden[0].note == "Near Concord."
