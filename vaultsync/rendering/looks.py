"""Tell which fields a template looks at, and which it does nothing with but print. No I/O.

A value that is only printed changes nothing in a note but itself. That is read off the template's syntax: a field is
looked at wherever its name stands in anything but `{{ … .field | lens filters }}`. Names are all that counts, whatever
they are asked of; where one may be made up while the template runs, or what is printed may be caught, nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain

from jinja2 import TemplateSyntaxError, nodes

# What prints without being caught, and expressions; of anything else (macros, calls, imports, …) nothing is told.
_KNOWN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Block, nodes.Extends, nodes.Include, nodes.If, nodes.For,
    nodes.With, nodes.Assign, nodes.NSRef, nodes.ExprStmt, nodes.Break, nodes.Continue, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword, nodes.Pair,
    nodes.List, nodes.Tuple, nodes.Dict, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.Concat, nodes.BinExpr,
    nodes.UnaryExpr,
)  # fmt: skip
_CATCHING = frozenset(["self", "super", "caller"])
# Of text: they look up names in what they are given.
_LOOKING_UP = frozenset(["format", "format_map"])
# Filters that take the name of a field, or of another filter.
_BY_NAME = frozenset(
    ["attr", "groupby", "map", "max", "min", "reject", "rejectattr", "select", "selectattr", "sort", "sum", "unique"]
)
_OF_TEXT = frozenset(["quote", "indent", "trim", "cell"])
_OF_TAGS = frozenset(["hashtags", "wikilinks", "join"])
_WORD = re.compile(r"\w+")


class _Untold(Exception):
    """The template may look at anything."""


def looked_at(
    template: str,
    sources: Mapping[str, str],
    parsed: Callable[[str], nodes.Template],
    strangers: Collection[str],
) -> frozenset[str] | None:
    """The names a template and those it extends or includes look at; None if that can't be told.

    strangers: names of filters that may look at anything.
    """
    try:
        trees = list(_trees(template, sources, parsed))
        looks = _Looks(_given(trees), strangers)
        return frozenset(name for tree in trees for name in looks.of(tree))
    except (_Untold, TemplateSyntaxError):
        return None


def _trees(
    template: str, sources: Mapping[str, str], parsed: Callable[[str], nodes.Template]
) -> Iterator[nodes.Template]:
    """The templates that make a note together."""
    waiting, seen = [template], {template}
    while waiting:
        tree = parsed(sources[waiting.pop()])
        yield tree
        extended = (node.template for node in tree.find_all(nodes.Extends))
        included = (node.template for node in tree.find_all(nodes.Include))
        for node in chain(extended, included):
            if not isinstance(node, nodes.Const) or not isinstance(node.value, str):
                raise _Untold
            name = node.value
            if name in sources and name not in seen:
                seen.add(name)
                waiting.append(name)


def _given(trees: Iterable[nodes.Template]) -> dict[str, bool]:
    """The names that templates give to anything, and whether that is always a table: `{% set units = {…} %}`."""
    given: dict[str, bool] = {}
    for tree in trees:
        tables = {id(one.target) for one in tree.find_all(nodes.Assign) if _is_constant(one.node)}
        for name in tree.find_all(nodes.Name):
            if name.ctx != "load":
                given[name.name] = given.get(name.name, True) and id(name) in tables
    return given


def _is_constant(node: nodes.Node) -> bool:
    inner = (nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair)
    return isinstance(node, inner) and all(_is_constant(child) for child in node.iter_child_nodes())


class _Looks:
    """The pass over a template's syntax. given: names, and whether each is always a table."""

    def __init__(self, given: Mapping[str, bool], strangers: Collection[str]) -> None:
        self._given, self._strangers = given, strangers

    def of(self, node: nodes.Node) -> Iterator[str]:
        """The names that are looked at. Raises _Untold."""
        if not isinstance(node, _KNOWN):
            raise _Untold
        if isinstance(node, nodes.Output):
            for each in node.nodes:
                subject = self._printed(each)
                yield from self.of(each if subject is None else subject)
            return
        yield from self._own(node)
        for child in node.iter_child_nodes():
            yield from self.of(child)

    def _own(self, node: nodes.Node) -> Iterator[str]:
        if isinstance(node, nodes.Getattr):
            if node.attr in _LOOKING_UP:
                raise _Untold
            yield node.attr
        elif isinstance(node, nodes.Getitem):
            yield from self._item(node)
        elif isinstance(node, nodes.Filter):
            yield from self._filter(node)
        elif isinstance(node, nodes.Call | nodes.Test):
            if node.dyn_args is not None or node.dyn_kwargs is not None:
                raise _Untold
        elif (isinstance(node, nodes.Name) and node.name in _CATCHING) or (
            isinstance(node, nodes.For) and node.recursive
        ):
            raise _Untold

    def _item(self, node: nodes.Getitem) -> Iterator[str]:
        """The name in `h["note"]`; any other way to ask with brackets may ask for any field."""
        asked = node.arg
        if isinstance(asked, nodes.Const):
            if asked.value in _LOOKING_UP:
                raise _Untold
            yield str(asked.value)
        elif not isinstance(asked, nodes.Slice) and not self._is_table(node.node):
            raise _Untold

    def _is_table(self, node: nodes.Node) -> bool:
        """Whether what is asked holds no fields: a table by its name, or `document.extra`."""
        if isinstance(node, nodes.Getattr) and node.attr == "extra":
            subject = node.node
            return isinstance(subject, nodes.Name) and subject.name == "document" and "document" not in self._given
        return isinstance(node, nodes.Name) and self._given.get(node.name, False)

    def _filter(self, node: nodes.Filter) -> Iterator[str]:
        if node.name in self._strangers or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise _Untold
        if node.name in _BY_NAME:
            for one in (*node.args, *(pair.value for pair in node.kwargs)):
                if not isinstance(one, nodes.Const):
                    raise _Untold
                words = set(_WORD.findall(str(one.value)))
                if words & _LOOKING_UP or not words.isdisjoint(self._strangers):
                    raise _Untold
                yield from words

    def _printed(self, node: nodes.Node) -> nodes.Node | None:
        """What a field is asked of, if all that is done with it is to print it so that its place is known."""
        through: list[str] = []
        while isinstance(node, nodes.Filter) and node.node is not None and self._is_lens(node):
            through.append(node.name)
            node = node.node
        if not isinstance(node, nodes.Getattr):
            return None
        of_text = through[:-1] if node.attr == "tags" else through
        first = through[-1:] if node.attr == "tags" else []
        return node.node if _OF_TEXT.issuperset(of_text) and _OF_TAGS.issuperset(first) else None

    def _is_lens(self, node: nodes.Filter) -> bool:
        given = (*node.args, *(pair.value for pair in node.kwargs))
        dynamic = node.dyn_args is not None or node.dyn_kwargs is not None
        known = node.name in _OF_TEXT | _OF_TAGS and node.name not in self._strangers
        return known and not dynamic and all(isinstance(one, nodes.Const) for one in given)
