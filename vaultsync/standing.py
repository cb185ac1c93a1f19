"""How things stand between a vault and its state: last runs, and which notes wait for whom. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vaultsync.config import FULL_EVERY
from vaultsync.entry import Row
from vaultsync.history import History
from vaultsync.plan import OnDisk
from vaultsync.state import State
from vaultsync.statedir import state_dir
from vaultsync.survey import Survey, survey
from vaultsync.vault import Vault

_RUNS = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """What `vaultsync status` tells. Paths are inside the vault, sorted.

    runs: the last ones, newest first, as pull.py kept them. next_full: by source, when everything is listed
    again; None: at the next run. notes: how many there are. edited: changed by their user and therefore left.
    waiting: with news that could not be written yet. deleted: by their user, where they were. copies: of a
    note, with its id. unread: what could not be looked at, and why.
    """

    runs: tuple[Mapping[str, Any], ...]
    next_full: Mapping[str, datetime | None]
    notes: int
    edited: tuple[str, ...]
    waiting: tuple[str, ...]
    deleted: tuple[str, ...]
    copies: tuple[str, ...]
    unread: tuple[str, ...]


def standing(root: Path, env: Mapping[str, str], sources: Iterable[str]) -> Standing:
    """Look at the vault and its state. sources: those of vaultsync.toml. Raises StateError, VaultError."""
    folder = state_dir(root, env)
    with State.open(folder) as state:
        rows = [row for row in state.rows() if row.path]
        seen = survey(Vault(root), rows, state.entry_of)
    history = History(folder)
    return Standing(
        runs=tuple(reversed(list(history.last(_RUNS)))),
        next_full={name: _after(history.last_full(name)) for name in sources},
        notes=len(rows) - len(_those(rows, seen, OnDisk.NOWHERE)),
        edited=_those(rows, seen, OnDisk.EDITED),
        waiting=tuple(sorted(row.path for row in rows if row.pending and row.path)),
        deleted=_those(rows, seen, OnDisk.NOWHERE),
        copies=tuple(sorted(path for paths in seen.copies.values() for path in paths)),
        unread=tuple(error.message for error in seen.unread),
    )


def _after(last: datetime | None) -> datetime | None:
    return None if last is None else last + FULL_EVERY


def _those(rows: Iterable[Row], seen: Survey, on_disk: OnDisk) -> tuple[str, ...]:
    places = ((row, seen.place(row.id)) for row in rows)
    return tuple(sorted(place.path or row.path or "" for row, place in places if place.on_disk is on_disk))
