# SPDX-License-Identifier: Apache-2.0
"""In a scenario no computer loses its power: nothing waits for a disk."""

import pytest


@pytest.fixture(autouse=True)
def disks_are_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
