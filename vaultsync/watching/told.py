"""What came of a run, in a watcher's words. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vaultsync.errors import AuthError, RateLimited, SourceError, Unreachable, VaultError
from vaultsync.plan import BEING_EDITED, SAVED_SINCE, Action
from vaultsync.report import Change, Report
from vaultsync.sending.fates import Fate, Outgoing
from vaultsync.watching.log import Event, Kind, trouble
from vaultsync.watching.orders import Failure, Outcome

_ARRIVED = {
    Action.CREATE: "a new note",
    Action.UPDATE: "brought up to date",
    Action.MERGE: "brought up to date, around what you wrote",
}
_MOST = 20


def outcome(report: Report) -> Outcome:
    """What a watcher has to know of a run."""
    failed: dict[str, tuple[Failure, float]] = {}
    for error in report.errors:
        if isinstance(error, SourceError):
            failed.setdefault(error.source, _failure(error))
    return Outcome(
        tuple(told(report)),
        tuple(told_of_notes(report)),
        failed,
        len(report.errors),
        len(report.edited(Fate.WAIT, Fate.SEND)),
        bool(report.edited(Fate.WAIT)),
        any(map(is_put_off, report.changes)),
        report.requests,
    )


def _failure(error: SourceError) -> tuple[Failure, float]:
    if isinstance(error, RateLimited):
        return "limited", error.seconds
    return "silent" if isinstance(error, Unreachable) else "refused" if isinstance(error, AuthError) else "other", 0.0


def told(report: Report) -> list[Event]:
    """Everything a run has to say but `told_of_notes`, in the order it is told; many alike as one."""
    put_off = {change.path for change in report.changes if is_put_off(change)}
    edits = [one for one in report.edits if one.fate is not Fate.AGREED]
    edits = [one for one in edits if not (one.fate is Fate.WAIT and one.path in put_off)]
    events = [*_arrivals(report.changes), *map(_outgoing, edits)]
    events += [
        Event("conflict", f"{number} to resolve; see the callouts in it", path, what=str(number))
        for path, number in sorted(report.conflicts.items())
    ]
    events += [Event("notice", aside) for aside in report.asides]
    events += [Event("notice", f"{problem.about}: {problem.message}") for problem in report.problems]
    if report.stop is not None:
        events.append(trouble(report.stop))
    events += [trouble(one) for one in report.errors if not isinstance(one, RateLimited) and not _of_a_note(one)]
    return list(_summed_up(events))


def told_of_notes(report: Report) -> list[tuple[str, Event]]:
    """What went wrong with single notes, each with its path: whoever knows that it is being saved may pass over it."""
    return [(error.path, trouble(error)) for error in report.errors if isinstance(error, VaultError) and error.path]


def _of_a_note(error: Exception) -> bool:
    return isinstance(error, VaultError) and bool(error.path)


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
