"""One writer for each vault: a lock the kernel frees when its holder ends, however it ends."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from vaultsync.errors import AtWork, StateError
from vaultsync.steps import step

_FILE, _WATCHED = "lock", "watch-lock"
# Windows locks ranges of bytes, also against reading: far behind the few that say who holds it.
_FAR = 1 << 30


@contextmanager
def writer_lock(folder: Path, what: str) -> Iterator[None]:
    """Be the only one to write a vault, or raise a StateError that names who is.

    folder: of the vault's state. what: the command, as others are told it. Raises AtWork, or another StateError.
    """
    with _held(folder / _FILE, what, "is at work on", "Wait until it is done, or stop it, then run again."):
        yield


@contextmanager
def watch_lock(folder: Path, what: str) -> Iterator[None]:
    """Be the only one to watch a vault: held all the time, while the writer's lock is free between two rounds."""
    with _held(folder / _WATCHED, what, "is watching", "One is enough. To have another one, stop that first."):
        yield


def is_watched(folder: Path) -> bool:
    """Whether someone watches the vault right now. folder: of its state. Writes nothing."""
    try:
        step("lock.open")
        file = os.open(folder / _WATCHED, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    try:
        _take(file)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


@contextmanager
def _held(place: Path, what: str, does: str, hint: str) -> Iterator[None]:
    try:
        step("lock.open")
        file = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise StateError(
            f"{place} can't be written ({error.strerror}). Nothing was done.",
            hint="Make the folder writable, or set VAULTSYNC_STATE_DIR to another one.",
        ) from error
    try:
        try:
            _take(file)
        except OSError as error:
            raise AtWork(f"{_holder(file)} {does} this vault. Nothing was done.", hint=hint) from error
        with suppress(OSError):  # a full disk, where it is held all the same
            _say_who(file, what)
        yield
    finally:
        # Closing frees the lock. The file stays: were it deleted, two could hold locks on two files of one
        # name.
        os.close(file)


def _take(file: int) -> None:
    """Lock a file. Raises OSError if someone else has."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(file, _FAR, os.SEEK_SET)
        step("lock.lock")
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        step("lock.lock")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _say_who(file: int, what: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    data = json.dumps({"pid": os.getpid(), "what": what, "since": since}).encode()
    step("lock.truncate")
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    step("lock.write")
    os.write(file, data)


def _holder(file: int) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    try:
        said = json.loads(os.read(file, 4096))
        return f'"{said["what"]}" (process {said["pid"]}, since {said["since"]})'
    except (ValueError, KeyError, TypeError):
        # It has the lock, and has not yet written who it is.
        return "Another vaultsync"
