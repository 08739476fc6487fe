# SPDX-License-Identifier: Apache-2.0
"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable
from typing import Any

TIMEOUT_S = 30.0  # the computer may be busy
PERIOD_S = 0.002


def until(condition: Callable[[], Any], timeout_s: float = TIMEOUT_S) -> Any:
    """The first value of the condition that is true."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(PERIOD_S)
    raise AssertionError(f"nothing within {timeout_s} s")
