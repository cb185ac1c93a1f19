"""Who types on while an edit of theirs is being sent has it from nobody else: no conflict, nothing put back."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, Run, reader
from tests.linkding_case import Keeper, keeper
from tests.stop_case import Stopped, observed
from tests.test_push import type_note, type_tags, writes
from tests.watch_case import paced, watching, within
from vaultsync.http import Http
from vaultsync.simulator.faults import connection_reset, reply_lost
from vaultsync.simulator.records import Highlight

__all__ = ["keeper", "reader"]

CONFLICT = "[!vaultsync-conflict]"
BOOKMARK = """\
---
title: {{ document.title }}
---
- Note: {{ document.note | indent }}
"""


@pytest.fixture
def walden(reader: Reading) -> Highlight:
    """A book with two highlights, exported; the first."""
    _, (one, _) = reader.book("Walden", "I went to the woods.", "Simplify.")
    reader.export()
    reader.type("Walden.md")
    reader.simulator.log.clear()
    return one


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    hurried = {**(Http.__init__.__kwdefaults__ or {}), "sleep": lambda _: None}
    monkeypatch.setattr(Http.__init__, "__kwdefaults__", hurried)


def meanwhile(reader: Reading, happens: Callable[[], Any]) -> None:
    """Have something happen while the first PATCH is on its way back."""
    log, add = reader.simulator.log, reader.simulator.log.add

    def added(request: Any, *rest: Any) -> None:
        add(request, *rest)
        if request.method == "PATCH" or request.method == "POST":
            log.add = add  # type: ignore[method-assign]
            happens()

    log.add = added  # type: ignore[method-assign,assignment]


def killed_once_sent(reader: Reading) -> None:
    """Sync, and be killed when the service has the edit and the state knows of it."""
    begun: list[str] = []

    def stop(name: str) -> None:
        begun.extend([name] * (name == "state.begin" and bool(writes(reader))))
        if len(begun) == 2:
            raise Stopped

    with observed(stop), pytest.raises(Stopped):
        reader.run("push")


@contextmanager
def typing(reader: Reading, pause: float) -> Iterator[None]:
    """Type on in a note for the length of the block, saving it again and again, as editors in place do."""
    note, stop, number = reader.vault / "Walden.md", threading.Event(), 0

    def type_on() -> None:
        nonlocal number
        while not stop.wait(pause):
            number += 1
            note.write_text(re.sub(r"- Note:.*", f"- Note: word {number}", note.read_text(), count=1))

    thread = threading.Thread(target=type_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def quiet(reader: Reading) -> None:
    """Nothing is left to be done on either side."""
    before = reader.contents()
    assert reader.run("sync", "--json").json["edits"] == {"sent": 0, "waiting": 0, "conflicts": 0, "refused": 0}
    assert reader.contents() == before


def test_words_typed_while_earlier_ones_are_sent_are_sent_next(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Why")
    meanwhile(reader, lambda: type_note(reader, "Walden.md", "Why the woods?", was="Why"))
    assert reader.run("sync", "--json").json["edits"]["conflicts"] == 0
    assert walden.note == "Why" and "- Note: Why the woods?\n" in reader.text("Walden.md")
    assert "[!vaultsync-conflict]" not in reader.text("Walden.md")
    assert reader.run("sync", "--json").json["edits"]["sent"] == 1
    assert walden.note == "Why the woods?"
    quiet(reader)


def test_words_taken_back_while_they_are_sent_are_taken_back_there(reader: Reading, walden: Highlight) -> None:
    before = reader.text("Walden.md")
    type_note(reader, "Walden.md", "Why")
    meanwhile(reader, lambda: reader.write("Walden.md", before))
    reader.run("sync")
    assert walden.note == "Why" and reader.text("Walden.md") == before
    assert reader.run("sync", "--json").json["edits"]["sent"] == 1
    assert walden.note == "" and reader.text("Walden.md") == before
    quiet(reader)


def test_tags_typed_while_others_are_sent_are_sent_next(reader: Reading, walden: Highlight) -> None:
    type_tags(reader, "Walden.md", "#woods #life")
    meanwhile(reader, lambda: type_tags(reader, "Walden.md", "#woods #ponds"))
    reader.run("sync")
    assert {tag.name for tag in walden.tags} == {"woods", "life"}
    assert "- Tags: #woods #ponds\n" in reader.text("Walden.md")
    reader.run("sync")
    assert {tag.name for tag in walden.tags} == {"woods", "ponds"}
    quiet(reader)


@pytest.mark.parametrize("now", ["Why the woods?", "", "Why"])
def test_what_is_typed_after_a_kill_is_no_conflict_with_what_was_sent(
    reader: Reading, walden: Highlight, now: str
) -> None:
    type_note(reader, "Walden.md", "Why")
    killed_once_sent(reader)
    assert walden.note == "Why"
    type_note(reader, "Walden.md", now, was="Why")
    assert reader.run("sync", "--json").json["edits"]["sent"] == (now != "Why")
    assert walden.note == now and f"- Note: {now}\n" in reader.text("Walden.md")
    quiet(reader)


def test_the_very_file_put_back_after_a_kill_takes_the_words_back(reader: Reading, walden: Highlight) -> None:
    note, before = reader.vault / "Walden.md", reader.files()["Walden.md"]
    type_note(reader, "Walden.md", "Why")
    killed_once_sent(reader)
    note.write_bytes(before[0])
    reader.run("export")
    assert note.read_bytes() == before[0]
    assert reader.run("sync", "--json").json["edits"]["sent"] == 1
    assert walden.note == ""
    quiet(reader)


def test_news_that_come_with_it_arrive(reader: Reading, walden: Highlight) -> None:
    other = next(iter(reader.library.books.values())).highlights[1]
    type_note(reader, "Walden.md", "Why")

    def happens() -> None:
        type_note(reader, "Walden.md", "Why the woods?", was="Why")
        reader.library.tag(walden, "woods")
        reader.library.edit_highlight_in_app(other.id, note="From elsewhere.")

    meanwhile(reader, happens)
    reader.run("sync")
    reader.run("sync")
    assert walden.note == "Why the woods?"
    text = reader.text("Walden.md")
    assert re.search(r"- Note: Why the woods\?\n- Tags: #woods\n", text) and "From elsewhere." in text
    assert "[!vaultsync-conflict]" not in text
    quiet(reader)


def test_what_a_template_makes_of_it_arrives_after_a_kill(reader: Reading, walden: Highlight) -> None:
    marked = TEMPLATE.replace("- Tags:", "{{ '★' if 'favorite' in h.tags }}\n- Tags:")
    (reader.vault / "T/document.md").write_text(marked)
    reader.export()
    type_tags(reader, "Walden.md", "#favorite")
    killed_once_sent(reader)
    assert "★" not in reader.text("Walden.md")
    reader.run("sync")
    assert "\n★\n- Tags: #favorite\n" in reader.text("Walden.md")
    assert [tag.name for tag in walden.tags] == ["favorite"]
    quiet(reader)


@pytest.mark.parametrize("typed_into", [1, 2])
def test_words_printed_twice_and_typed_into_one_place_arrive_in_the_other_after_a_kill(
    reader: Reading, typed_into: int
) -> None:
    twice = TEMPLATE.replace("- Tags:", "- Again: {{ h.note | indent }}\n- Tags:")
    (reader.vault / "T/document.md").write_text(twice)
    _, (one,) = reader.book("Walden", "I went to the woods.")
    reader.export()
    label = ["Note", "Again"][typed_into - 1]
    reader.write("Walden.md", reader.text("Walden.md").replace(f"- {label}: \n", f"- {label}: Why\n"))
    killed_once_sent(reader)
    assert one.note == "Why"
    reader.run("sync")
    assert "\n- Note: Why\n- Again: Why\n" in reader.text("Walden.md") and one.note == "Why"
    quiet(reader)


def test_another_answer_from_elsewhere_is_a_conflict_still(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Why")
    killed_once_sent(reader)
    reader.library.edit_highlight_in_app(walden.id, note="From elsewhere.")
    type_note(reader, "Walden.md", "Why the woods?", was="Why")
    assert reader.run("sync", "--json").json["edits"]["sent"] == 0
    text = reader.text("Walden.md")
    assert "[!vaultsync-conflict]" in text and "From elsewhere." in text and "Why the woods?" in text
    assert walden.note == "From elsewhere."


def never_answered(reader: Reading, arrives: bool = True) -> None:
    """Push, and hear nothing of it, as when the connection goes away."""
    reader.simulator.faults.order(reply_lost() if arrives else connection_reset(), method="PATCH", times=20)
    assert reader.run("push").code == 1
    reader.simulator.faults.clear()


def killed_unheard(reader: Reading) -> None:
    """Push, and be killed when the service has the edit and the state does not know of it."""

    def stop(name: str) -> None:
        if name == "state.begin" and writes(reader):
            raise Stopped

    with observed(stop), pytest.raises(Stopped):
        reader.run("push")


UNHEARD = pytest.mark.parametrize("unheard", [never_answered, killed_unheard])
COMMANDS = pytest.mark.parametrize("command", ["sync", "push"])


@pytest.mark.usefixtures("at_once")
@UNHEARD
@COMMANDS
def test_words_typed_on_after_an_answer_was_lost_are_sent_over_those_that_arrived(
    reader: Reading, walden: Highlight, unheard: Callable[[Reading], None], command: str
) -> None:
    type_note(reader, "Walden.md", "Why")
    unheard(reader)
    assert walden.note == "Why"
    type_note(reader, "Walden.md", "Why the woods?", was="Why")
    assert reader.run(command, "--json").json["edits"] == {"sent": 1, "waiting": 0, "conflicts": 0, "refused": 0}
    assert walden.note == "Why the woods?"
    assert "- Note: Why the woods?\n" in reader.text("Walden.md") and CONFLICT not in reader.text("Walden.md")
    quiet(reader)


@pytest.mark.usefixtures("at_once")
@COMMANDS
def test_so_are_they_after_several_of_which_one_arrived(reader: Reading, walden: Highlight, command: str) -> None:
    type_note(reader, "Walden.md", "Why")
    never_answered(reader)
    type_note(reader, "Walden.md", "Why the", was="Why")
    never_answered(reader, arrives=False)
    assert walden.note == "Why"
    type_note(reader, "Walden.md", "Why the woods?", was="Why the")
    assert reader.run(command, "--json").json["edits"]["sent"] == 1
    assert walden.note == "Why the woods?" and CONFLICT not in reader.text("Walden.md")
    quiet(reader)


@pytest.mark.usefixtures("at_once")
def test_other_news_arrive_beside_words_of_which_nothing_was_heard(reader: Reading, walden: Highlight) -> None:
    other = next(iter(reader.library.books.values())).highlights[1]
    type_note(reader, "Walden.md", "Why")
    never_answered(reader)
    reader.library.edit_highlight_in_app(other.id, note="From elsewhere.")
    type_note(reader, "Walden.md", "Why the woods?", was="Why")
    assert reader.run("export", "--json").json["edits"]["conflicts"] == 0
    assert "From elsewhere." in reader.text("Walden.md") and "- Note: Why the woods?\n" in reader.text("Walden.md")
    reader.run("sync")
    assert walden.note == "Why the woods?"
    quiet(reader)


@pytest.mark.usefixtures("at_once")
def test_properties_and_texts_of_a_document_are_typed_on_like_notes(keeper: Keeper) -> None:
    tea = keeper.links.add("https://example.org/tea", title="Tea", notes="Long.")
    (keeper.reader.vault / "T/document.bookmarks.md").write_text(BOOKMARK)
    keeper.configure(push='["note", "title"]')
    keeper.reader.export()
    keeper.type("Tea.md", "title: Tea\n", "title: Green tea\n")
    keeper.type("Tea.md", "- Note: Long.\n", "- Note: Longer.\n")
    for _ in range(2):  # the first that is not heard of ends the run
        never_answered(keeper.reader)
    assert (tea.title, tea.notes) == ("Green tea", "Longer.")
    keeper.type("Tea.md", "title: Green tea\n", "title: Greener tea\n")
    keeper.type("Tea.md", "- Note: Longer.\n", "- Note: Longest.\n")
    assert keeper.sync() == {"sent": 2, "waiting": 0, "conflicts": 0, "refused": 0}
    assert (tea.title, tea.notes) == ("Greener tea", "Longest.")
    quiet(keeper.reader)


@pytest.mark.usefixtures("at_once")
@UNHEARD
def test_what_arrived_unheard_comes_back_to_who_has_taken_it_back(
    reader: Reading, walden: Highlight, unheard: Callable[[Reading], None]
) -> None:
    # It may be that it did not arrive, and that they typed it at the service instead.
    type_note(reader, "Walden.md", "Why")
    unheard(reader)
    type_note(reader, "Walden.md", "", was="Why")
    assert reader.run("sync", "--json").json["edits"]["sent"] == 0
    assert walden.note == "Why" and "- Note: Why\n" in reader.text("Walden.md")
    quiet(reader)


@pytest.mark.usefixtures("at_once")
def test_nothing_is_emptied_for_what_may_have_arrived_unheard(reader: Reading, walden: Highlight) -> None:
    reader.library.edit_highlight_in_app(walden.id, note="Once.")
    reader.export("--full")
    type_note(reader, "Walden.md", "Why", was="Once.")
    never_answered(reader)
    type_note(reader, "Walden.md", "", was="Why")
    assert reader.run("sync", "--json").json["edits"]["conflicts"] == 1
    assert walden.note == "Why" and "\n> Why\n" in reader.text("Walden.md")


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("arrives", [True, False])
@COMMANDS
def test_words_from_elsewhere_are_a_conflict_though_an_answer_was_lost(
    reader: Reading, walden: Highlight, command: str, arrives: bool
) -> None:
    type_note(reader, "Walden.md", "Why")
    never_answered(reader, arrives)
    reader.library.edit_highlight_in_app(walden.id, note="From elsewhere.")
    type_note(reader, "Walden.md", "Why the woods?", was="Why")
    assert reader.run(command, "--json").json["edits"]["conflicts"] == 1
    text = reader.text("Walden.md")
    assert CONFLICT in text and "From elsewhere." in text and "Why the woods?" in text
    assert walden.note == "From elsewhere."


@pytest.mark.usefixtures("at_once")
def test_once_other_news_have_come_what_was_sent_unheard_counts_no_more(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Why")
    never_answered(reader)
    type_note(reader, "Walden.md", "", was="Why")
    for words in ("From elsewhere.", "Why"):
        reader.library.edit_highlight_in_app(walden.id, note=words)
        if words == "Why":
            type_note(reader, "Walden.md", "Mine", was="From elsewhere.")
        reader.run("sync")
    assert CONFLICT in reader.text("Walden.md") and walden.note == "Why"


def test_news_of_what_was_sent_replace_it_where_nobody_typed_on(reader: Reading, walden: Highlight) -> None:
    type_note(reader, "Walden.md", "Why")
    killed_once_sent(reader)
    reader.library.edit_highlight_in_app(walden.id, note="From elsewhere.")
    assert reader.run("sync", "--json").json["edits"]["conflicts"] == 0
    assert "- Note: From elsewhere.\n" in reader.text("Walden.md")
    quiet(reader)


def test_news_of_properties_that_were_sent_replace_those(reader: Reading, walden: Highlight) -> None:
    reader.write("Walden.md", reader.text("Walden.md").replace("tags: []\n", "tags: [woods, mine]\n"))
    killed_once_sent(reader)
    reader.library.edit_book(walden.book_id, tags=["ponds", "mine"])
    assert reader.run("sync", "--full", "--json").json["edits"]["sent"] == 0
    assert "tags: [mine, ponds]\n" in reader.text("Walden.md")
    assert {tag.name for tag in reader.library.books[walden.book_id].tags} == {"ponds", "mine"}
    quiet(reader)


def test_who_never_pauses_is_heard_again_and_again_beside_fetches(reader: Reading, walden: Highlight) -> None:
    with watching(reader, paced(settle=0.3, longest=0.9, pull=0.4)) as watch:
        with typing(reader, 0.07):
            for _ in range(4):
                watch.hears("sent", "Walden.md")
        within(lambda: f"- Note: {walden.note}\n" in reader.text("Walden.md"))
        assert watch.said("conflict", "trouble") == []


def before_effect(reader: Reading, effect: str, happens: Callable[[], Any], *args: str) -> Run:
    """Run a command, and have something happen before the first such effect of it."""
    left = [happens]

    def observer(name: str) -> None:
        if name == effect and left:
            left.pop()()

    with observed(observer):
        return reader.run(*args, "--json")


@pytest.mark.parametrize("command", ["export", "sync"])
def test_a_note_moved_while_a_run_is_at_work_is_no_error(reader: Reading, walden: Highlight, command: str) -> None:
    type_note(reader, "Walden.md", "Why")
    reader.library.tag(walden, "woods")
    reader.library.edit_highlight_at_source(walden.id, text="I went to the ponds.")

    def moved() -> None:
        (reader.vault / "Walden.md").rename(reader.vault / "Ponds.md")

    run = before_effect(reader, "http.request", moved, command)
    assert (run.code, run.json["errors"]) == (0, [])
    reader.run("sync", "--full")
    assert "> I went to the ponds.\n" in reader.text("Ponds.md") and "- Note: Why\n" in reader.text("Ponds.md")
    assert walden.note == "Why" and reader.paths() == ["Ponds.md"]
