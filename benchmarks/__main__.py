# SPDX-License-Identifier: Apache-2.0
"""Runs groups of benchmarks: prints a table and writes results/<date>-<group>.json.

A group is a module of this package that has `rows() -> list[Row]`; nothing else needs to know of it. Its `NOTES`, if it
has any, go to the file and stand before the table in docs/performance.md.

Example:
    PYTHONPATH=. python -m benchmarks motion    # or: make bench GROUPS=motion
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

import benchmarks
from benchmarks.row import Row, table, write


def groups() -> list[str]:
    """Names of all groups: modules are told by their source, so that the list costs no import of engines."""
    names = []
    for module in pkgutil.iter_modules(benchmarks.__path__):
        spec = module.module_finder.find_spec(module.name, None)  # type: ignore[call-arg]
        source = spec.loader.get_source(spec.name) if spec is not None and spec.loader is not None else ""  # type: ignore[attr-defined]
        if "\ndef rows(" in (source or ""):
            names.append(module.name)
    return names


def load(group: str) -> tuple[Callable[[], list[Row]], tuple[str, ...]]:
    """The function that measures a group, and how that is done, where it has to be known."""
    module = importlib.import_module(f"benchmarks.{group}")
    return module.rows, getattr(module, "NOTES", ())


def main() -> int:
    """Run what is asked for, or everything."""
    known = groups()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("group", nargs="*", help=f"one or more of: {', '.join(known)}; none: all")
    parser.add_argument("--no-file", action="store_true", help="print only")
    options = parser.parse_args()
    # "asr" means asr_accuracy and asr_latency.
    meant = {
        name: [one for one in known if one == name or one.startswith(f"{name}_")] for name in options.group
    }
    unknown = [name for name, found in meant.items() if not found]
    if unknown:
        parser.error(f"no such group: {', '.join(unknown)}; there are {', '.join(known) or 'none'}")
    # Whoever is told to end ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return run([one for found in meant.values() for one in found] or known, is_kept=not options.no_file)


def run(chosen: Sequence[str], *, is_kept: bool) -> int:
    """Measure groups one after the other; one that fails costs no other its figures. At the end, one table of all."""
    measured: list[Row] = []
    failed: list[str] = []
    for group in chosen:
        print(f"== {group}", flush=True)
        try:
            measure, notes = load(group)
            rows = measure()
        except Exception:  # noqa: BLE001  whatever it was: hours of other groups would be lost with it
            traceback.print_exc()
            failed.append(group)
            continue
        print(table(rows), flush=True)
        if is_kept:
            print(f"written: {write(group, rows, notes=notes)}", flush=True)
        measured += rows
    if len(chosen) > 1:
        print(f"== all\n{table(measured)}", flush=True)
    if failed:
        print(
            f"failed: {', '.join(failed)}; the reason stands above, the others' figures are kept", flush=True
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
