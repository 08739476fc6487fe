# SPDX-License-Identifier: Apache-2.0
"""Voice activity: how likely each 32 ms of audio are speech."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.errors import ModelMissingError

FRAME_SAMPLES = 512  # 32 ms
SAMPLE_RATE = 16000  # Hz
CONTEXT_SAMPLES = 64


class VoiceDetector(Protocol):
    """Judges one frame after the other."""

    def probability(self, frame: NDArray[np.float32]) -> float:
        """Probability of speech in the next (FRAME_SAMPLES,) of a stream, samples in [-1, 1]."""
        ...

    def reset(self) -> None:
        """Forget the stream."""
        ...


class SileroDetector:
    """Silero VAD v6 (https://github.com/snakers4/silero-vad, MIT), the ONNX file that faster-whisper carries.

    Raises:
        ModelMissingError: faster-whisper or onnxruntime is not installed.
    """

    def __init__(self) -> None:
        try:
            import faster_whisper
            import onnxruntime
        except ImportError as error:
            fix = "pip install faster-whisper onnxruntime."
            raise ModelMissingError(f"Voice activity detection needs {error.name}.", fix) from error
        path = Path(faster_whisper.__file__).parent / "assets" / "silero_vad_v6.onnx"
        if not path.exists():
            raise ModelMissingError(
                f"{path.name} is not in this faster-whisper.", "pip install faster-whisper>=1.2."
            )
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = (
            1  # more threads cost more than they bring
        )
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)

    def probability(self, frame: NDArray[np.float32]) -> float:
        """Probability of speech in the next frame."""
        window = np.concatenate([self._context, frame])[None, :]
        out, self._h, self._c = self._session.run(None, {"input": window, "h": self._h, "c": self._c})
        self._context = frame[-CONTEXT_SAMPLES:]
        return float(out.reshape(-1)[0])
