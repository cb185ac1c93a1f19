"""A watcher that is killed at any moment, again and again, while both sides change: one start makes all of it good."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.export_case import Reading, reader
from tests.forked_case import can_fork, forked
from tests.test_push import type_note
from tests.watch_case import QUICK, paced, watching, within
from vaultsync.commands.watch import watched
from vaultsync.simulator.records import Book, Highlight
from vaultsync.storage.lock import is_watched
from vaultsync.watching.watch import Manner
from vaultsync.workspace import Stand

__all__ = ["reader"]

pytestmark = pytest.mark.on_disk
KILLS = 20
# How long a watcher lives at most after its first request, in times of what it took to that: enough to fetch and send.
LONGEST = 3.0
PACE = paced(settle=0.02, longest=0.2, pull=0.08, tick=0.05)


@dataclass
class Life:
    """What happens to notes and account while watchers come and go.

    typed: what each highlight's note is to say in the end. own: lines of the user's. sent: every PATCH as it came.
    """

    reader: Reading
    chance: random.Random
    typed: dict[int, str] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)
    sent: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shelves = {"Typed": 5, "Told": 3, "Both": 2}
        self.books = {
            shelf: [self._book(f"{shelf} {number}") for number in range(books)] for shelf, books in shelves.items()
        }
        self.untyped = [(book, one) for book in self.books["Typed"] for one in book.highlights]
        self.reader.export()
        type_note(self.reader, "Both 0.md", "Finds out what can be edited in the template, which takes a while.")
        self.reader.run("push")
        log = self.reader.simulator.log
        add = log.add

        def noted(request: Any, code: int, fault: str) -> None:
            add(request, code, fault)
            if request.method == "PATCH":
                self.sent.append((request.path, request.body))

        log.add = noted  # type: ignore[method-assign,assignment]

    def _book(self, title: str) -> Book:
        book, _ = self.reader.book(title, *(f"{title}, passage {number}" for number in range(4)))
        return book

    def goes_on(self, seconds: float) -> None:
        """Type here, change something there, for so long. Each passage is typed into once."""
        until = time.monotonic() + seconds
        if self.untyped:
            self._type(*self.untyped.pop())
        while time.monotonic() < until:
            shelf = self.chance.choice(["Told", "Both", "Typed", "Both"])
            book = self.chance.choice(self.books[shelf])
            if shelf != "Typed":
                self.reader.library.add_highlight(book, f"Told {self.chance.random()}")
            if shelf != "Told":
                self.own.append(f"Mine {len(self.own)}.")
                self._save(book, lambda text: f"{text}{self.own[-1]}\n")
            time.sleep(min(self.chance.uniform(0.0, 0.03), max(0.0, until - time.monotonic())))

    def _type(self, book: Book, one: Highlight) -> None:
        self.typed[one.id] = f"Typed {one.id}"
        self._save(book, lambda text: re.sub(rf"(\^rw{one.id}\n\n- Note:).*", rf"\1 Typed {one.id}", text))

    def _save(self, book: Book, change: Any) -> None:
        path = self.reader.vault / f"{book.title}.md"
        path.write_text(change(path.read_text()))

    def has_sent_more(self, before: int) -> bool:
        return len(self.sent) > before

    def has_arrived(self) -> bool:
        """Whether both sides say what they are to say in the end."""
        notes = {one.id: one.note for book in self.books["Typed"] for one in book.highlights}
        told = all(
            self.reader.text(f"{book.title}.md").count(f"^rw{one.id}\n") == 1
            for book in self.books["Told"]
            for one in book.highlights
        )
        return told and all(notes[name] == said for name, said in self.typed.items())


def _watches(reader: Reading) -> int:
    """Watch, in one process."""
    manner = Manner(settle=PACE.settle, pull_interval=PACE.pull, pace=PACE, stand=Stand())
    return watched(reader.vault, lambda _: None, manner)


def has_asked(reader: Reading, before: int) -> bool:
    return len(reader.simulator.log) > before


@pytest.mark.skipif(not can_fork, reason="wants a system that forks")
def test_twenty_kills_of_a_watcher_while_both_sides_change_end_well(reader: Reading) -> None:
    chance = random.Random(9)
    life = Life(reader, chance)
    took = 0.1
    for number in range(KILLS):
        asked, began, sent = len(reader.simulator.log), time.monotonic(), len(life.sent)
        with forked(partial(_watches, reader)) as child:
            if chance.random() < 0.8:  # the others are killed while they start
                within(partial(has_asked, reader, asked))
                took = time.monotonic() - began
            life.goes_on(chance.uniform(0.0, LONGEST * took))
            if number % 4 == 3:  # however slow the machine: some live long enough
                within(partial(life.has_sent_more, sent))
            assert not child.ended(), "it ended by itself"
    assert not is_watched(reader.state)
    assert len(life.sent) >= KILLS // 4

    with watching(reader, QUICK) as watch:
        within(life.has_arrived)
        within(lambda: reader.run("sync").code == 0)
    assert watch.said("trouble") == []
    files = [path for path in reader.vault.rglob("*") if path.is_file()]
    lines = {line for path in files for line in path.read_text().splitlines()}
    assert [line for line in life.own if line not in lines] == [], "a save has vanished"
    assert len(set(life.sent)) == len(life.sent) == len(life.typed) == KILLS, "an edit was sent twice"
    assert [path.name for path in files if path.name.startswith(".")] == [], "something is left over"
    status = reader.run("status", "--json").json
    assert (status["conflicts"], status["unsent"], status["refused"], status["watching"]) == ([], [], [], None)
