# SPDX-License-Identifier: Apache-2.0
"""Whatever is said and done in whatever order: nothing reaches a controller past the gate, the checks and the record."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from room import Room

from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.audit_chain import verify
from voice_agent_ros.motion.bridge import Progress, Proposal
from voice_agent_ros.motion.controllers import Completion
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory

STEPS = [
    {"skill": "move_by", "arguments": {"direction": "up", "distance": 0.03}},
    {"skill": "wave", "arguments": {}},
    {"skill": "close_gripper", "arguments": {}},
    {"skill": "move_to", "arguments": {"pose": "home"}},
]
SAID: list[tuple[str, str, dict[str, Any]]] = [
    ("Move the arm up five centimeters.", "move_by", {"direction": "up", "distance": 0.05}),
    ("Move the arm down five centimeters.", "move_by", {"direction": "down", "distance": 0.05}),
    ("Move to ready.", "move_to", {"pose": "ready"}),
    ("Go home.", "move_to", {"pose": "home"}),
    ("Open the gripper.", "open_gripper", {}),
    ("Close the gripper.", "close_gripper", {}),
    ("Don't go home.", "move_to", {"pose": "home"}),
    ("Slow down.", "set_speed", {"factor": 0.5}),
    ("Full speed.", "set_speed", {"factor": 1.0}),
    ("Repeat that.", "repeat", {}),
    ("Undo that.", "undo", {}),
    ("Continue.", "continue", {}),
    ("Pause.", "pause", {}),
    ("Resume.", "resume", {}),
    ("Stop.", "stop", {}),
    ("Would you do some things, dear?", "sequence", {"steps": STEPS}),
]
GO_ON = next(said for said in SAID if said[1] == "continue")
VERBS = [said for said in SAID if said[1] in ("repeat", "undo", "continue")]
HOW = ["spoken", "spoken", "spoken", "unspoken", "dry run"]
EVENTS = ["", "", "", "pause", "pause", "stop", "cancel", "jump", "push", "abort", "timeout", "no disk"]
ROUNDS = 40


class Inspector:
    """Stands before the controllers and looks at everything that comes."""

    def __init__(self, room: Room, check: PathCheck) -> None:
        self._room, self._check = room, check
        self.is_recording = True
        self.at: tuple[int, Callable[[], None]] = (0, lambda: None)
        self._goals = 0
        room.controllers.during = self._during
        follow, grip = room.controllers.follow, room.controllers.grip
        room.controllers.follow = lambda goal, *rest: self._look(goal) or follow(goal, *rest)
        room.controllers.grip = lambda goal, *rest: self._look(goal) or grip(goal, *rest)

    def expect(self, goal: int, action: Callable[[], None]) -> None:
        self._goals, self.at = 0, (goal, action)

    def _during(self) -> None:
        self._goals += 1
        if self._goals == self.at[0]:
            self.at[1]()

    def _look(self, goal: Trajectory | float) -> None:
        bridge = self._room.bridge
        assert not bridge.latched
        assert self.is_recording
        lines = [json.loads(line) for line in self._room.log.read_text().splitlines()]
        own = [line["event"] for line in lines if line.get("key") == bridge.active_key]
        last = max(index for index, event in enumerate(own) if event == "executing")
        assert "judged" in own[:last]
        assert not {"ended", "refused"} & set(own[last:])
        if isinstance(goal, Trajectory):
            self._check(goal)


def test_nothing_comes_past_gate_checks_and_record(
    planner: Planner,
    model: RobotModel,
    arm: ArmConfig,
    policy: Policy,
    clock: Any,
    controllers: Any,
    tmp_path: Path,
) -> None:
    sent, begin = Counter[str](), controllers.snapshot
    for number in range(ROUNDS):
        choose = random.Random(number)
        fresh = copy.copy(controllers)
        fresh.sent, fresh.snapshot = [], begin
        log = tmp_path / f"{number}.jsonl"
        room = Room(planner, fresh, arm, policy, clock, log)
        inspector = Inspector(room, PathCheck(model, policy.limits, arm.gripper.tip_length))
        for operation in range(12):
            said = choose.choice(VERBS if choose.random() < 0.4 else SAID)
            if room.bridge.memory.paused is not None and choose.random() < 0.5:
                said = GO_ON
            how, event = choose.choice(HOW), choose.choice(EVENTS)
            answer, goal = choose.random() < 0.8, choose.randint(1, 3)
            sent[said[1]] += carry_out(room, inspector, operation, said, how, answer, event, goal)
        room.close()
        if inspector.is_recording:
            assert verify([log]).tail == 0
    assert sum(sent.values()) > 100, sent
    assert all(sent[skill] for skill in ("move_to", "sequence", "undo", "repeat", "continue")), sent
    assert not any(sent[skill] for skill in ("stop", "resume", "pause", "set_speed")), sent


def carry_out(
    room: Room, inspector: Inspector, number: int, said: Any, how: str, answer: bool, event: str, goal: int
) -> int:
    """One thing is said, and something happens at a goal of it; how many goals were sent."""
    text, skill, arguments = said
    room.clock.now += 1.0
    room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock.now)
    ending = {"abort": "aborted", "timeout": "timeout"}.get(event)
    room.controllers.endings = [Completion("succeeded", "arm")] * (goal - 1)
    room.controllers.endings += [Completion(ending, "arm", "fake")] if ending else []
    actions: dict[str, Callable[[], Any]] = {
        "pause": lambda: room.bridge.carry_out(
            Proposal((parse_call("pause", {}),), room.hear("Pause."), f"pause-{number}"), lambda _: None
        ),
        "stop": lambda: room.bridge.stop("test"),
        "cancel": lambda: room.bridge.cancel(room.bridge.active_key),
        "jump": lambda: room.bridge.on_clock_jump(-3.0),
        "push": lambda: push(room),
        "no disk": lambda: close(room, inspector),
    }
    inspector.expect(goal, actions.get(event, lambda: None))
    turn = room.hear(text) if how != "unspoken" else ""
    proposal = Proposal((parse_call(skill, arguments),), turn, f"key-{number}", how == "dry run")

    def report(progress: Progress) -> None:
        if progress.nonce:
            room.bridge.confirm(answer, room.bridge.pending_nonce)

    before = len(room.sent)
    result = room.bridge.carry_out(proposal, report)
    if how == "dry run" or result.outcome == "refused":
        assert len(room.sent) == before
    if room.bridge.latched and number % 2:
        room.bridge.resume()
    return len(room.sent) - before


def push(room: Room) -> None:
    room.controllers.snapshot = dataclasses.replace(
        room.controllers.snapshot, arm=room.controllers.snapshot.arm + 0.2
    )


def close(room: Room, inspector: Inspector) -> None:
    room.close()
    inspector.is_recording = False


def test_the_inspector_sees_what_has_no_record(
    room: Room, model: RobotModel, policy: Policy, arm: ArmConfig
) -> None:
    Inspector(room, PathCheck(model, policy.limits, arm.gripper.tip_length))
    with pytest.raises((AssertionError, ValueError)):
        room.controllers.grip(0.0, 1.0, 1.0, lambda: None)
