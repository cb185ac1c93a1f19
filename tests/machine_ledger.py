"""What everybody wrote, and what must have become of it after a run: the oracle of test_machine.py."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from tests.export_case import Run
from tests.machine_case import TOKEN, World, home_of
from tests.machine_edits import anchors, is_own
from vaultsync.merging.conflicts import ENDING, LINES, PROPERTY, Callout, found, masked
from vaultsync.note import split
from vaultsync.simulator.records import Book, Highlight

# Ways to touch a block, beside its fields. Of two copies one is not kept up to date; once the other is gone, what it
# says is read as an edit.
COPY, ANCHOR = "copy", "anchor"
_NOT_TEXT = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
_ID_LINE = re.compile(r"^vaultsync_id:", re.MULTILINE)
_COUNT = re.compile(r"^vaultsync_conflicts: (\d+)\r?$", re.MULTILINE)
Key = tuple[str, str]
_MINE = re.compile(r"u\d+q(?: walks alone)?")


@dataclass(frozen=True)
class Snapshot:
    """The notes by path, at one moment."""

    notes: Mapping[str, str]

    def words(self) -> set[str]:
        """Every word in the vault."""
        return {token for text in self.notes.values() for token in TOKEN.findall(text)}

    def untold(self) -> set[str]:
        """Every word in the vault, but for what callouts tell."""
        return {token for text in self.notes.values() for token in TOKEN.findall(masked(text))}

    def anchors(self) -> Counter[str]:
        """How often each anchor stands in the vault."""
        return Counter(anchor for text in self.notes.values() for anchor in anchors(text))

    def homes(self) -> set[int]:
        """The books that have a note."""
        return {book for text in self.notes.values() for book in home_of(text)}

    def callouts(self) -> Counter[tuple[str, Callout]]:
        """Every callout of ours, by path, wherever in the note it stands and whatever it tells."""
        told = ((path, one) for path, text in self.notes.items() for one in found(text))
        return Counter((path, Callout(one.kind, one.field, one.block_id, "", 0, 0)) for path, one in told)


@dataclass
class Ledger:
    """Who wrote what.

    touched, changed: by anchor or "readwise:<book>", the fields its user touched, and the source since all news were
    heard. due: words of the source that have to arrive; loud: those that any run hears of, not only a full one.
    removed: words its user took out. shared: words of its user's that the source has said, too. seen: anchors that
    were in the vault; noted: books that had a note. trusted: state was not lost or rolled back since all news were
    heard. retemplated: since then, so were templates changed. stopped: the last run was; what it has written is not
    known yet, so what its user makes of that can't be told from news. forgotten: state can't know of all conflicts.
    pasted: blocks that were away and are back since the last push, which brings what they have missed; returned: ever.
    put_back: books whose whole note was saved over what a run had made of half of it.
    """

    world: World
    touched: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    changed: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    due: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    loud: set[Key] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    noted: set[int] = field(default_factory=set)
    trusted: bool = True
    retemplated: bool = False
    stopped: bool = False
    forgotten: bool = False
    pasted: set[str] = field(default_factory=set)
    returned: set[str] = field(default_factory=set)
    put_back: set[str] = field(default_factory=set)

    def snapshot(self) -> Snapshot:
        """The notes as they are."""
        return Snapshot(self.world.notes())

    # What is entered.

    def user_did(self, before: Snapshot) -> None:
        """Enter what the vault's user took out, and what they put back."""
        self.trusted &= not self.stopped
        after = self.snapshot()
        if self.trusted:
            self.removed |= before.untold() - after.untold()
        self.removed -= after.untold()
        taken = before.words() - after.words()
        self.due = {key: words for key, words in self.due.items() if not set(words) & taken}

    def came_back(self, anchor: str) -> None:
        """Enter that a block that was cut out is about to be put back, with what it said then."""
        self.pasted.add(anchor)
        self.returned.add(anchor)
        if anchor in self.snapshot().anchors():  # it is there again anyhow
            self.touched[anchor].add(COPY)

    def undone(self, before: Snapshot) -> None:
        """Enter that the last run was taken back: no word of the user's went with it, and its news come again."""
        self._share(before)
        assert self._mine(before) == self._mine(self.snapshot())
        there = self.snapshot().words()
        self.due = {key: words for key, words in self.due.items() if there.issuperset(words)}
        self.forgotten = True
        self.state_lost()

    def source_did(self, owner: str, name: str, *words: str, loud: bool = True) -> None:
        """Enter a change at the source, and the words of it that have to arrive."""
        self.changed[owner].add(name)
        self.due[owner, name] = words
        (self.loud.add if loud else self.loud.discard)((owner, name))

    def state_lost(self) -> None:
        """Enter that the state is gone, or an older one."""
        self.trusted = False
        self.removed.clear()
        self._doubt()

    def template_changed(self) -> None:
        """Enter that notes are to look otherwise."""
        self.retemplated = True
        self._doubt()

    def _doubt(self) -> None:
        """Without state, what an earlier template printed is its user's."""
        for anchor in self.snapshot().anchors() if self.retemplated and not self.trusted else ():
            self.touched[anchor].add(LINES)

    # What must hold.

    def check_stopped(self, before: Snapshot, run: Run) -> None:
        """After a run that was to be stopped, and may have come to its end before."""
        self._share(before)
        self._check_words(before)
        self.stopped = run.code < 0
        if not self.stopped:
            self.check_ended(before, run)

    def check_so_far(self, before: Snapshot) -> None:
        """While a run is at work, before anybody else does anything."""
        self._share(before)
        self._check_words(before)
        self._check_kept(before)

    def check_disturbed(self, before: Snapshot, run: Run) -> None:
        """After a run beside which somebody did something. before: once that was done.

        What it had read by then need not be what is there, so it may have put off anything; not so what it has done.
        """
        self.check_so_far(before)
        self._forget_overwritten()
        self.stopped = run.code < 0

    def _forget_overwritten(self) -> None:
        """What is written at a source between a run's look at it and its edit, that edit replaces: nobody can tell."""
        said = {word for line in self.world.said() for word in TOKEN.findall(line)}
        of_highlights = {key: words for key, words in self.due.items() if key[1] in ("note", "tags")}
        for key in [key for key, words in of_highlights.items() if not said.issuperset(words)]:
            del self.due[key]

    def _check_words(self, before: Snapshot) -> None:
        """Whatever a run did: no word of the user's is lost, doubled, or in another note; nothing odd is in any."""
        after = self.snapshot()
        assert self._mine(before) == self._mine(after)
        self.seen |= after.anchors().keys()
        self.noted |= after.homes()
        for path, text in after.notes.items():
            assert not _NOT_TEXT.search(text), path
            was = before.notes.get(path, "---\nvaultsync_id:\n---\n")
            assert len(_ID_LINE.findall(split(text).front)) == len(_ID_LINE.findall(split(was).front)), path

    def check_ended(self, before: Snapshot, _: Run) -> None:
        """After a run that came to its end: what was taken out stays out, blocks stand once, conflicts have reasons."""
        self._check_words(before)
        self._check_kept(before)
        for path, text in self.snapshot().notes.items():
            callouts = [one for one in found(text) if one.kind == "conflict"]
            # Of two notes with the same block only the first is looked at.
            copied = any(COPY in self.touched[one.block_id] for one in callouts)
            if "vaultsync_id:" in (front := split(text).front) and not copied:
                told = len(callouts)
                assert _COUNT.findall(front) == [str(told)] * bool(told), path
        assert self._missing(before, self.loud) == {}
        self.stopped = False

    def _check_kept(self, before: Snapshot) -> None:
        """What was taken out stays out, blocks stand once, conflicts have reasons."""
        after = self.snapshot()
        coming = {word for words in self.due.values() for word in words}
        assert self.removed & after.untold() - coming == set()
        assert set(self._doubled(before, after)) == set()
        for path, callout in after.callouts() - before.callouts():
            assert not self.trusted or self._has_reason(callout, path), (path, callout)
            for owner in self._owners(callout, path):  # what the note says is its user's from now on
                self.touched[owner].add(callout.field.removeprefix(PROPERTY))

    def check_all_heard(self, before: Snapshot, run: Run) -> None:
        """After a full run: all news have arrived, and whoever has to decide something is told so."""
        self.check_ended(before, run)
        self._check_arrived(before)
        self._check_gone(before)
        assert run.code == 3 or not self._asks() or self.forgotten, run
        self._agreed()
        self.trusted, self.retemplated = True, False

    def _check_arrived(self, before: Snapshot) -> None:
        assert self._missing(before, self.due) == {}
        self.due.clear()
        self.loud.clear()
        self.changed.clear()

    def check_sent(self, before: Snapshot, run: Run) -> None:
        """After a run both ways: no line of the user's own was sent; what was sent is shared."""
        self._share(before)
        self.check_ended(before, run)
        self.pasted.clear()
        self._agreed()

    def _share(self, before: Snapshot) -> None:
        """Enter what the source has got from the vault: each passage once, and no word that is not there any more."""
        had = set(self.shared)
        said = self.world.said()
        assert [line for line in said if is_own(line)] == []
        self.shared |= {word for line in said for word in TOKEN.findall(line)}
        sent = {word for word in self.shared - had if word.startswith("u")}
        assert sent & before.words() <= self.snapshot().words()
        made = Counter(line for line in self.world.passages() if "is marked" in line)
        assert [line for line in made if made[line] > 1] == [], "made twice"

    def check_converged(self, before: Snapshot, run: Run) -> None:
        """After two runs both ways: nothing is sent any more; block and highlight say the same, unless it is told."""
        self.check_sent(before, run)
        assert run.json["edits"]["sent"] == 0
        # Whatever can't be read, in a run's eyes, is no edit; `status` says that it can't (docs/guarantees.md, 8).
        refused = self.world.run("status").json["refused"]
        told = {(one["block"], one["field"]) for one in (*run.json["outbox"], *refused)}
        left = {one["id"] for one in run.json["changes"] if one["action"] == "leave"}
        now = self.snapshot()
        there, asked = now.anchors(), {one.block_id for _, one in now.callouts()}
        for highlight in self.world.highlights():
            anchor, book = f"rw{highlight.id}", highlight.book_id
            odd = anchor in asked or self.touched[anchor] & {LINES, ANCHOR} or f"readwise:{book}" in left
            if there[anchor] == 1 and book in now.homes() and not odd:
                assert self._differing(highlight) - {name for block, name in told if block == anchor} == set(), anchor
        self._check_arrived(before)

    # Parts of the above.

    def _mine(self, at: Snapshot) -> dict[str, Counter[str]]:
        """Words only the user has written, and their lines, by note, with how often each stands there."""
        words = {path: Counter(_MINE.findall(masked(text))) for path, text in at.notes.items()}
        return {
            path: kept
            for path, counted in words.items()
            if (kept := Counter({word: times for word, times in counted.items() if word not in self.shared}))
        }

    def _doubled(self, before: Snapshot, after: Snapshot) -> Iterator[str]:
        """Blocks that stand more often than before; one whose anchor was deleted may get it back."""
        had, homes = before.anchors(), before.homes()
        for anchor, times in after.anchors().items():
            if times > max(1, had[anchor] + (ANCHOR in self.touched[anchor])) and self._home(anchor)[0].id in homes:
                yield anchor

    def _asks(self) -> bool:
        """Whether there is a conflict in any note whose book is there, about a block that is, and no copy."""
        books, now = self.world.library.books, self.snapshot()
        held = [text for text in now.notes.values() for book in home_of(text) if not books[book].deleted]
        there = {"", *(anchor for anchor in now.anchors() if COPY not in self.touched[anchor])}
        return any(one.kind == "conflict" and one.block_id in there for text in held for one in found(text))

    def _missing(self, before: Snapshot, among: Collection[Key]) -> dict[Key, tuple[str, ...]]:
        """News that have not arrived, and should have."""
        there = self.snapshot().words()
        missing = {key: self.due[key] for key in among if key in self.due and not there.issuperset(self.due[key])}
        return {key: words for key, words in missing.items() if not self._is_excused(*key, before)}

    def _is_excused(self, owner: str, name: str, before: Snapshot) -> bool:
        """Whether news need not arrive: what they are of is gone, on one side or the other, or in another state."""
        book, highlight = self._home(owner)
        if book.deleted or not book.live or (highlight is not None and highlight.deleted):
            return True
        if book.id not in self.world.homes():
            return book.id in self.noted
        if owner in self.pasted:
            return True
        if {LINES, name} <= self.touched[owner]:  # a line with another label and another value is another line
            return True
        if any((one.field, one.block_id) == (LINES, owner) for _, one in before.callouts()):  # tells the newest only
            return True
        # Its user took the block out; or copied it, and only the first one is kept up to date.
        return owner in self.seen and before.anchors()[owner] != 1

    def _check_gone(self, before: Snapshot) -> None:
        """What is gone at the source is gone from the vault, unless its user wrote in it, or copied it."""
        gone = [owner for owner, names in self.changed.items() if "deleted" in names]
        had, there = before.anchors(), self.snapshot().anchors()
        known = {owner for owner in gone if had[owner] == 1 and owner not in self.returned}
        left = {owner for owner in known if there[owner] and not self.touched[owner]}
        assert not self.trusted or {owner for owner in left if not self._home(owner)[0].deleted} == set()

    def _has_reason(self, callout: Callout, path: str) -> bool:
        """Whether user and source have both touched what a callout tells of."""
        return any(self._is_disputed(callout, owner) for owner in self._owners(callout, path))

    def _is_disputed(self, callout: Callout, owner: str) -> bool:
        mine, theirs = self.touched[owner], self.changed[owner]
        if callout.field.startswith(PROPERTY) and owner in self.put_back:
            return True
        if owner in self.returned:  # it may have missed news that were heard long ago
            theirs = theirs | {"text", "note", "tags", "color", "deleted"}
        if callout.kind == "deleted":
            return bool(mine) and "deleted" in theirs
        if callout.field in (LINES, ENDING):
            return bool(mine) and bool(theirs or self.retemplated)
        name = callout.field.removeprefix(PROPERTY)
        return bool(mine & {name, LINES, COPY}) and name in theirs

    def _owners(self, callout: Callout, path: str) -> list[str]:
        if callout.block_id:
            return [callout.block_id]
        return [f"readwise:{book}" for book, home in self.world.homes().items() if home == path]

    def _agreed(self) -> None:
        """Where block and highlight say the same, it is nobody's edit any more."""
        for highlight in self.world.highlights():
            self.touched[f"rw{highlight.id}"] -= {"note", "tags"} - self._differing(highlight)

    def _differing(self, highlight: Highlight) -> set[str]:
        """Of a highlight's note and tags those that its block has otherwise, or not at all."""
        note, tags = (self.world.shown(f"rw{highlight.id}", name) for name in ("note", "tags"))
        shown = None if tags is None else {tag.lstrip("#") for tag in " ".join(tags).split()}
        same = {
            "note": note is not None and note == [line.strip() for line in highlight.note.split("\n")],
            "tags": shown == {tag.name for tag in highlight.tags},
        }
        return {name for name in same if not same[name]}

    def _home(self, owner: str) -> tuple[Book, Highlight | None]:
        """The book of a block or of itself, and the highlight."""
        library = self.world.library
        if owner.startswith("readwise:"):
            return library.books[int(owner.partition(":")[2])], None
        highlight = library.highlight(int(owner.removeprefix("rw")))
        return library.books[highlight.book_id], highlight
