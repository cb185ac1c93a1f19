"""Edit notes at random as people do, and count what the lens makes of it: right, refused, wrong.

`python -m tests.edits` prints the table that docs/lens.md holds.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.lens_case import SHAPES, TAGS, library, note_of, text, value_of, words
from vaultsync.lens import get as lens
from vaultsync.lens import inverse as inverses
from vaultsync.lens.inverse import Value, normal
from vaultsync.model import Document
from vaultsync.rendering.render import Rendered
from vaultsync.rendering.tracked import Block, Span
from vaultsync.tags import local_tag

Key = tuple[str, str]
WRITABLE = ("note", "tags", "text", "color", "author")


@dataclass(slots=True)
class Editing:
    """One note being edited. wanted: what its user means each field to be. gone: blocks that may not be found."""

    pick: random.Random
    shape: str
    document: Document
    base: Rendered
    ours: str = ""
    wanted: dict[Key, Value] = field(default_factory=dict)

    def spans(self, block: Block | None = None) -> list[Span]:
        """Places of values, in one block or in the document's own."""
        start, end = (block.start, block.end) if block else (self.base.layout.body, self.base.layout.blocks[0].start)
        return [
            span
            for span in self.base.layout.spans
            if start <= span.start < end and span.field in WRITABLE and span.owner == (block.id if block else "")
        ]

    def replace(self, start: int, end: int, new: str) -> None:
        """Put other text in a place; edits are made from the end of the note to its start."""
        self.ours = self.ours[:start] + new + self.ours[end:]


def _typed(editing: Editing, span: Span, value: Value) -> str:
    """A value as its user types it."""
    shown = inverses.shown(value, span.via)
    if span.via and span.via[-1][0] == "indent" and editing.pick.random() < 0.2:
        pad = span.via[-1][1]
        shown = "\n".join(
            "\t" + line[len(pad) :] if line.startswith(pad) and number else line
            for number, line in enumerate(shown.split("\n"))
        )
    if editing.pick.random() < 0.3:
        shown = re.sub(r"[ \t]+$", "", shown, flags=re.MULTILINE)
    return shown


def new_value(editing: Editing, span: Span) -> Value:
    """Another value: set, changed, longer, of several lines, a list, links, or nothing."""
    pick = editing.pick
    was = value_of(editing.document, span.owner, span.field)
    if isinstance(was, tuple):
        kept = [name for name in was if pick.random() < 0.6]
        more = pick.sample(["new", "idea-2", "deep/er", *(local_tag(name) for name in TAGS)], pick.randint(0, 2))
        by_local = {
            local_tag(name): name
            for name in (*editing.document.tags, *(n for h in editing.document.highlights for n in h.tags))
        }
        joined = any(step[0] != "hashtags" for step in span.via)
        added = [name if joined else by_local.get(name, name) for name in more]
        return tuple(dict.fromkeys([*kept, *(name for name in added if name not in was)]))
    if pick.random() < 0.12:
        return ""
    several = any(step[0] in ("quote", "indent", "cell") for step in span.via)
    if not was or pick.random() < 0.3:
        return text(pick, lines=several)
    parts = was.split(" ")
    at = pick.randint(0, len(parts))
    kind = pick.random()
    if kind < 0.4:
        parts[at:at] = [words(pick, 1, 2)]
    elif kind < 0.6:
        parts[at : at + 1] = [words(pick, 1, 1)]
    elif kind < 0.8:
        parts.append(pick.choice(["[[Link]]", "[a](https://x.org/?q=1)", "https://x.org", "**b**"]))
    elif several:
        return was + "\n" + pick.choice(["", "- ", "\n"]) + words(pick)
    else:
        parts = parts[: max(1, at)]
    return " ".join(parts).strip()


def edit_value(editing: Editing, block: Block | None) -> None:
    """Type another value into its place."""
    spans = editing.spans(block)
    if not spans:
        return
    span = editing.pick.choice(spans)
    value = new_value(editing, span)
    editing.wanted[span.owner, span.field] = value
    shown = _typed(editing, span, value)
    start = span.start
    if not shown and editing.pick.random() < 0.5 and editing.ours[span.end : span.end + 1] == "\n":
        start = len(editing.ours[:start].rstrip(" "))
    editing.replace(start, span.end, shown)


def edit_label(editing: Editing, block: Block | None) -> None:
    """Change words the template wrote, a bullet, the indentation of a line, or make it a task."""
    lines = [line for line in _lines(editing, block) if not _in_value(editing, *line)]
    start, end = editing.pick.choice(lines)
    line = editing.ours[start:end]
    spans = [span for span in editing.base.layout.spans if start <= span.start <= end]
    first = min((span.start for span in spans), default=end)
    label = editing.ours[start : min(first, end)]
    pick = editing.pick
    kind = pick.random()
    if kind < 0.6 and re.search(r"[A-Za-z]{3,}", label) and "^" not in label:
        found = pick.choice(list(re.finditer(r"[A-Za-z]{3,}", label)))
        new = pick.choice(["", "Meine Notiz", found[0].upper(), found[0] + "s", "**" + found[0] + "**"])
        editing.replace(start + found.start(), start + found.end(), new)
    elif kind < 0.8 and line.startswith("- "):
        editing.replace(start, start + 2, pick.choice(["* ", "- [ ] ", "- [x] ", "+ "]))
    elif line.strip() and "\n" not in line:
        editing.replace(start, start, pick.choice(["  ", "\t", "    "]) if not line.startswith(">") else "")


def _lines(editing: Editing, block: Block | None) -> Iterator[tuple[int, int]]:
    start, end = (block.start, block.end) if block else (editing.base.layout.body, editing.base.layout.blocks[0].start)
    while start < end:
        stop = editing.base.text.find("\n", start)
        yield start, stop
        start = stop + 1


def edit_prose(editing: Editing, block: Block | None) -> None:
    """Write lines of one's own at any line break: before, inside, after, between."""
    pick = editing.pick
    start, end = pick.choice(list(_lines(editing, block)))
    at = pick.choice([start, end + 1])
    mine = [
        pick.choice(["", "", "- ", "## ", "1. ", "- [ ] "]) + "My " + words(pick) for _ in range(pick.randint(1, 3))
    ]
    if pick.random() < 0.15:
        mine = ["", "> My " + words(pick), ""]
    if pick.random() < 0.5:
        mine = ["", *mine, ""]
    editing.replace(at, at, "\n".join(mine) + "\n")


def edit_move(editing: Editing, block: Block | None) -> None:
    """Put the blocks in another order."""
    del block
    blocks = editing.base.layout.blocks
    texts = [editing.base.text[one.start : one.end] for one in blocks]
    editing.pick.shuffle(texts)
    editing.ours = editing.base.text[: blocks[0].start] + "".join(texts) + editing.base.text[blocks[-1].end :]


def edit_delete(editing: Editing, block: Block | None) -> None:
    """Delete a line, an anchor, or a whole block."""
    if block is not None and editing.pick.random() < 0.3:
        editing.replace(block.start, block.end, "")
    elif block is not None and editing.pick.random() < 0.3:
        at = editing.base.text.index(f"^{block.block_id}", block.start)
        editing.replace(at, at + len(block.block_id) + 1, "")
    else:
        start, end = editing.pick.choice([line for line in _lines(editing, block) if not _in_value(editing, *line)])
        editing.replace(start, end + 1, "")


def _in_value(editing: Editing, start: int, end: int) -> bool:
    """Whether the line is a part of a value that has more lines: to change that is to edit the value."""
    return any(
        "\n" in editing.base.text[span.start : span.end] and span.start <= end and start <= span.end
        for span in editing.base.layout.spans
    )


def edit_lint(editing: Editing, block: Block | None) -> None:
    """What a linter does to the whole note: trailing blanks, bullets, indentation, empty lines."""
    del block
    pick = editing.pick
    front, body = editing.ours[: editing.base.layout.body], editing.ours[editing.base.layout.body :]
    if pick.random() < 0.7:
        body = re.sub(r"[ \t]+$", "", body, flags=re.MULTILINE)
    if pick.random() < 0.4:
        body = re.sub(r"^( *)- (?=Note|Tags|Page|>)", r"\1* ", body, flags=re.MULTILINE)
    if pick.random() < 0.4:
        body = re.sub(r"\n{3,}", "\n\n", body)
    if pick.random() < 0.3:
        body = body.replace("\n\n", "\n\n\n")
    if pick.random() < 0.2:
        body = body.replace("\n", "\r\n")
    editing.ours = front + body


KINDS: Mapping[str, Callable[[Editing, Block | None], None]] = {
    "value": edit_value,
    "label": edit_label,
    "prose": edit_prose,
    "linter": edit_lint,
    "move": edit_move,
    "delete": edit_delete,
}


def edited(seed: int) -> tuple[str, Editing]:
    """A note with one to three edits of one kind, each in a block of its own; the same for the same seed."""
    pick = random.Random(seed)  # noqa: S311  # to be had again, not to be secret
    kind = pick.choices(list(KINDS), [40, 15, 25, 5, 8, 7])[0]
    shape = list(SHAPES)[seed % len(SHAPES)]
    document = library(pick, shape)
    base = note_of(document, shape)
    editing = Editing(pick, shape, document, base, base.text)
    places: list[Block | None] = [None, *base.layout.blocks]
    for place in sorted(pick.sample(range(len(places)), pick.choice([1, 1, 1, 2, 3])), reverse=True):
        KINDS[kind](editing, places[place])
    return kind, editing


@dataclass(slots=True)
class Outcome:
    """What came of one edited note. reasons: of refusals. wrong: fields read as what nobody meant."""

    kind: str
    shape: str
    wrong: list[tuple[Key, Value, Value]]
    reasons: list[str]
    refused_edit: bool


def outcome(seed: int) -> Outcome:
    """Edit one note and compare what is read with what was meant."""
    kind, editing = edited(seed)
    reading = lens.read(editing.base.text, editing.base.layout, editing.ours, editing.document)
    wrong = []
    for key, value in reading.values.items():
        meant = editing.wanted.get(key, value_of(editing.document, *key))
        if not _same(value, meant):
            wrong.append((key, value, meant))
    refused = {(refusal.owner, refusal.field) for refusal in reading.refusals}
    edits = [key for key in editing.wanted if key not in reading.values]
    return Outcome(
        kind,
        editing.shape,
        wrong,
        [refusal.reason for refusal in reading.refusals],
        bool(edits or refused & set(editing.wanted)),
    )


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, tuple) or isinstance(other, tuple):
        return set(one) == set(other)
    return normal(one) == normal(other)


@dataclass(slots=True)
class Count:
    """How often what happened, for one kind of edit."""

    notes: int = 0
    right: int = 0
    refused: int = 0
    wrong: int = 0


def counted(seeds: range) -> tuple[dict[str, Count], Counter[str], list[Outcome]]:
    """Outcomes by kind, reasons of refusals with how often, and the outcomes that are wrong."""
    counts = {kind: Count() for kind in KINDS}
    reasons: Counter[str] = Counter()
    wrong: list[Outcome] = []
    for seed in seeds:
        one = outcome(seed)
        count = counts[one.kind]
        count.notes += 1
        refused = bool(one.reasons) or one.refused_edit
        count.wrong += bool(one.wrong)
        count.refused += refused and not one.wrong
        count.right += not refused and not one.wrong
        reasons.update(set(one.reasons))
        wrong += [one] if one.wrong else []
    return counts, reasons, wrong


def _row(kind: str, one: Count) -> str:
    return f"| {kind} | {one.notes} | {one.right / one.notes:.1%} | {one.refused / one.notes:.1%} | {one.wrong} |"


def table(counts: Mapping[str, Count], reasons: Mapping[str, int]) -> str:
    """The table of docs/lens.md."""
    every = Count(
        sum(one.notes for one in counts.values()),
        sum(one.right for one in counts.values()),
        sum(one.refused for one in counts.values()),
        sum(one.wrong for one in counts.values()),
    )
    lines = ["| edits | notes | right | refused | wrong |", "|---|---|---|---|---|"]
    lines += [_row(kind, one) for kind, one in (*counts.items(), ("all", every))]
    lines += ["", "| a field was refused because | notes |", "|---|---|"]
    lines += [f"| {reason} | {count} |" for reason, count in sorted(reasons.items(), key=lambda pair: -pair[1])]
    return "\n".join(lines)


if __name__ == "__main__":
    found, why, _ = counted(range(5000))
    sys.stdout.write(table(found, why) + "\n")
