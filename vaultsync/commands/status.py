"""vaultsync status: what the last runs did, and which notes wait for their user or for vaultsync."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from vaultsync.commands.options import find_vault, json_option, print_json, vault_option
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.standing import Standing, Trouble
    from vaultsync.watching.heartbeat import Beat


@click.command()
@vault_option
@json_option
def command(vault: str | None, *, as_json: bool) -> None:
    """Say what the last runs did, which notes hold words of yours, and what waits for you. Asks no service."""
    from msgspec import to_builtins

    from vaultsync import workspace
    from vaultsync.origins import DEMO_URL
    from vaultsync.standing import standing
    from vaultsync.watching.heartbeat import heard

    root = find_vault(vault)
    with workspace.opened(root, env=os.environ, stand=workspace.offline(root)) as opened:
        found, beat = standing(opened), heard(opened.state.folder)
        is_demo = any(section.get("base_url") == DEMO_URL for section in opened.config.sources.values())
    if as_json:
        shown = to_builtins(found, builtin_types=(datetime,))
        print_json({"vault": str(root), "watching": beat and to_builtins(beat), **shown})
        return
    say(f"Vault: {root}, {_count(found.notes)}")
    if is_demo:
        say('A vault of "vaultsync demo": that command fetches here, and with --watch it sends; no other can.')
    say(*(_watching(beat) if beat is not None else ()), *_lines(found, datetime.now(UTC)))


def _watching(beat: Beat) -> Iterator[str]:
    """How the watcher is doing."""
    good = "no success yet"
    if beat.last_success:
        good = f"last success {_local(datetime.fromisoformat(beat.last_success))}"
    waits = f", {_count(beat.waiting, 'edit')} waiting" if beat.waiting else ""
    yield f"Watched by process {beat.pid} since {_local(datetime.fromisoformat(beat.since))}, {good}{waits}."
    yield from (f"    {trouble}" for trouble in beat.troubles)


def _lines(found: Standing, now: datetime) -> Iterator[str]:
    if not found.next_full:
        yield "vaultsync.toml names no source, so there is nothing to fetch or to send."
    if not found.runs:
        yield 'Nothing was exported yet. Next: "vaultsync export".'
    told: set[str] = set()
    for run in found.runs:
        yield from _run(run, told)
    for source, due in found.next_full.items():
        if due is None or due <= now:
            yield f"{source}: the next export asks for everything, and not only for what is new."
        else:
            yield f"{source}: exports ask for what is new, and the first one after {_local(due)} for everything again."
    yield from _some(_troubles(found.conflicts), 'in conflict; see the callouts, or "vaultsync resolve NOTE"', "field")
    yield from _some(_troubles(found.unsent), "that the next push sends", "edit")
    yield from _some(_troubles(found.refused), "not sent; what you wrote stays as it is", "edit")
    yield from _some(found.edited, "with words of yours")
    yield from _some(found.waiting, "with news that wait for the next export")
    if found.outdated:
        yield f"{_count(found.outdated)} made by an earlier template; the next export makes them anew."
    yield from _some(found.deleted, "deleted by you and not written again")
    for source, number in found.orphans.items():
        yield f"{_count(number)} of {source}, which vaultsync.toml has no more; nothing is done about them."
    yield from _some(found.copies, "copied from another (same vaultsync_id) and left alone")
    yield from found.unread


def _run(run: Mapping[str, Any], told: set[str]) -> Iterator[str]:
    """One run in a line, and what went wrong in it. told: messages shown so far; takes more."""
    notes = run.get("notes", {})
    sent, back = run.get("edits", {}).get("sent"), run.get("taken_back", {})
    did = ", ".join(
        [
            *(f"{notes[word]:,} {word}" for word in ("created", "updated", "trashed") if notes.get(word)),
            *([f"{_count(sent, 'edit')} sent"] if sent else []),
            *(
                f"{_count(back[what], what.removesuffix('s'))} taken back"
                for what in ("notes", "edits")
                if back.get(what)
            ),
        ]
    )
    full = ", everything listed" if run.get("full") else ""
    when = _local(datetime.fromisoformat(run["ended"]))
    yield f"{when}  {run.get('command', '')}: {did or 'nothing new'}{full} (exit {run.get('exit', 0)})"
    for error in run.get("errors", ()):
        if error["message"] not in told:
            yield f"    {error['message']} {error.get('hint', '')}".rstrip()
            told.add(error["message"])


def _troubles(found: tuple[Trouble, ...]) -> tuple[str, ...]:
    """Each trouble in a line."""
    return tuple(
        f"{one.path}: {one.field}{f' of ^{one.block}' if one.block else ''}"
        f"{f': {one.what}' if one.what else ''}{f'  ({one.reason})' if one.reason else ''}"
        for one in found
    )


def _some(paths: tuple[str, ...], what: str, noun: str = "note") -> Iterator[str]:
    from vaultsync.report import listed

    if not paths:
        return
    yield f"{_count(len(paths), noun)} {what}:"
    yield from listed(paths)


def _count(number: int, noun: str = "note") -> str:
    """Count notes in words.

    >>> _count(1), _count(1200)
    ('1 note', '1,200 notes')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _local(moment: datetime) -> str:
    """A moment as the user's clock shows it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
