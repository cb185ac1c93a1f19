"""What the last runs did, a JSON line each, beside the database: an idle run changes no row of that."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from vaultsync.errors import StateError
from vaultsync.steps import step

_FILE = "runs.jsonl"
_KEPT = 500


class History:
    """The runs of one vault, oldest first.

    A run is a mapping of the caller's making. Two of its fields mean something here: "ended", an ISO time
    with offset, and "full", the names of the sources that were swept completely.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def append(self, run: Mapping[str, Any]) -> None:
        """Add a run; now and then drop those before the last 500. Raises StateError."""
        try:
            with self._file.open("a", encoding="utf-8") as file:
                step("state.write")
                file.write(json.dumps(run, ensure_ascii=False, default=str) + "\n")
            lines = self._lines()
            if len(lines) > 2 * _KEPT:
                self._shorten(lines)
        except OSError as error:
            raise StateError(
                f"{self._file} can't be written ({error.strerror}). The run itself is not affected.",
                hint="Make room or make it writable.",
            ) from error

    def last(self, number: int) -> list[dict[str, Any]]:
        """Return the last runs, oldest of them first."""
        return [run for run in map(_run, self._lines()[-number:]) if run] if number else []

    def last_full(self, source: str) -> datetime | None:
        """Return when the source was last swept completely, None if that is not known."""
        for line in reversed(self._lines()):
            run = _run(line)
            try:
                if run and source in run.get("full", ()):
                    return datetime.fromisoformat(run["ended"])
            except (KeyError, TypeError, ValueError):  # not a line of ours
                continue
        return None

    def _lines(self) -> list[str]:
        try:
            return self._file.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return []

    def _shorten(self, lines: list[str]) -> None:
        """Keep the last runs, and of the others the last sweep of each source."""
        sweeps: dict[str, str] = {}
        for line in lines[:-_KEPT]:
            for source in (_run(line) or {}).get("full", ()):
                sweeps[source] = line
        kept = [*dict.fromkeys(line for line in lines[:-_KEPT] if line in sweeps.values()), *lines[-_KEPT:]]
        shorter = self._file.with_suffix(".new")
        step("state.write")
        shorter.write_text("".join(f"{line}\n" for line in kept), "utf-8")
        step("state.replace")
        os.replace(shorter, self._file)  # noqa: PTH105  # named as in disk/swap.py, where a test counts the steps


def _run(line: str) -> dict[str, Any] | None:
    """Read a line; None if it was cut off by a power failure."""
    try:
        run = json.loads(line)
    except ValueError:
        return None
    return run if isinstance(run, dict) else None
