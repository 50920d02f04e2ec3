"""What a power cut must not undo."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

AT_ONCE = 16


def sync_together(handles: Sequence[int]) -> None:
    """Have open files (or folders) on the disk. Asked for many at the same moment it writes its journal once, not once for each.

    Twenty small files: 15 ms together, 200 ms one after the other.
    """
    if len(handles) == 1:
        os.fsync(handles[0])
    elif handles:
        with ThreadPoolExecutor(min(len(handles), AT_ONCE)) as threads:
            list(threads.map(os.fsync, handles))


def sync_folders(folders: Iterable[Path]) -> None:
    """Have the names in folders on the disk, too: a file that was synced before its name was given may else be gone."""
    with contextlib.ExitStack() as until_synced:
        handles = []
        for folder in folders:
            handles.append(os.open(folder, os.O_RDONLY))
            until_synced.callback(os.close, handles[-1])
        sync_together(handles)


def sync_folder(folder: Path) -> None:
    """`sync_folders` of one."""
    sync_folders([folder])
