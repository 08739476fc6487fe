# SPDX-License-Identifier: Apache-2.0
"""Runs the demonstration: launch everything, hold the conversation, write the report, judge it."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import rclpy
from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.logging import launch_config
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

from voice_agent_ros.commands.view_link import ViewLink
from voice_agent_ros.demo import report
from voice_agent_ros.demo.narrator import Narrator
from voice_agent_ros.demo.observer import Observer
from voice_agent_ros.demo.options import OUTCOMES, Options, from_environment
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.motion.arm_config import arm_file, load_arm
from voice_agent_ros.nodes.spin import new_executor
from voice_agent_ros.telemetry.browser_view import BrowserView

STARTUP_TIMEOUT_S = 90.0
HEARD_TIMEOUT_S = 8.0
TURN_TIMEOUT_S = 90.0
QUIET_S = 0.15
LOG_LINES = 15
LLM_PORT = 8765
TIME = re.compile(r"\d+\.\d+")  # in a log's lines


def main() -> int:
    """`make demo`. 0 if what was asked for was done by the physics (see report.shortcoming)."""
    share = Path(get_package_share_directory("voice_agent_ros"))
    try:
        options = from_environment(os.environ, share / "demo")
        prepare(options)
        clips = spoken_clips(options)
    except VoiceAgentError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    os.environ["ROS_LOG_DIR"] = str(options.out / "log")
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 99))  # two demos do not hear each other
    narrator = Narrator(time.time)
    # Signals belong to launch, which runs in the main thread and ends every process.
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    observer = Observer(narrator)
    executor = new_executor()
    executor.add_node(observer)
    spinning = threading.Thread(target=partial(spin, executor), name="observer", daemon=True)
    spinning.start()
    # What processes do is told by the narrator, and written in their logs.
    launch_config.get_screen_handler().setLevel(logging.CRITICAL)
    service = LaunchService(argv=[], noninteractive=True)
    service.include_launch_description(description(share, options, clips, observer))
    outcome: list[int] = []

    def converse() -> None:
        try:
            outcome.append(conversation(options, clips, observer, narrator))
        finally:
            service.shutdown()

    view = open_view(options, observer, narrator)
    talking = threading.Thread(target=converse, name="conversation", daemon=True)
    talking.start()
    service.run()
    observer.fail("interrupted")
    talking.join(timeout=10.0)
    if view is not None:
        view.close()
    executor.shutdown(timeout_sec=2.0)
    rclpy.try_shutdown()
    spinning.join(timeout=2.0)
    return outcome[0] if outcome else 130


def open_view(options: Options, observer: Observer, narrator: Narrator) -> BrowserView | None:
    """The browser view, if it is wanted and can be had."""
    if not options.view:
        return None
    try:
        link = ViewLink(observer)
        view = BrowserView(link, lambda: link.look, lambda: link.urdf)
    except VoiceAgentError as error:
        narrator.show("error", str(error))
        return None
    link.tell = view.take
    narrator.show("view", f"open {view.url} in a browser on this computer")
    return view


def spin(executor: Executor) -> None:
    """Spin until shut down."""
    try:
        executor.spin()
    except ExternalShutdownException:
        return


def prepare(options: Options) -> None:
    """An output directory with nothing of an earlier run in it."""
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ("report.json", "before.png", "after.png", "reply.wav"):
        (options.out / name).unlink(missing_ok=True)
    shutil.rmtree(options.out / "log", ignore_errors=True)
    (options.out / "log").mkdir()


def spoken_clips(options: Options) -> list[Path]:
    """The recordings for the virtual microphone; sentences to be said are synthesised first."""
    if options.mode in ("text", "microphone"):
        return []
    if options.mode != "say":
        return [Path(path) for path in options.utterances]
    from voice_agent_ros.tts.say_to_file import say_to_file

    clips = [options.out / f"said_{index + 1}.wav" for index in range(len(options.utterances))]
    for sentence, path in zip(options.utterances, clips, strict=True):
        say_to_file(sentence, path)
    return clips


def description(share: Path, options: Options, clips: list[Path], observer: Observer) -> LaunchDescription:
    """demo.launch.py with our arguments, and a watch on its processes."""
    device = options.mode == "microphone"
    arguments = {
        "arm": options.arm,
        "language": options.language,
        "composed": str(options.composed).lower(),
        "llm_url": options.llm_url,
        "llm_port": os.environ.get("LLM_PORT") or str(free_port(LLM_PORT)),
        "audio_source": "device" if device else ("wav" if clips else "none"),
        "audio_sink": "device" if device else "wav",
        "wav_paths": "|".join(str(path) for path in clips),
        "wav_start": "on_request",
        "reply_path": str(options.out / "reply.wav"),
        "telemetry": str(options.view).lower(),  # else the terminal tells, and nobody looks at markers
        "output": "own_log",
    }

    def on_exit(event: ProcessExited, context: LaunchContext) -> None:
        if not context.is_shutdown:
            observer.fail(f"{event.process_name} ended unexpectedly (exit code {event.returncode})")

    watch = RegisterEventHandler(OnProcessExit(on_exit=on_exit))
    file = str(share / "launch" / "demo.launch.py")
    return LaunchDescription(
        [watch, IncludeLaunchDescription(file, launch_arguments=list(arguments.items()))]
    )


def free_port(wanted: int) -> int:
    """This port, or another one if somebody listens there: one's own server, or another demonstration."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that ended a moment ago is free
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found: int = probe.getsockname()[1]
                return found
    return wanted


def conversation(options: Options, clips: list[Path], observer: Observer, narrator: Narrator) -> int:
    """Wait until everything is up, talk, and write the results."""
    narrator.show("start", f"bringing everything up; logs in {options.out / 'log'}")
    if not observer.wait(
        lambda: observer.state.state == "ready" and bool(observer.world.things), STARTUP_TIMEOUT_S
    ):
        why = "; ".join(f"{node.name} {node.state} {node.message}".strip() for node in observer.state.nodes)
        return give_up(
            observer, narrator, options, f"not everything came up: {why or 'no state was published'}"
        )
    observer.save_picture(options.out / "before.png")
    problem = talk(options, clips, observer, narrator)
    if problem:
        return give_up(observer, narrator, options, problem)
    if not observer.save_picture(options.out / "after.png"):
        return give_up(observer, narrator, options, "the simulator gave no picture")
    report.write(options.out / "report.json", observer.turns, observer.world)
    promised = OUTCOMES if options.mode == "recordings" else ()
    arm = load_arm(arm_file(options.arm))
    poses = {name: dict(zip(arm.arm.joints, pose, strict=True)) for name, pose in arm.poses.items()}
    shortcoming = report.shortcoming(observer.turns, promised, poses)
    if shortcoming:
        narrator.show("error", shortcoming)
        return 1
    narrator.show(
        "result", f"it succeeded; report.json, before.png, after.png and reply.wav are in {options.out}"
    )
    return 0


def talk(options: Options, clips: list[Path], observer: Observer, narrator: Narrator) -> str:
    """Say one utterance after the other, each when the robot is done with the one before.

    Returns:
        what went wrong, or "".
    """
    if options.mode == "microphone":
        narrator.show("mic", "listening to the microphone; Ctrl-C ends")
        observer.wait(lambda: False, float("inf"))
        return ""
    for index, utterance in enumerate(options.utterances):
        clip = clips[index] if clips else None
        problem = say_and_wait(
            utterance if options.mode == "say" else "", clip, utterance, observer, narrator
        )
        if problem:
            return problem
    return ""


def say_and_wait(
    shown: str, clip: Path | None, utterance: str, observer: Observer, narrator: Narrator
) -> str:
    """Say (or type) one utterance and wait until the robot is done with it; what went wrong, or ""."""
    turns_before = len(observer.turns)
    if clip is not None:
        duration_s = clip_duration_s(clip)
        narrator.show("mic", shown or clip.name)
        observer.play_next_clip()
    else:
        duration_s = 0.0
        narrator.show("mic", f"(typed) {utterance}")
        observer.type_text(utterance)
    ended_at = time.monotonic() + duration_s

    def was_noticed() -> bool:
        return len(observer.turns) > turns_before or not observer.is_idle()

    if not observer.wait(was_noticed, duration_s + HEARD_TIMEOUT_S):
        return observer.failure or f"nothing was heard of {utterance!r}"
    if not wait_until_done(observer, ended_at):
        return observer.failure or f"no end of the turn {utterance!r} within {TURN_TIMEOUT_S:.0f} s"
    return ""


def wait_until_done(observer: Observer, not_before: float) -> bool:
    """Wait until the clip is over and the robot has been idle for a moment."""
    deadline = time.monotonic() + TURN_TIMEOUT_S
    while time.monotonic() < deadline and not observer.failure:
        if not observer.wait(observer.is_idle, deadline - time.monotonic()):
            return False
        idle_for = max(QUIET_S, not_before - time.monotonic())
        if not observer.wait(lambda: not observer.is_idle(), idle_for):
            return not observer.failure
    return False


def clip_duration_s(path: Path) -> float:
    """Length of a recording."""
    import soundfile

    return float(soundfile.info(str(path)).duration)


def give_up(observer: Observer, narrator: Narrator, options: Options, problem: str) -> int:
    """Say what went wrong, with the last lines that the processes wrote about it."""
    report.write(options.out / "report.json", observer.turns, observer.world)
    narrator.show("error", observer.failure or problem)
    for line in last_complaints(options.out / "log"):
        narrator.show("", line)
    return 1


def last_complaints(directory: Path, is_complaint: Callable[[str], bool] | None = None) -> list[str]:
    """The last warnings and errors in the logs below a directory, each once however often it was said."""
    marks = ("[WARN]", "[ERROR]", "[FATAL]", "Error", "error:")
    wanted = is_complaint or (lambda line: any(mark in line for mark in marks))
    lines: dict[str, str] = {}
    for path in sorted(directory.rglob("*.log")):
        for line in path.read_text(errors="replace").splitlines():
            if wanted(line):
                lines[TIME.sub("", line)] = line
    return list(lines.values())[-LOG_LINES:]


if __name__ == "__main__":
    sys.exit(main())
