"""Exports of whole libraries: against the floor, against parsing the same JSON, and how time and memory grow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from tests.bench.process import Took, alternating, cpu, peak, run, wall
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage, Vault, by_page

# Download and parse, nothing else; with what every Python has, and with the fastest there is.
_PARSE = """
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit
from {module} import {function} as parse
parts = urlsplit(sys.argv[1])
connection, cursor = HTTPConnection(parts.hostname, parts.port), ""
while cursor is not None:
    query = f"?pageCursor={{cursor}}" if cursor else ""
    connection.request("GET", f"{{parts.path}}/v2/export/{{query}}", headers={{"Authorization": "Token demo-token"}})
    page = parse(connection.getresponse().read())
    cursor = page["nextPageCursor"]
"""
_STDLIB = ("json", "loads")
_FASTEST = ("orjson", "loads") if find_spec("orjson") else ("msgspec.json", "decode")


# The template of a note that has what a note must have, and no more.
_SHORT = """---
title: "{{ document.title }}"
author: {{ document.author }}
tags: {{ document.tags }}
---
# {{ document.title }}
{% for h in document.highlights %}
{% highlight h %}
{{ h.text | quote }}

{{ h.anchor }}

- Note: {{ h.note | indent }}
- Tags: {{ h.tags | hashtags }}
{% endhighlight %}
{% endfor %}
"""


def full(stage: Stage) -> Iterator[Row]:
    """A first export, durable, against a program that does no more than it must."""
    yield _full(stage, "the shipped template", "")
    yield _full(stage, "a short one", _SHORT)


def _full(stage: Stage, name: str, template: str) -> Row:
    books = stage.sizes.usual
    export = stage.fresh(books, template)
    export()
    texts = _rendered(stage.folder / f"{name}.bin", stage.last)
    floor_command = [sys.executable, "-m", "tests.bench.floor", stage.service.urls[books], str(texts)]
    ours, floor = alternating(stage.sizes.runs, export, lambda: run([*floor_command, str(stage.new_folder())]))
    size = texts.stat().st_size / books / 1000
    return at_most(
        f"full export, {books:,} books × {stage.sizes.highlights}, {name}",
        wall(ours) / wall(floor),
        1.6,
        "×",
        f"{_both(ours)} : {_both(floor)} of a program that downloads and parses (msgspec), writes the same notes of "
        f"{size:.1f} KB (temp, rename) and a row each, one syncfs and one transaction a page; durable, whole processes",
    )


def _rendered(texts: Path, vault: Vault) -> Path:
    """All notes of a vault in one file, in the order they are served, for the floor to write."""
    at, lines = 0, []
    with texts.open("wb") as file:
        for path, text in by_page(vault):
            file.write(text)
            lines.append(f"{path.name} {at} {at + len(text)}\n")
            at += len(text)
    texts.with_suffix(".index").write_text("".join(lines), "utf-8")
    return texts


def forced(stage: Stage) -> Iterator[Row]:
    """Everything listed again and nothing changed, against parsing the same JSON."""
    books = stage.sizes.usual
    vault = stage.exported(books)
    before = _stats(vault)
    ours, stdlib, fastest = alternating(
        stage.sizes.runs,
        lambda: vault.command("export", "--full", "--json"),
        _parsing(stage, books, *_STDLIB),
        _parsing(stage, books, *_FASTEST),
    )
    for name, took in (("json", stdlib), (_FASTEST[0], fastest)):
        how = f"{_both(ours)} : {_both(took)} to download and parse the same pages; whole processes"
        yield at_most(f"forced full export of the same, against {name}", wall(ours) / wall(took), 0.7, "×", how)
    touched = sum(before.get(path) != stat for path, stat in _stats(vault).items())
    yield Row(
        "… files touched by it", str(touched), "0", touched == 0, "inode, size and time of every file before and after"
    )


def _parsing(stage: Stage, books: int, module: str, function: str) -> Callable[[], Took]:
    program = _PARSE.format(module=module, function=function)
    return lambda: run([sys.executable, "-c", program, stage.service.urls[books]])


def _stats(vault: Vault) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.stat() for path in (vault.root / "vault").rglob("*")}
    return {path: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def growth(stage: Stage) -> Iterator[Row]:
    """Ten times the library takes ten times as long, and no more memory."""
    sizes = stage.sizes
    small, large = alternating(sizes.runs, stage.fresh(sizes.small), stage.fresh(sizes.large))
    names = f"{sizes.large:,} / {sizes.small:,} books"
    how = f"{_both(large)} : {_both(small)}: {cpu(large) / cpu(small):.1f}× by cpu; first exports, whole processes"
    limit = 10.5 * sizes.large / sizes.small / 10
    yield at_most(f"time, {names}", wall(large) / wall(small), limit, "×", how)
    yield at_most("peak memory", peak(large), 64, " MB", f"{sizes.large:,} books, resident at most")
    yield at_most("growth of that", peak(large) - peak(small), 8, " MB", f"{peak(small):.1f} MB with {sizes.small:,}")


def _both(took: list[Took]) -> str:
    return f"{wall(took):.2f} s (cpu {cpu(took):.2f})"
