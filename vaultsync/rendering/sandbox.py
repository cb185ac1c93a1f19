"""Where templates run: Jinja's sandbox, a fast way to our own values in it, and `{% highlight %}`. No I/O.

A vault is shared, so a template in it is not trusted: it reaches the document it was given and nothing else. Jinja
guards every attribute; for the two types of views.py, whose few names are listed, the guard is a table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import wraps
from types import CodeType
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, Undefined, nodes, pass_context
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.compiler import Frame
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.filters import do_format
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vaultsync.rendering.tracked import Day, Flag, Piece, TagList, closed, opened, unmarked
from vaultsync.rendering.views import (
    NO_FIELD,
    DocumentView,
    HighlightView,
    document_field,
    highlight_field,
    no_such_field,
)

# Names no template can write.
_OPENED, _CLOSED = "(block opened)", "(block closed)"
_LONGEST = 1_000_000  # characters, items or bits a template may make at one go
# A width in a format, of six digits or taken from an argument: %999999d, %*d, {:999999}, {:{}}.
_WIDE = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(?:\d*\.)?(?:\d{6}|\*)|\{[^{}]*(?:\d{6}|:[^{}]*\{)")
_PADDING = frozenset(["center", "ljust", "rjust", "zfill", "expandtabs"])


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
        return unmarked(self._sources[template]), FILE_PREFIX + template, lambda: True


class _Generator(NativeCodeGenerator):
    """Prints what `finalize` returns as it is: the usual one wraps a str() around it, a call for every value."""

    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:
        """Print what `{% filter %}` makes as any value is printed; Jinja writes it out as if it were the template's."""
        made = object.__new__(nodes.InternalName)  # as Jinja's parser makes them
        nodes.Node.__init__(made, self.temporary_identifier(), lineno=node.lineno, environment=self.environment)
        self.visit_AssignBlock(nodes.AssignBlock(made, node.filter, node.body, lineno=node.lineno), frame)
        self.visit_Output(nodes.Output([made], lineno=node.lineno), frame)


class HighlightBlock(Extension):
    """`{% highlight h %}…{% endhighlight %}`: what is between belongs to the highlight."""

    tags = {"highlight"}  # noqa: RUF012  # Jinja's own shape

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Put a piece before and after the body; by filters, for those cost no call through the sandbox."""
        line = next(parser.stream).lineno
        subject = parser.parse_expression()
        body = parser.parse_statements(("name:endhighlight",), drop_needle=True)
        place = [nodes.Const(parser.name), nodes.Const(line)]
        opening = nodes.Filter(subject, _OPENED, place, [], None, None, lineno=line)
        closing = nodes.Filter(nodes.Const(parser.name), _CLOSED, place[1:], [], None, None, lineno=line)
        return [nodes.Output([opening], lineno=line), *body, nodes.Output([closing], lineno=line)]


def _block_opened(view: Any, file: str, line: int) -> Piece:
    if type(view) is not HighlightView:
        if isinstance(view, Undefined):
            str(view)  # raises, and says what is undefined
        raise TypeError("{% highlight … %} wants a highlight, as in {% for h in document.highlights %}")
    highlight = view._highlight
    return opened(highlight.id, highlight.block_id, file, line)


class Compiled(BytecodeCache):
    """What was compiled for one sandbox, for others with the same filters: it takes longer than ten notes."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled of this very text."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as templates of notes get it: strict and sandboxed.

    show: what a template prints for a value; pieces are printed as they are. join: how it makes one string of
    what it printed. filters: by name.
    Guards are against what fills the memory at one go; a loop that never ends is like one in any program.
    """

    code_generator_class = _Generator
    intercepted_binops = frozenset(["*", "**", "%"])

    def __init__(
        self,
        sources: Mapping[str, str],
        show: Callable[[Any], str],
        join: Callable[[Iterable[str]], str] = "".join,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        compiled: Compiled | None = None,
    ) -> None:
        super().__init__(
            bytecode_cache=compiled,
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
        # What is made up anew in each run would make every run write every note.
        del self.globals["lipsum"], self.filters["random"]
        self.filters |= {**(filters or {}), _OPENED: _block_opened, _CLOSED: closed}
        for name in ("batch", "center", "slice"):
            self.filters[name] = _measured(self.filters[name])
        self.filters["format"] = _formatted
        self.tests |= {name: _of_bools(self.tests[name]) for name in ("true", "false", "boolean", "integer")}
        self.policies["json.dumps_function"] = _dumped

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Our own values by the table, everything else by the sandbox's rules."""
        if type(obj) is HighlightView:
            found = highlight_field(obj, attribute)
        elif type(obj) is DocumentView:
            found = document_field(obj, attribute)
        else:
            return super().getattr(obj, attribute)
        return self.undefined(hint=no_such_field(obj, attribute), name=attribute) if found is NO_FIELD else found

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As getattr: `h["note"]`, and what `map(attribute=…)` or `sort(attribute=…)` ask for."""
        if type(obj) is HighlightView or type(obj) is DocumentView:
            return self.getattr(obj, str(argument))
        return super().getitem(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """As the sandbox has it; of a piece of ours only what any text has."""
        like = next((plain for ours, plain in _LIKE if isinstance(obj, ours)), None)
        known = hasattr(like, attr) if like else not isinstance(obj, TagList)
        return known and super().is_safe_attribute(obj, attr, value)

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: B902, N805  # as Jinja's
        """Call what a template calls, if that does not fill the memory."""
        if getattr(__obj, "__name__", "") in _PADDING:
            _measure(args)
        return super().call(__context, __obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """The sandbox's `format`; its answer is text, whatever kind of text is asked for it."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def formatted(*args: Any, **kwargs: Any) -> str:
            _check_widths(value.__self__)
            return "".join(wrapped(*args, **kwargs))

        return formatted

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse to fill the memory by repeating, powers or widths."""
        if _size(operator, left, right) > _LONGEST:
            raise SecurityError(f"something this large can't be made in a template (by {operator})")
        return super().call_binop(context, operator, left, right)


# What values of ours are to a template.
_LIKE: tuple[tuple[type, type], ...] = ((Piece, str), (Flag, bool), (Day, date))


def _size(operator: str, left: Any, right: Any) -> int:
    """How large the result is at most: characters, items or bits."""
    if operator == "%":
        _check_widths(left)
        return 0
    if isinstance(left, int) and isinstance(right, int):
        return left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
    many, times = (right, left) if isinstance(left, int) else (left, right)
    return len(many) * times if isinstance(many, str | list | tuple) and isinstance(times, int) else 0


def _check_widths(pattern: Any) -> None:
    if isinstance(pattern, str) and _WIDE.search(pattern):
        raise SecurityError("a width this large, or taken from a value, can't be used in a template")


def _formatted(pattern: Any, *args: Any, **kwargs: Any) -> str:
    _check_widths(pattern)
    return do_format(pattern, *args, **kwargs)


def _measure(numbers: Iterable[Any]) -> None:
    for number in numbers:
        if isinstance(number, int) and number > _LONGEST:
            raise SecurityError(f"{number} is too large a number to be used here in a template")


def _measured(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def measured(value: Any, *args: Any, **kwargs: Any) -> Any:
        _measure((*args, *kwargs.values()))
        return function(value, *args, **kwargs)

    return measured


def _of_bools(test: Any) -> Callable[[Any], bool]:
    """A test of Jinja's that knows true and false by what they are, and not by what they are like."""
    return lambda value: test(bool(value) if type(value) is Flag else value)


def _dumped(value: Any, **options: Any) -> str:
    """A value as JSON."""
    return json.dumps(bool(value) if type(value) is Flag else value, **options)


def _finalizer(show: Callable[[Any], str]) -> Callable[[object, Any], str]:
    @pass_context  # never folded at compile time: a constant in the front matter is a value too
    def finalize(context: object, value: Any) -> str:
        del context
        return value if isinstance(value, Piece) else show(value)

    return finalize
