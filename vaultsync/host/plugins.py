"""Load plugins and ask them for what they bring; one that fails is named, and the others go on.

The order is stated: vaultsync's own first, then by name. A name that two of them claim (of a plugin, a source, a
template filter, a command) belongs to the first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import msgspec
import pluggy

from vaultsync import __version__, hookspecs
from vaultsync import config as configuration
from vaultsync.errors import PluginError
from vaultsync.hookspecs import Edit, Receipt, SourcePlugin
from vaultsync.host import answers, installed, notices
from vaultsync.host.installed import Found
from vaultsync.model import Document

if TYPE_CHECKING:
    import click

    from vaultsync.config import Config

DocumentFilter = Callable[[Document], Document | None]

# Loaded by name, not by entry point: a checkout that was never installed has them too.
BUILT_IN = {"readwise": "vaultsync.sources.readwise", "linkding": "vaultsync.sources.linkding"}


class Host:
    """The plugins of one run. Each is asked once for what it brings, when the host is made.

    failures: one error for each plugin, or part of one, that had to be left out.
    """

    def __init__(
        self,
        plugins: Mapping[str, object],
        failures: Iterable[PluginError] = (),
        *,
        config: Config | None = None,
        versions: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Register `plugins`, by name, in the order they are to be asked.

        config: hands each its section of vaultsync.toml before it is asked anything else. versions: of plugins.
        Raises ConfigError.
        """
        self._failures = list(failures)
        self._versions = versions
        self._told = 0
        self._notices = notices.Notices(notices.LIMIT)
        self._managers: dict[str, pluggy.PluginManager] = {}
        for name, plugin in plugins.items():
            manager = self._safely(name, "be registered", _managed, name, plugin)
            if manager:
                self._managers[name] = manager
        if config is not None:
            for name in list(self._managers):
                self._configure(name, config)
        self._sources = self._fold("vaultsync_sources", answers.sources)
        self._filters = [
            (name, each)
            for name, answer in self._answers("vaultsync_document_filters")
            for each in self._safely(name, "bring document filters", answers.functions, answer) or ()
        ]
        self._template_filters = self._fold("vaultsync_template_filters", answers.named_functions, own=_own_filters)

    @classmethod
    def load(cls, env: Mapping[str, str], config: Config | None = None) -> Host:
        """Load vaultsync's own plugins and those VAULTSYNC_PLUGINS (names, commas) leaves in.

        config: of the vault, if there is one. Raises ConfigError.
        """
        failures: list[PluginError] = []
        plugins: dict[str, object] = {}
        versions: dict[str, str] = {}
        for one in chosen(env, failures):
            versions[one.name] = one.version
            try:
                plugins[one.name] = installed.load(one)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin boundary
                failures.append(_failure(one.name, "be loaded", error))
        if config is not None and config.plugins.keys() - plugins.keys():
            # One that was left out keeps its section.
            configuration.check_plugins(config, dict.fromkeys(one.name for one in (*built_in(), *installed.found(env))))
        return cls(plugins, failures, config=config, versions=versions)

    @property
    def failures(self) -> tuple[PluginError, ...]:
        """What went wrong when the plugins were loaded and asked, in the order it did."""
        return tuple(self._failures)

    def untold(self) -> tuple[PluginError, ...]:
        """The failures no report has told of yet; each is returned once."""
        told, self._told = self._told, len(self._failures)
        return self.failures[told:]

    @property
    def names(self) -> tuple[str, ...]:
        """The plugins that were loaded, in the order they are asked."""
        return tuple(self._managers)

    def hooks(self, name: str) -> tuple[str, ...]:
        """The hooks a plugin answers, in the order of hookspecs.py."""
        hook = self._managers[name].hook
        return tuple(each for each in HOOKS if getattr(hook, each).get_hookimpls())

    def sources(self) -> Mapping[str, SourcePlugin]:
        """Return the sources by name."""
        return {name: source for name, (_, source) in self._sources.items()}

    def brought(self, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the sources and of the template filters a plugin brings."""
        sources, filters = (
            tuple(each for each, (plugin, _) in folded.items() if plugin == name)
            for folded in (self._sources, self._template_filters)
        )
        return sources, filters

    def filtering(self) -> tuple[str, ...]:
        """The plugins that bring document filters, one name for each filter."""
        return tuple(name for name, _ in self._filters)

    def shaping(self) -> tuple[tuple[str, str], ...]:
        """The plugins that can change what a note looks like, by filters of either kind, each with its version."""
        names = dict.fromkeys((*self.filtering(), *(plugin for plugin, _ in self._template_filters.values())))
        return tuple((name, self._versions.get(name, "")) for name in names)

    def document_filters(self) -> tuple[tuple[str, DocumentFilter], ...]:
        """Return the document filters, each with its plugin's name, in the order they are to be applied."""
        return tuple(self._filters)

    def template_filters(self) -> Mapping[str, Callable[..., Any]]:
        """Return Jinja filters by the name a template calls them."""
        return {name: filter_ for name, (_, filter_) in self._template_filters.items()}

    def commands(self, own: Collection[str]) -> Mapping[str, tuple[str, click.Command]]:
        """Ask for commands: by name, each with its plugin's. own: names that are vaultsync's."""
        return self._fold("vaultsync_commands", answers.commands, own=lambda: own)

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
        """Tell one plugin after the other; return what went wrong, which no failure of the host's is."""
        failures = []
        for name, manager in self._managers.items():
            caller = getattr(manager.hook, hook)
            if caller.get_hookimpls():
                try:
                    self._notices.tell(name, partial(caller, **arguments))
                except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin boundary
                    failures.append(_failure(name, f"hear {hook}", error))
        return tuple(failures)

    def _configure(self, name: str, config: Config) -> None:
        """Hand a plugin its section; leave it out if it can't take it. Raises ConfigError for a wrong section."""
        manager, failed = self._managers[name], len(self._failures)
        asked = self._safely(name, "answer vaultsync_settings", manager.hook.vaultsync_settings)
        for answer in asked or ():
            wanted = self._safely(name, "answer vaultsync_settings", answers.settings, answer)
            if wanted and (name in config.plugins or self._safely(name, "do without a section", wanted) is not None):
                settings = configuration.plugin_settings(config, name, wanted)
                self._safely(name, "take its settings", _hand_over, manager, settings)
        if len(self._failures) > failed:
            del self._managers[name]
        elif not asked and name in config.plugins:
            raise configuration.needless(config, name)

    def _answers(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Ask one plugin after the other; those without the hook, or with None to say, are passed over."""
        for name, manager in self._managers.items():
            for answer in self._safely(name, f"answer {hook}", getattr(manager.hook, hook)) or ():
                yield name, answer

    def _fold(
        self,
        hook: str,
        read: Callable[[Any], Iterable[tuple[str, Any]]],
        *,
        own: Callable[[], Collection[str]] = tuple,
    ) -> dict[str, tuple[str, Any]]:
        """Join what the plugins bring under names; the first to claim one has it. own: names that are vaultsync's."""
        folded: dict[str, tuple[str, Any]] = {}
        for plugin, answer in self._answers(hook):
            for name, value in self._safely(plugin, f"answer {hook}", read, answer) or ():
                holder = "vaultsync" if name in own() else folded[name][0] if name in folded else ""
                if holder:
                    message = f'plugin {plugin}: "{name}" of {hook} is taken by {holder}. It was left out.'
                    self._failures.append(PluginError(message, plugin=plugin, hint="Rename it in the plugin."))
                else:
                    folded[name] = plugin, value
        return folded

    def _safely(self, name: str, deed: str, call: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        try:
            return call(*args, **kwargs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin boundary: one failure stops no other
            self._failures.append(_failure(name, deed, error))
            return None


def _hooks() -> tuple[str, ...]:
    return tuple(name for name in vars(hookspecs) if name.startswith("vaultsync_"))


HOOKS = _hooks()
# pluggy looks into everything it is given that has a name: the hooks by themselves are a fifth of their module.
_SPECS = ModuleType(hookspecs.__name__)
vars(_SPECS).update({name: getattr(hookspecs, name) for name in HOOKS})


def built_in() -> tuple[Found, ...]:
    """Vaultsync's own plugins."""
    return tuple(Found(name, module, "vaultsync", __version__) for name, module in BUILT_IN.items())


def chosen(env: Mapping[str, str], failures: list[PluginError]) -> tuple[Found, ...]:
    """The plugins to load, in the order they are asked; what stands against one is added to `failures`."""
    wanted = installed.narrowed(env)
    there = () if wanted is not None and not wanted else installed.found(env)
    taken = {one.name: one for one in built_in()}
    for one in there:
        if wanted is not None and one.name not in wanted:
            continue
        if one.name in taken:
            message = (
                f"plugin {one.name} of {one.origin}: {taken[one.name].origin} has one of that name. It was left out."
            )
            failures.append(PluginError(message, plugin=one.name, hint="Uninstall one of them."))
        else:
            taken[one.name] = one
    for name in sorted((wanted or frozenset()) - taken.keys()):
        message = f'VAULTSYNC_PLUGINS names "{name}", which is not installed. Everything else went on.'
        failures.append(PluginError(message, plugin=name, hint="Install it, or take its name out."))
    return tuple(taken.values())


def _managed(name: str, plugin: object) -> pluggy.PluginManager:
    """Give a plugin a manager of its own: of a common one, the first to raise would lose all answers."""
    manager = pluggy.PluginManager("vaultsync")
    manager.add_hookspecs(_SPECS)
    manager.register(plugin, name)
    # A hook with a slip in its name would else never be called, and nobody would know.
    manager.check_pending()
    return manager


def _hand_over(manager: pluggy.PluginManager, settings: msgspec.Struct) -> None:
    answers.nothing(manager.hook.vaultsync_configure(settings=settings))


def _own_filters() -> Collection[str]:
    from vaultsync.rendering.filters import FILTERS

    return {*FILTERS, "default"}


def _failure(name: str, deed: str, error: BaseException) -> PluginError:
    failure = PluginError(
        f"plugin {name} could not {deed}: {type(error).__name__}: {error}. The rest went on without it.",
        plugin=name,
        hint='Update or uninstall it, or leave it out with VAULTSYNC_PLUGINS="" (or the names to load).',
    )
    failure.__cause__ = error
    return failure
