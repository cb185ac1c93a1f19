"""Where templates run: Jinja's sandbox, a fast way to our own values in it, and `{% highlight %}`. No I/O.

A vault is shared, so a template in it is not trusted: it reaches the document it was given and nothing else. Jinja
guards every attribute; for the two view types below, whose few names are listed, the guard is a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vaultsync.model import Document, Highlight
from vaultsync.tracked import Closed, Opened, TagList, Tracked, opened, tracked

_TEXT, _TAGS, _PLAIN = "text", "tags", "plain"
HIGHLIGHT_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(("id", "text", "note", "color", "location_type", "url", "service_url"), _TEXT),
    "tags": _TAGS,
    **dict.fromkeys(
        ("location", "highlighted_at", "created", "updated", "favorite", "discarded", "deleted", "extra"),
        _PLAIN,
    ),
}
DOCUMENT_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("id", "title", "author", "category", "source", "url", "service_url", "cover", "summary", "note",
         "location", "view", "site_name", "content"),
        _TEXT,
    ),
    "tags": _TAGS,
    **dict.fromkeys(
        ("published", "created", "updated", "word_count", "reading_progress", "deleted", "extra"), _PLAIN
    ),
}  # fmt: skip
# Names no template can write.
_OPENED, _CLOSED = "(block opened)", "(block closed)"
_LONGEST = 1_000_000  # characters or items a template may make by repeating something


class HighlightView:
    """A highlight as a template sees it; `anchor` is what ends its block."""

    __slots__ = ("_block_id", "_highlight", "_id")

    def __init__(self, highlight: Highlight) -> None:
        self._highlight = highlight
        self._id = highlight.id
        self._block_id = highlight.block_id


class DocumentView:
    """A document as a template sees it."""

    __slots__ = ("_document", "_highlights")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._highlights = tuple(map(HighlightView, document.live))


def _highlight_field(view: HighlightView, name: str) -> Any:
    """All but text, which `Sandbox.getattr` deals with: it is asked for a hundred times in every note."""
    if name == "anchor":
        return tracked(f"^{view._block_id}", view._id, "anchor")
    if HIGHLIGHT_FIELDS[name] is _TAGS:
        return TagList(view._highlight.tags, view._id)
    return getattr(view._highlight, name)


def _document_field(view: DocumentView, name: str) -> Any:
    if name == "highlights":
        return view._highlights
    kind = DOCUMENT_FIELDS[name]
    if kind is _TEXT:
        return tracked(getattr(view._document, name), "", name)
    return TagList(view._document.tags, "") if kind is _TAGS else getattr(view._document, name)


FILE_PREFIX = "template:"


class _Sources(BaseLoader):
    """Template texts by name; the name comes back as the file in tracebacks."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Jinja's question for a template. Raises TemplateNotFound."""
        del environment
        if template not in self._sources:
            raise TemplateNotFound(template, f"there is no template '{template}'")
        return self._sources[template], FILE_PREFIX + template, lambda: True


class HighlightBlock(Extension):
    """`{% highlight h %}…{% endhighlight %}`: what is between belongs to the highlight."""

    tags = {"highlight"}  # noqa: RUF012  # Jinja's own shape

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Put a piece before and after the body; by filters, for those cost no call through the sandbox."""
        line = next(parser.stream).lineno
        subject = parser.parse_expression()
        body = parser.parse_statements(("name:endhighlight",), drop_needle=True)
        pieces = (nodes.Filter(subject, name, [], [], None, None, lineno=line) for name in (_OPENED, _CLOSED))
        opening, closing = (nodes.Output([piece], lineno=line) for piece in pieces)
        return [opening, *body, closing]


def _block_opened(view: Any) -> Opened:
    if type(view) is not HighlightView:
        raise TypeError("{% highlight … %} wants a highlight, as in {% for h in document.highlights %}")
    return opened(view._id, view._block_id)


def _block_closed(view: Any) -> Closed:
    del view
    return Closed()


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as templates of notes get it: strict and sandboxed.

    show: what a template prints for a value. join: how it makes one string of what it printed.
    """

    intercepted_binops = frozenset(["*", "**"])

    def __init__(
        self,
        sources: Mapping[str, str],
        show: Callable[[Any], str],
        join: Callable[[Iterable[str]], str] = "".join,
    ) -> None:
        super().__init__(
            loader=_Sources(sources),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            auto_reload=False,
            extensions=[HighlightBlock, "jinja2.ext.do", "jinja2.ext.loopcontrols"],
            finalize=_finalizer(show),
        )
        self.concat = join  # type: ignore[method-assign]  # an attribute of Environment, meant to be replaced
        self.filters[_OPENED] = _block_opened
        self.filters[_CLOSED] = _block_closed

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Our own values by the table, everything else by the sandbox's rules."""
        if type(obj) is HighlightView:
            if HIGHLIGHT_FIELDS.get(attribute) is _TEXT:
                value = Tracked(getattr(obj._highlight, attribute))
                value.owner, value.field = obj._id, attribute
                return value
        elif type(obj) is not DocumentView:
            return super().getattr(obj, attribute)
        try:
            return _highlight_field(obj, attribute) if type(obj) is HighlightView else _document_field(obj, attribute)
        except KeyError:
            return self.undefined(hint=_no_such_field(obj, attribute), name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As getattr: `h["note"]`, and what `map(attribute=…)` or `sort(attribute=…)` ask for."""
        if type(obj) is HighlightView or type(obj) is DocumentView:
            return self.getattr(obj, str(argument))
        return super().getitem(obj, argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse to fill the memory by repeating or powers."""
        del context
        sizes = [len(side) if hasattr(side, "__len__") else abs(side) for side in (left, right)]
        if operator == "**" and max(sizes) > 1000:
            raise SecurityError("a power this large is not allowed in a template")
        if (
            operator == "*"
            and any(hasattr(side, "__len__") for side in (left, right))
            and sizes[0] * sizes[1] > _LONGEST
        ):
            raise SecurityError("repeating something this often is not allowed in a template")
        return left**right if operator == "**" else left * right


def _finalizer(show: Callable[[Any], str]) -> Callable[[object, Any], str]:
    @pass_context  # never folded at compile time: a constant in the front matter is a value too
    def finalize(context: object, value: Any) -> str:
        del context
        return value if type(value) is Tracked else show(value)

    return finalize


def _no_such_field(obj: object, name: str) -> str:
    what, fields = ("highlight", HIGHLIGHT_FIELDS) if type(obj) is HighlightView else ("document", DOCUMENT_FIELDS)
    more = ("anchor",) if what == "highlight" else ("highlights",)
    return f"a {what} has no field '{name}'; it has {', '.join((*fields, *more))}"
