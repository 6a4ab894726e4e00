"""What the kernel says of a process and its descendants: memory, processor time. And what it gives: ports, pages."""

from __future__ import annotations

import mmap
import os
import socket
from collections import defaultdict
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

# Fields of /proc/PID/stat counted from the one after the command's closing parenthesis.
PARENT, USER_TICKS, SYSTEM_TICKS, RESIDENT_PAGES = 1, 11, 12, 21


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; held together while chosen so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def touch_memory(size: int) -> None:
    """Use as much memory as the next measurement will write to files, and give it back.

    A virtual machine whose host takes free pages away pays a microsecond or more for each page it has not used for
    some seconds. Whoever wrote the first files after a pause would pay that price: a sixfold difference in
    throughput between two runs of one broker. A physical machine never does.
    """
    chunk = b"\1" * (1 << 20)
    with mmap.mmap(-1, size) as memory:
        while memory.tell() + len(chunk) <= size:
            memory.write(chunk)


def resident_bytes(pid: int) -> int:
    return sum(int(fields[RESIDENT_PAGES]) * PAGE_BYTES for fields in _family(pid))


def cpu_seconds(pid: int) -> float:
    ticks = sum(int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS]) for fields in _family(pid))
    return ticks / TICKS_PER_S


def _family(pid: int) -> list[list[str]]:
    """The stat fields of a process and all its descendants."""
    fields: dict[int, list[str]] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue  # ended meanwhile
        found = text[text.rindex(")") + 2 :].split()
        fields[int(entry.name)] = found
        children[int(found[PARENT])].append(int(entry.name))
    family, todo = [], [pid]
    while todo:
        member = todo.pop()
        if member in fields:
            family.append(fields[member])
        todo += children[member]
    return family


def peak_resident_bytes(pid: int) -> int:
    """The most memory one process ever held; descendants are not counted."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
