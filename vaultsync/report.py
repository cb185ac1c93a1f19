"""What a run did, as values: every change, what was left, what went wrong. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from vaultsync.errors import AuthError, RateLimited, SafetyStop, VaultsyncError
from vaultsync.hookspecs import Problem
from vaultsync.plan import Action
from vaultsync.sending.fates import Fate, Outgoing

_SHOWN = 20
_NOTES_LEFT = (Action.LEAVE, Action.KEEP, Action.WAIT, Action.ASK)

# What a dry run calls that which would be done, and why, where nothing else says so.
_PLANNED = {
    Action.CREATE: ("create", ""),
    Action.UPDATE: ("update", ""),
    Action.MERGE: ("merge", ""),
    Action.TRASH: ("trash", ""),
    Action.ADOPT: ("as is", "it has all of that already"),
}


class Change(msgspec.Struct, frozen=True):
    """What was decided for one document. path: of its note inside the vault; why: more than the action says."""

    action: Action
    document: str
    path: str
    why: str = ""


class Report(msgspec.Struct, frozen=True):
    """What a run did, or would do if `dry`.

    unchanged: notes that needed nothing. errors: what failed; the rest was done. stop: why removals were not made.
    problems: what sources had to mend or leave out. asides: things worth knowing that ask for nothing. conflicts: how
    many notes hold, by path. edits: what their users changed in notes, and what became of it.
    """

    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    requests: int = 0
    errors: tuple[VaultsyncError, ...] = ()
    stop: SafetyStop | None = None
    problems: tuple[Problem, ...] = ()
    asides: tuple[str, ...] = ()
    conflicts: Mapping[str, int] = msgspec.field(default_factory=dict)
    edits: tuple[Outgoing, ...] = ()
    dry: bool = False

    def count(self, action: Action) -> int:
        """How many documents an action was decided for."""
        return sum(change.action is action for change in self.changes)

    @property
    def exit_code(self) -> int:
        """0 done, 1 something failed, 2 a token was refused and nothing came of it, 3 the user must decide."""
        if self.errors:
            refused = all(isinstance(error, AuthError) for error in self.errors)
            return 2 if refused and not self.changes else 1
        decide = self.stop or self.conflicts or self.count(Action.ASK) or self.edited(Fate.WAIT)
        return 3 if decide else 0

    @property
    def has_news(self) -> bool:
        """Whether anything was done, or could not be."""
        failed = any(not isinstance(error, RateLimited) for error in self.errors)
        return bool(self.changes or failed or self.stop or self.edited(Fate.SENT))

    def edited(self, *fates: Fate) -> tuple[Outgoing, ...]:
        """The edits of which one of these became."""
        return tuple(one for one in self.edits if one.fate in fates)

    def as_json(self) -> dict[str, Any]:
        """The object --json prints."""
        return {
            "notes": {
                "created": self.count(Action.CREATE),
                "updated": self.count(Action.UPDATE) + self.count(Action.MERGE),
                "merged": self.count(Action.MERGE),
                "unchanged": self.unchanged,
                "trashed": self.count(Action.TRASH),
                "left": sum(self.count(action) for action in _NOTES_LEFT),
                "deleted_by_user": self.count(Action.GONE),
            },
            "edits": {
                "sent": len(self.edited(Fate.SENT)),
                "waiting": len(self.edited(Fate.WAIT, Fate.SEND)),
                "conflicts": sum(self.conflicts.values()),
                "refused": len(self.edited(Fate.REFUSED)),
            },
            "requests": self.requests,
            "errors": [{"message": error.message, "hint": error.hint} for error in self._errors()],
            "problems": [{"about": problem.about, "message": problem.message} for problem in self.problems],
            "notices": list(self.asides),
            "changes": [
                {"action": change.action.name.lower(), "id": change.document, "path": change.path, "why": change.why}
                for change in self.changes
            ],
            "outbox": [outgoing_json(one) for one in self.edits],
            "dry_run": self.dry,
        }

    def _errors(self) -> tuple[VaultsyncError, ...]:
        return (*self.errors, *((self.stop,) if self.stop else ()))

    def lines(self) -> Iterator[str]:
        """The report for a person, a line each."""
        if self.dry:
            yield "Dry run: nothing was written."
            yield from self._plan()
        yield self._summary()
        yield from self.asides
        for action in _NOTES_LEFT:
            yield from self._left(action)
        if gone := self.count(Action.GONE):
            yield (f'{_notes(gone)} deleted by you, and not written again. Bring one back with "vaultsync restore ID".')
        for fate in (Fate.SENT, Fate.SEND, Fate.WAIT, Fate.REFUSED):
            yield from _some([outgoing_line(one) for one in self.edited(fate)], fate.value, "edit")
        told = [f"{path} ({number})" for path, number in sorted(self.conflicts.items())]
        yield from _some(told, 'with conflicts; see the callouts, or "vaultsync resolve NOTE"', "note")
        told = [f"{problem.about}: {problem.message}" for problem in self.problems]
        yield from _some(told, "mended or left out", "thing")

    def _summary(self) -> str:
        counts = [
            f"{number:,} {word}"
            for action, word in (
                (Action.CREATE, "created"),
                (Action.UPDATE, "updated"),
                (Action.MERGE, "merged with what you wrote"),
                (Action.TRASH, "moved to .trash"),
            )
            if (number := self.count(action))
        ]
        done = ", ".join(counts) or "nothing new"
        verb = "Would be" if self.dry and counts else "Notes"
        return f"{verb}: {done}; {self.unchanged:,} unchanged. {counted(self.requests, 'request')}."

    def _plan(self) -> Iterator[str]:
        for change in self.changes:
            if change.action in _PLANNED:
                done, why = _PLANNED[change.action]
                why = change.why or why
                yield f"  {done:7} {change.path}" + (f"  ({why})" if why else "")

    def _left(self, action: Action) -> Iterator[str]:
        paths = [
            f"{change.path}" + (f" ({change.why})" if change.why else "")
            for change in self.changes
            if change.action is action
        ]
        yield from _some(paths, action.value, "note")


def outgoing_line(one: Outgoing) -> str:
    """An edit for a person, on one line."""
    of = f" of ^{one.block}" if one.block else ""
    change = f"{short(one.edit.before)} -> {short(one.edit.after)}"
    return f"{one.path}: {one.edit.field}{of}: {change}" + (f"  ({one.why})" if one.why else "")


def outgoing_json(one: Outgoing) -> dict[str, Any]:
    """An edit for a program."""
    return {
        "id": one.edit.document,
        "path": one.path,
        "block": one.block,
        "field": one.edit.field,
        "before": one.edit.before,
        "after": one.edit.after,
        "fate": one.fate.name.lower(),
        "why": one.why,
    }


def short(value: str | tuple[str, ...]) -> str:
    r"""A value on one line.

    >>> short("one\ntwo"), short(("a", "b")), short("")
    ('one / two', 'a, b', '(empty)')
    """
    text = value.replace("\n", " / ") if isinstance(value, str) else ", ".join(value)
    return (text if len(text) <= 60 else f"{text[:59]}…") or "(empty)"


def counted(number: int, noun: str = "note") -> str:
    """A number of things in words.

    >>> counted(1), counted(1200, "edit")
    ('1 note', '1,200 edits')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _some(what: list[str], title: str, noun: str) -> Iterator[str]:
    if what:
        yield f"{counted(len(what), noun)} {title}:"
        yield from listed(what)


def listed(what: Sequence[str]) -> Iterator[str]:
    """The first of many, a line each, and how many more there are."""
    yield from (f"  {line}" for line in what[:_SHOWN])
    if len(what) > _SHOWN:
        yield f"  and {len(what) - _SHOWN:,} more"


def _notes(number: int) -> str:
    return f"{number:,} note{'s were' if number != 1 else ' was'}"


class Tally(msgspec.Struct):
    """Collects what a run does, one decision a document (the last counts), and makes the report."""

    changes: dict[str, Change] = msgspec.field(default_factory=dict)
    errors: list[VaultsyncError] = msgspec.field(default_factory=list)
    problems: dict[Problem, None] = msgspec.field(default_factory=dict)
    asides: list[str] = msgspec.field(default_factory=list)
    stop: SafetyStop | None = None
    outgoing: list[Outgoing] = msgspec.field(default_factory=list)

    def fail(self, error: VaultsyncError) -> None:
        """Tell of a failure, once."""
        if all(error.message != known.message for known in self.errors):
            self.errors.append(error)

    def note(self, change: Change) -> None:
        """Count a decision; a note that was created and then updated in one run was created."""
        before = self.changes.get(change.document)
        if before is not None and before.action is Action.CREATE and change.action is Action.UPDATE:
            return
        if before is not None and change.action in (Action.NOTHING, Action.ADOPT):
            return
        self.changes[change.document] = change

    def renamed(self, old: str, new: str) -> None:
        """Go on counting a document under its new id."""
        if old in self.changes:
            before = self.changes.pop(old)
            self.changes[new] = Change(before.action, new, before.path, before.why)

    def report(self, *, known: int, requests: int, conflicts: Mapping[str, int], dry: bool) -> Report:
        """Make the report. known: notes there were at the start. conflicts: that notes hold, by path."""
        counts = Counter(change.action for change in self.changes.values())
        touched = sum(counts[action] for action in (Action.UPDATE, Action.MERGE, Action.TRASH, *_NOTES_LEFT))
        changes = tuple(change for change in self.changes.values() if change.action is not Action.NOTHING)
        return Report(
            changes,
            max(0, known - touched),
            requests,
            tuple(self.errors),
            self.stop,
            tuple(self.problems),
            tuple(self.asides),
            conflicts,
            tuple(self.outgoing),
            dry,
        )
