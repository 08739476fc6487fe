# SPDX-License-Identifier: Apache-2.0
"""Every child ends, whether it wants to or not."""

import signal
import subprocess
import sys

from voice_agent_ros.children import end

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"


def test_a_willing_child_ends_by_itself():
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    end(child)
    assert child.returncode == -signal.SIGTERM


def test_a_stubborn_child_is_ended():
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        end(child, patience_s=0.05)
        assert child.returncode == -signal.SIGKILL


def test_one_that_has_ended_is_no_error():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(20.0)
    end(child)
    assert child.returncode == 0
