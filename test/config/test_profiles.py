# SPDX-License-Identifier: Apache-2.0
"""Profiles and parameter files fit what the nodes declare; limits hold; the launch files apply them."""

import importlib.util
import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from launch import LaunchContext
from launch.logging import launch_config

from voice_agent_ros.doctor.parameters import mistakes
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.nodes import affinity
from voice_agent_ros.processors import parse_cpus
from voice_agent_ros.profiles import ProcessProfile, Profile, load_profile, names

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = yaml.safe_load((ROOT / "config" / "voice_agent.yaml").read_text(encoding="utf-8"))


def declared(key):
    name = key.removeprefix("/**").strip("/")
    own = () if not name else import_module(f"voice_agent_ros.nodes.{name}").PARAMETERS
    return {one.name: one for one in (*own, *affinity.PARAMETERS)}


def test_the_file_has_every_parameter_with_its_default():
    wrong = []
    for key, section in DEFAULTS.items():
        written, known = section["ros__parameters"], declared(key)
        missing = set(known) - set(written) - ({"cpu_affinity"} if key != "/**" else set())
        wrong += [f"{key} {name} is missing" for name in missing]
        wrong += [f"{key} {name} is not declared" for name in set(written) - set(known)]
        wrong += [
            f"{key} {name} is {written[name]!r}, not {known[name].default!r}"
            for name in set(written) & set(known)
            if written[name] != known[name].default
        ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", names())
def test_parameters_of_profiles_fit_what_is_declared(name):
    profile = load_profile(name)
    assert profile.description
    for key, section in profile.parameters.items():
        known = declared(key)
        for parameter, value in section["ros__parameters"].items():
            assert not list(mistakes({parameter: value}, known.values())), key
            if parameter == "cpu_affinity":
                assert parse_cpus(value)


def test_the_issued_profiles_are_there():
    assert {"laptop", "offboard", "rdk_s100"} <= set(names())
    assert all(
        set(parse_cpus(one.cpus)) <= set(range(6)) for one in load_profile("rdk_s100").processes.values()
    )


@pytest.mark.parametrize("name", names())
def test_who_stops_the_arm_is_killed_last(name):
    profile = load_profile(name)
    for process in ("intent_bridge_node", "stop_guard_node", "supervisor_node"):
        kept = profile.process(process)
        assert (kept.oom_score_adj, kept.memory_mb, kept.nice, kept.respawn) == (0, 0, 0, True)


@pytest.mark.parametrize(
    "text",
    [
        "description: x\nprocesses: {bridge: {}}",
        "description: x\nprocesses: {voice_agent: {cpus: '0-'}}",
        "description: x\nprocesses: {voice_agent: {nice: -5}}",
        "description: x\nprocesses: {voice_agent: {memory: 5}}",
        "description: x\nparameters: {/**/asr_node: {threads: 2}}",
        "processes: {}",
        "- a list",
        "description: [",
    ],
)
def test_a_wrong_profile_names_its_file(text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"mine\.yaml"):
        load_profile(str(path))


@pytest.mark.parametrize("name", ["toaster", "./nowhere.yaml"])
def test_an_unknown_profile_names_those_there_are(name):
    with pytest.raises(ConfigurationError, match="laptop"):
        load_profile(name)


@pytest.mark.parametrize(
    ("text", "cpus"), [("", ()), ("3", (3,)), ("0,2-3", (0, 2, 3)), (" 2-3, 2 ", (2, 3))]
)
def test_lists_of_processors(text, cpus):
    assert parse_cpus(text) == cpus


@pytest.mark.parametrize("text", ["x", "3-1", "-1", "1-", "99999", "1;2", "٣"])
def test_what_is_no_list_of_processors(text):
    with pytest.raises(ConfigurationError):
        parse_cpus(text)


def test_limits_hold_for_a_process_and_what_it_starts():
    cpu = min(os.sched_getaffinity(0))
    limits = ProcessProfile(cpus=str(cpu), memory_mb=500, nice=3, oom_score_adj=123)
    code = (
        "import os, resource\n"
        "print(sorted(os.sched_getaffinity(0)), os.getpriority(os.PRIO_PROCESS, 0), resource.getrlimit(resource.RLIMIT_DATA)[0])\n"
        "print(open('/proc/self/oom_score_adj').read().strip())\n"
        "try: bytearray(600_000_000)\n"
        "except MemoryError: print('no memory')\n"
    )
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    done = subprocess.run(
        [*limits.prefix(), sys.executable, "-I", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.split("\n")[:3] == [f"[{cpu}] {nice + 3} 500000000", "123", "no memory"]


class Named:
    """Stands for a node: its name and its log."""

    def __init__(self):
        self.warnings = []

    def get_name(self):
        return "named"

    def get_logger(self):
        return self

    def warning(self, text):
        self.warnings.append(text)


def pinned(cpus):
    node, found = Named(), []

    def run():
        affinity.pin(node, cpus)
        child = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
        child.start()
        child.join()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0], node.warnings


def test_a_nodes_threads_are_pinned_and_no_others():
    everywhere = os.sched_getaffinity(0)
    cpu = min(everywhere)
    assert pinned((cpu,)) == ({cpu}, [])
    assert os.sched_getaffinity(0) == everywhere


def test_processors_that_are_not_there_are_told():
    everywhere = os.sched_getaffinity(0)
    got, (warning,) = pinned((1000,))
    assert got == everywhere
    assert "cpu_affinity" in warning


def launched(file, **arguments):
    """The processes that a launch file would start."""
    spec = importlib.util.spec_from_file_location("launch_file", ROOT / "launch" / file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context = LaunchContext()
    for name, default, _ in module.ARGUMENTS:
        context.launch_configurations[name] = arguments.get(name, default)
    build = module.processes if hasattr(module, "processes") else module.server
    return build(context), context


def prefix(action, context):
    return "".join(part.perform(context) for part in action.process_description.prefix)


def test_the_launch_file_applies_a_profile(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))  # as on the board
    actions, context = launched("voice_agent.launch.py", profile="rdk_s100", composed="false")
    prefixes = {action.node_executable: prefix(action, context) for action in actions}
    assert prefixes["stop_guard_node"] == "taskset -c 0"
    assert "choom -n 600" in prefixes["telemetry_node"]
    written = yaml.safe_load((Path(launch_config.log_dir) / "parameters-profile.yaml").read_text())
    assert written == load_profile("rdk_s100").parameters
    (server,), context = launched("xlm_server.launch.py", profile="rdk_s100")
    assert prefix(server, context).startswith("taskset -c 2-5")


def test_without_a_profile_nothing_is_in_front():
    actions, context = launched("voice_agent.launch.py")
    assert {prefix(action, context) for action in actions} == {""}


def test_an_empty_profile_changes_nothing():
    assert Profile(description="").process("voice_agent").prefix() == []


def test_a_computer_that_lacks_the_processors_runs_it_anywhere_and_says_so():
    warnings = []
    assert "taskset" not in ProcessProfile(cpus="1022-1023", nice=5).prefix(warnings.append)
    assert "none of the processors 1022-1023" in warnings[0]
    here = min(os.sched_getaffinity(0))
    assert ProcessProfile(cpus=f"{here},1023").prefix(warnings.append)[:2] == ["taskset", "-c"]
    assert len(warnings) == 1
