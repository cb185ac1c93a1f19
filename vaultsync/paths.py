"""Name notes so that every system, every sync tool and Obsidian's links take the name. No I/O.

Names obey the strictest of Linux, macOS, Windows and Android, and leave out what ends a wikilink. Nothing is
replaced by a look-alike character: people must be able to type what they see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

NAME_BYTES = 200
"""Longest name without its suffix, in UTF-8 bytes: a disk takes 255, other programs append to names too."""

_NAMELESS = "Unknown"
_SUFFIX = ".md"

# Controls, soft hyphens, direction marks, noncharacters and lone surrogates. Joiners (U+200C, U+200D) stay:
# Persian and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_FORBIDDEN = str.maketrans({'"': "'", "[": "(", "]": ")", "<": "(", ">": ")", "?": "", **dict.fromkeys("/\\*|#^", "-")})
_COMMENT = re.compile("%%+")
_COLON_BEFORE_BLANK = re.compile(" ?:+ ")
# Windows gives these to devices, in any folder and with any extension (learn.microsoft.com, "Naming Files").
_DEVICES = frozenset(
    [
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CONIN$",
        "CONOUT$",
        *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³"),
    ]
)
_JOINER = "\u200d"
# A date at the end of a name is no extension.
_EXTENSION = re.compile(r"(.*\S)(\.(?=[A-Za-z0-9]{0,7}[A-Za-z])[A-Za-z0-9]{1,8})", re.DOTALL)
_EXTENSIONS: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "application/zip": ".zip",
    "application/json": ".json",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
}
_KNOWN = frozenset([*_EXTENSIONS.values(), ".htm", ".jpeg", ".mhtml", ".markdown"])
_OURS = frozenset([".md", ".canvas", ".base"])


def portable(name: str, *, limit: int = NAME_BYTES) -> str:
    """Return the name as one path component that is valid everywhere; never empty, never hidden, never "..".

    limit: UTF-8 bytes, at least 16; a sign is not cut in two. Applying it twice changes nothing more.

    >>> portable("Deep Work: Rules for Focused Success")
    'Deep Work - Rules for Focused Success'
    >>> portable("AC/DC?"), portable("../../etc/passwd"), portable("con"), portable(" . ")
    ('AC-DC', '-..-etc-passwd', 'con_', 'Unknown')
    """
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", _folded(name)))
    text = _COMMENT.sub("%", text.translate(_FORBIDDEN))
    text = _COLON_BEFORE_BLANK.sub(" - ", _folded(text).strip(" :.")).replace(":", "-")
    # What was taken out may have stood between a letter and its accent.
    text = unicodedata.normalize("NFC", _folded(text)).strip(" .")
    return _cut(_unreserved(text or _NAMELESS), limit)


def join_path(text: str) -> str:
    """Return a rendered path pattern as a vault-relative path of a note; its values are portable already.

    >>> join_path("Readwise/books/Deep Work.md"), join_path("/../Inbox//What?")
    ('Readwise/books/Deep Work.md', 'Inbox/What.md')
    """
    parts = [part for part in text.split("/") if part.strip() not in ("", ".", "..")]
    *folders, name = parts or [_NAMELESS]
    return "/".join([*map(portable, folders), portable(_stem(name.rstrip())) + _SUFFIX])


def attachment(name: str, content_type: str, mark: str) -> str:
    """Return the file name of something that came with a document. mark: what it is found by again; letters, digits, -.

    No such file is a note: what Obsidian or we would take for one of theirs is called text.

    >>> attachment("HTML snapshot from 10/01/2023", "text/html", "linkding-7")
    'HTML snapshot from 10-01-2023 (linkding-7).html'
    >>> attachment("../tea.PNG", "image/png", "linkding-8"), attachment("a.md", "", "work-9")
    ('-tea (linkding-8).PNG', 'a (work-9).md.txt')
    >>> attachment("Tea at example.com", "text/html", "linkding-9")
    'Tea at example.com (linkding-9).html'
    """
    found, usual = _EXTENSION.fullmatch(name), _EXTENSIONS.get(content_type)
    is_known = found is not None and (usual is None or found[2].lower() in _KNOWN)
    stem, extension = (found[1], found[2]) if found and is_known else (name, usual or ".bin")
    extension += ".txt" if extension.lower() in _OURS else ""
    tail = f" ({mark}){extension}"
    return portable(stem, limit=NAME_BYTES - len(tail)) + tail


def unoccupied(path: str, taken: Callable[[str], bool]) -> str:
    """Return the path of a note, numbered if `taken` says it or its first numbers are in use.

    >>> unoccupied("Essays/Title.md", {"Essays/Title.md", "Essays/Title (2).md"}.__contains__)
    'Essays/Title (3).md'
    """
    folder, slash, name = path.rpartition("/")
    number, candidate = 1, path
    while taken(candidate):
        number += 1
        mark = f" ({number})"
        candidate = f"{folder}{slash}{_cut(_stem(name), NAME_BYTES - len(mark))}{mark}{_SUFFIX}"
    return candidate


def collision_key(path: str) -> str:
    r"""Return what two paths share if some disk takes them for one: letter case and composition left out.

    >>> collision_key("Caf\u00e9.md") == collision_key("cafe\u0301.MD")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _folded(text: str) -> str:
    return " ".join(text.split())


def _stem(name: str) -> str:
    return name[: -len(_SUFFIX)] if name.lower().endswith(_SUFFIX) else name


def _unreserved(name: str) -> str:
    stem, dot, rest = name.partition(".")
    return f"{stem}_{dot}{rest}" if stem.rstrip().upper() in _DEVICES else name


def _cut(text: str, limit: int) -> str:
    data = text.encode()
    if len(data) <= limit:
        return text
    kept = data[:limit].decode(errors="ignore")
    end = len(kept)
    while end and _is_inside_a_sign(text, end):
        end -= 1
    return (text[:end] or kept).rstrip(" .")


def _is_inside_a_sign(text: str, at: int) -> bool:
    """Whether what stands at `at` belongs to the sign before it: an accent, part of an emoji, half a flag."""
    before, after = text[at - 1], text[at]
    if _JOINER in (before, after) or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    flags = 0
    while flags < at and "\U0001f1e6" <= text[at - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"
