"""Find a vault and read its vaultsync.toml; every mistake in it is named with its line and what was meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

from vaultsync.errors import ConfigError
from vaultsync.steps import step

if TYPE_CHECKING:
    from vaultsync.hookspecs import SourcePlugin

FILE = "vaultsync.toml"
# How often everything is listed again: what a service does not volunteer is at most this old.
FULL_EVERY = timedelta(days=1)
_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_TOML_HINT = 'Text stands in quotes, lists in brackets, "true" and "false" are small.'
_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section [notes].

    path: where a new note goes, a template. templates: a folder in the vault, the name of a shipped set, or ""
    for the default one; rendering/templates.py makes sure of it.
    """

    path: str = "Readwise/{{ document.category }}/{{ document.title }}.md"
    templates: str = ""


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
    """The section [review]. path: where the note of a day's review goes, a template of `date`."""

    path: str = "Readwise/Reviews/{{ date }}.md"


@dataclass(frozen=True, slots=True)
class Config:
    """What vaultsync.toml says.

    sources: each section [sources.NAME] as written, see `source_settings`. plugins: each [plugins.NAME], likewise.
    """

    root: Path
    notes: Notes = field(default_factory=Notes)
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    text: str = field(default="", repr=False)
    watch: Watch = field(default_factory=Watch)
    review: Reviews = field(default_factory=Reviews)
    plugins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


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
    text = _read(root / FILE)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{FILE} is not valid TOML: {error}. Nothing was done.",
            hint=_TOML_HINT,
        ) from error
    _refuse_unknown(tables, ("notes", "watch", "review", "sources", "plugins"), text=text, section="")
    notes = _converted(_table(tables, "notes", text), Notes, text=text, section="notes")
    watch = _converted(_table(tables, "watch", text), Watch, text=text, section="watch")
    review = _converted(_table(tables, "review", text), Reviews, text=text, section="review")
    sources, plugins = (_sections(tables, name, text) for name in ("sources", "plugins"))
    return Config(root, notes, sources, text, watch, review, plugins)


def source_settings(config: Config, plugin: SourcePlugin) -> Any:
    """Read the section of `plugin`'s source as the settings type it asks for. Raises ConfigError."""
    section = f"sources.{plugin.name}"
    table, wanted = config.sources.get(plugin.name, {}), plugin.settings
    settings: msgspec.Struct = _converted(table, wanted, text=config.text, section=section)
    problem = _base_url_problem(getattr(settings, "base_url", None))
    if problem:
        raise _mistake(config.text, section, "base_url", f"base_url {problem}", "It reads https://example.org/path.")
    return settings


def plugin_settings(config: Config, name: str, wanted: type) -> Any:
    """Read the section of the plugin called `name` as the settings type it asks for. Raises ConfigError."""
    return _converted(config.plugins.get(name, {}), wanted, text=config.text, section=f"plugins.{name}")


def check_plugins(config: Config, installed: Iterable[str]) -> None:
    """Refuse a section [plugins.NAME] of a plugin that is not installed. Raises ConfigError."""
    _refuse_unknown(config.plugins, tuple(installed), text=config.text, section="plugins")


def needless(config: Config, name: str) -> ConfigError:
    """What is said of the section of a plugin that has no settings."""
    hint = "Take the section out of vaultsync.toml."
    return _mistake(config.text, "plugins", name, f"the plugin {name} has no settings", hint)


def check_sources(config: Config, installed: Iterable[str]) -> None:
    """Refuse a section [sources.NAME] that no installed plugin answers to. Raises ConfigError."""
    _refuse_unknown(config.sources, tuple(installed), text=config.text, section="sources")


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
        raise _mistake(text, within.rstrip("."), name, f"{name} is not a section", f"Write [{within}{name}].")
    return table


def _converted(table: Mapping[str, Any], wanted: type[_Struct], *, text: str, section: str) -> _Struct:
    fields = msgspec.structs.fields(wanted)
    _refuse_unknown(table, tuple(each.encode_name for each in fields), text=text, section=section)
    try:
        return msgspec.convert(table, wanted)
    except msgspec.ValidationError as error:
        # "Expected `bool`, got `str` - at `$.highlights`"
        said, _, where = str(error).replace("`", "").partition(" - at $.")
        key = re.split(r"[.\[]", where)[0]
        choices = [choice for each in fields if each.encode_name == key for choice in _choices(each.type)]
        what = f"{key or section}: {_in_plain_words(said)}"
        raise _mistake(
            text, section, key, what, f"Allowed: {', '.join(choices)}." if choices else _TOML_HINT
        ) from error


def _in_plain_words(said: str) -> str:
    """Put what msgspec says of a wrong value into words of TOML.

    >>> _in_plain_words("Expected array, got str")
    'expected a list, found text'
    """
    plain = {"got": "found", "enum ": "", "str": "text", "int": "a number", "float": "a number", "array": "a list"}
    words = re.sub(r"\b(got|str|int|float|array)\b|enum ", lambda match: plain[match[0]], said)
    return words[:1].lower() + words[1:]


def _choices(wanted: Any) -> tuple[str, ...]:
    """The values a setting is limited to, also inside a list.

    >>> _choices(tuple[Literal["new", "later"], ...]), _choices(bool), _choices(str)
    (('new', 'later'), ('true', 'false'), ())
    """
    if wanted is bool:
        return ("true", "false")
    inside = get_args(wanted)
    if get_origin(wanted) is Literal:
        return tuple(map(str, inside))
    return tuple(choice for each in inside for choice in _choices(each))


def _refuse_unknown(table: Mapping[str, Any], allowed: tuple[str, ...], *, text: str, section: str) -> None:
    key = next((key for key in table if key not in allowed), None)
    if key is None:
        return
    from difflib import get_close_matches

    close = get_close_matches(key, allowed, n=1, cutoff=0.6)
    meant = f'Did you mean "{close[0]}"? ' if close else ""
    raise _mistake(text, section, key, *_unknown(key, allowed, section, meant))


def _unknown(key: str, allowed: tuple[str, ...], section: str, meant: str) -> tuple[str, str]:
    """Word what is wrong with `key`, and what would be right."""
    if section in ("sources", "plugins"):
        what = "no plugin brings a source" if section == "sources" else "there is no plugin"
        return f'{what} "{key}"', f"{meant}Installed: {', '.join(allowed) or 'none'}."
    what = "option" if section else "section"
    where = f"[{section}]" if section else FILE
    return f'there is no {what} "{key}"', f"{meant}{where} may have: {', '.join(allowed)}."


def _mistake(text: str, section: str, key: str, what: str, hint: str) -> ConfigError:
    line = line_of(text, section, key)
    where = f"{FILE}, line {line}" if line else FILE
    within = f" in [{section}]" if section else ""
    return ConfigError(f"{where}{within}: {what}. Nothing was done.", hint=hint)


def line_of(text: str, section: str, key: str) -> int | None:
    r"""Find the line, from 1, where `section` gives `key` or begins a section so called; None if it hides.

    >>> line_of("[notes]\npath = 'a'", "notes", "path"), line_of("[sources.x]", "sources", "x")
    (2, 1)
    """
    full = ".".join(filter(None, (section, key)))
    given = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
    here = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            here = header[1].replace('"', "").replace(" ", "")
        found = f"{here}.".startswith(f"{full}.") if header else here == section and given.match(line)
        if found:
            return number
    return None


def _base_url_problem(url: object) -> str:
    """Say what is wrong with a base_url; "" if nothing, or if the source has none."""
    if not isinstance(url, str):
        return ""
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

[watch]
# How "vaultsync watch" goes about it: how many seconds a note you save is given before it is read, how many pass
# between two fetches, and whether a changed template may change more than 50 notes without a word from you.
# settle = 3
# pull_interval = 300
# unattended = false

[review]
# Where the note of a day's review goes that "vaultsync review" writes.
# path = "Readwise/Reviews/{{ date }}.md"

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
"""
