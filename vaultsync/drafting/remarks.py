"""What a look at the vault found that asks for nothing and is worth a line: notes that are gone, callouts that came.

Each is told once, by the run that is the first to see it. Remembers that; writes nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from vaultsync.drafting.survey import Survey
from vaultsync.plan import OnDisk
from vaultsync.report import counted
from vaultsync.storage.state import State

_NAMED = 5
_AWAY = "away"


def remarks(
    survey: Survey, state: State, sources: Collection[str], busy: Collection[str] = frozenset()
) -> tuple[str, ...]:
    """What is new to tell, a sentence or two each. Raises StateError.

    survey: of all notes. sources: whose notes are told of. busy: paths that someone is writing to.
    """
    known = state.told()
    away = _away(survey)
    now = {(name, _AWAY) for name in away} & known
    new = {name: path for name, path in away.items() if (name, _AWAY) not in known and path not in busy}
    now |= {(name, _AWAY) for name in new if _has_note(state, name)}
    now |= {*_astray(survey, state)} | _lasting(known, survey)
    if now != known:
        state.tell(now)
    fresh = now - known
    gone = [(path, name) for name, what in fresh if what == _AWAY and (path := _gone(state, name, sources))]
    came = [(survey.place(name).path, what) for name, what in fresh if what != _AWAY]
    return (*_told_of_away(sorted(gone)), *_told_of_astray(sorted(came)))


def _lasting(told: Collection[tuple[str, str]], survey: Survey) -> set[tuple[str, str]]:
    """Callouts that were told and still stand there: notes that changed are looked at anew, others are as they were."""
    changed = {row.id for row in survey.changed} if told else set()
    return {(name, what) for name, what in told if what != _AWAY and name not in changed}


def _away(survey: Survey) -> dict[str, str]:
    """Notes that are nowhere in the vault, with where they were.

    If there is one in its place with another id, a run may have been cut short that was giving it that.
    """
    return {
        row.id: row.path
        for row in survey.changed
        if survey.place(row.id).on_disk is OnDisk.NOWHERE and row.path not in survey.scan.notes
    }


def _has_note(state: State, name: str) -> bool:
    """Whether a note is still to be there by what is remembered now, at the end of a run."""
    entry = state.entry(name)
    return entry is not None and entry.path is not None


def _astray(survey: Survey, state: State) -> Iterator[tuple[str, str]]:
    """Notes with the callout of a conflict about another document's block, and that block."""
    for row in survey.changed:
        blocks = survey.disputed.get(survey.place(row.id).path, frozenset())
        entry = state.entry(row.id) if blocks else None
        if entry is not None and entry.base is not None:
            from vaultsync.drafting.decisions import blocks_of  # what decides takes a while to import

            yield from ((row.id, block) for block in blocks.difference(blocks_of(entry.base)))


def _gone(state: State, name: str, sources: Collection[str]) -> str:
    """Where a note was; "" for one nobody waits for: reviews of days that are over are thrown away."""
    entry = state.entry(name)
    waited_for = entry is not None and entry.source in sources and not entry.is_review
    return entry.path or "" if entry is not None and waited_for else ""


def _told_of_away(notes: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What is told of notes that are gone. notes: where each was, and its id."""
    if len(notes) == 1:
        # By its id, for a path can have blanks and quotes that no shell takes as they are.
        (path, name), back = notes[0], "brings it back"
        yield f'{path} is not in the vault any more. It is not written again; "vaultsync restore {name}" {back}.'
    elif notes:
        shown = ", ".join(path for path, _ in notes[:_NAMED])
        shown += f" and {len(notes) - _NAMED:,} more" if len(notes) > _NAMED else ""
        back = 'None is written again; "vaultsync restore NOTE" brings one back.'
        yield f"{counted(len(notes))} are not in the vault any more: {shown}. {back}"


def _told_of_astray(callouts: Sequence[tuple[str, str]]) -> Iterator[str]:
    for path, block in callouts:
        yield f"{path}: a callout came into it about a conflict in ^{block} of another document. Delete it to answer."
