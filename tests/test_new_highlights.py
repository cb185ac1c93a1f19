"""Passages marked in a note become highlights, once, and their blocks take the callouts' places."""

from __future__ import annotations

from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.stop_case import Scene
from tests.test_push import push, writes
from tests.test_stops import EVERYWHERE, STATEMENTS
from vaultsync.note import split
from vaultsync.simulator.faults import connection_reset, html_page, reply_lost, status
from vaultsync.simulator.records import Book, Highlight

__all__ = ["reader"]

# So many-th of the effects to stop before; all of them where STOP_EVERYWHERE is set.
_EVERY = 12
# Within a transaction one statement is as good a place to stop as the next (test_stops.py).
QUIET = frozenset() if EVERYWHERE else STATEMENTS

CALLOUT = """\
> [!highlight] Why the woods?
> I went to the woods because
> I wished to live deliberately.
"""
TEXT = "I went to the woods because\nI wished to live deliberately."


@pytest.fixture
def walden(reader: Reading) -> Book:
    """A book with two highlights, exported."""
    book, _ = reader.book("Walden", "one", "two", author="Henry David Thoreau", source="api_book")
    reader.export()
    return book


def mark(reader: Reading, callout: str = CALLOUT, *, before: str = "> two\n") -> None:
    """Put a callout into the note, before a line of it."""
    text = reader.text("Walden.md")
    assert text.count(before) == 1
    reader.write("Walden.md", text.replace(before, f"{callout}\n{before}"))


def block(one: Highlight, *, tags: str = "") -> str:
    """What the tests' template makes of a highlight."""
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in one.text.split("\n"))
    return f"{quoted}\n^rw{one.id}\n\n- Note: {one.note}\n- Tags: {tags}\n"


def posts(reader: Reading) -> int:
    return writes(reader).count(("POST", "/api/v2/highlights/"))


def refused(reader: Reading) -> list[str]:
    """What a push says of each passage it did not send."""
    run = reader.run("push", "--json")
    assert run.code == 0, run.err
    return [one["why"] for one in run.json["outbox"] if one["field"] == "highlight" and one["fate"] == "refused"]


def test_a_marked_passage_becomes_a_highlight_and_its_block_stands_where_it_stood(
    reader: Reading, walden: Book
) -> None:
    mark(reader)
    marked = reader.text("Walden.md")
    assert push(reader)["sent"] == 1
    made = walden.live[-1]
    assert (made.text, made.note, len(walden.live)) == (TEXT, "Why the woods?", 3)
    assert reader.text("Walden.md") == marked.replace(CALLOUT, block(made))
    assert posts(reader) == 1


@pytest.mark.parametrize("ending", ["", "\nThe end.\n"])
def test_the_first_highlight_of_a_document_stands_once_and_where_it_was_marked(
    reader: Reading, walden: Book, ending: str
) -> None:
    headed = TEMPLATE.replace("{% for", "{% if document.highlights %}\n## Highlights\n\n{% endif %}\n{% for")
    (reader.vault / "T/document.md").write_text(headed + ending)
    for one in walden.live:
        reader.library.delete_highlight(one.id)
    reader.export("--full", "--allow-removals")
    mark(reader, before="# Walden")
    assert push(reader)["sent"] == 1
    (made,) = walden.live
    body = split(reader.text("Walden.md")).body
    assert [line for line in body.splitlines() if line] == [
        *(line for line in block(made).splitlines() if line),
        "# Walden",
        "## Highlights",
        *ending.split("\n")[1:2],
    ]
    assert push(reader) == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}
    reader.export("--full")
    assert split(reader.text("Walden.md")).body == body


def test_it_is_highlighted_in_the_documents_name(reader: Reading, walden: Book) -> None:
    mark(reader)
    push(reader)
    assert (len(reader.library.books), walden.live[-1].highlighted_at is not None) == (1, True)


def test_afterwards_nothing_is_sent_or_written_again(reader: Reading, walden: Book) -> None:
    mark(reader)
    push(reader)
    reader.run("sync", "--full")
    files, rows = reader.files(), reader.rows()
    reader.simulator.log.clear()
    reader.run("sync", "--full")
    assert (reader.files(), reader.rows(), writes(reader)) == (files, rows, [])
    assert len(walden.live) == 3


def test_what_is_typed_in_the_new_block_goes_back_like_any_other(reader: Reading, walden: Book) -> None:
    mark(reader)
    push(reader)
    text = reader.text("Walden.md")
    reader.write("Walden.md", text.replace("- Note: Why the woods?\n", "- Note: Why, the woods!\n"))
    assert push(reader)["sent"] == 1
    assert walden.live[-1].note == "Why, the woods!"


def test_hashtags_at_the_end_of_the_title_are_its_tags_as_the_account_spells_them(
    reader: Reading, walden: Book
) -> None:
    reader.library.tag(walden.highlights[0], "To read")
    reader.export("--full")
    mark(reader, "> [!highlight] see #4, please #solitude #to-read\n> three\n")
    push(reader)
    made = walden.live[-1]
    assert (made.note, sorted(tag.name for tag in made.tags)) == ("see #4, please", ["To read", "solitude"])
    assert block(made, tags="#solitude #To-read") in reader.text("Walden.md")


def test_several_passages_and_an_edit_arrive_in_one_push(reader: Reading, walden: Book) -> None:
    mark(reader, "> [!highlight]\n> three\n")
    mark(reader, "> [!HIGHLIGHT]- folded\n> four\n", before="> one\n")
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: \n", "- Note: typed\n", 1))
    assert push(reader)["sent"] == 3
    texts = [(one.text, one.note) for one in walden.live]
    assert texts == [("one", "typed"), ("two", ""), ("four", "folded"), ("three", "")]
    note = reader.text("Walden.md")
    assert [note.index(f"> {name}\n") for name in ("four", "one", "three", "two")] == sorted(
        note.index(f"> {name}\n") for name in ("four", "one", "three", "two")
    )
    assert "[!" not in note


def test_news_of_the_document_come_along(reader: Reading, walden: Book) -> None:
    mark(reader)
    reader.library.add_highlight(walden, "of elsewhere")
    push(reader)
    assert "> of elsewhere\n" in reader.text("Walden.md")
    assert "[!" not in reader.text("Walden.md")


def test_a_note_with_carriage_returns_keeps_them(reader: Reading, walden: Book) -> None:
    mark(reader)
    reader.write("Walden.md", reader.text("Walden.md").replace("\n", "\r\n"))
    push(reader)
    note = reader.text("Walden.md")
    assert walden.live[-1].text == TEXT
    assert note.count("\n") == note.count("\r\n")
    assert block(walden.live[-1]).replace("\n", "\r\n") in note


def test_a_dry_run_tells_of_it_and_changes_nothing(reader: Reading, walden: Book) -> None:
    mark(reader)
    files, rows = reader.files(), reader.rows()
    run = reader.run("push", "--dry-run", "--json")
    assert [(one["field"], one["after"], one["fate"]) for one in run.json["outbox"]] == [("highlight", TEXT, "send")]
    assert (reader.files(), reader.rows(), writes(reader), len(walden.live)) == (files, rows, [], 2)


@pytest.mark.usefixtures("walden")
def test_status_tells_what_the_next_push_makes(reader: Reading) -> None:
    mark(reader)
    assert "Walden.md: highlight: (empty) -> I went to the woods because /" in reader.run("status").out


# Lost replies and refusals.


def cut_short(reader: Reading) -> None:
    """A push whose answer is lost, and that can't ask either what became of it."""
    reader.simulator.faults.order(reply_lost(), path="/api/v2/highlights/", method="POST")
    reader.simulator.faults.order(status(403), path="/api/v2/export/", nth=2)
    reader.simulator.log.clear()
    assert reader.run("push").code == 1
    assert posts(reader) == 1


def test_a_highlight_whose_answer_was_lost_is_found_at_once(reader: Reading, walden: Book) -> None:
    mark(reader)
    marked = reader.text("Walden.md")
    reader.simulator.faults.order(reply_lost(), path="/api/v2/highlights/", method="POST")
    assert push(reader)["sent"] == 1
    assert (posts(reader), len(walden.live)) == (1, 3)
    assert reader.text("Walden.md") == marked.replace(CALLOUT, block(walden.live[-1]))


@pytest.mark.parametrize("command", ["push", "sync"])
def test_a_highlight_whose_answer_was_lost_is_found_by_the_next_run(
    reader: Reading, walden: Book, command: str
) -> None:
    mark(reader)
    marked = reader.text("Walden.md")
    cut_short(reader)
    assert reader.text("Walden.md") == marked
    assert reader.run(command).code == 0
    assert (posts(reader), len(walden.live)) == (1, 3)
    assert reader.text("Walden.md") == marked.replace(CALLOUT, block(walden.live[-1]))
    assert [row for row in reader.rows() if row[0] == "creating"] == []


def test_a_document_that_was_renamed_there_after_a_lost_answer_gets_no_second_one(
    reader: Reading, walden: Book
) -> None:
    mark(reader)
    cut_short(reader)
    reader.library.edit_book(walden.id, title="Walden; or, Life in the Woods")
    assert reader.run("push").code == 0
    assert (posts(reader), len(reader.library.books), len(walden.live)) == (1, 1, 3)


def test_a_note_on_the_title_line_can_be_mended_after_a_lost_answer(reader: Reading, walden: Book) -> None:
    mark(reader)
    cut_short(reader)
    reader.write("Walden.md", reader.text("Walden.md").replace("Why the woods?", "Why these woods?"))
    assert "with another note" in refused(reader)[0]
    assert len(walden.live) == 3


def test_an_answer_that_is_no_answer_is_looked_up(reader: Reading, walden: Book) -> None:
    mark(reader)
    reader.simulator.faults.order(html_page(), path="/api/v2/highlights/", method="POST")
    assert refused(reader) == [
        "The service has made it, but not in this document so far; should the next export bring it in a note of its "
        "own, take the callout out."
    ]
    assert push(reader)["sent"] == 1
    assert len(walden.live) == 3


@pytest.mark.usefixtures("walden")
@pytest.mark.parametrize("fault", [status(400, [{"text": ["No."]}]), connection_reset(), status(401)])
def test_a_refusal_leaves_the_callout_and_the_next_push_tries_again(reader: Reading, fault: object) -> None:
    mark(reader)
    marked = reader.text("Walden.md")
    reader.simulator.faults.order(fault, path="/api/v2/highlights/", method="POST")  # type: ignore[arg-type]
    assert reader.run("push").code in (1, 2)
    assert reader.text("Walden.md") == marked
    reader.simulator.faults.clear()
    assert push(reader)["sent"] == 1


def test_tags_that_did_not_arrive_are_sent_by_the_next_push(reader: Reading, walden: Book) -> None:
    mark(reader, "> [!highlight] #one #two\n> three\n")
    reader.simulator.faults.order(status(500), path="/api/v2/highlights/", method="POST", nth=3, times=5)
    assert push(reader, code=1)["waiting"] == 1
    assert "[!highlight]" in reader.text("Walden.md")
    reader.simulator.faults.clear()
    reader.run("sync")
    made = walden.live[-1]
    assert sorted(tag.name for tag in made.tags) == ["one", "two"]
    assert len(walden.live) == 3
    assert reader.text("Walden.md").count(f"^rw{made.id}") == 1
    assert "[!highlight]" not in reader.text("Walden.md")


# What is not sent.


# Each with the beginning or a part of what is said of it.
REFUSED = (
    ("> [!highlight] a note\n", "It has no passage"),
    ("> [!highlight]\n> lazy\nlines\n", "belongs to the same paragraph"),
    ("> [!highlight]\n> three ^rw12\n", "ends like an anchor"),
    ("> [!highlight]\n> one\n", "It is highlighted already"),
    ("> [!highlight] .h1\n> four\n", "It begins with a dot and a word"),
    (f"> [!highlight]\n> {'x' * 8192}\n", "Readwise takes 8191"),
    (f"> [!highlight] #{'x' * 128}\n> five\n", "Readwise takes 127"),
)
LOOKING_LIKE_IT = (
    "```\n> [!highlight]\n> three\n```\n",
    "> [!quote]\n> [!highlight]\n> three\n",
    "- > [!highlight]\n  > three\n",
    "> > [!highlight]\n> > three\n",
    "%%\n> [!highlight]\n> three\n\n%%\n",
    "> [!highlights]\n> three\n",
)


@pytest.mark.usefixtures("walden")
def test_what_can_not_be_made_a_highlight_stays_and_is_told(reader: Reading) -> None:
    mark(reader, "\n".join(callout for callout, _ in REFUSED))
    files = reader.files()
    said = refused(reader)
    assert [why in one for one, (_, why) in zip(said, REFUSED, strict=True)] == [True] * len(REFUSED)
    assert (reader.files(), writes(reader)) == (files, [])
    assert all(one in reader.run("status").out for one in said)


@pytest.mark.usefixtures("walden")
def test_what_only_looks_like_it_is_text_of_its_users(reader: Reading) -> None:
    mark(reader, "\n".join(LOOKING_LIKE_IT))
    files = reader.files()
    assert (refused(reader), writes(reader), reader.files()) == ([], [], files)


def test_a_callout_in_the_middle_of_a_block_is_refused(reader: Reading, walden: Book) -> None:
    mark(reader, "> [!highlight]\n> three\n", before=f"^rw{walden.highlights[0].id}\n")
    (said,) = refused(reader)
    assert said == f"It stands in the middle of the block ^rw{walden.highlights[0].id}; put it below that."


def test_where_the_template_prints_no_blocks_the_callout_is_left_to_its_user(reader: Reading) -> None:
    (reader.vault / "T/document.md").write_text(
        "# {{ document.title }}\n{% for h in document.highlights %}\n* {{ h.text }}\n{% endfor %}\n"
    )
    book, _ = reader.book("Walden", "one", source="api_book")
    reader.export()
    reader.type("Walden.md", "\n> [!highlight]\n> three\n")
    assert push(reader)["sent"] == 1
    assert refused(reader) == ["It is a highlight now, and the template prints no block of it; take the callout out."]
    assert (posts(reader), len(book.live)) == (1, 2)


def test_a_highlight_whose_text_looks_like_it_is_not_made_again(reader: Reading) -> None:
    book, _ = reader.book("Walden", "[!highlight]\nthree")
    reader.export()
    reader.type("Walden.md")
    assert (refused(reader), writes(reader), len(book.live)) == ([], [], 1)


def test_a_callout_at_the_very_end_of_half_a_file_waits(reader: Reading, walden: Book) -> None:
    reader.type("Walden.md", "\n> [!highlight]\n> thr")
    (said,) = refused(reader)
    assert "it may be cut off" in said
    reader.type("Walden.md", "ee\n")
    assert push(reader)["sent"] == 1
    assert walden.live[-1].text == "three"


def test_a_callout_that_half_a_file_ends_with_waits_for_the_rest(reader: Reading, walden: Book) -> None:
    mark(reader)
    whole = reader.text("Walden.md")
    half = whole[: whole.index("> I wished")]
    reader.write("Walden.md", half)
    (said,) = refused(reader)
    assert "blocks of it are missing" in said
    reader.write("Walden.md", whole)
    assert push(reader)["sent"] == 1
    assert [one.text for one in walden.live] == ["one", "two", TEXT]


def test_a_callout_at_the_end_of_a_note_whose_user_deleted_a_block_wants_a_line_below(
    reader: Reading, walden: Book
) -> None:
    text = reader.text("Walden.md")
    reader.write("Walden.md", text[: text.index("> two")] + CALLOUT)
    (said,) = refused(reader)
    assert "write a line below it" in said
    reader.type("Walden.md", "\nMine.\n")
    assert push(reader)["sent"] == 1
    assert walden.live[-1].text == TEXT


def test_a_document_of_readers_is_refused(reader: Reading) -> None:
    noise = reader.library.add_reader_document("Walden", location="later")
    reader.library.highlight_in_reader(noise.id, "two")
    reader.export()
    mark(reader)
    (said,) = refused(reader)
    assert "Reader lets no other program highlight in it" in said
    assert writes(reader) == []


@pytest.mark.parametrize("source", ["new_highlights = false", "push = []"])
@pytest.mark.usefixtures("walden")
def test_it_can_be_switched_off(reader: Reading, source: str) -> None:
    reader.configure(source=source)
    mark(reader)
    files = reader.files()
    assert (refused(reader), writes(reader), reader.files()) == ([], [], files)


def test_a_service_that_keeps_books_of_others_apart_is_asked_once(reader: Reading) -> None:
    reader.library.quirks.posts_stay_apart = True
    book, _ = reader.book("Walden", "one", "two")
    reader.export()
    mark(reader)
    marked = reader.text("Walden.md")
    assert "not in this document so far" in refused(reader)[0]
    assert "not in this document so far" in refused(reader)[0]
    assert (posts(reader), len(book.live), len(reader.library.books)) == (1, 2, 2)
    assert reader.text("Walden.md") == marked
    reader.write("Walden.md", marked.replace(CALLOUT, ""))
    reader.run("sync")
    assert [row for row in reader.rows() if row[0] == "creating"] == []


def test_a_service_that_changes_the_words_leaves_the_callout_for_comparison(reader: Reading, walden: Book) -> None:
    reader.library.quirks.inline_tags_stay = False
    mark(reader, "> [!highlight] .h1 Woods\n> three\n")
    marked = reader.text("Walden.md")
    run = reader.run("push", "--allow-inline-commands")
    assert "with another note" in run.out
    assert walden.live[-1].note == "Woods"
    assert reader.text("Walden.md").startswith(marked.partition("> two")[0])
    assert (reader.run("push", "--allow-inline-commands").code, len(walden.live)) == (0, 3)


def test_a_service_that_trims_makes_no_echo(reader: Reading, walden: Book) -> None:
    reader.library.quirks.texts_trimmed = True
    mark(reader, "> [!highlight]\n>     three\n")
    push(reader)
    files = reader.files()
    assert push(reader)["sent"] == 0
    assert (reader.files(), len(walden.live)) == (files, 3)


def test_more_than_anyone_types_waits_for_a_word(reader: Reading, walden: Book) -> None:
    for number in range(21):
        reader.type("Walden.md", f"\n> [!highlight]\n> passage {number}\n")
    assert push(reader, code=3)["waiting"] == 21
    assert len(walden.live) == 2
    assert push(reader, "--yes")["sent"] == 21
    assert [one.text for one in walden.live[2:]] == [f"passage {number}" for number in range(21)]


# Undo.


def test_undo_deletes_what_was_made_and_gives_the_callout_back(reader: Reading, walden: Book) -> None:
    mark(reader)
    marked = reader.text("Walden.md")
    push(reader)
    assert reader.run("undo").code == 0
    assert (len(walden.live), reader.text("Walden.md")) == (2, marked)
    assert push(reader)["sent"] == 1
    assert len(walden.live) == 3


def test_undo_leaves_a_highlight_that_was_changed_since(reader: Reading, walden: Book) -> None:
    mark(reader)
    push(reader)
    walden.live[-1].note = "changed"
    run = reader.run("undo")
    assert (run.code, len(walden.live)) == (3, 3)
    assert "was changed at the source since; it stays" in run.err


def test_undo_can_be_tried_dry(reader: Reading, walden: Book) -> None:
    mark(reader)
    push(reader)
    files = reader.files()
    assert reader.run("undo", "--dry-run").code == 0
    assert (reader.files(), len(walden.live)) == (files, 3)


# A run that is stopped.


def marked_passages(reader: Reading) -> Scene:
    """Two passages were marked in a note of a person who also typed a note, and something is new at the service."""
    book, _ = reader.book("Walden", "one", "two", source="api_book")
    reader.export()
    mark(reader)
    mark(reader, "> [!highlight]\n> three\n", before="> one\n")
    reader.write("Walden.md", reader.text("Walden.md").replace("- Note: \n", "- Note: typed\n", 1))
    reader.library.add_highlight(book, "new")
    reader.run("status")  # tries what can be edited in the template, once
    return Scene(reader, command="sync")


@pytest.mark.parametrize(("stop", "part"), [("stopped", 0), ("ended", 2)])
def test_a_run_stopped_at_any_effect_and_run_again_makes_each_highlight_once(
    reader: Reading, stop: str, part: int
) -> None:
    scene = marked_passages(reader)
    names = scene.effects()
    expected = outcome(scene)
    assert [row for row in expected["state"] if row[0] == "creating"] == []
    numbers = [number for number, name in enumerate(names, 1) if name not in QUIET]
    differing = []
    for number in numbers if EVERYWHERE else numbers[part::_EVERY]:
        scene.set_up()
        getattr(scene, stop)(number)
        code = scene.run()
        if code or outcome(scene) != expected:
            differing.append(f"{number} of {len(names)}: {names[number - 1]} (exit {code})")
    assert differing == []


def outcome(scene: Scene) -> dict[str, Any]:
    """What a scene has become, but for records: they hold when a passage was sent first."""
    became = scene.outcome()
    return {**became, "state": [row for row in became["state"] if row[0] != "bodies"]}


# From the command line.


def test_add_makes_a_highlight_and_its_block_stands_at_the_end(reader: Reading, walden: Book) -> None:
    before = reader.text("Walden.md")
    run = reader.run("add", "Walden.md", "three\n\nlines", "--note", "Why?", "--tag", "to read", "--tag", "one")
    made = walden.live[-1]
    assert run.code == 0
    assert (made.text, made.note) == ("three\n\nlines", "Why?")
    assert sorted(tag.name for tag in made.tags) == ["one", "to-read"]
    assert reader.text("Walden.md") == before + block(made, tags="#to-read #one")


@pytest.mark.usefixtures("walden")
def test_add_without_a_connection_leaves_it_to_the_next_push(reader: Reading) -> None:
    reader.simulator.faults.order(status(401), times=None)
    assert reader.run("add", "Walden.md", "three").code in (1, 2)
    assert reader.text("Walden.md").endswith("\n> [!highlight]\n> three\n")
    reader.simulator.faults.clear()
    assert push(reader)["sent"] == 1


def test_add_said_twice_makes_one_highlight(reader: Reading, walden: Book) -> None:
    assert [reader.run("add", "Walden.md", "three").code for _ in range(2)] == [0, 2]
    assert len(walden.live) == 3


@pytest.mark.usefixtures("walden")
def test_add_writes_nothing_that_could_not_be_sent(reader: Reading) -> None:
    files = reader.files()
    for words, why in (
        (("Walden.md", "one"), "It is highlighted already"),
        (("Walden.md", " "), "There are no words"),
        (("Walden.md", "three ^rw1"), "ends like an anchor"),
        (("Walden.md", "three", "--note", ".h1"), "It begins with a dot"),
        (("Nowhere.md", "three"), "No document is known"),
    ):
        run = reader.run("add", *words)
        assert (run.code, why in run.err) == (2, True), run.err
    assert (reader.files(), writes(reader)) == (files, [])


@pytest.mark.usefixtures("walden")
def test_add_where_no_highlights_are_made_writes_nothing(reader: Reading) -> None:
    reader.configure(source="new_highlights = false")
    files = reader.files()
    assert reader.run("add", "Walden.md", "three").code == 2
    assert reader.files() == files


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Walden.md", ""], 'Give them behind the note: vaultsync add NOTE "some words".'),
        (["Walden.md", " \n"], "There are no words to be highlighted. Nothing was written."),
        (["Walden.md", "-..."], 'A passage that begins with a dash goes behind two: vaultsync add NOTE -- "-..."'),
        (["Walden.md", "three", "--note", ".h1"], 'run "vaultsync add --allow-inline-commands".'),
        (["Walden.md", "one"], "It is highlighted already, see ^rw"),
    ],
)
@pytest.mark.usefixtures("walden")
def test_what_can_not_be_added_is_refused_with_advice_for_the_command(
    reader: Reading, words: list[str], said: str
) -> None:
    before = reader.text("Walden.md")
    run = reader.run("add", *words)
    assert (run.code, run.out, reader.text("Walden.md")) == (2, "", before)
    assert said in run.err
    assert "callout" not in run.err
