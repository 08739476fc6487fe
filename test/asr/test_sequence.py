# SPDX-License-Identifier: Apache-2.0
"""Lost, doubled and foreign chunks."""

from voice_agent_ros.asr.sequence import SequenceCheck, Verdict


def test_a_stream_with_everything_that_can_happen():
    check = SequenceCheck()
    assert check.check("a", 7) == Verdict(is_new_stream=True)
    assert check.check("a", 8) == Verdict()
    assert check.check("a", 11) == Verdict(lost=2)
    assert check.check("a", 9) == Verdict(is_old=True)
    assert check.check("a", 11) == Verdict(is_old=True)
    assert check.check("b", 0) == Verdict(is_new_stream=True)
    assert check.check("b", 4) == Verdict(lost=3)
    assert check.lost == 5
    assert check.stream_id == "b"
