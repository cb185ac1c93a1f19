"""Bodies of requests and answers: read in one go or as they arrive, and sent from a file. For http.py alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

_CHUNK = 256 * 1024  # bytes


class Download(msgspec.Struct, frozen=True):
    """The body of an answer, while it arrives.

    length: in bytes; None if the service does not tell, and then its end can't be told from a connection cut short.
    """

    length: int | None
    chunks: Iterator[bytes]


class Form(msgspec.Struct, frozen=True):
    """A form with one file in it. part: what the form calls it; name, content_type: the file's."""

    part: str
    name: str
    content_type: str
    file: BinaryIO
    boundary: str = msgspec.field(default_factory=lambda: os.urandom(16).hex())

    @property
    def header(self) -> str:
        """What a request says its body is."""
        return f"multipart/form-data; boundary={self.boundary}"

    def body(self) -> _FormBody:
        """The body, from its beginning."""
        # What would end the name early is escaped as in any quoted text of a header; Django reads it so.
        name = "".join(_ESCAPES.get(character, character) for character in self.name)
        head = (
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{self.part}"; filename="{name}"\r\n'
            f"Content-Type: {self.content_type}\r\n\r\n"
        )
        return _FormBody(head.encode(), self.file, f"\r\n--{self.boundary}--\r\n".encode())


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\r": " ", "\n": " "}


class _FormBody:
    """A form as requests sends it: read bit by bit, its length known beforehand."""

    def __init__(self, head: bytes, file: BinaryIO, tail: bytes) -> None:
        self._file = file
        self._before, self._behind = head, tail
        self._left = file.seek(0, os.SEEK_END)
        self._length = len(head) + self._left + len(tail)
        file.seek(0)

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """Read on; no more of the file than it had at the beginning, should it grow."""
        wanted = self._length if size < 0 else size
        part, self._before = self._before[:wanted], self._before[wanted:]
        if self._left and len(part) < wanted:
            more = self._file.read(min(wanted - len(part), self._left))
            self._left -= len(more)
            part += more
        if not self._left and len(part) < wanted:
            part, self._behind = part + self._behind[: wanted - len(part)], self._behind[wanted - len(part) :]
        return part


def whole(response: requests.Response) -> bytes:
    """Read a body in one go; requests' own way, 10 KB at a time, takes four times as long for a page."""
    try:
        return bytes(response.raw.read(decode_content=True))
    except ReadTimeoutError as error:
        raise requests.ReadTimeout from error
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError from error


def length(response: requests.Response) -> int | None:
    """How long a body is, if its answer says so of what will be read."""
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() and not response.headers.get("Content-Encoding") else None


def chunks(response: requests.Response) -> Iterator[bytes]:
    """Read a body as it arrives. Raises requests.RequestException."""
    try:
        while chunk := response.raw.read(_CHUNK, decode_content=True):
            yield chunk
    except ReadTimeoutError as error:
        raise requests.ReadTimeout from error
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError from error
