"""Open everything a command works with: the vault, its configuration, state, templates, plugins and sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vaultsync import accounts as account_names
from vaultsync import config as configuration
from vaultsync.accounts import Account
from vaultsync.disk.vault import Vault
from vaultsync.errors import AuthError, ConfigError, SourceError, TemplateError
from vaultsync.hookspecs import Source
from vaultsync.host.plugins import Host
from vaultsync.origins import origin
from vaultsync.progress import Progress, silent
from vaultsync.rendering import templates as template_files
from vaultsync.rendering.fingerprints import Fingerprints
from vaultsync.rendering.note_paths import NotePaths, Patterns
from vaultsync.rendering.renders import Renders
from vaultsync.reviewing.source import WithReviews
from vaultsync.storage.history import History
from vaultsync.storage.lock import writer_lock
from vaultsync.storage.state import State
from vaultsync.storage.statedir import state_dir

if TYPE_CHECKING:
    from vaultsync.budget import Budgets
    from vaultsync.http import Http
    from vaultsync.lint.writable import Lint
    from vaultsync.model import Document
    from vaultsync.rendering.tracked import Rendered
    from vaultsync.web import Web


class Stand(msgspec.Struct, frozen=True):
    """What may differ from a user's own set-up, for the demo and for tests.

    base_urls and tokens by account: instead of vaultsync.toml and the stored secrets. http: more of what Http takes,
    such as a clock. now: the time a run begins. state: the folder to keep state in.
    """

    base_urls: Mapping[str, str] = msgspec.field(default_factory=dict)
    tokens: Mapping[str, str] = msgspec.field(default_factory=dict)
    http: Mapping[str, Any] = msgspec.field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    state: Path | None = None


def offline(root: Path) -> Stand:
    """How a command works that asks no service: no token is looked for. Raises ConfigError."""
    return Stand(tokens=dict.fromkeys(configuration.load(root).sources, ""))


# Under which it is remembered which path patterns were tried.
_PATHS = "paths"


@dataclass
class Workspace:
    """Everything one run works with. now: when it began."""

    root: Path
    config: configuration.Config
    host: Host
    vault: Vault
    state: State
    history: History
    progress: Progress
    now: datetime
    env: Mapping[str, str]
    stand: Stand
    _https: list[Http] = field(default_factory=list)
    _webs: dict[str, Web] = field(default_factory=dict)
    _budgets: dict[tuple[str, str], Budgets] = field(default_factory=dict, repr=False)  # by origin and token
    _refusals: list[AuthError] = field(default_factory=list)

    @cached_property
    def templates(self) -> template_files.Templates:
        """The vault's templates, read once. Raises ConfigError."""
        return template_files.load(self.root, self.config.notes.templates)

    @cached_property
    def _ready(self) -> template_files.Ready:
        return template_files.ready(self.templates, self.host.template_filters())

    def try_templates(self) -> None:
        """Try every template and path pattern, once. Raises TemplateError for the first that can't be used."""
        try:
            _ = self._ready, self._paths_work
        except TemplateError as error:
            raise error.left("No note was written.") from error

    def try_new_paths(self) -> None:
        """Try path patterns of the user's own that were not tried yet. Raises TemplateError.

        A run without new notes makes no path, so a mistake in one would be told weeks after it was made.
        """
        own = [(one.section, one.text) for one in self.note_paths.patterns.written]
        mark = msgspec.json.encode([own, sorted(self.host.template_filters())]).decode()
        if own and mark != self.state.mark(_PATHS):
            self.try_templates()
            with self.state.transaction():
                self.state.set_mark(_PATHS, mark)

    @cached_property
    def note_paths(self) -> NotePaths:
        """Where new notes go. Raises ConfigError."""
        return _note_paths(self.config, self.host, self.accounts, self.settings)

    @cached_property
    def _paths_work(self) -> bool:
        for tried in self.note_paths.tried():
            if tried.error is not None:
                raise tried.error
        return True

    @cached_property
    def renders(self) -> Renders:
        """What drafts need of templates and plugins."""
        return Renders(
            (self.render_note, lambda document: self._ready.again(document, now=self.now)),
            self.render_path,
            self.fingerprints.of,
            self.try_templates,
            self.host.document_filters(),
            self._cover_file if self.config.notes.covers else None,
        )

    def _cover_file(self, url: str) -> str:
        """What a cover is called in the vault; "" if it is on the web only."""
        known = self.state.picture(url)
        return known[0] if known else ""

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """What notes are rendered with: the templates, plugins that bring filters, and settings."""
        sections = self.config.plugins
        shaping: list[object] = [(*one, sections.get(one[0])) for one in self.host.shaping()]
        shaping += ["covers"] if self.config.notes.covers else []
        return Fingerprints(self.templates.fingerprint, shaping, is_whole=not self.host.failures)

    def render_note(self, document: Document) -> Rendered:
        """The note of a document. Raises TemplateError."""
        rendered: Rendered = self._ready.render(document, now=self.now)
        return rendered

    def outdated(self, name: str) -> dict[str, str]:
        """What has changed since a source's notes were rendered, in words, by their ids and in the order of these."""
        old = {pair: why for pair in self.state.rendered_with(name) if (why := self.fingerprints.outdated(*pair))}
        found = [(identity, why) for pair, why in old.items() for identity in self.state.ids_rendered_with(name, *pair)]
        return dict(sorted(found))

    def lint(self, category: str) -> Lint:
        """What can be edited in the notes of a category. Raises TemplateError."""
        return self._ready.lint(category, self.state.folder)

    def render_path(self, document: Document) -> str:
        """Where a new note of a document goes. Raises TemplateError."""
        return self.note_paths.path(document, now=self.now)

    @cached_property
    def accounts(self) -> dict[str, Account]:
        """The accounts of vaultsync.toml, in its order. Raises ConfigError."""
        return account_names.accounts(self.config, self.host.sources(), complete=not self.host.failures)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Each account's section of vaultsync.toml, checked. Raises ConfigError."""
        settings: dict[str, Any] = {}
        for name, account in self.accounts.items():
            settings[name] = configuration.source_settings(self.config, account)
            if name in self.stand.base_urls:
                settings[name] = msgspec.structs.replace(settings[name], base_url=self.stand.base_urls[name])
        return settings

    @cached_property
    def sources(self) -> dict[str, WithReviews]:
        """The sources of vaultsync.toml by account, in its order. Raises ConfigError; AuthError if none has its token.

        One that has not is told whenever it is to ask its service; its records can be read all the same.
        """
        made: dict[str, WithReviews] = {}
        taken: dict[str, Account] = {}
        for name, account in self.accounts.items():
            self._refuse_another_type(account)
            made[name] = WithReviews(account, self._maker(account), taken, state=self.state)
            taken |= dict.fromkeys(made[name].prefixes, account)
        if self._refusals and len(self._refusals) == len(made):
            raise self._refusals[0]
        return made

    def _refuse_another_type(self, account: Account) -> None:
        """Refuse an account that was at another source before, for its notes bear its name. Raises ConfigError."""
        before = self.state.type_of(account.name)
        if before not in (None, account.type):
            raise ConfigError(
                f"{configuration.FILE}: [sources.{account.name}] was of the type {before}, and is of the type "
                f"{account.type} now. Nothing was done.",
                hint=f'Give the new one another name: notes of the other have ids that begin with "{account.name}".',
            )

    def _maker(self, account: Account) -> Callable[[], Source]:
        """What makes a source."""
        name, plugin, settings = account.name, account.plugin, self.settings[account.name]
        if plugin is None:
            return partial(_missing, name)
        # requests takes a while to import, and status asks nobody.
        from vaultsync import tokens
        from vaultsync.connection import address
        from vaultsync.http import Http

        token, refused = self.stand.tokens.get(name), None
        if token is None and account.variable:
            try:
                token = tokens.token_for(name, account.variable, settings.base_url, self.env)
            except AuthError as error:
                refused = error
                self._refusals.append(error)

        budgets = self._budgets_of(address(settings), token)
        more = {"on_wait": self.progress.wait, "budgets": budgets, "refused": refused, **self.stand.http}
        self._https.append(Http(name, address(settings), token, **more))
        return partial(plugin.make, settings, self._https[-1])

    def _budgets_of(self, base_url: str, token: str | None) -> Budgets | None:
        """Those that all accounts with the same token at the same service spend from."""
        from vaultsync.budget import Budgets

        return self._budgets.setdefault((origin(base_url), token), Budgets()) if token else None

    def deletes(self, name: str) -> bool:
        """Whether what its user deletes in the vault is to be deleted at a source."""
        return getattr(self.settings[name], "on_local_delete", "keep") == "delete"

    def settings_mark(self, name: str) -> str:
        """Changes when what a source is asked for, or what plugins leave in, changes; not with its address."""
        settings = msgspec.to_builtins(self.settings[name])
        settings.pop("base_url", None)
        sections = self.config.plugins
        filters = [(plugin, sections[plugin]) if plugin in sections else plugin for plugin in self.host.filtering()]
        return blake2b(msgspec.json.encode([settings, filters], order="sorted"), digest_size=8).hexdigest()

    def web(self, name: str) -> Web:
        """Where pictures of a source's documents come from."""
        from vaultsync.connection import address
        from vaultsync.web import Web

        if name not in self._webs:
            self._webs[name] = Web(name, address(self.settings[name]))
        return self._webs[name]

    def requests(self) -> int:
        """How many requests were sent so far."""
        return sum(http.requests for http in self._https)

    def close(self) -> None:
        """Close what was opened."""
        self.progress.close()
        for http in self._https:
            http.close()
        for web in self._webs.values():
            web.close()


def note_paths(config: configuration.Config, host: Host) -> NotePaths:
    """Where new notes go, for who only looks: of accounts that are in order, whatever is wrong with others."""
    accounts = {account.name: account for account in account_names.usable(config, host.sources())}
    settings = {}
    for name, account in accounts.items():
        with suppress(ConfigError):
            settings[name] = configuration.source_settings(config, account)
    return _note_paths(config, host, accounts, settings)


def _note_paths(
    config: configuration.Config, host: Host, accounts: Mapping[str, Account], settings: Mapping[str, Any]
) -> NotePaths:
    own = {name: getattr(settings.get(name), "path", "") for name in accounts}
    patterns = Patterns.of(config.text, config.notes.path, own, config.review.path)
    return NotePaths(patterns, accounts, host.template_filters())


def _missing(name: str) -> Source:
    raise SourceError(
        f"{name}: no plugin brings this source, and one could not be loaded. Its notes were left as they are.",
        source=name,
        hint="Mend that plugin, or take the section out of vaultsync.toml.",
    )


@contextmanager
def opened(
    root: Path,
    *,
    env: Mapping[str, str],
    progress: Progress = silent,
    stand: Stand = Stand(),  # noqa: B008  # frozen
    writing: str = "",
    config: configuration.Config | None = None,
) -> Iterator[Workspace]:
    """Everything a command works with. writing: what the one writer is called, e.g. "vaultsync export"; "" only reads.

    config: instead of what vaultsync.toml says. Raises ConfigError, StateError.
    """
    config = config or configuration.load(root)
    host = Host.load(env, config)
    folder = stand.state or state_dir(root, env)
    with ExitStack() as stack:
        if writing:
            stack.enter_context(writer_lock(folder, writing))
        state = stack.enter_context(State.open(folder))
        workspace = Workspace(
            root, config, host, Vault(root), state, History(folder), progress, stand.now(), env, stand
        )
        stack.callback(workspace.close)
        yield workspace
