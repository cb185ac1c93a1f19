"""A run that is stopped at any of its effects, run again, ends as one that was never stopped."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.forked_case import can_fork
from tests.stop_case import Scene

__all__ = ["reader"]

_PARTS = 2


def _account(reader: Reading) -> dict[str, int]:
    """Books whose titles collide, a document that was highlighted, and one that was not."""
    path = "In/{{ document.category }}/{{ document.title }}.md"
    reader.configure(source=f'documents = "all"\nlocations = ["new", "later"]\npath = "{path}"')
    books = {title: reader.book(title, "one", "two")[0].id for title in ("Walden", "Essays", "ESSAYS", "Gone", "Mine")}
    noise = reader.library.add_reader_document("On Noise", location="later")
    reader.library.highlight_in_reader(noise.id, "Quiet is a material.")
    reader.library.add_reader_document("Unread", location="later")
    reader.library.add_reader_document("Fading", location="new")
    return books


def first_export(reader: Reading) -> Scene:
    """Nothing was ever exported."""
    _account(reader)
    reader.write("In/books/Walden.md", "My own page about Walden.\n")
    return Scene(reader)


def second_export(reader: Reading) -> Scene:
    """Much has changed since the first: at the service, in the vault, and in the template."""
    books = _account(reader)
    reader.export()
    library = reader.library
    library.add_highlight(books["Walden"], "three")
    library.delete_highlight(library.books[books["Essays"]].highlights[0].id)
    library.edit_book(books["ESSAYS"], title="ESSAYS, revised")
    library.delete_book(books["Gone"])
    reader.book("Essays", "of another hand")
    unread = next(one for one in library.documents.values() if one.title == "Unread")
    library.highlight_in_reader(unread.id, "Now marked.")
    library.add_highlight(books["Mine"], "three")
    reader.type("In/books/Mine.md")
    (reader.vault / "Woods").mkdir()
    (reader.vault / "In/books/Walden.md").rename(reader.vault / "Woods/My Walden.md")
    (reader.vault / "T/document.md").write_text(TEMPLATE + "\nThe end.\n")
    return Scene(reader)


def sweep(reader: Reading) -> Scene:
    """A document is gone from Reader, where nothing is said of it; only a full listing tells."""
    books = _account(reader)
    reader.export()
    fading = next(one for one in reader.library.documents.values() if one.title == "Fading")
    reader.library.delete_reader_document(fading.id)
    reader.library.retag_in_app(reader.library.books[books["Essays"]].highlights[0].id, add=["quiet"])
    return Scene(reader, ("--full",))


def both_ways(reader: Reading) -> Scene:
    """Notes and tags were typed in the vault, other things changed at the service, one on both sides alike."""
    books = _account(reader)
    reader.export()
    library = reader.library
    for number, title in enumerate(("Walden", "Gone", "Mine")):
        path = f"In/books/{title}.md"
        typed = reader.text(path).replace("- Note: \n", f"- Note: typed {number}\n", 1)
        reader.write(path, typed.replace("- Tags: \n", "- Tags: #mine #yours\n", 1))
    library.edit_highlight_in_app(library.books[books["Mine"]].highlights[0].id, note="typed 2")
    library.edit_highlight_at_source(library.books[books["Walden"]].highlights[1].id, text="two, mended")
    library.quirks.tags_lower_cased = library.quirks.texts_trimmed = True
    reader.run("status")  # tries what can be edited in the template, once
    return Scene(reader, command="sync")


def reviewing(reader: Reading) -> Scene:
    """Notes and tags were typed in the day's review, one of them at the service as well."""
    books = _account(reader)
    reader.export()
    reader.run("review")
    [path] = [path for path in reader.paths() if path.startswith("Readwise/Reviews/")]
    typed = re.sub(r"(\^review-(\d+)\n\n- Note: )\n- Tags: \n", r"\1on \2\n- Tags: #mine\n", reader.text(path))
    reader.write(path, typed + "\nMine.\n")
    library = reader.library
    first, *_ = (library.highlight(int(id_)) for id_ in re.findall(r"\^review-(\d+)", typed))
    library.edit_highlight_in_app(first.id, note=f"on {first.id}")
    reader.type("In/books/Mine.md")
    library.edit_highlight_at_source(library.books[books["Mine"]].highlights[1].id, text="two, mended")
    library.quirks.tags_lower_cased = library.quirks.texts_trimmed = True
    reader.run("status")
    return Scene(reader, command="sync")


# Within a transaction one statement is as good a place to stop as the next, and nothing is under way before a request:
# these are left out to save time, except where STOP_EVERYWHERE is set, as it is in CI.
STATEMENTS = {f"state.{word}" for word in ("begin", "insert", "update", "delete", "savepoint", "release")}
EVERYWHERE = bool(os.environ.get("STOP_EVERYWHERE"))
QUIET = frozenset() if EVERYWHERE else STATEMENTS | {"http.request"}


def _stops(names: list[str], part: int, *, all_kinds: bool = False, sparse: bool = False) -> list[int]:
    """The effects to stop before: none of the quiet ones, or of those in a row the first. part: every so many-th.

    Unless everywhere, only every other one; sparse: every fourth, for laws that follow up on those.
    """
    pairs = enumerate(zip(["", *names], names, strict=False), 1)
    numbers = [at for at, (last, name) in pairs if name not in QUIET or (all_kinds and name != last)]
    return numbers[part::_PARTS] if EVERYWHERE else numbers[part :: (4 if sparse else 2) * _PARTS]


def _differences(reader: Reading, stage: Callable[[Reading], Scene], stop: str, part: int) -> list[str]:
    """The effects before which a stop still shows once the run was repeated."""
    scene = stage(reader)
    names = scene.effects()
    expected = scene.outcome()
    differing = []
    for number in _stops(names, part, all_kinds=stop == "stopped", sparse=stop == "powerless"):
        scene.set_up()
        getattr(scene, stop)(number)
        code = scene.run()
        if code or scene.outcome() != expected:
            differing.append(f"{number} of {len(names)}: {names[number - 1]} (exit {code})")
    return differing


def _in(*scenes: Callable[[Reading], Scene]) -> Callable[[Any], Any]:
    """Have a test run in each of these scenes, in parts."""
    part = pytest.mark.parametrize("part", range(_PARTS))
    return lambda test: part(pytest.mark.parametrize("stage", scenes)(test))


@_in(first_export, second_export, sweep, both_ways, reviewing)
def test_stopped_by_an_exception_at_any_effect(reader: Reading, stage: Callable[[Reading], Scene], part: int) -> None:
    assert _differences(reader, stage, "stopped", part) == []


@pytest.mark.skipif(not can_fork, reason="needs a process that can be copied")
@_in(*([first_export] if EVERYWHERE else []), second_export, sweep, both_ways, reviewing)
def test_ended_without_a_farewell_at_any_effect(reader: Reading, stage: Callable[[Reading], Scene], part: int) -> None:
    assert _differences(reader, stage, "ended", part) == []


@_in(first_export, second_export)
def test_power_failing_at_any_effect(reader: Reading, stage: Callable[[Reading], Scene], part: int) -> None:
    assert _differences(reader, stage, "powerless", part) == []


@_in(first_export, second_export)
def test_what_a_stopped_run_wrote_is_not_taken_for_its_users_words(
    reader: Reading, stage: Callable[[Reading], Scene], part: int
) -> None:
    scene = stage(reader)

    def run_with_another_template() -> dict[str, Any]:
        template = reader.vault / "T/document.md"
        text = template.read_text()
        template.unlink()
        template.write_text(text.replace("Note", "Thought"))
        assert scene.run() == 0
        return scene.outcome()

    names = scene.effects()
    expected = run_with_another_template()
    differing = []
    for number in _stops(names, part, sparse=True):
        scene.set_up()
        scene.stopped(number)
        if run_with_another_template() != expected:
            differing.append(f"{number} of {len(names)}: {names[number - 1]}")
    assert differing == []


@pytest.mark.parametrize("part", range(_PARTS))
def test_words_typed_after_a_stop_are_all_kept_and_the_news_arrive(reader: Reading, part: int) -> None:
    scene = second_export(reader)
    names = scene.effects()
    finished = {path: reader.text(path) for path in reader.paths()}
    for number in _stops(names, part, sparse=True):
        scene.set_up()
        scene.stopped(number)
        typed = {path: f"{reader.text(path)}\nTyped into {path}.\n" for path in reader.paths()}
        for path, text in typed.items():
            (reader.vault / path).unlink()  # it is a link to what is kept for the next time
            reader.write(path, text)
        assert scene.run() == 0
        for path, text in typed.items():
            # What the document's end brings is a property; else each line is there once, whoever wrote it.
            there = finished.get(path, text.removesuffix(f"\nTyped into {path}.\n") + "vaultsync_deleted: true")
            assert _lines(reader.text(path)) == sorted([*_lines(there), f"Typed into {path}."]), names[number - 1]


def _lines(text: str) -> list[str]:
    return sorted(line for line in text.split("\n") if line.strip())
