"""What a watcher says: an event each, as a line for people or an object for programs. No I/O.

What stays as it is (a conflict, an edit that is refused, a service that does not answer) is said once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from vaultsync.errors import SourceError, VaultsyncError
from vaultsync.oneline import one_line

Kind = Literal[
    "started", "stopped", "arrived", "trashed", "sent", "waiting", "conflict", "left", "trouble", "mended", "notice"
]
_LASTING: frozenset[Kind] = frozenset(["waiting", "conflict", "left", "trouble", "notice"])


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened. path: of the note, "" if it is about none; what: what lasting events are told by."""

    kind: Kind
    text: str
    path: str = ""
    document: str = ""
    what: str = ""

    def line(self, when: datetime) -> str:
        """The event for a person."""
        about = f"{self.path}: " if self.path else ""
        return f"{when.astimezone():%H:%M:%S}  {self.kind:8}  {one_line(about + self.text)}"

    def as_json(self, when: datetime) -> dict[str, Any]:
        """The event for a program."""
        about = {"path": self.path, "id": self.document}
        filled = {name: value for name, value in about.items() if value}
        return {"time": when.isoformat(timespec="seconds"), "event": self.kind, **filled, "text": self.text}


class Failed(VaultsyncError):
    """Something failed in another process. trouble: as it is told; exit_code: that of the error there."""

    def __init__(self, message: str, *, hint: str, exit_code: int, trouble: Event) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code
        self.trouble = trouble


def trouble(error: VaultsyncError) -> Event:
    """Something that failed, and what to do. One source's failures of one kind are one trouble, however worded."""
    if isinstance(error, Failed):
        return error.trouble
    what = f"{type(error).__name__} {error.source}" if isinstance(error, SourceError) else error.message
    return Event("trouble", str(error), what=getattr(error, "what", what))


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
