# SPDX-License-Identifier: Apache-2.0
"""Write the generated parts of docs/: references from the code, tables from benchmarks/results: `make docs`.

What stands between `<!-- generated: NAME -->` and `<!-- end -->` is replaced, the rest is left alone. With
`--check` nothing is written, and the exit code is 1 if something is out of date.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graph_of_nodes import CLASSES, Endpoint, endpoints
from measured import measured

ROOT = Path(__file__).resolve().parent.parent
OWN = "voice_agent_ros"
PART = re.compile(r"(?P<begin><!-- generated: (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
# What the type alone does not tell.
NOTES = {
    "/diagnostics": "how the nodes are: see [monitoring](monitoring.md)",
    "/rosout": "everybody's log: why a node could not be brought up",
    "alive": "a node's name, 5 times a second: see [safety](safety.md)",
    "arm_controller/controller_state": "of the simulated controller",
    "arm_controller/joint_trajectory": "goals without an answer, as joint_trajectory_controller takes them",
    "arm_controller/query_state": "what the running trajectory does at a time",
    "asr_node/listen": "push to talk: the next utterance counts",
    "audio/in": "the microphone: 20 ms chunks, mono",
    "audio/out": "what is to be played, at most 0.5 s ahead of the loudspeaker",
    "audio_node/next_clip": "let the WAV source begin its next recording",
    "camera/image_raw/compressed": "the picture that `sim_arm_node/snapshot` takes",
    "chat": "see [dialogue](dialogue.md)",
    "intent_bridge_node/resume": "release the motion latch",
    "intent_bridge_node/stop": "stop, and latch",
    "joint_states": "measured; from joint_state_broadcaster on a robot",
    **{
        f"latency/{stage}": "of a turn, s from the end of speech, for plots"
        for stage in ("final_transcript", "intent", "goal_accepted", "first_motion", "first_audio")
    },
    "markers": "what rviz shows: see [monitoring](monitoring.md)",
    "objects": "from perception. An object's name is `results[0].hypothesis.class_id` (“red cube”), its box is in "
    "the arm's base frame",
    "planned_path": "each trajectory that is sent to the arm's controller, for viewers",
    "prompt": "a typed sentence with its session: `voice-agent chat`, `view` and `ask`",
    "prompt_text": "a typed sentence; all who use it are one session",
    "robot_description": "the URDF; from robot_state_publisher on a robot",
    "sim_arm_node/snapshot": "take a picture",
    "speech/speaking": "whether the loudspeaker is in use",
    "stop_guard_node/stop": "stop, without the bridge's help",
    "<one of image_topics>": "while a goal of `chat` waits for its next picture",
    "thoughts": "what a thinking model thinks, for whoever reads it; nobody speaks it",
    "tts_node/stop": "be silent",
    "tts_text": "a text to be spoken",
}


def main() -> int:
    """0 if everything is up to date, or was written."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only compare")
    arguments = parser.parse_args()
    makers = parts()
    stale = []
    for path in sorted((ROOT / "docs").glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = filled(before, makers)
        if after == before:
            continue
        stale.append(path.name)
        if arguments.check:
            old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
            sys.stdout.writelines(difflib.unified_diff(old, new, path.name, "generated", n=0))
        else:
            path.write_text(after, encoding="utf-8")
    if stale:
        print(f"{'Out of date' if arguments.check else 'Written'}: {', '.join(stale)}")
    return 1 if stale and arguments.check else 0


def filled(text: str, makers: Mapping[str, Callable[[], Iterable[str]]]) -> str:
    """The text with its generated parts as they should be.

    Raises:
        SystemExit: there is no such part.
    """

    def made(match: re.Match[str]) -> str:
        if match["name"] not in makers:
            raise SystemExit(f"Nothing generates “{match['name']}”; there is {', '.join(sorted(makers))}.")
        lines = "\n".join(makers[match["name"]]())
        return f"{match['begin']}\n{lines}\n\n{match['end']}"

    return PART.sub(made, text)


def parts() -> dict[str, Callable[[], Iterable[str]]]:
    """What can be generated."""
    found = endpoints()
    return {
        "topics": lambda: topics(found),
        "services": lambda: offers(found, "service", "client"),
        "actions": lambda: offers(found, "action server", "action client"),
        "messages": lambda: definitions("msg"),
        "service_definitions": lambda: definitions("srv"),
        "action_definitions": lambda: definitions("action"),
        "parameters": parameters,
        "launch_arguments": launch_arguments,
        **measured(),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *escaped)]


def topics(found: Sequence[Endpoint]) -> list[str]:
    """One row a topic."""
    by_name = defaultdict(list)
    for end in found:
        if end.kind in ("publisher", "subscription"):
            by_name[end.name].append(end)
    rows = []
    for name, ends in sorted(by_name.items()):
        row = [f"`{name}`", _type(ends[0].type), "; ".join(sorted({end.qos for end in ends}))]
        row += [_nodes(end for end in ends if end.kind == kind) for kind in ("publisher", "subscription")]
        rows.append([*row, _note(name, ends[0].type)])
    return table(("topic", "type", "QoS, depth", "published by", "subscribed by", "what"), rows)


def offers(found: Sequence[Endpoint], server: str, client: str) -> list[str]:
    """One row a service or action; life cycle and cancelling, which every such server has, are left out."""
    by_name = defaultdict(list)
    for end in found:
        is_common = end.type.startswith("lifecycle_msgs/") or end.name.endswith("/_action/cancel_goal")
        if end.kind in (server, client) and not is_common:
            by_name[end.name].append(end)
    rows = []
    for name, ends in sorted(by_name.items()):
        row = [f"`{name}`", _type(ends[0].type)]
        row += [_nodes(end for end in ends if end.kind == kind) for kind in (server, client)]
        rows.append([*row, _note(name, ends[0].type)])
    return table(("name", "type", "served by", "called by", "what"), rows)


def _nodes(ends: Iterable[Endpoint]) -> str:
    return ", ".join(sorted({end.node for end in ends})) or "–"


def _type(name: str) -> str:
    package, _, short = name.partition("/")
    return f"[{short}](#{short.lower()})" if package == OWN else name


def _note(name: str, type_: str) -> str:
    package, _, short = type_.partition("/")
    if name in NOTES:
        return NOTES[name]
    if package != OWN:
        # A controller's action: the type says it all.
        if short in ("FollowJointTrajectory", "GripperCommand", "GripperCommand or ParallelGripperCommand"):
            return "of a controller"
        raise SystemExit(f"Say in NOTES of {__file__} what {name} ({type_}) is for.")
    return _comment(_definition(short).annotations).split(". ")[0].rstrip(".")


def _definition(name: str) -> Any:
    from rosidl_adapter.parser import parse_action_file, parse_message_file, parse_service_file

    if (path := ROOT / "msg" / f"{name}.msg").is_file():
        return parse_message_file(OWN, str(path))
    if (path := ROOT / "srv" / f"{name}.srv").is_file():
        return parse_service_file(OWN, str(path)).request
    return parse_action_file(OWN, str(ROOT / "action" / f"{name}.action")).goal


def definitions(kind: str) -> list[str]:
    """Every definition of a kind, with its comments."""
    from rosidl_adapter.parser import parse_action_file, parse_message_file, parse_service_file

    lines: list[str] = []
    for path in sorted((ROOT / kind).glob(f"*.{kind}")):
        lines += [f"### {path.stem}", ""]
        if kind == "msg":
            sections = [("", parse_message_file(OWN, str(path)))]
        elif kind == "srv":
            service = parse_service_file(OWN, str(path))
            sections = [("request", service.request), ("response", service.response)]
        else:
            action = parse_action_file(OWN, str(path))
            sections = [("goal", action.goal), ("result", action.result), ("feedback", action.feedback)]
        comment = _comment(sections[0][1].annotations)
        lines += [comment, ""] if comment else []
        rows = [
            [section, f"`{one.name}`", *cells]
            for section, part in sections
            for one, cells in [
                *((field, [_field_type(field), _comment(field.annotations)]) for field in part.fields),
                *(
                    (value, [f"constant “{value.value}”", _comment(value.annotations)])
                    for value in part.constants
                ),
            ]
        ]
        head = ("part", "name", "type", "meaning")
        lines += table(head, rows) if kind != "msg" else table(head[1:], (row[1:] for row in rows))
        lines.append("")
    return lines[:-1]


def _field_type(field: Any) -> str:
    text = str(field.type).removeprefix(f"{OWN}/")
    name, bracket, rest = text.partition("[")
    is_own = (ROOT / "msg" / f"{name}.msg").is_file()
    return f"[{name}](#{name.lower()})" + (f"\\{bracket}{rest}" if bracket else "") if is_own else text


def _comment(annotations: Mapping[str, Any]) -> str:
    return " ".join(line.strip() for line in annotations.get("comment", [])).strip()


def parameters() -> list[str]:
    """Every parameter of every node."""
    lines: list[str] = []
    for module in ("affinity", *sorted(CLASSES)):
        lines += ["### Every node" if module == "affinity" else f"### {module}", ""]
        declared = importlib.import_module(f"voice_agent_ros.nodes.{module}").PARAMETERS
        rows = [
            [f"`{one.name}`", _kind(one.default), f"`{_default(one.default)}`", _range(one), one.description]
            for one in declared
        ]
        lines += [*table(("parameter", "type", "default", "range", "what"), rows), ""]
    return lines[:-1]


def _kind(value: object) -> str:
    return "list of str" if isinstance(value, list) else type(value).__name__


def _default(value: object) -> str:
    import yaml

    return (
        str(yaml.safe_dump(value, default_flow_style=True, width=10_000))
        .removesuffix("\n")
        .removesuffix("\n...")
    )


def _range(parameter: Any) -> str:
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    if parameter.bounds is None:
        return ""
    low, high = parameter.bounds
    return f"{low:g} … {high:g}"


def launch_arguments() -> list[str]:
    """Of every launch file."""
    from importlib.util import module_from_spec, spec_from_file_location

    lines: list[str] = []
    for path in sorted((ROOT / "launch").glob("*.launch.py")):
        spec = spec_from_file_location(path.name.partition(".")[0], path)
        if spec is None or spec.loader is None:
            raise SystemExit(f"{path} cannot be imported.")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        rows = [
            [f"`{name}`", f"`{default.replace(f'{ROOT}/', '')}`" if default else "", text]
            for name, default, text in module.ARGUMENTS
        ]
        lines += [f"### {path.name}", "", *table(("argument", "default", "what"), rows), ""]
    return lines[:-1]


if __name__ == "__main__":
    sys.exit(main())
