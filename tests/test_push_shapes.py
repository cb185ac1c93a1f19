"""Notes and tags go back to the service whatever the template looks like: shipped sets, and six quite other shapes."""

from __future__ import annotations

import pytest

from tests.export_case import Reading, reader
from tests.lens_case import SHAPES
from tests.test_push import push, writes
from vaultsync.rendering.templates import SETS
from vaultsync.simulator.records import Highlight

__all__ = ["reader"]

# How a list of tags goes on in a note.
MORE = {"#alpha": "#alpha #beta", "[[alpha]]": "[[alpha]], [[beta]]", "alpha": "alpha, beta"}


@pytest.fixture(params=[*SETS, *SHAPES])
def walden(reader: Reading, request: pytest.FixtureRequest) -> Highlight:
    """A highlight with a note and a tag, exported by one of the templates."""
    if request.param in SETS:
        text = (reader.vault / "vaultsync.toml").read_text()
        (reader.vault / "vaultsync.toml").write_text(text.replace('templates = "T"', f'templates = "{request.param}"'))
    else:
        (reader.vault / "T/document.md").write_text(SHAPES[request.param])
    _, (one, _) = reader.book("Walden", "I went to the woods.", "two", author="Thoreau")
    reader.library.edit_highlight_in_app(one.id, note="first words")
    reader.library.tag(one, "alpha")
    reader.export("--full")
    return one


def edit(reader: Reading, old: str, new: str) -> None:
    """Replace what stands in the note, push, and see that nothing else happens."""
    text = reader.text("Walden.md")
    assert text.count(old) == 1, text
    reader.write("Walden.md", text.replace(old, new))
    files = reader.files()
    assert push(reader)["sent"] == 1
    assert reader.files() == files
    reader.simulator.log.clear()
    reader.run("sync", "--full")
    assert (writes(reader), reader.files()) == ([], files)


def test_a_note_is_changed_cleared_and_set_again(reader: Reading, walden: Highlight) -> None:
    edit(reader, "first words", "other words, of mine")
    assert walden.note == "other words, of mine"
    place = reader.text("Walden.md").index("other words, of mine")
    edit(reader, "other words, of mine", "")
    assert walden.note == ""
    text = reader.text("Walden.md")
    reader.write("Walden.md", f"{text[:place]}set{text[place:]}")
    assert push(reader)["sent"] == 1
    assert walden.note == "set"


def test_tags_are_added_and_removed(reader: Reading, walden: Highlight) -> None:
    text = reader.text("Walden.md")
    tag = next(shape for shape in MORE if shape in text)
    edit(reader, tag, MORE[tag])
    assert [one.name for one in walden.tags] == ["alpha", "beta"]
    edit(reader, MORE[tag], tag)
    assert [one.name for one in walden.tags] == ["alpha"]


OWN = ["> my own quote", "# Mine\n> words", "> [!tip] Mine\n> words"]


@pytest.mark.parametrize("left", ["> ", ">", ""])
@pytest.mark.parametrize("mine", OWN)
def test_a_quote_of_ones_own_below_is_not_the_note_that_was_emptied(reader: Reading, mine: str, left: str) -> None:
    text = (reader.vault / "vaultsync.toml").read_text()
    (reader.vault / "vaultsync.toml").write_text(text.replace('templates = "T"', 'templates = "callouts"'))
    _, (one,) = reader.book("Walden", "I went to the woods.")
    reader.library.edit_highlight_in_app(one.id, note="first words")
    reader.export("--full")
    text = reader.text("Walden.md").replace("> first words\n", f"{left}\n" if left else "")
    reader.write("Walden.md", f"{text.rstrip()}\n\n{mine}\n")
    push(reader)
    assert one.note == ("" if left else "first words")


NESTED = """\
---
title: {{ document.title }}
---
{% for h in document.highlights %}
{% highlight h %}
- {{ h.text | indent }} {{ h.anchor }}
    - Note: {{ h.note | indent(6) }}
    - Tags: {{ h.tags | hashtags }}
{% endhighlight %}
{% endfor %}
"""


def test_what_would_not_be_printed_where_it_was_read_is_not_sent_and_no_conflict(reader: Reading) -> None:
    (reader.vault / "T/document.md").write_text(NESTED)
    _, (one, other) = reader.book("Walden", "I went to the woods.", "Simplify.")
    reader.export()
    text = reader.text("Walden.md").replace("    - Note: \n", "\n- Note: Mine.\n    - Remark: \n", 1)
    reader.write("Walden.md", text)
    assert push(reader) == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 1}
    reader.library.edit_highlight_in_app(other.id, note="News.")
    assert reader.run("sync", "--full", "--json").json["edits"]["sent"] == 0
    assert one.note == ""
    assert reader.text("Walden.md") == text.replace("    - Note: \n", "    - Note: News.\n")


def test_an_emptied_place_is_not_read_in_the_block_below_that_has_lost_its_anchor(reader: Reading) -> None:
    (reader.vault / "T/document.md").write_text(NESTED)
    _, (one, two) = reader.book("Walden", "I went to the woods.", "Simplify.")
    for highlight, tag in ((one, "alpha"), (two, "beta")):
        reader.library.tag(highlight, tag)
    reader.export("--full")
    text = reader.text("Walden.md").replace(f" ^rw{two.id}", "").replace("#alpha", "").replace("#beta", "#beta #gamma")
    reader.write("Walden.md", text)
    push(reader)
    assert ([tag.name for tag in one.tags], [tag.name for tag in two.tags]) == (["alpha"], ["beta"])
    assert f"tags of ^rw{one.id}  (It can't be told what you wrote" in reader.run("status").out
