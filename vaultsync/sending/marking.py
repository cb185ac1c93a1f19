"""Mark a passage in a document's note from the command line, as its user would by hand; a push then takes it up."""

from __future__ import annotations

from dataclasses import replace

from vaultsync.desk import Desk
from vaultsync.disk.vault import Refused, Write, digest
from vaultsync.errors import ConfigError, VaultError
from vaultsync.hookspecs import NewHighlight
from vaultsync.merging.reconcile import Held
from vaultsync.open_note import OpenNote
from vaultsync.sending.creations import callout, marked, token
from vaultsync.sending.fates import Fate
from vaultsync.workspace import Workspace


def mark(workspace: Workspace, wanted: str, new: NewHighlight, *, allow_commands: bool = False) -> str:
    """Put a callout that asks for a highlight at the end of a note; return the document's id.

    wanted: the note's path, id or address. Nothing is written if it can't be made a highlight, or stands there already.
    Raises ConfigError, VaultError.
    """
    if not new.text.strip():
        raise ConfigError(
            "There are no words to be highlighted. Nothing was written.",
            hint='Give them behind the note: vaultsync add NOTE "some words".',
        )
    note = Desk(workspace).note(wanted)
    is_there = any(_same(note, one.new, new) for one in marked(note.held.note))
    text = note.held.note if is_there else _with(note.held.note, new)
    _check(workspace, replace(note, held=Held(text, note.held.elsewhere)), new, allow_commands=allow_commands)
    if not is_there:
        _write(workspace, note, text)
    return note.entry.id


def _same(note: OpenNote, one: NewHighlight, other: NewHighlight) -> bool:
    return token(note.entry.id, one.text) == token(note.entry.id, other.text)


def _with(text: str, new: NewHighlight) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    ended = text if text.endswith("\n") or not text else text + newline
    apart = "" if ended.endswith(newline * 2) else newline
    return f"{ended}{apart}{callout(new, newline)}"


def _check(workspace: Workspace, note: OpenNote, new: NewHighlight, *, allow_commands: bool) -> None:
    """Raise ConfigError unless the next push would make the highlight."""
    source = workspace.sources[note.entry.source]
    box = note.outbox(source, workspace, allow_commands=allow_commands)
    asked = next((one for one in box if one.new is not None and _same(note, one.new, new)), None)
    if asked is None:
        raise ConfigError(
            f"{source.name} makes no highlights of passages in {note.path}. Nothing was written.",
            hint="Only Readwise does, where push and new_highlights of its section in vaultsync.toml allow it.",
        )
    if asked.fate is not Fate.SEND:
        raise ConfigError(f"{note.path}: no highlight can be made of it. Nothing was written.", hint=_said(asked.why))


def _said(why: str) -> str:
    """A reason as it is told of a passage that stands in no note yet."""
    return why.replace("; take the callout out.", ".").replace("vaultsync push --allow", "vaultsync add --allow")


def _write(workspace: Workspace, note: OpenNote, text: str) -> None:
    page = workspace.vault.write([Write(note.path, text.encode(), digest(note.held.note.encode()))])
    page.settle()
    outcome = page.outcomes[0]
    if isinstance(outcome, Refused):
        raise VaultError(outcome.message, path=outcome.path, hint="Save it in your editor, then run again.")
