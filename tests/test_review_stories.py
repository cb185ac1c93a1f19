"""A review, the notes of its highlights and the account changed in any order: no word is lost, and all end alike.

Every word is a token of its own, "u17q" ("u": typed in the vault, "s": at the service), so that what became of it is a
search. REVIEW_STORIES=500 in the environment tells so many stories instead of few.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from tests.export_case import Reading, reader
from tests.stop_case import Counter, Stopped, observed
from tests.test_review import PATH
from vaultsync.merging.conflicts import cleared, found, masked

__all__ = ["reader"]

STORIES, STEPS = int(os.environ.get("REVIEW_STORIES", "6")), 25
TOKEN = re.compile(r"[us]\d+q")
NOTES = ("A.md", "B.md", PATH)


class Story:
    """One account and one vault, and what everybody has written so far."""

    def __init__(self, reader: Reading, seed: int) -> None:
        self.reader, self.chance = reader, Random(seed)
        self.words, self.prose = 0, set[str]()
        self.ids = [one.id for title in "AB" for one in reader.book(title, f"{title} one", f"{title} two")[1]]
        self.at_service = set[str]()
        reader.export()
        reader.run("review")

    def word(self, kind: str) -> str:
        self.words += 1
        return f"{kind}{self.words}q"

    # What is done.

    def types(self, field: str) -> None:
        """Type a value under a highlight, in its note or in the review."""
        path = self.chance.choice(NOTES)
        text, places = self.reader.text(path), re.compile(rf"(?m)^- {field}:(.*)$")
        spots = list(places.finditer(text))
        if not spots:
            return
        spot, word = self.chance.choice(spots), self.word("u")
        kept = spot[1] if self.chance.random() < 0.4 else ""
        value = f"{kept} #{word}" if field == "Tags" else f"{kept} {word}"
        if self.chance.random() < 0.15:
            value = " "
        self.reader.write(path, f"{text[: spot.start(1)]} {value.strip()}{text[spot.end(1) :]}")

    def writes_prose(self) -> None:
        path, word = self.chance.choice(NOTES), self.word("u")
        lines = self.reader.text(path).split("\n")
        gaps = [n for n, line in enumerate(lines) if not line and n > 6]
        lines[(at := self.chance.choice(gaps)) : at] = ["", f"Prose {word}.", ""]
        self.prose.add(word)
        self.reader.write(path, "\n".join(lines))

    def service_notes(self) -> None:
        self.reader.library.edit_highlight_in_app(self.chance.choice(self.ids), note=self.word("s"))

    def service_tags(self) -> None:
        self.reader.library.retag_in_app(self.chance.choice(self.ids), add=[self.word("s")])

    def answers(self) -> None:
        path = self.chance.choice(NOTES)
        self.reader.write(path, cleared(self.reader.text(path)))

    def runs(self) -> None:
        command = self.chance.choice(["sync", "sync", "push", "review", "export"])
        stop = self.chance.randrange(1, 120) if self.chance.random() < 0.3 else 0
        self.checked(command, stop=stop)

    def checked(self, *command: str, stop: int = 0) -> int:
        """Run, and look for every word that was in the vault before."""
        before = {path: self.reader.text(path) for path in self.reader.paths()}

        def end() -> None:
            raise Stopped

        code = -1
        with observed(Counter(stop, end)), suppress(Stopped):
            code = self.reader.run(*command).code
            assert code in (0, 3), self.reader.runs[-1]
        self.hears()
        for path, text in before.items():
            after = self.reader.text(path)
            lost = set(TOKEN.findall(masked(text))) - set(TOKEN.findall(after)) - self.at_service
            assert not lost, (command, path, lost, text, after)
            prose = [word for word in TOKEN.findall(masked(text)) if word in self.prose]
            assert [word for word in TOKEN.findall(masked(after)) if word in self.prose] == prose
        return code

    def hears(self) -> None:
        """Take down what the service has ever said: that may be changed there, and so here."""
        for one in (self.reader.library.highlight(id_) for id_ in self.ids):
            self.at_service |= set(TOKEN.findall(" ".join([one.note, *(tag.name for tag in one.tags)])))

    def ends(self) -> None:
        """Everything is answered and heard; then all say the same, and nothing is left to do."""
        for _ in range(4):
            for path in NOTES:
                self.reader.write(path, cleared(self.reader.text(path)))
            self.checked("sync", "--full", "--yes")  # two notes that are back at what they said are meant to be
            self.checked("review")
        for path in NOTES:
            assert not found(self.reader.text(path)), self.reader.text(path)
        for id_ in self.ids:
            one = self.reader.library.highlight(id_)
            for anchor in (f"^rw{id_}", f"^review-{id_}"):
                where = next(path for path in NOTES if f"\n{anchor}\n" in self.reader.text(path))
                below = self.reader.text(where).partition(f"\n{anchor}\n")[2]
                note, tags = (re.search(rf"(?m)^- {name}:(.*)$", below) for name in ("Note", "Tags"))
                assert note is not None and note[1].strip() == one.note, (anchor, below, one.note)
                assert tags is not None and {tag.name for tag in one.tags} == set(TOKEN.findall(tags[1]))
        files, rows = self.reader.files(), self.reader.rows()
        self.checked("sync", "--full")
        assert (self.reader.files(), self.reader.rows()) == (files, rows)


@pytest.mark.parametrize("seed", range(STORIES))
def test_no_word_is_lost_and_both_notes_end_alike(reader: Reading, seed: int) -> None:
    story = Story(reader, seed)
    does: list[Callable[[], None]] = [
        *[lambda: story.types("Note")] * 4,
        *[lambda: story.types("Tags")] * 2,
        *[story.writes_prose, story.service_notes, story.service_tags, story.answers],
        *[story.runs] * 5,
    ]
    for _ in range(STEPS):
        story.chance.choice(does)()
        story.hears()
    story.ends()
