# SPDX-License-Identifier: Apache-2.0
"""Runs groups of benchmarks: prints a table and writes results/<date>-<group>.json.

A group is a module of this package that has `rows() -> list[Row]`; nothing else needs to know of it.

Example:
    PYTHONPATH=. python -m benchmarks motion    # or: make bench GROUPS=motion
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable

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


def load(group: str) -> Callable[[], list[Row]]:
    """The function that measures a group."""
    return importlib.import_module(f"benchmarks.{group}").rows  # type: ignore[no-any-return]


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
    for group in [one for found in meant.values() for one in found] or known:
        print(f"== {group}", flush=True)
        rows = load(group)()
        print(table(rows), flush=True)
        if not options.no_file:
            print(f"written: {write(group, rows)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
