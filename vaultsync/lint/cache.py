"""What was found of templates, kept from run to run: a file for each, beside the database.

A template is tried for a good part of a second, so that is done once. The files can be deleted at any time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path

import msgspec

from vaultsync import __version__
from vaultsync.lint.writable import VERSION, Lint
from vaultsync.steps import step

FOLDER = "lint"
_KEPT = 50


class _Kept(msgspec.Struct):
    """What a file holds. key: of what was tried."""

    key: str
    lint: Lint


def linted(state: Path, of: Iterable[str], make: Callable[[], Lint]) -> Lint:
    """What was found of a template: as kept in the state directory, else made now and kept.

    of: what it depends on, such as the template's fingerprint. Where nothing can be written it is made each time.
    """
    key = _key(of)
    found = _read(state / FOLDER / f"{key}.json", key)
    if found is None:
        found = make()
        _write(state / FOLDER, key, found)
    return found


def _key(of: Iterable[str]) -> str:
    """Another one for another way of trying, too."""
    return blake2b(json.dumps([VERSION, __version__, *of]).encode(), digest_size=8).hexdigest()


def _read(path: Path, key: str) -> Lint | None:
    """What the file holds; None if it is not there, damaged or someone else's."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return kept.lint if kept.key == key else None


def _write(folder: Path, key: str, lint: Lint) -> None:
    """Keep it, and drop the oldest of too many. What can't be written costs the next run its time, and nothing else."""
    target = folder / f"{key}.json"
    new = target.with_suffix(".new")
    try:
        step("state.mkdir")
        folder.mkdir(mode=0o700, exist_ok=True)
        step("state.write")
        new.write_bytes(msgspec.json.encode(_Kept(key, lint)))
        step("state.replace")
        os.replace(new, target)  # noqa: PTH105  # named as in disk/swap.py, where a test counts the steps
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)[_KEPT:]:
            step("state.unlink")
            path.unlink()
    except OSError:
        return
