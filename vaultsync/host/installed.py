"""Find the plugins there are without loading any: entry points of packages, and files in a folder of the user's.

To search costs 40 ms, so what was found is remembered until something is installed or removed. "vaultsync --help" reads
it too: nothing is imported here that takes a while.
"""

# To import pathlib takes longer than all that is done here.
# ruff: noqa: PTH103, PTH105, PTH111, PTH112, PTH113, PTH116, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

GROUP = "vaultsync"
NARROWED = "VAULTSYNC_PLUGINS"
# Of the file that is kept: a line each, in between lines of fields with tabs between them.
_HEAD, _END = "vaultsync plugins 1", "end"
_KINDS = ("seen", "plugin", "asked", "command")
_VAULT = "vaultsync.toml"

Commands = tuple[tuple[str, str], ...]


class Found(NamedTuple):
    """A plugin that is there, loaded or not.

    target: "module" or "module:object" of an entry point, the path of a file. package: that brings it, "" if it is a
    file. version: of the package; of a file, when it was changed. summary: of the package, a line. commands: names and
    help lines, None if it was never asked.
    """

    name: str
    target: str
    package: str = ""
    version: str = ""
    summary: str = ""
    commands: Commands | None = None

    @property
    def origin(self) -> str:
        """Where it comes from, for people."""
        return f"{self.package} {self.version}" if self.package else self.target


class _Kept(NamedTuple):
    """What the file holds. seen: what was looked at, and when it had changed last (ns; -1: it is not there)."""

    seen: tuple[tuple[str, int], ...]
    plugins: tuple[Found, ...]


def narrowed(env: Mapping[str, str]) -> frozenset[str] | None:
    """The plugins VAULTSYNC_PLUGINS names; None if it leaves in all.

    >>> sorted(narrowed({"VAULTSYNC_PLUGINS": "b, a,"})), narrowed({}), narrowed({"VAULTSYNC_PLUGINS": ""})
    (['a', 'b'], None, frozenset())
    """
    wanted = env.get(NARROWED)
    return None if wanted is None else frozenset(name.strip() for name in wanted.split(",")) - {""}


def found(env: Mapping[str, str]) -> tuple[Found, ...]:
    """Every plugin but vaultsync's own, by name; of one name, packages go first. Raises ConfigError."""
    file = _file(env)
    kept = _read(file)
    if kept is not None and _still_true(kept):
        return kept.plugins
    searched = _searched(env, kept)
    _write(file, searched)
    return searched.plugins


def learn(env: Mapping[str, str], commands: Mapping[str, Commands]) -> None:
    """Remember which commands plugins bring, by the plugin's name."""
    file = _file(env)
    kept = _read(file)
    if kept is None:
        return
    told = tuple(one._replace(commands=commands.get(one.name, one.commands)) for one in kept.plugins)
    if told != kept.plugins:
        _write(file, _Kept(kept.seen, told))


def load(one: Found) -> object:
    """Import a plugin. Raises whatever its code does."""
    return _from_module(one.target) if one.package else _from_file(one)


def _from_module(target: str) -> object:
    from importlib import import_module

    module, _, path = target.partition(":")
    plugin: object = import_module(module)
    for name in filter(None, path.split(".")):
        plugin = getattr(plugin, name)
    return plugin


def _from_file(one: Found) -> object:
    from importlib.util import module_from_spec, spec_from_file_location

    if _in_a_vault(one.target):
        raise ImportError(f"{one.target} lies in a vault: a vault is shared, and code in it is not trusted")
    name = f"vaultsync_plugin_{one.name}"
    spec = spec_from_file_location(name, one.target)
    if spec is None or spec.loader is None:
        raise ImportError(f"{one.target} is no Python file")
    # Classes find their module here while they are made.
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:  # as Python does with any module that fails while it is loaded
        del sys.modules[name]
        raise
    return module


# Searching.


def _searched(env: Mapping[str, str], before: _Kept | None) -> _Kept:
    """Look everywhere. before: what was known, for the commands of plugins that are still the same."""
    from vaultsync.user_config import config_file, plugins_folder

    folder = plugins_folder(env)
    places = [*sys.path, str(config_file(env)), *([str(folder)] if folder else ())]
    # Looked at before searching: what changes meanwhile is found the next time.
    seen = tuple((place, _changed(place)) for place in places)
    known = {one[:4]: one.commands for one in before.plugins} if before else {}
    plugins = [*_entry_points(), *(_files(str(folder)) if folder else ())]
    plugins.sort(key=lambda one: (one.name, not one.package, one.package))
    return _Kept(seen, tuple(one._replace(commands=known.get(one[:4])) for one in plugins))


def _entry_points() -> Iterator[Found]:
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        package = point.dist
        if package is None or package.name == "vaultsync":  # whose own are loaded by name
            continue
        summary = _line(package.metadata.get("Summary", ""))  # type: ignore[attr-defined]  # a Message is what it is
        yield Found(point.name, point.value, package.name, package.version, summary)


def _files(folder: str) -> Iterator[Found]:
    """The plugins in a folder: Python files whose names begin with a letter."""
    for name in sorted(os.listdir(folder) if os.path.isdir(folder) else ()):
        path = os.path.join(folder, name)
        if re.fullmatch(r"[A-Za-z]\w*\.py", name) and os.path.isfile(path):
            yield Found(name[:-3], path, version=str(_changed(path)))


def _in_a_vault(path: str) -> bool:
    """Whether a folder above it is a vault, wherever links lead."""
    path = os.path.realpath(path)
    above = os.path.dirname(path)
    return above != path and (os.path.isfile(os.path.join(above, _VAULT)) or _in_a_vault(above))


def _line(text: str) -> str:
    return " ".join(text.split())


# Remembering.


def _file(env: Mapping[str, str]) -> str:
    """Where it is remembered: one file for each environment Python runs in."""
    about = f"{sys.prefix} {env.get('XDG_CONFIG_HOME', '')}".strip()
    return os.path.join(cache_folder(env), f"plugins-{re.sub(r'[^A-Za-z0-9.]+', '-', about)[-150:].strip('-')}.txt")


def cache_folder(env: Mapping[str, str]) -> str:
    """The folder for what can be made again: VAULTSYNC_CONFIG_DIR, else where the system keeps such things."""
    home = os.path.expanduser("~")
    if env.get("VAULTSYNC_CONFIG_DIR"):
        return os.path.expanduser(env["VAULTSYNC_CONFIG_DIR"])
    # platformdirs would say the same, and takes longer than all of "vaultsync --help".
    if sys.platform == "win32":
        place = env.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        place = os.path.join(home, "Library", "Caches")
    else:
        place = env.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(place, "vaultsync")


def _still_true(kept: _Kept) -> bool:
    """Whether nothing was installed, removed or configured since."""
    places = [place for place, _ in kept.seen]
    return places[: len(sys.path)] == sys.path and all(_changed(place) == changed for place, changed in kept.seen)


def _changed(path: str) -> int:
    try:
        return os.stat(path or ".").st_mtime_ns
    except OSError:
        return -1


def _read(file: str) -> _Kept | None:
    """What the file holds; None if there is none, or it is damaged."""
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as stream:
            lines = stream.read().split("\n")
        rows = [line.split("\t") for line in lines[1:-1]]
        if (lines[0], lines[-1]) != (_HEAD, _END) or any(row[0] not in _KINDS for row in rows):
            return None
        seen = tuple((path, int(changed)) for kind, path, changed in _of("seen", rows))
        return _Kept(seen, tuple(_plugins(rows)))
    except (OSError, ValueError, LookupError):
        return None


def _of(kind: str, rows: Iterable[list[str]]) -> Iterator[list[str]]:
    return (row for row in rows if row[0] == kind)


def _plugins(rows: list[list[str]]) -> Iterator[Found]:
    """Read the plugins, each with its commands. Raises ValueError."""
    commands: dict[str, list[tuple[str, str]]] = {name: [] for _, name in _of("asked", rows)}
    for _, plugin, name, summary in _of("command", rows):
        commands[plugin].append((name, summary))
    for _, name, target, package, version, summary in _of("plugin", rows):
        yield Found(name, target, package, version, summary, tuple(commands[name]) if name in commands else None)


def _write(file: str, kept: _Kept) -> None:
    """Keep it. What can't be written costs the next run its time, and nothing else."""
    from vaultsync.steps import step

    lines = [_HEAD, *(f"seen\t{path}\t{changed}" for path, changed in kept.seen)]
    for one in kept.plugins:
        lines.append("\t".join(("plugin", *one[:5])))
        if one.commands is not None:
            lines.append(f"asked\t{one.name}")
            lines += [f"command\t{one.name}\t{name}\t{_line(summary)}" for name, summary in one.commands]
    new = f"{file}.{os.getpid()}"
    try:
        step("plugins.mkdir")
        os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
        step("plugins.write")
        with open(new, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
            stream.write("\n".join([*lines, _END]))
        step("plugins.replace")
        os.replace(new, file)
    except OSError:
        return
