"""How a tag is spelled in a vault. One rule, for hashtags and for the property `tags`. No I/O."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Obsidian allows letters, digits, "_", "-", "/", and any symbol beyond ASCII (emoji); not blanks or punctuation.
# Compiled when the first tag is met: so many characters take 3 ms.
_NOT_ALLOWED = r"(?:[^\w/\-\u00a9-\U0010ffff]|[\s\u2000-\u206f\u3001\u3002\ufeff])+"


@lru_cache(maxsize=4096)  # a library has hundreds of tags, thousands of times each
def local_tag(name: str) -> str:
    """The service's tag as Obsidian can hold it; empty if nothing of it is allowed.

    >>> local_tag("To read"), local_tag("2024"), local_tag("#café & co"), local_tag("!?")
    ('To-read', 'y2024', 'café-co', '')
    """
    spelled = re.sub(_NOT_ALLOWED, "-", name).strip("-/")
    return f"y{spelled}" if spelled.isdecimal() else spelled


def typed_tag(text: str) -> str:
    """A tag as it was typed into a property, without the hash some put before it.

    >>> typed_tag(" #to   read ")
    'to read'
    """
    return " ".join(text.split()).removeprefix("#").lstrip()


def folded_tag(text: str) -> str:
    """What tags of a note are compared by: typed as they may be, and printed as Obsidian can hold them.

    >>> folded_tag("2025") == folded_tag("y2025"), folded_tag("#A, b") == folded_tag("a-b"), folded_tag("!?")
    (True, True, '!?')
    """
    typed = typed_tag(text)
    return unicodedata.normalize("NFC", local_tag(typed) or typed).casefold()


@lru_cache(maxsize=512)  # the tags of one highlight are often those of another
def local_tags(names: tuple[str, ...]) -> tuple[str, ...]:
    """Local spellings in order, each once (Obsidian's tags differ by more than case).

    >>> local_tags(("Stoic", "stoic", "a b"))
    ('Stoic', 'a-b')
    """
    seen: dict[str, str] = {}
    for name in names:
        spelled = local_tag(name)
        if spelled:
            seen.setdefault(spelled.casefold(), spelled)
    return tuple(seen.values())
