"""Find the templates of a vault, say which makes which note, and try them before any note is written.

The only module that reads templates. A vault's own folder wins over the shipped set, and in each a category's
template (`document.articles.md`) wins over the general one (`document.md`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from vaultsync.errors import ConfigError, TemplateError
from vaultsync.model import CATEGORIES, REVIEWS

if TYPE_CHECKING:
    from vaultsync.lint.writable import Lint
    from vaultsync.model import Document
    from vaultsync.rendering.render import Rendered, Renderer

SETS = ("default", "callouts", "minimal")
REVIEW = "review.md"
"""What makes the note of a daily review."""
# Goes up whenever the same template and document would render differently.
_RENDERING = b"1"
# The time of the export, when templates are only tried.
_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def shipped_folder() -> Path:
    """Where the shipped sets are: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "_templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Templates(msgspec.Struct, frozen=True, eq=False):
    """Every template a vault can use.

    own: texts of the vault's folder by their path in it. fallback: texts of the shipped set. shipped: texts of all
    sets as "default/document.md", to be extended or included. folder: of `own`, as the user knows it; "" if none.
    """

    own: Mapping[str, str]
    fallback: Mapping[str, str]
    shipped: Mapping[str, str]
    folder: str = ""
    name: str = "default"
    # Asked for with every note.
    _prints: dict[str, str] = msgspec.field(default_factory=dict)

    def same(self, other: Templates) -> bool:
        """Whether the other ones make the same notes, and would be told of in the same words."""
        fields = ("own", "fallback", "shipped", "folder", "name")
        return all(getattr(self, name) == getattr(other, name) for name in fields)

    @property
    def sources(self) -> dict[str, str]:
        """Every text by the name a template would include it by."""
        return {**self.shipped, **self.fallback, **self.own}

    def main(self, category: str) -> str:
        """The name of the template that makes notes of a category."""
        if category == REVIEWS:
            return REVIEW if REVIEW in {**self.fallback, **self.own} else f"default/{REVIEW}"
        for texts in (self.own, self.fallback):
            for name in (f"document.{category}.md", "document.md"):
                if name in texts:
                    return name
        raise TemplateError("There is no document.md.", file=self.folder or self.name)

    def mains(self) -> tuple[tuple[str, str], ...]:
        """Every template that makes notes, each with a category it makes notes of."""
        names = {name for texts in (self.own, self.fallback) for name in texts if _is_main(name)}
        special = {name.removeprefix("document.").removesuffix(".md") for name in names if name != "document.md"}
        general = next((category for category in CATEGORIES if category not in special), "")
        # A category's template of the shipped set comes after the user's general one, and may make no notes at all.
        chosen = {self.main(category): category for category in (*sorted(special), general)}
        return tuple(chosen.items())

    def shown(self, name: str) -> str:
        """A template's file as the user knows it."""
        if name in self.own:
            return f"{self.folder}/{name}"
        return f"shipped template {name if name in self.shipped else f'{self.name}/{name}'}"

    def fingerprint(self, category: str) -> str:
        """Changes when anything changes that could change what this category's notes look like."""
        main = self.main(category)
        if main not in self._prints:
            digest = hashlib.blake2b(_RENDERING, digest_size=8)
            for name, text in sorted(self._used_by(main).items()):
                digest.update(f"{name}\0{text}\0".encode())
            self._prints[main] = digest.hexdigest()
        return self._prints[main]

    def _used_by(self, main: str) -> dict[str, str]:
        """The texts a template may include, extend or import: what is named in them, and every part of its own sets."""
        sources = self.sources
        parts = {name for name in {**self.fallback, **self.own} if not _is_main(name) and name != REVIEW}
        used = {name: sources[name] for name in (main, *parts)}
        while True:
            together = "\n".join(used.values())
            more = {name: text for name, text in sources.items() if name not in used and _named(name, together)}
            if not more:
                return used
            used |= more


def _named(name: str, text: str) -> bool:
    return f'"{name}"' in text or f"'{name}'" in text


def _is_main(name: str) -> bool:
    return name.startswith("document.") and name.endswith(".md") and "/" not in name


def load(root: Path, setting: str) -> Templates:
    """The templates a vault uses. setting: a folder in the vault, the name of a shipped set, or "".

    Raises ConfigError if it is none of these, TemplateError if a file can't be read.
    """
    shipped = dict(_shipped(shipped_folder()))
    is_set = setting in SETS and not (root / setting).is_dir()
    chosen = setting if is_set else "default"
    fallback = {path.partition("/")[2]: text for path, text in shipped.items() if path.startswith(f"{chosen}/")}
    if not setting or is_set:
        return Templates({}, fallback, shipped, name=chosen)
    folder = root / setting
    if not folder.resolve().is_relative_to(root.resolve()):
        raise ConfigError(
            f'vaultsync.toml: templates = "{setting}" is outside the vault. Nothing was read or written.',
            hint="Name a folder inside the vault.",
        )
    if not folder.is_dir():
        raise ConfigError(
            f'vaultsync.toml: templates = "{setting}" is neither a folder in the vault nor a shipped set '
            f"({', '.join(SETS)}). No note was written.",
            hint='Run "vaultsync templates copy" to get a copy of ours there.',
        )
    return Templates(dict(_texts(folder)), fallback, shipped, setting.rstrip("/"), chosen)


@cache
def _shipped(folder: Path) -> Mapping[str, str]:
    """The texts of all shipped sets. They change only when the program does, so a process reads them once."""
    return {f"{name}/{path}": text for name in SETS for path, text in _texts(folder / name)}


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every template in a folder. A link that leads out of it is not read: it would print a stranger's file."""
    home = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".md", ".jinja", ".j2") or path.name.startswith("."):
            continue
        try:
            if not path.resolve().is_relative_to(home):
                raise TemplateError("leads outside the templates' folder. No note was written.", file=str(path))
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            raise TemplateError(
                f"can't be read as text: {error}. No note was written.",
                file=str(path),
                hint="Save it as UTF-8 text, or move it out of the templates, then run again.",
            ) from error


class Checked(msgspec.Struct, frozen=True, eq=False):
    """What trying a template showed.

    category: one it makes the notes of. error: why it can't be used, None if it can. captures: False if it looks at
    text it captured, so that values in macros and the like are read-only. note: makes the note of a document.
    """

    name: str
    shown: str
    category: str
    error: TemplateError | None = None
    captures: bool = True
    note: Callable[[Document], Rendered] | None = None

    def lint(self) -> Lint | None:
        """What can be edited in its notes; None if it can't be used. Takes a good part of a second."""
        from vaultsync.lint.writable import lint

        return lint(self.note, self.category) if self.note else None


class Ready(msgspec.Struct, eq=False):
    """Templates that were tried and work, with what renders them."""

    templates: Templates
    _renderer: Renderer
    _untracked: Renderer
    _plain: frozenset[str] = frozenset()
    _lints: dict[str, Lint] = msgspec.field(default_factory=dict)
    # Tried when it is needed: whoever writes no reviews is not held up by it.
    _reviews: list[Checked] = msgspec.field(default_factory=list)

    def render(self, document: Any, *, now: datetime) -> Any:
        """The note of a document. Raises TemplateError."""
        return self._rendered(self.templates.main(document.category), document, now)

    def again(self, document: Document, *, now: datetime) -> Rendered:
        """The note of another version of the document that was rendered last. Raises TemplateError."""
        from vaultsync.rendering.reprint import rendered_again

        name = self.templates.main(document.category)
        if document.category == REVIEWS or name in self._plain:
            return self._rendered(name, document, now)
        return rendered_again(self._renderer, name, document, now=now)

    def _rendered(self, name: str, document: Document, now: datetime) -> Rendered:
        plain = not self._review(name).captures if document.category == REVIEWS else name in self._plain
        return (self._untracked if plain else self._renderer).render(name, document, now=now)

    def _review(self, name: str) -> Checked:
        """What trying the template of reviews showed. Raises TemplateError."""
        if not self._reviews:
            self._reviews.append(_tried((self._renderer, self._untracked), self.templates, name, REVIEWS))
        report = self._reviews[0]
        if report.error is not None:
            raise report.error
        return report

    def lint(self, category: str, state: Path) -> Lint:
        """What can be edited in the notes of a category. state: the directory where that is kept from run to run."""
        from vaultsync.lint.cache import linted
        from vaultsync.lint.writable import lint

        if category not in self._lints:
            name = self.templates.main(category)
            self._lints[category] = linted(
                state,
                (self.templates.fingerprint(category), category),
                lambda: lint(lambda document: self._rendered(name, document, _SOME_DAY), category),
            )
        return self._lints[category]


def ready(templates: Templates, filters: Mapping[str, Callable[..., Any]]) -> Ready:
    """Try every template; raises TemplateError for the first that can't be used."""
    renderers = _renderers(templates, filters)
    reports = _checked(templates, renderers)
    for report in reports:
        if report.error is not None:
            raise report.error
    plain = frozenset(report.name for report in reports if not report.captures)
    return Ready(templates, *renderers, plain)


def _renderers(templates: Templates, filters: Mapping[str, Callable[..., Any]]) -> tuple[Renderer, Renderer]:
    # Jinja takes 50 ms to import, and an idle run renders nothing.
    from vaultsync.rendering.render import Renderer
    from vaultsync.rendering.sandbox import Compiled

    sources, compiled = templates.sources, Compiled()
    shown = {name: templates.shown(name) for name in sources}
    renderer = Renderer(sources, filters, shown=shown, compiled=compiled)
    return renderer, Renderer(sources, filters, shown=shown, captures=False, compiled=compiled)


def check(templates: Templates, filters: Mapping[str, Callable[..., Any]]) -> tuple[Checked, ...]:
    """Try every template that makes notes on made-up documents; last that of reviews, if the vault has its own."""
    renderers = _renderers(templates, filters)
    checked = _checked(templates, renderers)
    return (*checked, _tried(renderers, templates, REVIEW, REVIEWS)) if REVIEW in templates.own else checked


def _checked(templates: Templates, renderers: tuple[Renderer, Renderer]) -> tuple[Checked, ...]:
    return tuple(_tried(renderers, templates, name, category) for name, category in templates.mains())


def _tried(renderers: tuple[Renderer, Renderer], templates: Templates, name: str, category: str) -> Checked:
    from vaultsync.rendering.specimen import specimens

    renderer, untracked = renderers
    shown = templates.shown(name)
    documents = specimens(category)
    if not templates.sources[name].strip():
        hint = 'Save it again, or delete it to use the shipped one, then run "vaultsync templates check".'
        empty = TemplateError("is empty, as if it were only half saved.", file=shown, hint=hint)
        return Checked(name, shown, category, empty)
    try:
        plain = [untracked.render(name, document, now=_SOME_DAY) for document in documents]
        for document, rendered in zip(documents, plain, strict=True):
            if not _same_words(rendered.text[rendered.layout.body :], untracked.plain(name, document, now=_SOME_DAY)):
                raise TemplateError("It looks at captured text that holds a {% highlight %} block.", file=shown)
        notes = _notes(renderer, name, documents)
    except TemplateError as error:
        return Checked(name, shown, category, error)
    captures = bool(notes) and all(map(_says_the_same, notes, plain))
    render = (renderer if captures else untracked).render
    return Checked(name, shown, category, None, captures, lambda document: render(name, document, now=_SOME_DAY))


def _notes(renderer: Renderer, name: str, documents: tuple[Document, ...]) -> list[Rendered]:
    """The tracked notes; none if tracking is what breaks the template."""
    try:
        return [renderer.render(name, document, now=_SOME_DAY) for document in documents]
    except TemplateError:
        return []


def _says_the_same(tracked: Rendered, plain: Rendered) -> bool:
    """Whether a note is the same with its values tracked.

    Where they are not, front matter that a template captures as a whole (`super()`) comes as one value, and has other
    keys: that says nothing against tracking.
    """
    from vaultsync.properties import read_properties

    one, two = (note.text[: note.layout.body] for note in (tracked, plain))
    fronts = one == two or read_properties(one).keys() != read_properties(two).keys()
    return fronts and tracked.text[tracked.layout.body :] == plain.text[plain.layout.body :]


def _same_words(body: str, plain: str) -> bool:
    """Whether the note and the bare template say the same; anchors and blank lines that we add don't count."""
    words = [word for word in body.split() if not word.startswith("^rw")]
    return " ".join(word for word in plain.split() if not word.startswith("^rw")).endswith(" ".join(words))
