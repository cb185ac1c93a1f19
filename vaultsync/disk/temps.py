"""Temp files beside notes. Their names say what may be in them; anything else is a save that must be kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from hashlib import blake2b
from itertools import count

import msgspec

from vaultsync.disk import swap
from vaultsync.disk.root import Root
from vaultsync.errors import VaultError
from vaultsync.paths import portable, unoccupied

_TEMP = ".vaultsync-"
_TEMP_END = ".tmp"
_DIGEST = re.compile("[0-9a-f]{32}")
_RECOVERED_BYTES = 180


class Recovered(msgspec.Struct, frozen=True):
    """A save no plan had seen, kept as a note of its own. note: whose it was, "" if that can't be told."""

    path: str
    note: str


def digest(data: bytes) -> bytes:
    """Return 16 bytes that stand for the data where only equality matters."""
    return blake2b(data, digest_size=16).digest()


def write_temp(
    target: str, data: bytes, like: os.stat_result | None, digests: Sequence[bytes]
) -> tuple[str, os.stat_result]:
    """Write data beside its target, by a name that says which digests are ours; return name and stat."""
    folder = target.rpartition("/")[0]
    name = "-".join(known.hex() for known in digests if known)
    for number in count(1):
        temp = f"{folder}/{_TEMP}{name}{f'.{number}' if number > 1 else ''}{_TEMP_END}"
        try:
            return temp, swap.write_new(temp, data, like)
        except FileExistsError:
            continue
    raise AssertionError("unreachable")


def spare_of(temp: str) -> str:
    """Return a second name for a temp, which says the same."""
    return f"{temp.removesuffix(_TEMP_END)}.kept{_TEMP_END}"


def is_leftover(name: str) -> bool:
    """Whether a file's name is one `write_temp` gives."""
    return name.startswith(_TEMP) and name.endswith(_TEMP_END)


def digests_in(name: str) -> tuple[bytes, ...]:
    """Return the digests a temp's name holds: what it was made to be, then what that was to replace."""
    return tuple(bytes.fromhex(found) for found in _DIGEST.findall(name))


def clear_away(root: Root, temp: str, is_ours: Callable[[bytes], bool], note: str) -> Recovered | None:
    """Delete a temp file if its content is ours; else it is a save nobody has seen, and becomes a note.

    temp: on disk; fine if it is gone. note: the path it belongs to, "" if unknown. Raises VaultError.
    """
    try:
        if is_ours(swap.contents(temp)):
            last = swap.removed(temp)
            if is_ours(last):
                return None
            # Someone held it open, and saved between our look and its removal.
            swap.write_new(temp, last)
        return _rescued(root, temp, note)
    except FileNotFoundError:
        return None
    except OSError as error:
        path = root.relative(temp)
        raise VaultError(
            f"{path} can't be cleared away ({error.strerror or error}). It was left as it is.",
            path=path,
            hint="It may hold a save of yours: look into it, then delete it, and run again.",
        ) from error


def _rescued(root: Root, temp: str, note: str) -> Recovered:
    folder, _, name = root.relative(temp).rpartition("/")
    note = note or _note_holding(root, folder, digests_in(name)[:1])
    stem = portable(note.rpartition("/")[2].removesuffix(".md"), limit=_RECOVERED_BYTES)
    wanted = f"{stem} (recovered).md" if note else "Recovered note.md"
    while True:
        path = unoccupied(f"{folder}/{wanted}".lstrip("/"), lambda taken: os.path.lexists(f"{root.folder}/{taken}"))
        with suppress(FileExistsError):
            swap.move_new(temp, f"{root.folder}/{path}")
            swap.make_names_durable(temp.rpartition("/")[0])
            return Recovered(path, note)


def _note_holding(root: Root, folder: str, wanted: Collection[bytes]) -> str:
    """Find whose temp it was: the note beside it that holds what the temp was made to be. "" if none does."""
    place = f"{root.folder}/{folder}".rstrip("/")
    with suppress(OSError):
        for name in os.listdir(place):  # noqa: PTH208  # text paths throughout
            if name.endswith(".md") and digest(swap.contents(f"{place}/{name}")) in wanted:
                return f"{folder}/{name}".lstrip("/")
    return ""
