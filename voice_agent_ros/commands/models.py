# SPDX-License-Identifier: Apache-2.0
"""voice-agent models: fetch weights, list them, say where they are."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HELP = "fetch model weights, list them, or say where they are"
PLAIN_PROGRESS_PERIOD_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    fetch = actions.add_parser("fetch", help="download models that are not there yet")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="default: all of the catalogue")
    listing = actions.add_parser("list", help="what the catalogue has")
    listing.add_argument("--json", action="store_true", help="one JSON object per line")
    path = actions.add_parser("path", help="print where a model is")
    path.add_argument("name", metavar="NAME")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    if arguments.action == "fetch":
        return _fetch(arguments.names)
    if arguments.action == "list":
        return _list(as_json=arguments.json)
    from voice_agent_ros.models.catalogue import path_of

    print(path_of(arguments.name))
    return 0


def _fetch(names: list[str]) -> int:
    from voice_agent_ros.models.catalogue import find, load
    from voice_agent_ros.models.fetch import fetch

    for name in names:
        find(name)  # a wrong name is told before anything is downloaded
    for name in names or load():
        with _progress(name) as on_progress:
            path = fetch(name, on_progress)
        print(f"{name}: {path}", flush=True)
    return 0


def _list(*, as_json: bool) -> int:
    import json

    from voice_agent_ros.models.catalogue import load, models_directory

    for name, model in load().items():
        present = model.is_complete_in(models_directory() / name)
        row = {
            "name": name,
            "present": present,
            "size": model.size,
            "download_size": model.download_size,
            "licence": model.licence,
            "upstream": model.upstream,
            "description": model.description,
        }
        if as_json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            mark = "here" if present else "----"
            print(f"{mark}  {name:<30} {model.size / 1e6:>6.0f} MB  {model.licence:<11} {model.upstream}")
            print(f"      {model.description}")
    return 0


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, else a line now and then."""
    if not sys.stderr.isatty():
        yield _PlainProgress(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _PlainProgress:
    """Lines for a log file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._due = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._due:
            return
        # After the last line nothing more is due.
        self._due = now + PLAIN_PROGRESS_PERIOD_S if done < total else float("inf")
        print(f"{self._name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB", file=sys.stderr, flush=True)
