"""One account and one vault that are changed from both sides, for as long as it takes; see test_machine.py.

Every word that anybody writes is a token of its own, "u17q": a letter for what it is ("u" for what the vault's user
writes), a number, and "q" so that none is the beginning of another. What became of a word is a search for it.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest

from tests.command_case import be_nobody
from tests.export_case import TEMPLATE, Reading, Run
from tests.machine_edits import Lines, anchors, opened, typed, value
from tests.stop_case import Counter, Stopped, observed
from vaultsync import cli
from vaultsync.rendering import templates
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.records import Book, Highlight

TOKEN = re.compile(r"[a-z]\d+q")
_SHIPPED = Path(__file__).parent.parent / "templates"
_ITEMS = """\
---
title: {{ document.title }}
tags: {{ document.tags }}
---
# {{ document.title }}

{% for h in document.highlights %}
{% highlight h %}
- {{ h.text | indent }} {{ h.anchor }}
  - Note: {{ h.note | indent(4) }}
  - Tags: {{ h.tags | hashtags }}
{% endhighlight %}
{% endfor %}
"""
_QUOTES = (
    TEMPLATE,
    TEMPLATE.replace("Note:", "Thought:"),
    TEMPLATE.replace("- Tags:", "- Color: {{ h.color }}\n- Topics:").replace(
        "# {{", "By: {{ document.author }}\n\n# {{"
    ),
    TEMPLATE.replace("{% for", "## Highlights\n\n{% for") + "\nThe end.\n",
    TEMPLATE.replace("tags:", 'author: "{{ document.author }}"\ntags:').replace("anchor }}\n\n", "anchor }}\n"),
)
_CALLOUTS = (_SHIPPED / "callouts/document.md").read_text()
_DEFAULT = (_SHIPPED / "default/document.md").read_text()
# A person keeps to one kind, and changes it here and there.
TEMPLATES = (
    _QUOTES,
    (_ITEMS, _ITEMS.replace("Note:", "Thought:"), _ITEMS.replace("{% for", "## Highlights\n\n{% for")),
    (_DEFAULT, _DEFAULT.replace("## Highlights", "## Passages")),
    (_CALLOUTS, _CALLOUTS.replace("## Highlights", "## Passages")),
)
_ID = re.compile(r'^vaultsync_id: "?readwise:(\d+)"?\r?$', re.MULTILINE)
# Within a transaction, or before a run looks at the vault, or once it has done all, a moment is like the one beside.
_MOMENT = re.compile(r"http\.request|state\.commit|vault\..*")
# What happens before which effect of a run, by number.
Effects = Mapping[int, Callable[[], None]]
_tried: dict[str, templates.Ready] = {}


class Failed(BaseException):
    """A law that was broken while a run was at work, in whose eyes it is none of its errors."""


class Person(Reading):
    """A person whose commands are heard without pytest."""

    def run(self, *args: str) -> Run:
        """Run a command line."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main(list(args))
        return Run(code, out.getvalue(), err.getvalue())


class World:
    """An account and a vault, with nothing in them; to be closed. kind: of templates."""

    def __init__(self, kind: int = 0) -> None:
        self._patch = pytest.MonkeyPatch()
        memory = Path("/dev/shm")
        self._folder = TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)
        folder = Path(self._folder.name)
        be_nobody(self._patch, folder)
        self._patch.setattr(templates, "ready", _ready_once(templates.ready))
        self.library = Library()
        self.simulator = Simulator(self.library, limits=False).__enter__()
        self._patch.setenv("READWISE_TOKEN", self.simulator.token)
        self._patch.setenv("VAULTSYNC_VAULT", str(folder / "vault"))
        (folder / "vault/T").mkdir(parents=True)
        nobody = cast("pytest.CaptureFixture[str]", None)  # a Person hears for itself
        self.person = Person(self.library, self.simulator, folder / "vault", nobody)
        self.person.configure(source='documents = "none"')
        self._templates = TEMPLATES[kind % len(TEMPLATES)]
        self.use_template(0)
        self._state, self._kept = self.person.state, folder / "kept"
        self._words, self._saved = 0, time.time_ns()
        self.by_renaming = False

    def close(self) -> None:
        """Leave nothing behind."""
        self.simulator.__exit__()
        self._patch.undo()
        self._folder.cleanup()

    def word(self, kind: str) -> str:
        """A word nobody has written yet."""
        self._words += 1
        return f"{kind}{self._words}q"

    # The vault.

    def notes(self) -> dict[str, str]:
        """Every note by its path."""
        return {path: self.person.text(path) for path in self.person.paths()}

    def homes(self) -> dict[int, str]:
        """The path of every book's note, by the book's id."""
        return {book: path for path, text in self.notes().items() for book in home_of(text)}

    def blocks(self) -> list[tuple[str, str]]:
        """Every block, by the path of the note it stands in and its anchor."""
        return [(path, anchor) for path, text in self.notes().items() for anchor in anchors(text)]

    def shown(self, anchor: str, field: str) -> Lines | None:
        """A value of a highlight as the first block in the vault has it; None if none has."""
        text = next((text for text in self.notes().values() if anchor in anchors(text)), None)
        return None if text is None else value(opened(text), anchor, field)

    def everything(self) -> set[tuple[Any, ...]]:
        """Every file with its bytes, time and inode, and every row of state."""
        return {(path, *told) for path, told in self.person.files().items()} | set(self.person.rows())

    def save(self, path: str, text: str) -> None:
        """Save a note, as its editor does. No two saves have the same time, as those of a person have not."""
        written = f"{path}~" if self.by_renaming else path
        self.person.write(written, text)
        self._saved = max(self._saved + 1_000, time.time_ns())
        os.utime(self.person.vault / written, ns=(self._saved, self._saved))
        (self.person.vault / written).replace(self.person.vault / path)

    def edit(self, path: str, change: Callable[[Lines], Lines]) -> None:
        """Open a note, edit it, save it."""
        self.save(path, typed(self.person.text(path), change))

    def use_template(self, number: int) -> None:
        """Write another template."""
        (self.person.vault / "T/document.md").write_text(self._templates[number % len(self._templates)])

    # Runs.

    def run(self, *args: str, before: Effects | None = None) -> Run:
        """Run a command to its end, which is nothing worse than something to decide.

        before: what happens right before which of its effects, if it gets there. What ends it has -1 for its exit code.
        """
        counters = [Counter(number, _unheard(happens)) for number, happens in (before or {}).items()]

        def observer(name: str) -> None:
            for counter in counters if _MOMENT.fullmatch(name) else ():
                counter(name)

        with observed(observer), suppress(Stopped):
            run = self.person.run(args[0], "--json", *args[1:])
            assert run.code in (0, 3), (run.code, run.out, run.err)
            return run
        return Run(-1, "", "")

    def keep_state(self) -> None:
        """Make a backup of the state."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._state, self._kept)

    def restore_state(self) -> bool:
        """Put the backup back, if there is one."""
        if self._kept.is_dir():
            shutil.rmtree(self._state)
            shutil.copytree(self._kept, self._state)
        return self._kept.is_dir()

    def lose_state(self) -> None:
        """Delete the state."""
        for file in self._state.glob("state.sqlite3*"):
            file.unlink()

    # The account.

    def books(self) -> list[Book]:
        """The books that are not deleted."""
        return [book for book in self.library.books.values() if not book.deleted]

    def highlights(self) -> list[Highlight]:
        """The highlights that are not deleted."""
        return [highlight for book in self.books() for highlight in book.live]

    def said(self) -> set[str]:
        """Every line of a note or of a passage that was marked in the vault, and every tag that the source has."""
        highlights = [one for book in self.library.books.values() for one in book.highlights]
        tags = [tag.name for one in highlights for tag in one.tags]
        tags += [tag.name for book in self.library.books.values() for tag in book.tags]
        marked = [one.text for one in highlights if "is marked" in one.text]
        return {*tags, *marked, *(line for one in highlights for line in one.note.split("\n"))}

    def passages(self) -> list[str]:
        """The text of every highlight the source has."""
        return [one.text for one in self.highlights()]


def stop() -> None:
    """End a run."""
    raise Stopped


def _unheard(does: Callable[[], None]) -> Callable[[], None]:
    """Do it so that what fails in it is no failure of the run it happens in."""

    def done() -> None:
        try:
            does()
        except Exception as error:
            raise Failed(str(error)) from error

    return done


def home_of(text: str) -> list[int]:
    """The books whose note this is: one, or none."""
    return [int(book) for book in _ID.findall(text)]


def _ready_once(ready: Callable[..., templates.Ready]) -> Callable[..., templates.Ready]:
    """Trying a template takes longer than all the rest of a run, and depends on nothing else."""

    def once(found: templates.Templates, filters: Any) -> templates.Ready:
        key = repr(found)
        return _tried.get(key) or _tried.setdefault(key, ready(found, filters))

    return once
