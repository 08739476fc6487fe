# SPDX-License-Identifier: Apache-2.0
"""Fixtures for conversations."""

import pytest
from talk import Talk

from voice_agent_ros.intent.grammar import SentenceGrammars


@pytest.fixture(scope="session")
def grammars():
    return SentenceGrammars()


@pytest.fixture
def talk(grammars):
    return Talk(grammars)
