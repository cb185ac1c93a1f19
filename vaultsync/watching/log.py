"""What a watcher says: what happened, an event each, as a line for people or an object for programs. No I/O.

What stays as it is (a conflict, an edit that is refused, a service that does not answer) is said once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from vaultsync.errors import RateLimited, SourceError, VaultsyncError
from vaultsync.plan import BEING_EDITED, SAVED_SINCE, Action
from vaultsync.report import Change, Report
from vaultsync.sending.fates import Fate, Outgoing

Kind = Literal[
    "started", "stopped", "arrived", "trashed", "sent", "waiting", "conflict", "left", "trouble", "mended", "notice"
]
_LASTING: frozenset[Kind] = frozenset(["waiting", "conflict", "left", "trouble", "notice"])
_ARRIVED = {
    Action.CREATE: "a new note",
    Action.UPDATE: "brought up to date",
    Action.MERGE: "brought up to date, around what you wrote",
}
_MOST = 20


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. path: of the note, "" if it is about none; what: what lasting events are told by."""

    kind: Kind
    text: str
    path: str = ""
    document: str = ""
    what: str = ""

    def line(self, when: datetime) -> str:
        """The event for a person."""
        about = f"{self.path}: " if self.path else ""
        return f"{when.astimezone():%H:%M:%S}  {self.kind:8}  {about}{self.text}"

    def as_json(self, when: datetime) -> dict[str, Any]:
        """The event for a program."""
        about = {"path": self.path, "id": self.document}
        filled = {name: value for name, value in about.items() if value}
        return {"time": when.isoformat(timespec="seconds"), "event": self.kind, **filled, "text": self.text}


def told(report: Report) -> list[Event]:
    """Everything a run has to say, in the order it is told; many alike as one."""
    edits = (one for one in report.edits if one.fate is not Fate.AGREED)
    events = [*_arrivals(report.changes), *map(_outgoing, edits)]
    events += [
        Event("conflict", f"{number} to resolve; see the callouts in it", path, what=str(number))
        for path, number in sorted(report.conflicts.items())
    ]
    events += [Event("notice", aside) for aside in report.asides]
    events += [Event("notice", f"{problem.about}: {problem.message}") for problem in report.problems]
    if report.stop is not None:
        events.append(trouble(report.stop))
    events += [trouble(error) for error in report.errors if not isinstance(error, RateLimited)]
    return list(_summed_up(events))


def trouble(error: VaultsyncError) -> Event:
    """Something that failed, and what to do. One source's failures of one kind are one trouble, however worded."""
    what = f"{type(error).__name__} {error.source}" if isinstance(error, SourceError) else error.message
    return Event("trouble", str(error), what=what)


def _arrivals(changes: Iterable[Change]) -> Iterator[Event]:
    for change in changes:
        if change.action in _ARRIVED:
            why = f" ({change.why})" if change.why else ""
            yield Event("arrived", _ARRIVED[change.action] + why, change.path, change.document)
        elif change.action is Action.TRASH:
            yield Event("trashed", "gone at the source; it is in .trash", change.path, change.document)
        elif change.action in (Action.LEAVE, Action.KEEP, Action.ASK) and not is_put_off(change):
            why = f" ({change.why})" if change.why else ""
            yield Event("left", change.action.value + why, change.path, change.document)


def is_put_off(change: Change) -> bool:
    """Whether a note was left only because someone was writing it."""
    return change.action is Action.LEAVE and change.why in (BEING_EDITED, SAVED_SINCE)


def _outgoing(one: Outgoing) -> Event:
    # What was typed is the user's own, and a log is read by others: the field says enough.
    field = f"{one.edit.field}{f' of ^{one.block}' if one.block else ''}"
    if one.fate is Fate.SENT:
        return Event("sent", field, one.path, one.edit.document)
    kind: Kind = "conflict" if one.fate is Fate.CONFLICT else "waiting"
    text = f"{field} {one.fate.value}{f': {one.why}' if one.why else ''}"
    return Event(kind, text, one.path, one.edit.document, f"{field} {one.fate.value}")


def _summed_up(events: Iterable[Event]) -> Iterator[Event]:
    """The events, but of one kind no more than a screen shows."""
    kinds: dict[Kind, list[Event]] = {}
    for event in events:
        kinds.setdefault(event.kind, []).append(event)
    for kind, alike in kinds.items():
        if kind == "trouble" or len(alike) <= _MOST:
            yield from alike
        else:
            yield Event(kind, f"{len(alike):,} notes", what=f"{len(alike)}")


class Said:
    """What was said of things that last, so that it is not said again."""

    def __init__(self) -> None:
        self._known: dict[Event, Event] = {}  # by what they are told by

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong right now."""
        return tuple(event.text for event in self._known.values() if event.kind == "trouble")

    def news(self, events: Collection[Event], *, complete: bool = False) -> list[Event]:
        """Those of the events that say something new. complete: what lasts and is not among them is over.

        >>> said, offline = Said(), Event("trouble", "No answer.", what="offline")
        >>> len(said.news([offline])), len(said.news([offline])), said.news([], complete=True)[0].kind
        (1, 0, 'mended')
        """
        lasting = {_bare(event): event for event in events if event.kind in _LASTING}
        gone = self.over([event for bare, event in self._known.items() if bare not in lasting]) if complete else []
        fresh = [event for event in events if event.kind not in _LASTING or _bare(event) not in self._known]
        self._known = {**lasting, **self._known}
        return [*gone, *fresh]

    def over(self, events: Iterable[Event]) -> list[Event]:
        """Forget what lasted; return what is to be said of that."""
        ended = [self._known.pop(_bare(event), None) for event in events]
        return [_mended(event) for event in ended if event is not None and event.kind == "trouble"]


def _bare(event: Event) -> Event:
    """What an event is told by."""
    return replace(event, text="") if event.what else event


def _mended(event: Event) -> Event:
    return Event("mended", f"That is over: {event.text.partition('. ')[0].rstrip('.')}.", event.path)
