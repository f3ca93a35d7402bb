"""What of this machine a sweep needs: Python, packages, a compiler, memory, files."""

import os
import resource
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata

import psutil
from packaging.requirements import Requirement

from orchestrator.diagnosing.finding import Finding, doubtful, fails, works

LEAST_PYTHON = (3, 11)
GIB = 1 << 30
LEAST_MEMORY, LEAST_SHARED = 4 * GIB, GIB
LEAST_FILES = 4096
"""Ray opens a few for every process that it starts."""
COMPILERS = ("c++", "g++", "clang++")


def machine() -> Iterator[Finding]:
    """Yields what was found, in the order of what else depends on it."""
    yield python(sys.version_info[:3])
    yield packages()
    yield compiler()
    yield memory(psutil.virtual_memory().total, os.cpu_count() or 1)
    yield shared_memory(shutil.disk_usage("/dev/shm").total if os.path.isdir("/dev/shm") else None)
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def python(version: tuple[int, ...]) -> Finding:
    """Returns whether this Python is new enough."""
    said = ".".join(map(str, version))
    if version < LEAST_PYTHON:
        return fails("Python", said, "install 3.11 or newer, and name it: make PYTHON=python3.12")
    return works("Python", said)


def packages() -> Finding:
    """Returns whether every package that is imported is here in a version that was tried."""
    try:
        wanted = [Requirement(line) for line in metadata.requires("lethe") or ()]
    except metadata.PackageNotFoundError:
        return fails("packages", "Lethe is not installed here", "make venv")
    wanted = [each for each in wanted if each.marker is None]
    wrong = [found for found in map(_wrong, wanted) if found]
    if wrong:
        cure = "make venv, or pip install -c constraints.txt -e ."
        return fails("packages", "; ".join(wrong), cure)
    return works("packages", f"{len(wanted)} in versions that are supported")


def _wrong(wanted: Requirement) -> str:
    try:
        there = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is missing"
    if wanted.specifier.contains(there, prereleases=True):
        return ""
    return f"{wanted.name} is {there}, not {wanted.specifier}"


def compiler() -> Finding:
    """Returns whether there is a C++ compiler, with which DeepSpeed builds its operators."""
    named = [os.environ[name] for name in ("CXX",) if os.environ.get(name)]
    found = next(filter(None, map(shutil.which, (*named, *COMPILERS))), None)
    if found is None:
        cure = "install one, such as g++, or name it in CXX"
        return fails("C++ compiler", "none is on PATH, and DeepSpeed builds operators", cure)
    return works("C++ compiler", found)


def memory(total: int, cpus: int) -> Finding:
    """Returns whether there is enough memory for the offline demo at least."""
    said = f"{total / GIB:.0f} GiB, {cpus} CPU cores"
    if total < LEAST_MEMORY:
        cure = "run on a larger machine; each rank of the demo takes about 1 GiB"
        return doubtful("memory", said, cure)
    return works("memory", said)


def shared_memory(total: int | None) -> Finding:
    """Returns whether Ray's object store and NCCL find room in /dev/shm."""
    if total is None:
        return doubtful("shared memory", "there is no /dev/shm", "Ray then uses slower disk files")
    said = f"{total / GIB:.1f} GiB in /dev/shm"
    if total < LEAST_SHARED:
        return doubtful("shared memory", said, "start the container with --shm-size=8g or more")
    return works("shared memory", said)


def open_files(most: int) -> Finding:
    """Returns whether a process may open enough files; `most` is the hard limit."""
    if most != resource.RLIM_INFINITY and most < LEAST_FILES:
        return doubtful("open files", f"at most {most}", "raise it: ulimit -n 65536")
    said = "without a limit" if most == resource.RLIM_INFINITY else f"up to {most}"
    return works("open files", said)
