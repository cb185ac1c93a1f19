"""Properties with a YAML type written before a value (`!!int 5`): few have one, and a note that has stops no run."""

from __future__ import annotations

import pytest

from tests.export_case import Reading, reader
from tests.test_push import push, type_note, walden
from vaultsync.simulator.records import Highlight

__all__ = ["reader", "walden"]

# Lines of a note's properties, and the tags that are sent because of them; nothing if they can't be tags.
LINES = [
    ("tags: [!!int 5, !!float 1.50, !!bool true]", ["5", "1.50", "true"]),
    ("tags: [!!timestamp 2020-01-01, !!binary aGk=]", ["2020-01-01", "aGk="]),
    ("tags: [!!set {a, b}]", []),
    ("tags: !!omap [a: 1]", []),
]
NO_VALUES = ["!!bool maybe", "!!int soon", '!!float ""', "!!bool", "!!binary é", "!!pairs x"]


@pytest.mark.parametrize(("line", "sent"), LINES)
def test_a_tag_with_a_type_before_it_is_a_tag_as_it_is_spelled(
    reader: Reading, walden: Highlight, line: str, sent: list[str]
) -> None:
    reader.write("Walden.md", reader.text("Walden.md").replace("tags: []", line))
    type_note(reader, "Walden.md", "Why the woods?")
    text = reader.text("Walden.md")
    assert push(reader)["refused"] == (0 if sent else 1)
    tags = [tag.name for tag in reader.library.books[walden.book_id].tags]
    assert (walden.note, tags) == ("Why the woods?", sent)
    assert reader.text("Walden.md") == text


@pytest.mark.usefixtures("walden")
def test_what_is_not_of_the_type_before_it_leaves_its_note_alone_and_stops_no_other(reader: Reading) -> None:
    for value in NO_VALUES:
        reader.write("Walden.md", text := reader.text("Walden.md").replace("tags: []", f"tags: []\nmine: {value}"))
        reader.book(f"Essays {NO_VALUES.index(value)}", "Trust thyself.")
        run = reader.run("sync", "--json")
        assert (run.code, run.counts[0]) == (1, 1), value
        assert run.json["errors"][0]["message"].startswith("The properties of Walden.md are not YAML"), value
        assert reader.text("Walden.md") == text
        assert reader.run("status").code == 0
        reader.write("Walden.md", text.replace(f"mine: {value}\n", ""))
