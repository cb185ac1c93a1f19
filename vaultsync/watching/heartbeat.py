"""What a running watcher tells of itself, in one file beside the database: who it is, and how it is doing."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from vaultsync.steps import step
from vaultsync.storage.lock import is_watched

_FILE = "watching.json"


class Beat(msgspec.Struct, frozen=True):
    """How a watcher was doing. Times are ISO 8601 with offset, last_success None if nothing succeeded so far.

    waiting: edits that could not be sent yet. troubles: what keeps it from anything, a sentence each.
    """

    pid: int
    since: str
    last_success: str | None = None
    waiting: int = 0
    troubles: tuple[str, ...] = ()


def tell(folder: Path, beat: Beat) -> None:
    """Replace what was told before; a disk that is full keeps that. folder: of the vault's state."""
    newer = folder / f"{_FILE}.new"
    with suppress(OSError):
        step("heartbeat.write")
        # A path may be no text, which msgspec takes for no string.
        newer.write_bytes(json.dumps(msgspec.to_builtins(beat)).encode())
        step("heartbeat.replace")
        os.replace(newer, folder / _FILE)  # noqa: PTH105  # named as in disk/swap.py, where a test counts the steps


def fall_silent(folder: Path) -> None:
    """Take back what was told: the watcher leaves."""
    with suppress(OSError):
        step("heartbeat.unlink")
        os.unlink(folder / _FILE)  # noqa: PTH108  # as above


def heard(folder: Path) -> Beat | None:
    """How the watcher of a vault is doing; None if none is running, even if one that was killed left its word."""
    try:
        data = (folder / _FILE).read_bytes()
    except OSError:
        return None
    try:
        beat = msgspec.convert(json.loads(data), Beat)
    except (ValueError, msgspec.ValidationError):
        return None
    return beat if is_watched(folder) else None
