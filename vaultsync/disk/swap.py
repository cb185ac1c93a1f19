"""Put files in place, overwriting nothing unseen, and make them durable. Absolute paths; raises OSError.

Each function is one move the vault is built from. Where the system can swap two names, or refuse to overwrite,
in one call, it is asked to (Linux: renameat2, macOS: renamex_np, Windows: ReplaceFileW); Python has no name for
it. Elsewhere a hard link keeps what is about to be replaced. macOS and Windows: by design, untested.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable

from vaultsync.steps import step

TwoPaths = Callable[[str, str], bool]
"""A call that moves names; False if this system or this disk doesn't offer it. Raises OSError."""

READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Open an existing file, never through a symbolic link, never waiting for a pipe."""

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NOT_OFFERED = frozenset([errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP])
# What a disk without hard links answers (FAT, exFAT, some network shares).
_NO_LINKS = frozenset([errno.EPERM, errno.EACCES, errno.EMLINK, *_NOT_OFFERED])


def _renamer(call: str, flag: int) -> TwoPaths:
    """Wrap a rename with a flag of the C library."""
    at_folder = (-100,) if call == "renameat2" else ()  # AT_FDCWD
    rename = getattr(ctypes.CDLL(None, use_errno=True), call, None)

    def moved(source: str, target: str) -> bool:
        step(f"vault.{call}")
        failed = rename and rename(*at_folder, os.fsencode(source), *at_folder, os.fsencode(target), flag)
        if rename and not failed:
            return True
        number = ctypes.get_errno() if rename else errno.ENOSYS
        if number in _NOT_OFFERED:
            return False
        raise OSError(number, os.strerror(number), source, None, target)

    return moved


def _not_offered(source: str, target: str) -> bool:  # noqa: ARG001  # stands in for a call this system lacks
    return False


exchange: TwoPaths = _not_offered
"""Let two files trade names."""

rename_new: TwoPaths = _not_offered
"""Rename, but never onto something: raises FileExistsError."""

_sync_disk: Callable[[int], int] | None = None

if sys.platform == "win32":

    def rename_new(source: str, target: str) -> bool:
        """Rename; Windows never renames onto something."""
        step("vault.rename")
        os.rename(source, target)  # noqa: PTH104  # text paths: a page holds hundreds
        return True
elif sys.platform == "darwin":
    exchange, rename_new = _renamer("renamex_np", 2), _renamer("renamex_np", 4)
else:
    exchange, rename_new = _renamer("renameat2", 2), _renamer("renameat2", 1)
    _sync_disk = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def make_folder(path: str) -> None:
    """Make one folder; one that is there already is fine."""
    step("vault.mkdir")
    try:
        os.mkdir(path)  # noqa: PTH102  # text paths: a page holds hundreds
    except FileExistsError:
        if not os.path.isdir(path):  # noqa: PTH112  # as above
            raise
    if _sync_disk is None:
        make_names_durable(path.rpartition("/")[0])


def write_new(path: str, data: bytes, like: os.stat_result | None = None) -> os.stat_result:
    """Write a file that must not be there yet; return its stat. Not durable so far; a failure leaves nothing.

    like: the file it is to replace, whose mode it gets, and whose owner if that is allowed.
    """
    step("vault.create")
    made = os.open(path, _CREATE, 0o666)
    try:
        return _filled(made, data, like)
    except OSError:
        remove(path)
        raise


def write_arriving(path: str, chunks: Iterable[bytes]) -> int:
    """Write a file that must not be there yet, as it arrives, durably; return its size. A failure leaves nothing."""
    step("vault.create")
    made = os.open(path, _CREATE, 0o666)
    try:
        size = 0
        try:
            for chunk in chunks:
                size += len(chunk)
                step("vault.write")
                if os.write(made, chunk) != len(chunk):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            step("vault.fsync")
            os.fsync(made)
        finally:
            os.close(made)
    except BaseException:  # also one that ends the program: half a file stays nowhere
        remove(path)
        raise
    return size


def move_new(source: str, target: str) -> None:
    """Move a file to a name that must be free. Raises FileExistsError, having changed nothing."""
    if rename_new(source, target):
        return
    try:
        step("vault.link")
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Claim the name, then fill it in one go: at worst a crash leaves an empty note, never half of one.
        write_new(target, b"")
        step("vault.replace")
        os.replace(source, target)  # noqa: PTH105  # as above
        return
    remove(source)


def put_in_place(source: str, target: str, spare: str) -> str:
    """Give source the name of target, an existing file; return the name by which what was there now goes.

    spare: a free name beside them, used where names can't be swapped. Only there a save that renames can slip
    through, between the recovery link and the replacement; saves in place can't.
    """
    if exchange(source, target):
        return source
    if sys.platform == "win32":
        return _replaced_by_windows(source, target, spare)
    try:
        step("vault.link")
        os.link(target, spare)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        write_new(spare, contents(target), os.lstat(target))
    step("vault.replace")
    os.replace(source, target)  # noqa: PTH105  # as above
    return spare


def remove(path: str) -> None:
    """Delete a file that is known to be ours."""
    step("vault.unlink")
    os.unlink(path)  # noqa: PTH108  # as above


def removed(path: str) -> bytes:
    """Delete a file, and return what it held at the very end: some program may have it open and save into it."""
    if sys.platform == "win32":  # an open file can't be deleted there
        last = contents(path)
        remove(path)
        return last
    opened = os.open(path, READ)
    try:
        remove(path)
        return contents_of(opened)
    finally:
        os.close(opened)


def contents(path: str, at_most: int | None = None) -> bytes:
    """Read a file, or its first bytes. Raises OSError, also if it is no regular file."""
    opened = os.open(path, READ)
    try:
        return contents_of(opened) if at_most is None else os.read(opened, at_most)
    finally:
        os.close(opened)


def contents_of(opened: int) -> bytes:
    """Read an open file from its beginning. Raises OSError if it is no regular file."""
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    os.lseek(opened, 0, os.SEEK_SET)
    parts = []
    # The size is a hint only: another program may be writing.
    while part := os.read(opened, found.st_size + 1):
        parts.append(part)
    return b"".join(parts)


def make_durable(files: Iterable[str], folder_of_each_disk: Iterable[str]) -> None:
    """Bring written files to the disk: all at once where the system offers it, else one by one."""
    if _sync_disk is None:
        for path in files:
            _flush(path, os.O_RDWR)
        return
    for folder in folder_of_each_disk:
        opened = os.open(folder, READ)
        try:
            step("vault.syncfs")
            if _sync_disk(opened):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), folder)
        finally:
            os.close(opened)


def make_names_durable(folder: str) -> None:
    """Bring renames within a folder to the disk. Windows does so by itself."""
    if sys.platform != "win32":
        _flush(folder, READ)


def _filled(made: int, data: bytes, like: os.stat_result | None) -> os.stat_result:
    try:
        if like is not None:
            _take_after(made, like)
        step("vault.write")
        if os.write(made, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.fstat(made)
    finally:
        os.close(made)


def _take_after(made: int, like: os.stat_result) -> None:
    found = os.fstat(made)
    # A server running as root must not take notes from their user. Owner first: that may clear mode bits.
    if (found.st_uid, found.st_gid) != (like.st_uid, like.st_gid) and hasattr(os, "fchown"):
        try:
            step("vault.chown")
            os.fchown(made, like.st_uid, like.st_gid)
        except OSError as error:
            # EINVAL: an owner that has no name in a container's user namespace.
            if error.errno not in (errno.EPERM, errno.EACCES, errno.EINVAL):
                raise
    if found.st_mode != like.st_mode and hasattr(os, "fchmod"):
        step("vault.chmod")
        os.fchmod(made, stat.S_IMODE(like.st_mode))


def _flush(path: str, flags: int) -> None:
    opened = os.open(path, flags)
    try:
        step("vault.fsync")
        os.fsync(opened)
    finally:
        os.close(opened)


def _replaced_by_windows(source: str, target: str, spare: str) -> str:
    replace_file = getattr(ctypes, "windll").kernel32.ReplaceFileW  # noqa: B009  # known on Windows only
    step("vault.replace")
    if not replace_file(target, source, spare, 0, None, None):
        raise getattr(ctypes, "WinError")()  # noqa: B009  # as above
    return spare
