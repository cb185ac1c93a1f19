"""Both sides changed at random, runs stopped, state lost: no word is lost, all news arrive, nothing comes twice.

MACHINE=500 in the environment tells so many stories instead of few; so does `python -m tests.test_machine 500`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests import machine_edits as edits
from tests.export_case import Run
from tests.machine_case import Effects, World, home_of, stop
from tests.machine_ledger import ANCHOR, COPY, Ledger, Snapshot
from tests.machine_source import BOOK_NEWS, HIGHLIGHT_NEWS, add_book
from vaultsync.merging.conflicts import LINES

FEW, STEPS = 8, 20
NUMBER = st.integers(0, 99)
BLOCK_MOVES = ["move", "copy", "delete", "unanchor"]
NOTE_MOVES = [*sorted(edits.TEXT_EDITS), "rename", "folder", "delete"]
RUNS = ["export", "push", "sync"]
FULL = ("--full", "--allow-removals")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., None])
# What each of both sides does, by the rule that tells of it: between two runs, or while one is at work.
DEEDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "writes_in_a_block": {"what": st.sampled_from(sorted(edits.BLOCK_EDITS)), "where": NUMBER, "at": NUMBER},
    "writes_around": {"what": st.sampled_from(sorted(edits.NOTE_EDITS)), "where": NUMBER, "at": NUMBER},
    "marks_a_passage": {"where": NUMBER, "at": NUMBER},
    "arranges_a_block": {"what": st.sampled_from(BLOCK_MOVES), "where": NUMBER, "to": NUMBER, "at": NUMBER},
    "cuts_or_pastes_a_block": {"where": NUMBER, "to": NUMBER, "at": NUMBER},
    "arranges_a_note": {"what": st.sampled_from(NOTE_MOVES), "where": NUMBER, "at": NUMBER},
    "source_changes_a_highlight": {"what": st.sampled_from(sorted(HIGHLIGHT_NEWS)), "where": NUMBER},
    "source_changes_a_book": {"what": st.sampled_from([*sorted(BOOK_NEWS), "new"]), "where": NUMBER},
}
DEED = st.one_of([st.tuples(st.just(name), st.fixed_dictionaries(how)) for name, how in DEEDS.items()])


def deed(name: str) -> Callable[[F], F]:
    """The rule for what is done between two runs."""
    return cast("Callable[[F], F]", rule(**cast(Any, DEEDS[name])))


def pick(options: Sequence[T], number: int) -> T:
    """One of some things."""
    return options[number % len(options)]


class Machine(RuleBasedStateMachine):
    """A person with two books and a page of their own.

    whole: nothing has gone wrong so far. cut: what they hold. _before: the notes before a run, or after a deed in it.
    """

    whole = False
    cut: tuple[str, list[str]] | None = None
    _before: Snapshot

    @initialize(kind=st.integers(0, 9))
    def begins(self, kind: int) -> None:
        self.world = World(kind)
        self.ledger = Ledger(self.world)
        self.world.save("Own.md", f"---\nmine: {self.world.word('u')}\n---\n{edits.line(self.world.word('u'))}\n")
        for highlights in (2, 1):
            add_book(self.world, self.ledger, highlights)
        self.hears_everything()

    def teardown(self) -> None:
        """A story ends with everything heard, unless it has ended badly before."""
        try:
            if self.whole:
                self.hears_everything()
        finally:
            if hasattr(self, "world"):
                self.world.close()

    # The vault's user.

    @deed("writes_in_a_block")
    def writes_in_a_block(self, what: str, where: int, at: int) -> None:
        if not (blocks := self.world.blocks()):
            return
        path, anchor = pick(blocks, where)
        field, edit = edits.BLOCK_EDITS[what]
        words = self.world.word("u"), self.world.word("u"), self.world.word("u")
        self.ledger.touched[anchor].add(field)
        self._by_user(lambda: self.world.edit(path, lambda lines: edit(lines, anchor, at, words)))

    @deed("writes_around")
    def writes_around(self, what: str, where: int, at: int) -> None:
        if not (paths := self.world.person.paths()):
            return
        path, word = pick(paths, where), self.world.word("u")
        field, edit = edits.NOTE_EDITS[what]
        for book, home in self.world.homes().items():
            if home == path and field:
                self.ledger.touched[f"readwise:{book}"].add(field)
        self._by_user(lambda: self.world.edit(path, lambda lines: edit(lines, at, word)))

    @deed("marks_a_passage")
    def marks_a_passage(self, where: int, at: int) -> None:
        if homes := sorted(self.world.homes().values()):
            words = self.world.word("u"), self.world.word("u"), self.world.word("u")
            self._by_user(lambda: self.world.edit(pick(homes, where), lambda lines: edits.marked(lines, at, words)))

    @deed("arranges_a_block")
    def arranges_a_block(self, what: str, where: int, to: int, at: int) -> None:
        if not (blocks := self.world.blocks()):
            return
        path, anchor = pick(blocks, where)
        target = pick([*self.world.person.paths(), *[path] * 3], to)
        touched = {"unanchor": {LINES, ANCHOR}, "copy": {COPY}}
        self.ledger.touched[anchor] |= touched.get(what, set())
        if what == "unanchor":
            self._by_user(lambda: self.world.edit(path, lambda lines: edits.unanchored(lines, anchor)))
        else:
            self._by_user(lambda: self._take(what, path, anchor, pick([target, ""], what == "delete"), at))

    @deed("cuts_or_pastes_a_block")
    def cuts_or_pastes_a_block(self, where: int, to: int, at: int) -> None:
        """What happens between the two is anything."""
        if self.cut is not None:
            (anchor, lines), self.cut = self.cut, None
            self.ledger.came_back(anchor)
            if paths := self.world.person.paths():
                self._by_user(lambda: self._put(pick(paths, to), lines, at))
        elif blocks := self.world.blocks():
            path, anchor = pick(blocks, where)
            lines = edits.opened(self.world.person.text(path))
            there = edits.block(lines, anchor)
            self.cut = anchor, lines[there]
            self._by_user(lambda: self.world.edit(path, lambda lines: edits.without(lines, there)))

    @rule(where=NUMBER, at=NUMBER)
    def saves_half_a_note_first(self, where: int, at: int) -> None:
        """A run comes between the two halves of a save."""
        paths = self.world.person.paths()
        text = self.world.person.text(pick(paths, where)) if paths else ""
        lines = edits.opened(text)
        rest = len(lines) - edits.body(lines)
        if not paths or rest < 2 or not text.endswith("\n"):  # a half line is told as such, and waits
            return
        path, half = pick(paths, where), lines[: edits.body(lines) + 1 + at % (rest - 1)]
        # The block at the cut, or the document's own: the rest of it takes back what it missed (guarantees.md, 1).
        torn = (edits.anchors("\n".join(half)) or [f"readwise:{book}" for book in home_of(text)])[-1:]
        # A conflict that was not in the half is known again once the note has news, or at the next push.
        self.ledger.forgotten |= "vaultsync_conflicts" in text
        # What a run told meanwhile in the properties is taken back, too.
        self.ledger.put_back |= {f"readwise:{book}" for book in home_of(text)}
        for owner in torn:
            self.ledger.touched[owner] |= {"text", "note", "tags", "color", "title", "author", LINES}
        self._by_user(lambda: self.world.edit(path, lambda _: half))
        self.syncs()
        for anchor in set(edits.anchors(text)) - set(edits.anchors("\n".join(half))):
            self.ledger.came_back(anchor)
        self._by_user(lambda: self.world.save(path, text))

    @rule(side=st.sampled_from(["--ours", "--theirs"]), where=NUMBER)
    def answers_all(self, side: str, where: int) -> None:
        if homes := sorted(self.world.homes().values()):
            before = self.ledger.snapshot()
            assert self.world.person.run("resolve", pick(homes, where), side).code in (0, 2, 3)
            self.ledger.user_did(before)

    @rule(where=NUMBER)
    def restores(self, where: int) -> None:
        if homes := sorted(self.world.homes().values()):
            before = self.ledger.snapshot()
            assert self.world.person.run("restore", pick(homes, where)).code in (0, 2, 3)
            for anchor in self.ledger.snapshot().anchors() - before.anchors():
                self.ledger.returned.add(anchor)
            self.ledger.user_did(before)

    @rule()
    def undoes(self) -> None:
        before = self.ledger.snapshot()
        assert self.world.person.run("undo").code in (0, 3)
        self.ledger.undone(before)

    def _take(self, what: str, path: str, anchor: str, target: str, at: int) -> None:
        lines = edits.opened(self.world.person.text(path))
        there = edits.block(lines, anchor)
        if what != "copy":
            self.world.edit(path, lambda lines: edits.without(lines, there))
        if target:
            self._put(target, lines[there], at)

    def _put(self, path: str, block: Sequence[str], at: int) -> None:
        put = ["", *block, ""]
        self.world.edit(path, lambda lines: edits.with_lines(lines, edits.gap(lines, at), put))

    @deed("arranges_a_note")
    def arranges_a_note(self, what: str, where: int, at: int) -> None:
        if not (paths := self.world.person.paths()):
            return
        path = pick(paths, where)
        if what in edits.TEXT_EDITS:
            text = edits.TEXT_EDITS[what](self.world.person.text(path), at)
            self._by_user(lambda: self.world.save(path, text))
        elif what == "delete":
            self.ledger.forgotten |= "vaultsync_conflicts" in self.world.person.text(path)
            self._by_user((self.world.person.vault / path).unlink)
        else:
            self._by_user(lambda: self._move(path, folder=what == "folder"))

    def _move(self, path: str, *, folder: bool) -> None:
        vault, word = self.world.person.vault, self.world.word("f")
        to = vault / word / path.rpartition("/")[2] if folder else (vault / path).with_name(f"{word}.md")
        to.parent.mkdir(exist_ok=True)
        (vault / path).rename(to)

    def _by_user(self, does: Callable[[], object]) -> None:
        before = self.ledger.snapshot()
        does()
        self.ledger.user_did(before)

    # The source, templates and state.

    @deed("source_changes_a_highlight")
    def source_changes_a_highlight(self, what: str, where: int) -> None:
        if highlights := self.world.highlights():
            HIGHLIGHT_NEWS[what](self.world, self.ledger, pick(highlights, where))

    @deed("source_changes_a_book")
    def source_changes_a_book(self, what: str, where: int) -> None:
        books = self.world.books()
        if what == "new" or not books:
            add_book(self.world, self.ledger, 1 + where % 2)
        else:
            BOOK_NEWS[what](self.world, self.ledger, pick(books, where))

    @rule(number=NUMBER)
    def changes_the_template(self, number: int) -> None:
        self.world.use_template(number)
        self.ledger.template_changed()

    @rule()
    def keeps_a_copy_of_state(self) -> None:
        self.world.keep_state()

    @rule(restored=st.booleans())
    def loses_state(self, restored: bool) -> None:
        if restored and not self.world.restore_state():
            return
        if not restored:
            self.world.lose_state()
        self.ledger.state_lost()
        self.ledger.forgotten |= restored

    # Runs.

    @rule()
    def exports(self) -> None:
        self._checked(self.ledger.check_ended, "export")

    @rule()
    def syncs(self) -> None:
        self._checked(self.ledger.check_sent, "sync")

    @rule()
    def hears_everything(self) -> None:
        run = self._checked(self.ledger.check_all_heard, "export", *FULL)
        if run.code:  # what an open conflict tells may be told in other words once more
            self.world.run("export", "--full")
        self._changes_nothing("export", "--full")

    @rule()
    def syncs_until_done(self) -> None:
        for check in (self.ledger.check_sent, self.ledger.check_converged):
            self._checked(check, "sync", *FULL)

    @rule(number=st.integers(1, 20), command=st.sampled_from(["export", "sync"]))
    def is_stopped(self, number: int, command: str) -> None:
        self._checked(self.ledger.check_stopped, command, before={number: stop})

    @rule(
        what=DEED,
        number=st.integers(1, 15),
        command=st.sampled_from(RUNS),
        more=st.integers(-9, 9),
        renaming=st.booleans(),
    )
    def goes_on_while_a_run_is_at_work(
        self, what: tuple[str, dict[str, Any]], number: int, command: str, more: int, renaming: bool
    ) -> None:
        """renaming: as some editors save. more: after so many effects more the run is stopped; never if below 1."""
        name, how = what

        def happens() -> None:
            self.ledger.check_so_far(self._before)
            getattr(self, name)(**how)
            self._before = self.ledger.snapshot()

        self.world.by_renaming = renaming
        ending: Effects = {number + more: stop} if more > 0 else {}
        self._checked(self.ledger.check_disturbed, command, before={number: happens, **ending})
        self.world.by_renaming = False

    @rule()
    def rehearses(self) -> None:
        told = self._changes_nothing("export", "--dry-run")
        done = self._checked(self.ledger.check_ended, "export")
        assert told.json["changes"] == done.json["changes"]

    def _checked(self, check: Callable[[Snapshot, Run], None], *args: str, before: Effects | None = None) -> Run:
        """Run a command and look at what has become of everything. before: what happens before which of its effects."""
        self._before = self.ledger.snapshot()
        self.whole = False
        run = self.world.run(*args, before=before)
        check(self._before, run)
        self.whole = True
        return run

    def _changes_nothing(self, *args: str) -> Run:
        """Run a command that must change no byte, no time of a file and no row."""
        before = self.world.everything()
        self.whole = False
        run = self.world.run(*args)
        after = self.world.everything()
        assert (before - after, after - before) == (set(), set())
        self.whole = True
        return run


def tell(stories: int, *, again: bool) -> None:
    """Tell so many stories; the first that ends badly is told as shortly as it can be. again: the same every time."""
    told = settings(
        max_examples=stories,
        stateful_step_count=STEPS,
        derandomize=again,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=told)


def test_no_word_is_lost_and_all_news_arrive_whatever_happens_in_whatever_order() -> None:
    stories = int(os.environ.get("MACHINE", "0"))
    tell(stories or FEW, again=not stories)


if __name__ == "__main__":
    tell(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, again=False)
