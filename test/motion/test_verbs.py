# SPDX-License-Identifier: Apache-2.0
"""Speed, pause and continue, repeat and undo, counted at the controllers' side."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from room import SAID_UP, UP, Room

from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.bridge import Proposal, Result
from voice_agent_ros.motion.controllers import Completion
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.plan import Plan, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.replay import reverse
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory

PICK = "Pick up the red cube and put it in the bowl."
PICK_CALL = {"object": "red cube", "target": "bowl"}


def at_goal(room: Room, number: int, action: Callable[[], Any]) -> None:
    """Do something while the goal of that number, from 1, is being carried out."""
    start = len(room.sent)

    def during() -> None:
        if len(room.sent) == start + number:
            room.controllers.during = lambda: None
            action()

    room.controllers.during = during


def move_object(room: Room, name: str, position: tuple[float, float, float]) -> None:
    seen = room.controllers.seen
    moved = [
        dataclasses.replace(thing, position=position) if thing.name == name else thing
        for thing in seen.objects
    ]
    room.controllers.seen = dataclasses.replace(seen, objects=tuple(moved))


def joints(room: Room) -> np.ndarray:
    return room.controllers.snapshot.arm


# Speed.


def test_slower_is_planned_anew_and_never_above_the_policy(
    room: Room, model: RobotModel, policy: Policy, arm: ArmConfig
) -> None:
    room.say(SAID_UP, "move_by", direction="up", distance=0.05)
    room.say("Move the arm down five centimeters.", "move_by", direction="down", distance=0.05)
    assert room.say("Slow down.", "set_speed", factor=0.5).outcome == "done"
    room.say(SAID_UP, "move_by", direction="up", distance=0.05)
    first, _, third = room.sent
    assert third.duration >= 1.9 * first.duration
    slow = policy.limits.model_copy(
        update={
            "joint_velocity": policy.limits.joint_velocity / 2,
            "joint_acceleration": policy.limits.joint_acceleration / 4,
            "tool_speed": policy.limits.tool_speed / 2,
        }
    )
    PathCheck(model, slow, arm.gripper.tip_length)(third)


def test_faster_needs_a_persons_plain_words(room: Room) -> None:
    faster = parse_call("set_speed", {"factor": 1.0})
    room.say("Slow down.", "set_speed", factor=0.5)
    assert room.propose(faster, "nobody").rule == "not_allowed"
    assert room.propose(faster, room.hear("Oh please, be a bit quicker than that.")).rule == "not_allowed"
    assert room.propose(faster, room.hear("Full speed.", confidence=0.45)).rule == "low_confidence"
    assert room.bridge.memory.speed == 0.5
    assert room.propose(faster, room.hear("Full speed.")).outcome == "done"
    assert room.bridge.memory.speed == 1.0


def test_a_bit_slower_is_a_part_of_the_present_speed_and_never_too_slow(room: Room, policy: Policy) -> None:
    a_bit = {"factor": 0.8, "of_present": True}
    assert room.say("Slow down a bit.", "set_speed", **a_bit).outcome == "done"
    assert room.say("A little slower.", "set_speed", **a_bit).outcome == "done"
    assert room.bridge.memory.speed == pytest.approx(0.64)
    for _ in range(20):
        last = room.say("Slightly slower, please.", "set_speed", **a_bit)
    assert (last.outcome, last.rule) == ("refused", "too_slow")
    assert room.bridge.memory.speed >= policy.verbs.slowest


def test_too_slow_is_refused_not_clamped(room: Room) -> None:
    result = room.say("Move at 1 percent speed.", "set_speed", factor=0.01)
    assert (result.outcome, result.rule) == ("refused", "too_slow")
    assert room.bridge.memory.speed == 1.0


def test_speed_may_be_set_while_the_arm_moves(room: Room) -> None:
    at_goal(room, 1, lambda: room.say("Slow down.", "set_speed", factor=0.5))
    assert room.say(SAID_UP, "move_by", direction="up", distance=0.05).outcome == "done"
    assert room.bridge.memory.speed == 0.5


# Pause and continue.


def pause(room: Room) -> Result:
    return room.say("Pause.", "pause")


def go_on(room: Room) -> Result:
    return room.say("Continue.", "continue")


def test_what_was_paused_is_finished_from_where_the_arm_is(room: Room) -> None:
    paused: list[Result] = []
    room.controllers.endings = [Completion("succeeded", "arm"), Completion("canceled", "arm")]
    at_goal(room, 2, lambda: paused.append(pause(room)))
    result = room.say(PICK, "pick_and_place", **PICK_CALL)
    assert (result.outcome, result.rule, result.message) == ("stopped", "paused", "Paused.")
    assert paused[0].message == "Say continue when I may go on."
    assert room.controllers.cancels >= 1
    assert not room.bridge.latched
    assert room.bridge.memory.paused.done == 1
    before = len(room.sent)
    snapshot = room.controllers.snapshot
    elsewhere = snapshot.arm + 0.02
    room.controllers.snapshot = dataclasses.replace(snapshot, arm=elsewhere)
    at_goal(room, 6, lambda: move_object(room, "red cube", (0.30, -0.28, 0.03)))
    result = go_on(room)
    assert (result.outcome, result.message) == ("done", "Done: the red cube is in the bowl.")
    assert np.allclose(room.sent[before].start, elsewhere)
    kinds = [isinstance(goal, Trajectory) for goal in room.sent[before:]]
    assert kinds == [True, False, True, True, True, False, True, True]  # all but the first movement
    assert room.bridge.memory.paused is None
    assert [entry["event"] for entry in room.entries("executing")] == ["executing"] * 2


def test_nothing_to_pause_and_nothing_to_continue(room: Room) -> None:
    assert pause(room).rule == "nothing_to_pause"
    assert go_on(room).rule == "nothing_to_continue"
    assert room.sent == []


@pytest.mark.parametrize("spoil", ["stop", "expire", "another", "moved", "obstacle"])
def test_what_ends_a_pause(room: Room, spoil: str) -> None:
    at_goal(room, 1, lambda: pause(room))  # above the object
    room.say(PICK, "pick_and_place", **PICK_CALL)
    if spoil == "stop":
        room.bridge.stop("test")
        room.clock.now += 1.0
        room.bridge.resume()
    elif spoil == "expire":
        room.clock.now += 200.0
    elif spoil == "another":
        room.say("Open the gripper.", "open_gripper")
    elif spoil == "moved":
        move_object(room, "red cube", (0.36, 0.02, 0.02))
    else:
        move_object(room, "blue cube", (0.39, -0.06, 0.05))  # into the way
    before = len(room.sent)
    rule = {"expire": "pause_expired", "moved": "scene_changed", "obstacle": "obstacle"}
    assert go_on(room).rule == rule.get(spoil, "nothing_to_continue")
    assert len(room.sent) == before


def test_a_stop_at_the_same_moment_wins_over_a_pause(room: Room) -> None:
    def both() -> None:
        pause(room)
        room.bridge.stop("test")

    at_goal(room, 2, both)
    assert room.say(PICK, "pick_and_place", **PICK_CALL).rule == "stopped"
    room.clock.now += 1.0
    room.bridge.resume()
    assert go_on(room).rule == "nothing_to_continue"


def test_what_fell_out_of_the_hand_ends_a_pause(room: Room) -> None:
    at_goal(room, 4, lambda: pause(room))  # lifting
    room.say(PICK, "pick_and_place", **PICK_CALL)
    room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, gripper=0.0)
    assert go_on(room).rule == "scene_changed"


# Repeat.


def test_again_is_a_new_plan_with_a_key_of_its_own(room: Room) -> None:
    room.say(SAID_UP, "move_by", direction="up", distance=0.05)
    assert room.say("Repeat that.", "repeat").outcome == "done"
    first, second = room.sent
    assert np.allclose(second.start, first.end, atol=1e-6)
    keys = [entry["key"] for entry in room.entries("executing")]
    assert len(set(keys)) == 2
    assert room.say("Repeat that.", "repeat").calls[0].skill == "move_by"


def test_nothing_to_repeat(room: Room) -> None:
    assert room.say("Repeat that.", "repeat").rule == "nothing_to_repeat"


def test_what_a_model_understood_is_asked_about_again(room: Room) -> None:
    def yes(nonce: str) -> None:
        room.bridge.on_played(nonce, at=50.0)
        room.hear("Yes.", began=51.0)

    def no(nonce: str) -> None:
        room.bridge.on_played(nonce, at=60.0)
        room.hear("No.", began=61.0)

    opening = parse_call("open_gripper", {})
    assert room.ask(opening, room.hear("Let the gripper yawn open for me."), yes).outcome == "done"
    room.progress.clear()
    sent = len(room.sent)
    assert room.ask(parse_call("repeat", {}), room.hear("Repeat that."), no).rule == "not_confirmed"
    assert len(room.sent) == sent
    assert room.say("Repeat that.", "repeat").rule == "nothing_to_repeat"


def test_what_was_impossible_may_be_tried_again(room: Room) -> None:
    thing = room.controllers.seen.find("red cube")
    others = tuple(other for other in room.controllers.seen.objects if other is not thing)
    seen = room.controllers.seen
    room.controllers.seen = dataclasses.replace(seen, objects=others)
    assert room.say("Pick up the red cube.", "pick", object="red cube").rule == "unknown_object"
    room.controllers.seen = seen
    room.controllers.grips_on = 0.0
    assert room.say("Once more.", "repeat").rule == "not_held"
    assert len(room.sent) > 0


# Undo.


def test_back_along_the_last_path(room: Room) -> None:
    start = joints(room).copy()
    room.say(SAID_UP, "move_by", direction="up", distance=0.05)
    assert room.say("Undo that.", "undo").outcome == "done"
    assert np.allclose(joints(room), start, atol=1e-6)
    forth, back = room.sent
    assert back.duration == pytest.approx(forth.duration)
    middle = forth.duration / 2
    assert np.allclose(
        forth.spline.samples(np.array([middle]))[0], back.spline.samples(np.array([middle]))[0], atol=0.02
    )
    assert room.say("Undo that.", "undo").outcome == "done"  # and forth again
    assert np.allclose(joints(room), forth.end, atol=1e-6)


def test_back_is_slower_if_slower_was_asked_for(room: Room) -> None:
    room.say(SAID_UP, "move_by", direction="up", distance=0.05)
    room.say("Slow down.", "set_speed", factor=0.5)
    assert room.say("Undo that.", "undo").outcome == "done"
    assert room.sent[1].duration == pytest.approx(2 * room.sent[0].duration)


@pytest.mark.parametrize("since", ["nothing", "grip", "moved by hand", "stopped"])
def test_there_is_no_way_back(room: Room, since: str) -> None:
    rule = "nothing_to_undo"
    if since == "grip":
        room.say("Close the gripper.", "close_gripper")
    elif since == "moved by hand":
        room.say(SAID_UP, "move_by", direction="up", distance=0.05)
        room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, arm=joints(room) + 0.1)
        rule = "arm_moved"
    elif since == "stopped":
        at_goal(room, 1, lambda: room.bridge.stop("test"))
        room.say(SAID_UP, "move_by", direction="up", distance=0.05)
        room.clock.now += 1.0
        room.bridge.resume()
    before = len(room.sent)
    assert room.say("Undo that.", "undo").rule == rule
    assert len(room.sent) == before


def test_the_way_back_is_checked_against_what_is_there_now(room: Room) -> None:
    room.say("Move to ready.", "move_to", pose="ready")
    room.say("Go home.", "move_to", pose="home")
    forth = room.sent[-1]
    tips = [room_tip(room, q) for q in forth.spline.samples(np.linspace(0, forth.duration, 9))[0]]
    move_object(room, "blue cube", tuple(tips[4]))
    before = len(room.sent)
    assert room.say("Undo that.", "undo").rule == "obstacle"
    assert len(room.sent) == before


def room_tip(room: Room, q: np.ndarray) -> np.ndarray:
    model, arm = room.planner._model, room.planner._arm
    pose = model.tool_pose(q)
    return pose.position + pose.rotation[:, 2] * arm.gripper.tip_length


def test_only_the_arms_way_since_the_last_grip_is_undone(room: Room) -> None:
    at_goal(room, 7, lambda: move_object(room, "red cube", (0.30, -0.28, 0.03)))
    assert room.say(PICK, "pick_and_place", **PICK_CALL).outcome == "done"
    last_grip = max(i for i, goal in enumerate(room.sent) if not isinstance(goal, Trajectory))
    since = room.sent[last_grip + 1 :]
    before = len(room.sent)
    assert room.say("Undo that.", "undo").outcome == "done"
    back = room.sent[before:]
    assert len(back) == len(since) > 0
    assert all(isinstance(goal, Trajectory) for goal in back)
    assert np.allclose(joints(room), since[0].start, atol=1e-6)


def test_reversing_twice_is_the_same(planner: Planner, situation: Situation) -> None:
    plan: Plan = planner.plan([UP], situation)
    forth = plan.steps[0].trajectory
    again = reverse(reverse(forth))
    for name in ("start", "times", "positions", "velocities", "accelerations"):
        assert np.allclose(getattr(again, name), getattr(forth, name), atol=1e-9), name


def test_a_dry_run_of_a_verb_changes_nothing(room: Room) -> None:
    for call in (parse_call("set_speed", {"factor": 0.5}), parse_call("pause", {})):
        text = {"set_speed": "Slow down.", "pause": "Pause."}[call.skill]
        room.bridge.carry_out(
            Proposal((call,), room.hear(text), f"dry-{call.skill}", True), room.progress.append
        )
    assert room.bridge.memory.speed == 1.0
