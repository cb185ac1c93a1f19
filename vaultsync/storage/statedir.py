"""Find the folder where the state of a vault is kept: outside the vault, and one for each.

A vault is told by its folder's inode and time of birth, so that one that is renamed or moved keeps its state,
and one that is copied or made anew starts its own.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from vaultsync.errors import StateError
from vaultsync.steps import step

OVERRIDE = "VAULTSYNC_STATE_DIR"
_PATH_FILE = "vault.txt"
# struct statx of Linux: 256 bytes; what is known of it at 0, the time of birth at 80 (man 2 statx).
_STATX_BYTES, _STATX_BTIME, _BTIME_AT = 256, 0x800, 80


def state_dir(vault: Path, env: Mapping[str, str]) -> Path:
    """Return the folder for a vault's state, made if it was missing, for its user only. Raises StateError.

    env: the environment; VAULTSYNC_STATE_DIR in it replaces the system's place for such things.
    """
    root = vault.resolve()
    parent = Path(env[OVERRIDE]) if env.get(OVERRIDE) else _usual_place()
    if parent.resolve().is_relative_to(root):
        raise StateError(
            f"The state can't be kept in {parent}: that is inside the vault. Nothing was touched.",
            hint=f"Set {OVERRIDE} to a folder elsewhere: what syncs the vault would copy it half-written.",
        )
    folder = parent / _name(root)
    try:
        _make(folder, root)
    except OSError as error:
        raise StateError(
            f"The state can't be kept in {folder} ({error.strerror}). Nothing was touched.",
            hint=f"Make it writable, or set {OVERRIDE} to another folder.",
        ) from error
    return folder


def _usual_place() -> Path:
    # Imported here: not needed where the place is given.
    from platformdirs import user_state_path

    return user_state_path("vaultsync")


def _name(root: Path) -> str:
    try:
        found = root.stat()
    except OSError as error:
        raise StateError(
            f"The vault {root} can't be looked at ({error.strerror}). Nothing was touched.",
            hint="Check that its disk is mounted.",
        ) from error
    born = _birth_ns(root, found)
    # Numbers of disks change when one is plugged in elsewhere; they count only if nothing better is known.
    told_by = f"{found.st_ino} {born}" if born else f"{found.st_ino} {found.st_dev} {root}"
    return blake2b(told_by.encode(errors="surrogateescape"), digest_size=8).hexdigest()


def _make(folder: Path, root: Path) -> None:
    step("state.mkdir")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    note = folder / _PATH_FILE
    text = f"{root}\n"
    if not note.exists() or note.read_text("utf-8", "surrogateescape") != text:
        step("state.write")
        note.write_text(text, "utf-8", "surrogateescape")


def _birth_ns(root: Path, found: os.stat_result) -> int | None:
    """When the folder came to be, in nanoseconds; None if the disk does not say."""
    seconds = getattr(found, "st_birthtime", None)
    if seconds is not None:
        return int(seconds * 1_000_000_000)
    if sys.platform == "win32":
        return found.st_ctime_ns  # the time of birth there, before Python 3.12
    statx = getattr(ctypes.CDLL(None), "statx", None)
    answer = ctypes.create_string_buffer(_STATX_BYTES)
    if statx is None or statx(-100, os.fsencode(root), 0, _STATX_BTIME, answer):  # AT_FDCWD
        return None
    (known,) = struct.unpack_from("=I", answer, 0)
    seconds, nanoseconds = struct.unpack_from("=qI", answer, _BTIME_AT)
    return seconds * 1_000_000_000 + nanoseconds if known & _STATX_BTIME else None
