# SPDX-License-Identifier: Apache-2.0
"""Bring-up order, retries and recovery, on a virtual clock."""

import pytest

from voice_agent_ros.motion.latch import NOT_RELEASED
from voice_agent_ros.supervision import (
    GUARD,
    RETRY_DELAY_S,
    UNREACHABLE_AFTER_S,
    FirstRelease,
    Request,
    Supervision,
)


def bring_up(supervision: Supervision, names: list[str], now: float) -> list[Request]:
    """Answer every request with success until nothing is asked any more; the transitions in order."""
    state = dict.fromkeys(names, "unconfigured")
    asked = []
    for _ in range(20):
        now += 1.0
        for request in supervision.due(now):
            if request.transition is None:
                supervision.on_state(request.node, state[request.node], now)
            else:
                asked.append(request)
                state[request.node] = "inactive" if request.transition == "configure" else "active"
                supervision.on_transition(request.node, request.transition, True, now)
    return asked


def test_configures_all_and_activates_in_order() -> None:
    supervision = Supervision(["a", "b", "c"])
    asked = bring_up(supervision, ["a", "b", "c"], 0.0)
    assert {request.node for request in asked[:3]} == {"a", "b", "c"}
    assert [r.node for r in asked if r.transition == "activate"] == ["a", "b", "c"]
    assert supervision.overall() == ("ready", "")


def test_does_not_activate_past_a_node_that_is_not_active() -> None:
    supervision = Supervision(["a", "b"])
    supervision.on_state("b", "inactive", 0.0)
    assert Request("b", "activate") not in supervision.due(0.1)


def test_a_failure_is_reported_retried_and_finally_given_up() -> None:
    supervision = Supervision(["a"], attempts=2)
    now = 0.0
    supervision.on_state("a", "unconfigured", now)
    for _ in range(2):
        assert supervision.due(now) == [Request("a", "configure")]
        supervision.on_transition("a", "configure", False, now)
        supervision.on_state("a", "unconfigured", now)
        now += RETRY_DELAY_S
    state, message = supervision.overall()
    assert state == "failed"
    assert "log" in message
    assert Request("a", "configure") not in supervision.due(now + RETRY_DELAY_S)


def test_a_vanished_node_degrades_the_agent_and_is_brought_up_when_it_returns() -> None:
    supervision = Supervision(["a"])
    bring_up(supervision, ["a"], 0.0)
    later = 20.0 + UNREACHABLE_AFTER_S + 1.0
    supervision.due(later)
    assert supervision.overall()[0] == "degraded"
    supervision.on_state("a", "unconfigured", later + 1.0)
    assert supervision.due(later + 1.0) == [Request("a", "configure")]
    assert supervision.overall()[0] == "starting"


@pytest.mark.parametrize("is_late", [False, True])
def test_why_a_node_could_not_is_told_in_its_own_words(is_late: bool) -> None:
    supervision = Supervision(["a"], attempts=2)
    supervision.on_state("a", "unconfigured", 0.0)
    for now in (0.0, RETRY_DELAY_S):
        assert supervision.due(now) == [Request("a", "configure")]
        if now:
            assert "No weights" in supervision.overall()[1], "trying again is no reason to forget why"
        tell = [
            lambda: supervision.on_error("a", "No weights.\nFetch them."),
            lambda now=now: supervision.on_transition("a", "configure", False, now),
        ]
        for step in reversed(tell) if is_late else tell:
            step()
        assert supervision.overall()[1] == "a: could not configure: No weights. Fetch them."
        supervision.on_state("a", "unconfigured", now)
    supervision.on_error("nobody", "is not ours")


def test_what_an_active_node_logs_is_no_reason() -> None:
    supervision = Supervision(["a"])
    bring_up(supervision, ["a"], 0.0)
    supervision.on_error("a", "One sentence was not spoken.")
    assert supervision.states() == [("a", "active", "")]


def test_all_who_are_in_trouble_are_named() -> None:
    """One process that ends takes its nodes along; who hears of the first only looks for the wrong thing."""
    names = ["a", "b", "c"]
    supervision = Supervision(names)
    bring_up(supervision, names, 0.0)
    later = 20.0 + UNREACHABLE_AFTER_S + 1.0
    supervision.on_state("b", "active", later)
    supervision.due(later)
    state, message = supervision.overall()
    assert (state, message.partition(":")[0]) == ("degraded", "a, c")


def test_an_answer_from_before_a_transition_does_not_repeat_it() -> None:
    supervision = Supervision(["a"])
    supervision.on_state("a", "unconfigured", 0.0)
    assert supervision.due(0.0) == [Request("a", "configure")]
    supervision.on_state("a", "unconfigured", 0.1)
    assert supervision.due(0.2) == []


def test_a_transition_that_never_answers_times_out() -> None:
    supervision = Supervision(["a"], transition_timeout_s=10.0)
    supervision.on_state("a", "unconfigured", 0.0)
    assert supervision.due(0.0) == [Request("a", "configure")]
    assert supervision.due(9.0) == []
    assert supervision.due(10.5) != []


@pytest.mark.parametrize("reason", [NOT_RELEASED, f"{GUARD}: the bridge has been silent for 0.37 s"])
def test_the_first_release_comes_once_when_all_is_up(reason: str) -> None:
    release = FirstRelease(wanted=True)
    assert not release.is_due(is_ready=True)  # nothing heard of the bridge yet
    release.on_latch(reason)
    assert not release.is_due(is_ready=False)
    assert release.is_awaited
    assert release.is_due(is_ready=True)
    assert not release.is_due(is_ready=True)
    assert release.is_awaited
    release.done()
    assert not release.is_awaited
    release.on_latch(f"{GUARD}: the bridge has been silent for 0.5 s")
    assert not release.is_due(is_ready=True)


def test_an_open_latch_ends_the_wait_even_if_the_answer_is_lost() -> None:
    release = FirstRelease(wanted=True)
    release.on_latch(NOT_RELEASED)
    assert release.is_due(is_ready=True)
    release.on_latch("")
    assert not release.is_awaited


def test_what_a_person_stopped_while_starting_stays_stopped() -> None:
    release = FirstRelease(wanted=True)
    release.on_latch("button")
    release.on_latch(f"{GUARD}: the bridge has been silent for 0.4 s")
    assert not release.is_due(is_ready=True)
    assert not release.is_awaited
    assert not FirstRelease(wanted=False).is_awaited
