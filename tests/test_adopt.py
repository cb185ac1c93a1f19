"""vaultsync adopt: notes of the official plugin and of readwise-mirror become vaultsync's, and lose no word."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_case import be_nobody
from tests.export_case import Reading, reader
from tests.stop_case import Scene
from tests.test_push import writes
from vaultsync.adopting.passages import placed
from vaultsync.adopting.takeover import Match, matched, shelved
from vaultsync.model import Document, Highlight
from vaultsync.properties import read_properties
from vaultsync.rendering import templates
from vaultsync.simulator import Simulator
from vaultsync.simulator.records import Book
from vaultsync.simulator.records import Highlight as Kept
from vaultsync.simulator.sample import sample_library

__all__ = ["reader"]

# Every so many-th effect of a run is where one ends; all of them in CI.
_EACH = 1 if os.environ.get("CI") else 15
# As Readwise's own plugin writes it, with words of its user's in between.
OFFICIAL = """\
# Walden

![rw-book-cover](https://images.example/walden.jpg)

## Metadata
- Author: [[Henry David Thoreau]]
- Full Title: Walden
- Category: #books
- Document Tags: [[nature]] 

What I wrote about the book.

## Highlights
- The mass of men lead lives of quiet desperation. ([Location 12](https://readwise.io/to_kindle?action=open&asin=B00&location=12))
    - Tags: [[calm]] 
    - Note: So true.
- Time is but the stream I go a-fishing in. ([Location 99](https://readwise.io/to_kindle?action=open&asin=B00&location=99))

I wrote this below it.
## New highlights added January 20, 2025 at 9:25 AM
- Simplify,
  simplify. ([Location 120](https://readwise.io/to_kindle?action=open&asin=B00&location=120))
"""
# As readwise-mirror writes it, with tracking on; the user's own keys and words in between.
MIRROR = """\
---
uri: https://readwise.io/bookreview/{book}
title: "Walden" # as on the spine
author:
  - Henry David Thoreau
tags: [literature, nature]
rating: 5
---
%%
ID: {book}
Updated: 2025-01-02T08:00:00Z
%%

![](https://images.example/walden.jpg)

# About
Title: [[Walden]]
Authors: [[Henry David Thoreau]]
Category: #books
Number of Highlights: ==2==
Readwise URL: https://readwise.io/bookreview/{book}

---

# Highlights

The mass of men lead lives of quiet desperation. %% Color: yellow %% ^{one}

Note: So true.

Tags: #calm

[View Highlight](https://readwise.io/open/{one})

---

Time is but the stream I go a-fishing in. ^{two}

[View Highlight](https://readwise.io/open/{two})

---

My own last words.
"""
TEXTS = (
    "The mass of men lead lives of quiet desperation.",
    "Time is but the stream I go a-fishing in.",
    "Simplify, simplify.",
    "We must learn to reawaken.",
)


@pytest.fixture
def walden(reader: Reading) -> tuple[Book, list[Kept]]:
    """A book of four highlights, the first with a note and a tag; none is in the vault."""
    book, highlights = reader.book("Walden", *TEXTS, author="Henry David Thoreau", tags=["nature"])
    highlights[0].note = "So true."
    reader.library.tag(highlights[0], "calm")
    return book, highlights


def official(reader: Reading, text: str = OFFICIAL, path: str = "Readwise/Books/Walden.md") -> str:
    reader.write(path, text)
    return path


def mirror(reader: Reading, book: Book, highlights: list[Kept]) -> str:
    text = MIRROR.format(book=book.id, one=highlights[0].id, two=highlights[1].id)
    return official(reader, text, "Readwise/Walden.md")


def adopt(reader: Reading, *args: str, code: int = 0) -> str:
    run = reader.run("adopt", "--yes", *args)
    assert run.code == code, (run.code, run.out, run.err)
    return run.out


def use(reader: Reading, templates_: str) -> None:
    """Have other templates make the notes."""
    file = reader.vault / "vaultsync.toml"
    file.write_text(re.sub('templates = ".*"', f'templates = "{templates_}"', file.read_text()))


def without_what_was_added(text: str) -> list[str]:
    """The lines of a body, block ids of ours and blank lines aside."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL).partition("\n## New highlights\n\n")[0]
    return [line for line in re.sub(r"[ \t]*\^rw8\d+$", "", body, flags=re.MULTILINE).split("\n") if line.strip()]


def words(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def test_a_note_of_the_official_plugin_gets_an_id_block_ids_and_what_it_lacks(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    book, (one, two, three, four) = walden
    path = official(reader)
    adopt(reader)
    expected = OFFICIAL
    for link, highlight in (("12", one), ("99", two), ("120", three)):
        expected = expected.replace(f"location={link}))\n", f"location={link})) ^rw{highlight.id}\n")
    added = f"\n## New highlights\n\n> {four.text}\n\n^rw{four.id}\n\n- Note: \n- Tags: \n"
    front = f'---\nvaultsync_id: "readwise:{book.id}"\ntitle: Walden\ntags:\n  - nature\n---\n'
    text = reader.text(path)
    assert text[text.index("# Walden") :] == expected + added
    assert read_properties(text) == read_properties(front)


def test_a_note_of_readwise_mirror_keeps_its_own_block_ids_properties_and_comments(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    book, highlights = walden
    path = mirror(reader, book, highlights)
    before = reader.text(path)
    plan = adopt(reader)
    assert f'{path} is "Walden" (readwise:{book.id}), by the address of its book.' in plan
    text = reader.text(path)
    front = text[: text.index("%%")]
    assert front == before[: before.index("%%")].replace("---\n%%", "%%").removesuffix("---\n") + (
        f'vaultsync_id: "readwise:{book.id}"\n---\n'
    )
    one, two = highlights[:2]
    assert f"%% Color: yellow %% ^{one.id}\n\n^rw{one.id}\n\nNote: So true.\n" in text
    assert f"a-fishing in. ^{two.id}\n\n^rw{two.id}\n\n[View" in text
    assert without_what_was_added(text) == words(re.sub(r"\A---\n.*?\n---\n", "", before, flags=re.DOTALL))


@pytest.mark.usefixtures("walden")
def test_an_export_and_a_second_adopt_change_nothing_and_make_no_second_note(reader: Reading) -> None:
    path = official(reader)
    adopt(reader)
    files = reader.files()
    assert reader.export().counts == (0, 0, 1, 0)
    assert "No note was found to take over." in adopt(reader)
    reader.export("--full")
    assert (reader.paths(), reader.files()) == ([path], files)


@pytest.mark.usefixtures("walden")
def test_every_word_of_the_note_is_still_there(reader: Reading) -> None:
    path = official(reader)
    adopt(reader)
    assert without_what_was_added(reader.text(path)) == words(OFFICIAL)


@pytest.mark.usefixtures("walden")
def test_documents_nobody_had_a_note_of_get_theirs_at_the_next_export(reader: Reading) -> None:
    path = official(reader)
    reader.book("Cape Cod", "The sea.")
    adopt(reader)
    assert reader.paths() == [path]
    assert reader.export().counts == (1, 0, 1, 0)
    assert reader.paths() == ["Cape Cod.md", path]


@pytest.mark.parametrize("form", ["official", "mirror"])
def test_nothing_is_sent_after_adopting_but_what_is_typed_then(
    reader: Reading, walden: tuple[Book, list[Kept]], form: str
) -> None:
    book, highlights = walden
    path = official(reader) if form == "official" else mirror(reader, book, highlights)
    adopt(reader)
    reader.simulator.log.clear()
    assert reader.run("sync").code == 0
    assert writes(reader) == []
    assert "not sent" not in reader.run("status").out
    text = reader.text(path)
    last = text.rindex("- Note: ") + len("- Note: ")
    reader.write(path, f"{text[:last]}Typed here.{text[last:]}")
    assert reader.run("push").code == 0
    assert (highlights[3].note, [tag.name for tag in book.tags]) == ("Typed here.", ["nature"])


def test_tags_the_note_had_stay_its_own_and_are_never_sent(reader: Reading, walden: tuple[Book, list[Kept]]) -> None:
    book, highlights = walden
    path = mirror(reader, book, highlights)
    adopt(reader)
    reader.library.tag(book, "woods")
    reader.run("sync", "--full")
    assert "tags: [literature, nature, woods]\n" in reader.text(path)
    reader.write(path, reader.text(path).replace("[literature, nature, woods]", "[nature, woods, mine]"))
    reader.run("sync")
    reader.run("sync", "--full")
    assert "tags: [nature, woods, mine]\n" in reader.text(path)
    assert {tag.name for tag in book.tags} == {"nature", "woods", "mine"}


def test_news_arrive_where_the_note_has_a_place_for_them(reader: Reading, walden: tuple[Book, list[Kept]]) -> None:
    book, (one, *_) = walden
    path = official(reader)
    adopt(reader)
    text = reader.text(path)
    reader.library.edit_highlight_in_app(one.id, note="So very true.")
    five = reader.library.add_highlight(book, "The fifth.")
    assert reader.export("--full").json["edits"]["conflicts"] == 0
    assert "    - Note: So very true.\n" in reader.text(path)
    assert f"> The fifth.\n\n^rw{five.id}\n" in reader.text(path)
    assert reader.text(path).startswith(text[: text.index("    - Note:")])


def test_other_news_of_a_passage_in_its_old_layout_are_told_once(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    path = official(reader)
    adopt(reader)
    reader.library.edit_highlight_in_app(walden[1][1].id, note="Which stream?")
    assert reader.export("--full", code=3).json["edits"]["conflicts"] == 1
    text = reader.text(path)
    assert text.count("> - Note: Which stream?") == 1
    reader.export("--full", code=3)
    assert reader.text(path) == text


def test_a_changed_template_leaves_the_old_layout_alone(reader: Reading, walden: tuple[Book, list[Kept]]) -> None:
    path = official(reader)
    adopt(reader)
    old = reader.text(path).partition("\n## New highlights\n\n")[0].partition("# Walden")[2]
    for name in templates.SETS:
        use(reader, name)
        assert reader.export().json["edits"]["conflicts"] == 0
        text = reader.text(path)
        assert text.partition("\n## New highlights\n\n")[0].partition("# Walden")[2] == old
    assert f"- We must learn to reawaken. ([View Highlight](<https://readwise.io/open/{walden[1][3].id}>))" in text
    reader.simulator.log.clear()
    assert reader.run("push").code == 0
    assert writes(reader) == []


def test_what_was_typed_in_the_old_layout_and_not_sent_survives_a_changed_template(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    path = official(reader, OFFICIAL.replace("    - Tags: [[calm]] \n", ""))
    adopt(reader)
    reader.write(path, reader.text(path).replace("- Note: So true.", "- Note: So very true."))
    use(reader, "minimal")
    assert reader.export(code=3).json["edits"]["conflicts"] == 1
    assert "    - Note: So very true.\n" in reader.text(path)
    assert walden[1][0].note == "So true."


def test_with_the_set_that_looks_like_the_official_plugin_its_notes_are_edited_like_any(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    one = walden[1][0]
    use(reader, "minimal")
    plain = OFFICIAL.replace(
        "    - Tags: [[calm]] \n    - Note: So true.\n", "    - Note: So true.\n    - Tags: #calm\n"
    )
    path = official(reader, plain)
    adopt(reader)
    reader.write(path, reader.text(path).replace("So true.\n    - Tags: #calm", "Is it?\n    - Tags: #calm #mine"))
    reader.run("sync")
    assert (one.note, sorted(tag.name for tag in one.tags)) == ("Is it?", ["calm", "mine"])


def test_a_note_that_says_something_else_than_the_source_is_asked_about(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    one = walden[1][0]
    one.note = "Is it?"
    path = official(reader, OFFICIAL.replace("    - Tags: [[calm]] \n", ""))
    adopt(reader, code=3)
    text = reader.text(path)
    assert "    - Note: So true.\n" in text
    assert f"> [!vaultsync-conflict] note [[#^rw{one.id}]]\n  > Is it?\n" in text
    assert reader.run("resolve", path, "--ours").code == 0
    reader.run("push")
    assert one.note == "So true."


def test_notes_at_the_source_that_the_note_does_not_show_are_named(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    walden[1][1].note = "Which stream?"
    official(reader)
    assert f"Notes at the source that it does not show: ^rw{walden[1][1].id}." in adopt(reader)


def test_a_plan_is_shown_and_nothing_done_if_nobody_can_be_asked(
    reader: Reading, walden: tuple[Book, list[Kept]]
) -> None:
    path = official(reader)
    files, title = reader.files(), f'{path} is "Walden" (readwise:{walden[0].id}), by its title and author.'
    run = reader.run("adopt")
    assert (run.code, title in run.out, "block ids for 3 highlights; 1 highlight at its end" in run.out) == (
        3,
        True,
        True,
    )
    assert reader.files() == files
    rows = reader.rows()
    run = reader.run("adopt", "--dry-run")
    assert (run.code, title in run.out) == (0, True)
    assert (reader.files(), reader.rows()) == (files, rows)


@pytest.mark.usefixtures("walden")
def test_undo_gives_back_every_byte(reader: Reading) -> None:
    text = OFFICIAL.replace("\n", "\r\n")
    path = official(reader, text)
    adopt(reader)
    assert "\n" not in reader.text(path).replace("\r\n", "")
    assert reader.text(path) != text
    assert reader.run("undo").code == 0
    assert reader.text(path) == text


@pytest.mark.usefixtures("walden")
def test_only_notes_that_are_named_are_taken_over(reader: Reading) -> None:
    path = official(reader)
    _, (sea,) = reader.book("Cape Cod", "The sea.", author="Henry David Thoreau")
    other = official(reader, "# Cape Cod\n\nBy me.\n- Author: Henry David Thoreau\n\n- The sea.\n", "Mine/Cape Cod.md")
    text = reader.text(other)
    adopt(reader, "Readwise")
    assert reader.text(other) == text
    assert "vaultsync_id" in reader.text(path)
    adopt(reader, "Mine/Cape Cod.md")
    assert reader.text(other).endswith(text.replace("The sea.", f"The sea. ^rw{sea.id}"))
    assert reader.run("adopt", "Nowhere").code == 2


@pytest.mark.usefixtures("walden")
def test_notes_it_can_not_be_told_of_are_left_and_named(reader: Reading) -> None:
    official(reader)
    official(reader, OFFICIAL, "Copy of Walden.md")
    reader.book("Walking", "I wish to speak a word for Nature.", author="Henry David Thoreau")
    broken = OFFICIAL.replace("Walden", "Walking").replace(TEXTS[0], "I wish to speak a word for Nature.")
    official(reader, f"---\na: [\n---\n{broken}", "Walking.md")
    files = reader.files()
    out = adopt(reader)
    assert "Copy of Walden.md: Readwise/Books/Walden.md is of the same document" in out
    assert "Walking.md: Its properties are not YAML that can be added to" in out
    assert reader.files() == files


@pytest.mark.usefixtures("walden")
def test_a_document_that_has_a_note_gets_no_second_one(reader: Reading) -> None:
    reader.export()
    path = official(reader)
    files = reader.files()
    assert f"{path}: Its document has a note already, Walden.md" in adopt(reader)
    assert reader.files() == files
    (reader.vault / "Walden.md").unlink()
    adopt(reader)
    assert "vaultsync_id" in reader.text(path)
    assert reader.export("--full").counts == (0, 0, 1, 0)


# Whose a note is.

ONE = Highlight(
    id="800000001",
    block_id="rw800000001",
    text="The mass of men.",
    url="https://read.readwise.io/read/01jh5mvn2g3v89385smnwjqkad",
    service_url="https://readwise.io/open/800000001",
)
TWO = Highlight(id="800000002", block_id="rw800000002", text="Time is but the stream.")
WALDEN = Document(
    id="readwise:7",
    title="Walden",
    author="Henry David Thoreau",
    url="https://example.org/walden",
    service_url="https://readwise.io/bookreview/7",
    highlights=(ONE, TWO),
    extra={"asin": "B00WALDEN"},
)
WALKING = Document(id="readwise:8", title="Walking", author="Henry David Thoreau", url="https://example.org/walden")
SHELF = shelved([WALDEN, WALKING])


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("---\nuri: https://readwise.io/bookreview/7\n---\n", "the address of its book"),
        ("Readwise URL: https://readwise.io/bookreview/7\n", "the address of its book"),
        ("# Walden\nThe mass of men. ^rwhi800000001\n", "links and block ids of its highlights"),
        ("# Walden\nThe mass of men. ^800000001\n", "links and block ids of its highlights"),
        (f"# Walden\n- The mass of men. ([View]({ONE.service_url}))\n", "links and block ids of its highlights"),
        (f"# Walden\n- The mass of men. ([View]({ONE.url}))\n", "links and block ids of its highlights"),
        ("The mass of men. Time is but the stream. https://example.org/walden/\n", "its address"),
        (
            "# Walden\n- The mass of men. (https://readwise.io/to_kindle?asin=B00WALDEN)\n",
            "links to its place on Kindle",
        ),
        ("- Full Title: WALDEN\n- Author: [[Henry David Thoreau]]\n- The mass of men.\n", "its title and author"),
        ("---\ntitle: Walden\nauthors: [Henry David Thoreau]\n---\n> The mass\n> of men.\n", "its title and author"),
    ],
)
def test_a_note_is_known_by(text: str, by: str) -> None:
    assert matched(text, "note", SHELF) == (Match("readwise:7", by),)


@pytest.mark.parametrize(
    "text",
    [
        "# My day\nRead this: The mass of men. https://readwise.io/open/800000001\n",
        "# Walden\n- Author: Henry David Thoreau\n\nI should read it.\n",
        "# Walden\nby someone else\n\nThe mass of men.\n",
        "# Cabins\nhttps://example.org/walden and the mass of men.\n",
        "---\nuri: https://readwise.io/bookreview/9\n---\n",
    ],
)
def test_a_note_that_only_speaks_of_a_document_is_not_of_it(text: str) -> None:
    assert matched(text, "note", SHELF) == ()


def test_a_note_that_names_two_books_outright_is_of_neither_for_certain() -> None:
    text = "Readwise URL: https://readwise.io/bookreview/7\n"
    both = shelved([WALDEN, Document(id="readwise:9", title="Copy", service_url=WALDEN.service_url)])
    assert [one.document for one in matched(text, "note", both)] == ["readwise:7", "readwise:9"]


# Where block ids go.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- The mass of men. (p. 1)\n    - Note: x\n", "- The mass of men. (p. 1) ^rw800000001\n    - Note: x\n"),
        ("The mass\nof men.\nMine.\n\nMore.\n", "The mass\nof men.\nMine. ^rw800000001\n\nMore.\n"),
        (
            "> [!quote] p. 1\n> The mass\n> of men.\nx\n",
            "> [!quote] p. 1\n> The mass\n> of men.\n\n^rw800000001\n\nx\n",
        ),
        ("- The mass of men. ^rwhi1\n- x\n", "- The mass of men. ^rwhi1\n\n  ^rw800000001\n\n- x\n"),
        ("The mass of men. \r\nx", "The mass of men. \r\nx ^rw800000001"),
        ("The mass of men.", "The mass of men. ^rw800000001"),
        (
            "1. The mass of men.\n2. Time is but the stream.\n",
            "1. The mass of men. ^rw800000001\n2. Time is but the stream. ^rw800000002\n",
        ),
    ],
)
def test_a_block_id_goes_to_the_end_of_what_holds_the_passage(before: str, after: str) -> None:
    assert placed(before, [ONE, TWO]).body == after


@pytest.mark.parametrize(
    "body",
    [
        "The mass of men.\n\nThe mass of men.\n",
        "| The mass of men. | x |\n",
        "```\nThe mass of men.\n```\n",
        "> The mass of men.\n>\n> Time is but the stream.\n",
        "Changed here. https://readwise.io/open/800000001\n",
    ],
)
def test_a_passage_that_can_have_no_block_id_is_there_all_the_same(body: str) -> None:
    found = placed(body, [ONE, TWO])
    assert (found.body, found.anchored) == (body, ())
    assert "800000001" in found.present


def test_words_that_are_part_of_another_highlight_are_none_of_their_own() -> None:
    longer = Highlight(id="3", block_id="rw3", text="Simplify, simplify.")
    shorter = Highlight(id="4", block_id="rw4", text="Simplify")
    assert placed("- Simplify, simplify.\n", [shorter, longer]).body == "- Simplify, simplify. ^rw3\n"
    assert placed("- Simplify, simplify.\n- Simplify\n", [shorter, longer]).anchored == ("3", "4")


def test_block_ids_of_ours_stay_where_they_are() -> None:
    body = "> The mass of men.\n\n^rw800000001\n"
    assert placed(body, [ONE]) == placed(placed(body, [ONE]).body, [ONE])
    assert placed(body, [ONE]).body == body


# docs/obsidian.md: what it shows is what the program makes of the sample library, byte for byte.

SHOWN = dict(
    re.findall(r"(?ms)^```[a-z]+ ([\w-]+)\n(.*?)^```$", (Path(__file__).parent.parent / "docs/obsidian.md").read_text())
)
MISERABLES = "Readwise/Books/Les Misérables.md"


@pytest.fixture
def sampler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Reading]:
    """A person with the sample library, and a vault with the note of the page in it."""
    be_nobody(monkeypatch, tmp_path)
    library = sample_library()
    with Simulator(library, limits=False) as simulator:
        monkeypatch.setenv("READWISE_TOKEN", simulator.token)
        monkeypatch.setenv("VAULTSYNC_VAULT", str(tmp_path / "vault"))
        person = Reading(library, simulator, tmp_path / "vault", capsys)
        person.write(MISERABLES, SHOWN["before"])
        person.configure()
        use(person, "default")
        yield person


def test_a_note_before_and_after_is_as_the_page_shows_it(sampler: Reading) -> None:
    plan = sampler.run("adopt", "--dry-run").out
    assert plan == SHOWN["plan"]
    adopt(sampler)
    assert sampler.text(MISERABLES) == SHOWN["after"]
    assert without_what_was_added(SHOWN["after"]) == words(SHOWN["before"])


def test_an_author_becomes_a_link_as_the_page_says(reader: Reading) -> None:
    line = SHOWN["authors"].partition("\n")[0]
    ours = (templates.shipped_folder() / "default/document.md").read_text("utf-8")
    reader.write("T/document.md", ours.replace(f"{line}\n", SHOWN["authors"]))
    reader.book("Les Misérables", "one", author="Victor Hugo")
    reader.export()
    assert '\nby: "[[Victor Hugo]]"\n' in reader.text("Les Misérables.md")


@pytest.mark.usefixtures("walden")
def test_adopting_that_was_cut_short_is_finished_by_the_next_run(reader: Reading) -> None:
    path = official(reader)
    reader.run("adopt", "--dry-run")
    scene = Scene(reader, ("--yes",), "adopt")
    effects = scene.effects()
    whole = reader.text(path)
    for number in range(1, len(effects) + 1, _EACH):
        scene.set_up()
        scene.stopped(number)
        scene.run()
        reader.export("--full")
        assert (reader.paths(), reader.text(path)) == ([path], whole), effects[number - 1]


@pytest.mark.usefixtures("walden")
def test_after_an_export_that_was_taken_back_notes_are_taken_over_all_the_same(reader: Reading) -> None:
    path = official(reader)
    reader.export()
    assert reader.run("undo").code == 0
    assert reader.paths() == [path]
    adopt(reader)
    reader.export("--full")
    assert reader.paths() == [path]
