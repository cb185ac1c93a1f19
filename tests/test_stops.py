"""A run that is stopped at any of its effects, run again, ends as one that was never stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.stop_case import Scene, can_fork
from vaultsync import templates

__all__ = ["reader"]

_PARTS = 2


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a thousand runs on a disk take minutes."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def templates_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying a template has no effect on the world, and takes longer than all the rest of a run."""
    tried: dict[str, templates.Ready] = {}
    ready = templates.ready

    def once(found: templates.Templates, filters: Any) -> templates.Ready:
        key = repr(found)
        return tried.get(key) or tried.setdefault(key, ready(found, filters))

    monkeypatch.setattr(templates, "ready", once)


def _account(reader: Reading) -> dict[str, int]:
    """Books whose titles collide, a document that was highlighted, and one that was not."""
    reader.configure(source='documents = "all"\nlocations = ["new", "later"]')
    books = {title: reader.book(title, "one", "two")[0].id for title in ("Walden", "Essays", "ESSAYS", "Gone", "Mine")}
    noise = reader.library.add_reader_document("On Noise", location="later")
    reader.library.highlight_in_reader(noise.id, "Quiet is a material.")
    reader.library.add_reader_document("Unread", location="later")
    reader.library.add_reader_document("Fading", location="new")
    return books


def first_export(reader: Reading) -> Scene:
    """Nothing was ever exported."""
    _account(reader)
    reader.write("Walden.md", "My own page about Walden.\n")
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
    reader.type("Mine.md")
    (reader.vault / "Woods").mkdir()
    (reader.vault / "Walden.md").rename(reader.vault / "Woods/My Walden.md")
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


SCENES = [first_export, second_export, sweep]
# Without a farewell nothing tells these from the effects that follow; an exception is tried at each.
ALIKE = {f"state.{word}" for word in ("begin", "insert", "update", "delete", "savepoint", "release")} | {"http.request"}


def _differences(reader: Reading, stage: Callable[[Reading], Scene], stop: str, part: int) -> list[str]:
    """The effects before which a stop shows in the end. part: of all effects, so that they are tried side by side."""
    scene = stage(reader)
    names = scene.effects()
    expected = scene.outcome()
    numbers = [number for number, name in enumerate(names, 1) if stop == "stopped" or name not in ALIKE]
    differing = []
    for number in numbers[part::_PARTS]:
        scene.set_up()
        getattr(scene, stop)(number)
        code = scene.run()
        if code or scene.outcome() != expected:
            differing.append(f"{number} of {len(names)}: {names[number - 1]} (exit {code})")
    return differing


def _every(test: Any) -> Any:
    return pytest.mark.parametrize("part", range(_PARTS))(pytest.mark.parametrize("stage", SCENES)(test))


@_every
def test_stopped_by_an_exception_at_any_effect(reader: Reading, stage: Callable[[Reading], Scene], part: int) -> None:
    assert _differences(reader, stage, "stopped", part) == []


@pytest.mark.skipif(not can_fork, reason="needs a process that can be copied")
@_every
def test_ended_without_a_farewell_at_any_effect(reader: Reading, stage: Callable[[Reading], Scene], part: int) -> None:
    assert _differences(reader, stage, "ended", part) == []


@_every
def test_power_failing_at_any_effect(reader: Reading, stage: Callable[[Reading], Scene], part: int) -> None:
    assert _differences(reader, stage, "powerless", part) == []


@_every
def test_what_a_stopped_run_wrote_is_not_taken_for_its_users_words(
    reader: Reading, stage: Callable[[Reading], Scene], part: int
) -> None:
    scene = stage(reader)

    def runs_after_a_change_of_template() -> dict[str, Any]:
        template = reader.vault / "T/document.md"
        text = template.read_text()
        template.unlink()
        template.write_text(text.replace("Note", "Thought"))
        assert scene.run() == 0
        return scene.outcome()

    names = scene.effects()
    expected = runs_after_a_change_of_template()
    differing = []
    numbers = [number for number, name in enumerate(names, 1) if name not in ALIKE]
    for number in numbers[part::_PARTS]:
        scene.set_up()
        scene.stopped(number)
        if runs_after_a_change_of_template() != expected:
            differing.append(f"{number} of {len(names)}: {names[number - 1]}")
    assert differing == []
