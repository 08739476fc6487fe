# SPDX-License-Identifier: Apache-2.0
"""The worker's priority counts even where time is shared out among sessions first."""

import os
import subprocess
import sys

import pytest

from voice_agent_ros.transcription.worker import AUTOGROUP

PROCESS = """
import os
from voice_agent_ros.transcription.worker import AUTOGROUP, give_way
before = os.nice(0)
give_way(7)
# The file is empty for a process outside any autogroup, as in some containers.
autogroup = AUTOGROUP.read_text().split()[-1:] if AUTOGROUP.exists() else []
print(os.nice(0) - before, os.nice(0), os.sched_getscheduler(0) == os.SCHED_BATCH, *autogroup)
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has it")
@pytest.mark.parametrize("has_session", [True, False])
def test_it_gives_way(has_session):
    groups_before = AUTOGROUP.read_text() if AUTOGROUP.exists() else ""
    done = subprocess.run(
        [sys.executable, "-c", PROCESS],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        start_new_session=has_session,
    )
    added, nice, is_batch, *autogroup = done.stdout.split()
    assert (added, is_batch) == ("7", "True")
    if autogroup and has_session:
        assert autogroup == [nice]
    assert (AUTOGROUP.read_text() if AUTOGROUP.exists() else "") == groups_before
