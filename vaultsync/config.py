"""Find a vault and read its vaultsync.toml; every mistake in it is named with its line and what was meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec

from vaultsync import mistakes
from vaultsync.errors import ConfigError
from vaultsync.mistakes import converted, mistake, refuse_unknown
from vaultsync.paths import portable
from vaultsync.steps import step

if TYPE_CHECKING:
    from vaultsync.accounts import Account

FILE = mistakes.FILE
# How often everything is listed again: what a service does not volunteer is at most this old.
FULL_EVERY = timedelta(days=1)


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [notes].

    path: where a new note goes, a template. templates: a folder in the vault, the name of a shipped set, or ""
    for the default one; rendering/templates.py makes sure of it. covers: the folder in the vault that covers are
    downloaded into, "" for none.
    """

    path: str = "Readwise/{{ document.category }}/{{ document.title }}.md"
    templates: str = ""
    covers: str = ""

    def __post_init__(self) -> None:
        """Refuse a folder that is none in the vault. Raises ValueError."""
        parts = self.covers.split("/")
        if self.covers and any(not part or part[0] == "." or portable(part) != part for part in parts):
            raise ValueError(f'covers: "{self.covers}" is no folder in the vault; it reads "Attachments/Covers"')


_Seconds = Annotated[float, msgspec.Meta(ge=0.05)]


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [watch].

    settle: seconds of quiet a saved note is given before it is read. pull_interval: seconds between two fetches.
    unattended: a changed template may change any number of notes without a word.
    """

    settle: _Seconds = 3.0
    pull_interval: Annotated[float, msgspec.Meta(ge=1)] = 300.0
    unattended: bool = False


class Reviews(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [review]. path: where the note of a day's review goes, a template of `date` and `account`."""

    path: str = "Readwise/Reviews/{{ date }}.md"


class Saves(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [save]. source: where addresses are saved if several sources take them; "" to ask for it."""

    source: str = ""


class Config(msgspec.Struct, frozen=True):
    """What vaultsync.toml says.

    sources: each section [sources.NAME] as written, see `source_settings`. plugins: each [plugins.NAME], likewise.
    """

    root: Path
    notes: Notes = msgspec.field(default_factory=Notes)
    sources: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    text: str = ""
    watch: Watch = msgspec.field(default_factory=Watch)
    review: Reviews = msgspec.field(default_factory=Reviews)
    plugins: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    save: Saves = msgspec.field(default_factory=Saves)


def find_vault(option: str | None, env: Mapping[str, str], start: Path) -> Path:
    """Find the vault: what --vault says, else VAULTSYNC_VAULT, else `start` or the nearest folder above it.

    Raises ConfigError if what was named is no vault, or nothing above `start` is one.
    """
    for named, origin in ((option, "--vault"), (env.get("VAULTSYNC_VAULT"), "VAULTSYNC_VAULT")):
        if named:
            return _named_vault(Path(named).expanduser(), origin)
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise ConfigError(
        f"No vault here: neither {start} nor a folder above it has a {FILE}.",
        hint='Name one with --vault DIR, or make one with "vaultsync init DIR".',
    )


def _named_vault(folder: Path, origin: str) -> Path:
    if not folder.is_dir():
        raise ConfigError(
            f"{origin} names {folder}, which is no folder. Nothing was done.",
            hint="Is its disk mounted? Is the name spelled as it is on disk?",
        )
    if not (folder / FILE).is_file():
        raise ConfigError(
            f"{folder} has no {FILE}, so it is not a vault of vaultsync's. Nothing was done.",
            hint=f'If it should become one: "vaultsync init {folder}". If it was one: is its disk mounted?',
        )
    return folder.resolve()


def load(root: Path) -> Config:
    """Read the vaultsync.toml of the vault at `root`. Raises ConfigError."""
    return parsed(root, _read(root / FILE))


def parsed(root: Path, text: str) -> Config:
    """What a vaultsync.toml with this text says of the vault at `root`. Raises ConfigError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{FILE} is not valid TOML: {error}. Nothing was done.",
            hint=mistakes.TOML_HINT,
        ) from error
    refuse_unknown(tables, ("notes", "watch", "review", "save", "sources", "plugins"), text=text, section="")
    notes = converted(_table(tables, "notes", text), Notes, text=text, section="notes")
    watch = converted(_table(tables, "watch", text), Watch, text=text, section="watch")
    review = converted(_table(tables, "review", text), Reviews, text=text, section="review")
    sources, plugins = (_sections(tables, name, text) for name in ("sources", "plugins"))
    save = converted(_table(tables, "save", text), Saves, text=text, section="save")
    return Config(root, notes, sources, text, watch, review, plugins, save)


def source_settings(config: Config, account: Account) -> Any:
    """Read the section of an account as the settings type its source asks for. Raises ConfigError.

    Without a section its defaults are read, where its source has one for everything.
    """
    try:
        return _source_settings(config, account)
    except ConfigError as error:
        if account.name in config.sources:
            raise
        needs = " and base_url below it" if hasattr(account.settings, "base_url") else ""
        raise ConfigError(
            f"There is no section [sources.{account.name}] in a {FILE} here, and {account.name} can't be asked "
            "without one. Nothing was done.",
            hint=f"Write [sources.{account.name}]{needs} into the {FILE} of your vault, and run this in the vault.",
        ) from error


def _source_settings(config: Config, account: Account) -> Any:
    section = f"sources.{account.name}"
    table = account.options(config.sources.get(account.name, {}))
    settings: msgspec.Struct = converted(table, account.settings, text=config.text, section=section)
    problem = _base_url_problem(getattr(settings, "base_url", None))
    if problem:
        raise mistake(config.text, section, "base_url", f"base_url {problem}", "It reads https://example.org/path.")
    return settings


def plugin_settings(config: Config, name: str, wanted: type) -> Any:
    """Read the section of the plugin called `name` as the settings type it asks for. Raises ConfigError."""
    return converted(config.plugins.get(name, {}), wanted, text=config.text, section=f"plugins.{name}")


def check_plugins(config: Config, installed: Iterable[str]) -> None:
    """Refuse a section [plugins.NAME] of a plugin that is not installed. Raises ConfigError."""
    refuse_unknown(config.plugins, tuple(installed), text=config.text, section="plugins")


def needless(config: Config, name: str) -> ConfigError:
    """What is said of the section of a plugin that has no settings."""
    hint = "Take the section out of vaultsync.toml."
    return mistake(config.text, "plugins", name, f"the plugin {name} has no settings", hint)


def write_initial(root: Path, *, templates: str = "") -> bool:
    """Write a vaultsync.toml that explains itself; False, and nothing written, if there is one already.

    templates: a folder or shipped set to name in it. Raises ConfigError if it can't be written.
    """
    line = f'templates = "{templates}"' if templates else '# templates = "Templates/vaultsync"'
    step("config.create")
    try:
        with (root / FILE).open("x", encoding="utf-8", newline="\n") as file:
            file.write(_INITIAL.replace("@templates@", line))
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(
            f"{root / FILE} can't be written: {error.strerror}. Nothing was changed.",
            hint="Is the folder yours to write to?",
        ) from error
    return True


def _read(path: Path) -> str:
    try:
        # Editors on Windows like to begin a file with a byte order mark, which TOML does not know.
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text. Nothing was done.", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}. Nothing was done.") from error


def _sections(tables: Mapping[str, Any], kind: str, text: str) -> dict[str, dict[str, Any]]:
    found = _table(tables, kind, text)
    return {name: _table(found, name, text, f"{kind}.") for name in found}


def _table(tables: Mapping[str, Any], name: str, text: str, within: str = "") -> dict[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise mistake(text, within.rstrip("."), name, f"{name} is not a section", f"Write [{within}{name}].")
    return table


def _base_url_problem(url: object) -> str:
    """Say what is wrong with a base_url; "" if nothing, or if the source has none."""
    if not isinstance(url, str):
        return ""
    if not url:
        return "is missing: it says where the service is"
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return f'"{url}" is not an address'
    if parts.scheme not in ("http", "https") or not named or re.search(r"[\s\\]", url):
        return f'"{url}" is not an address of the web'
    if parts.username or parts.password:
        # Not repeated in the message: a vault is shared, a password is not.
        return "has a name or password in it; secrets never stand in the vault"
    return f'"{url}" has a ? or # in it' if parts.query or parts.fragment else ""


_INITIAL = """\
# vaultsync reads this file. It marks the folder as a vault: without it nothing is written or removed here.
# What stands behind a "#" is the default; take the "#" away to change it.

[notes]
# Where a new note goes. A note that exists is found by its vaultsync_id: move and rename it as you like.
# path = "Readwise/{{ document.category }}/{{ document.title }}.md"

# How notes look: "default", "callouts" or "minimal" come with vaultsync; or a folder in this vault
# with a document.md of your own ("vaultsync templates copy" makes you one).
@templates@

# Where covers are downloaded into, as "Attachments/Covers". Empty: notes show them from the web.
# covers = ""

[watch]
# How "vaultsync watch" goes about it: how many seconds a note you save is given before it is read, how many pass
# between two fetches, and whether a changed template may change more than 50 notes without a word from you.
# settle = 3
# pull_interval = 300
# unattended = false

[review]
# Where the note of a day's review goes that "vaultsync review" writes.
# path = "Readwise/Reviews/{{ date }}.md"

[save]
# Where "vaultsync save" saves, if several sources take addresses.
# source = ""

[sources.readwise]
# Your token stands in READWISE_TOKEN or is kept by "vaultsync auth readwise", never in this file.
# base_url = "https://readwise.io/api"

# Highlights from Kindle, Reader, podcasts and all else Readwise collects.
# highlights = true

# Documents of Reader: "highlighted" (what you highlighted), "all" (also what you only saved), "none".
# documents = "highlighted"

# Which places of Reader to look in; "feed" can be added.
# locations = ["new", "later", "shortlist", "archive"]

# Reader's own highlights too, where Readwise lacks them; takes five times the requests.
# children = false

# Only documents of these categories (books, articles, tweets, podcasts, ...), or with one of these tags.
# Empty: all.
# categories = []
# tags = []

# The whole text of Reader documents, as Markdown, for templates that print it.
# full_text = false

# Where new notes of this source go, if not where [notes] says.
# path = ""

# What goes back to Readwise when you edit it in a note, by "vaultsync push" or "vaultsync sync"; [] is one way.
# push = ["note", "tags"]

# Whether what you delete here stays there ("keep") or is deleted there too ("delete").
# on_local_delete = "keep"

# Passages you mark with a callout > [!highlight] in the note of a document become highlights there.
# new_highlights = true

# A second account of a kind gets a section with a name of its own, [sources.work], in which the first line says
# what it is: type = "readwise". Its token is kept by "vaultsync auth work"; its notes bear that name, so keep it.

# Bookmarks of a linkding of your own come in beside them by a section like this one, in which base_url is where
# linkding's pages are. Its token stands in LINKDING_TOKEN or is kept by "vaultsync auth linkding".
#   [sources.linkding]
#   base_url = "https://links.example.org"
#   archived = true             # archived bookmarks get notes too
#   tags = []                   # only bookmarks with one of these; empty: all
#   path = ""                   # where new notes go, if not where [notes] says
#   push = ["note", "tags"]     # may have "title", "summary", "archived", "unread", "shared" as well
#   on_local_delete = "keep"
"""
