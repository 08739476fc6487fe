# SPDX-License-Identifier: Apache-2.0
"""voice-agent timeline: pictures of recorded turns."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

HELP = "draw recorded turns: a waterfall each, and a histogram of all latencies"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "recording", type=Path, metavar="BAG|MCAP", help="what ros2 bag or stats --record wrote"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("timeline"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument("--turn", default="", metavar="ID", help="only this one, and no histogram")
    parser.add_argument(
        "--median",
        default="",
        metavar="STAGE",
        help="only the turn in which this stage ended after the median time, e.g. first_motion",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table of all turns, too")


def run(arguments: argparse.Namespace) -> int:
    """Draw."""
    from voice_agent_ros.errors import ConfigurationError
    from voice_agent_ros.telemetry.pictures import draw_histogram, draw_waterfall
    from voice_agent_ros.telemetry.statistics import of_median
    from voice_agent_ros.telemetry.turn_files import read_turns, write_csv

    turns = read_turns(arguments.recording)
    chosen = [turn for turn in turns if arguments.turn in ("", turn.turn_id)]
    if not chosen:
        there = ", ".join(turn.turn_id for turn in turns[-10:])
        raise ConfigurationError(f"There is no turn {arguments.turn}.", f"The last ones are: {there}.")
    if arguments.median:
        median = of_median(chosen, arguments.median)
        if median is None:
            stages = ", ".join(dict.fromkeys(stage for turn in chosen for stage in turn.latencies()))
            raise ConfigurationError(f"{arguments.median!r} ended in no turn.", f"The stages are: {stages}.")
        chosen = [median]
    try:
        arguments.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{arguments.output} cannot be made: {error.strerror}.", "Choose another with -o."
        ) from error
    for number, turn in enumerate(chosen, 1):
        if any(stage.end > 0.0 for stage in turn.stages):
            # A file's name is made of ours, not of what came over the network.
            safe = re.sub(r"[^A-Za-z0-9._-]", "_", turn.turn_id)[:60]
            path = arguments.output / ("median_turn.png" if arguments.median else f"{number:03d}_{safe}.png")
            draw_waterfall(turn, path)
            print(path)
    if not arguments.turn and not arguments.median:
        path = arguments.output / "latencies.png"
        draw_histogram(turns, path)
        print(path)
    if arguments.csv is not None:
        write_csv(arguments.csv, turns)
        print(arguments.csv)
    return 0
