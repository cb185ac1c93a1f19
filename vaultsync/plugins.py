"""Load plugins and ask them for sources, filters and notices; one that fails is named and the others go on.

The order is stated: vaultsync's own first, then by name. A name that two of them claim (of a
source, of a template filter) belongs to the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import msgspec
import pluggy

from vaultsync import hookspecs
from vaultsync.errors import PluginError
from vaultsync.hookspecs import Edit, Receipt, SourcePlugin
from vaultsync.model import Document

DocumentFilter = Callable[[Document], Document | None]

# Loaded by name, not by entry point: a checkout that was never installed has them too.
BUILT_IN = {"readwise": "vaultsync.sources.readwise"}
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9_-]*")


class Host:
    """The plugins of one run. Each is asked once for what it brings, when the host is made.

    failures: one error for each plugin, or part of one, that had to be left out.
    """

    def __init__(self, plugins: Mapping[str, object], failures: Iterable[PluginError] = ()) -> None:
        """Register `plugins`, by name, in the order they are to be asked."""
        self._failures = list(failures)
        self._managers: dict[str, pluggy.PluginManager] = {}
        for name, plugin in plugins.items():
            manager = self._safely(name, "be registered", _managed, name, plugin)
            if manager:
                self._managers[name] = manager
        self._sources = self._fold("vaultsync_sources", _sources)
        self._filters = [
            (name, each)
            for name, answer in self._answers("vaultsync_document_filters")
            for each in self._safely(name, "bring document filters", _callables, answer) or ()
        ]
        self._template_filters = self._fold("vaultsync_template_filters", _named_callables)

    @classmethod
    def load(cls, env: Mapping[str, str]) -> Host:
        """Load vaultsync's own plugins and the installed ones VAULTSYNC_PLUGINS (names, commas) leaves in."""
        plugins: dict[str, object] = {}
        failures: list[PluginError] = []
        for name, loaded in (*_built_in(), *_installed(env.get("VAULTSYNC_PLUGINS"), failures)):
            try:
                plugins[name] = loaded()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin boundary
                failures.append(_failure(name, "be loaded", error))
        return cls(plugins, failures)

    @property
    def failures(self) -> tuple[PluginError, ...]:
        """What went wrong so far, in the order it did."""
        return tuple(self._failures)

    @property
    def names(self) -> tuple[str, ...]:
        """The plugins that were loaded, in the order they are asked."""
        return tuple(self._managers)

    def sources(self) -> Mapping[str, SourcePlugin]:
        """Return the sources by name."""
        return self._sources

    def document_filters(self) -> tuple[tuple[str, DocumentFilter], ...]:
        """Return the document filters, each with its plugin's name, in the order they are to be applied."""
        return tuple(self._filters)

    def template_filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return Jinja filters by the name a template calls them."""
        return self._template_filters

    def after_pull(self, report: object) -> tuple[PluginError, ...]:
        """Tell every plugin what a pull did; return what went wrong."""
        return self._tell("vaultsync_after_pull", report=report)

    def before_push(self, edit: Edit) -> tuple[PluginError, ...]:
        """Tell every plugin of an edit that is about to be sent; return what went wrong."""
        return self._tell("vaultsync_before_push", edit=edit)

    def after_push(self, receipt: Receipt) -> tuple[PluginError, ...]:
        """Tell every plugin what a service answered; return what went wrong."""
        return self._tell("vaultsync_after_push", receipt=receipt)

    def _tell(self, hook: str, **arguments: object) -> tuple[PluginError, ...]:
        before = len(self._failures)
        for _ in self._answers(hook, **arguments):
            pass
        return self.failures[before:]

    def _answers(self, hook: str, **arguments: object) -> Iterator[tuple[str, Any]]:
        """Ask one plugin after the other; those without the hook, or with None to say, are passed over."""
        for name, manager in self._managers.items():
            for answer in self._safely(name, f"answer {hook}", getattr(manager.hook, hook), **arguments) or ():
                yield name, answer

    def _fold(self, hook: str, read: Callable[[Any], Iterable[tuple[str, Any]]]) -> dict[str, Any]:
        """Join what the plugins bring under names; the first to claim a name has it."""
        folded: dict[str, Any] = {}
        for plugin, answer in self._answers(hook):
            for name, value in self._safely(plugin, f"answer {hook}", read, answer) or ():
                if name in folded:
                    message = f'plugin {plugin}: "{name}" of {hook} is taken by another. It was left out.'
                    self._failures.append(PluginError(message, plugin=plugin, hint="Rename it in the plugin."))
                else:
                    folded[name] = value
        return folded

    def _safely(self, name: str, deed: str, call: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        try:
            return call(*args, **kwargs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin boundary: one failure stops no other
            self._failures.append(_failure(name, deed, error))
            return None


def _managed(name: str, plugin: object) -> pluggy.PluginManager:
    """Give a plugin a manager of its own: of a common one, the first to raise would lose all answers."""
    manager = pluggy.PluginManager("vaultsync")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name)
    return manager


def _failure(name: str, deed: str, error: BaseException) -> PluginError:
    failure = PluginError(
        f"plugin {name} could not {deed}: {type(error).__name__}: {error}. The rest went on without it.",
        plugin=name,
        hint='Update or uninstall it, or leave it out with VAULTSYNC_PLUGINS="" (or the names to load).',
    )
    failure.__cause__ = error
    return failure


def _built_in() -> Iterator[tuple[str, Callable[[], object]]]:
    for name, module in BUILT_IN.items():
        yield name, partial(import_module, module)


def _installed(wanted: str | None, failures: list[PluginError]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Find the entry points of the group "vaultsync" by name; `wanted` None is all, "" is none."""
    names = None if wanted is None else {name.strip() for name in wanted.split(",")} - {""}
    if names is not None and not names:
        return
    # Costs 40 ms, which a run without plugins need not pay.
    from importlib.metadata import entry_points

    found = {each.name: each for each in entry_points(group="vaultsync") if each.name not in BUILT_IN}
    for name in sorted(found if names is None else names & found.keys()):
        yield name, found[name].load
    for name in sorted((names or set()) - found.keys() - BUILT_IN.keys()):
        message = f'VAULTSYNC_PLUGINS names "{name}", which is not installed. Everything else went on.'
        failures.append(PluginError(message, plugin=name, hint="Install it, or take its name out."))


def _sources(answer: Iterable[SourcePlugin]) -> list[tuple[str, SourcePlugin]]:
    for each in answer:
        if not isinstance(each, SourcePlugin):
            raise TypeError(f"expected SourcePlugin, got {type(each).__name__}")
        if not _SOURCE_NAME.fullmatch(each.name):
            raise ValueError(f"{each.name!r} is no name for a source (small letters, digits, - and _)")
        if not (isinstance(each.settings, type) and issubclass(each.settings, msgspec.Struct)):
            raise TypeError(f"the settings of {each.name} are not a msgspec.Struct type")
    return [(each.name, each) for each in answer]


def _callables(answer: Iterable[Callable[..., Any]]) -> list[Callable[..., Any]]:
    for each in answer:
        if not callable(each):
            raise TypeError(f"expected functions, got {type(each).__name__}")
    return list(answer)


def _named_callables(answer: Mapping[str, Callable[..., Any]]) -> list[tuple[str, Callable[..., Any]]]:
    if not isinstance(answer, Mapping):
        raise TypeError(f"expected a mapping of names to functions, got {type(answer).__name__}")
    _callables(answer.values())
    return list(answer.items())
