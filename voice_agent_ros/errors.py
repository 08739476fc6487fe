# SPDX-License-Identifier: Apache-2.0
"""Errors that a person can act on: each says what is wrong and what to do about it."""


class VoiceAgentError(Exception):
    """Base of the package's own errors.

    Args:
        message: what is wrong, in one sentence.
        fix: what the reader can do about it; appended to the text of the error.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(f"{message} {fix}".strip())
        self.message = message
        self.fix = fix


class ConfigurationError(VoiceAgentError):
    """A configuration file or parameter is wrong."""


class ModelMissingError(VoiceAgentError):
    """Weights are not where they should be."""


class DeviceError(VoiceAgentError):
    """An audio device is missing, busy or unable to do what was asked."""


class EngineError(VoiceAgentError):
    """A recognizer, synthesizer or language model failed."""
