# SPDX-License-Identifier: Apache-2.0
"""Speech recognition by whisper.cpp's example server: POST /inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voice_agent_ros.asr.recognizer import Audio, Recognition
from voice_agent_ros.asr.recognizers.languages import AUTO, DETECTED, base_of
from voice_agent_ros.asr.recognizers.prompts import prompt_for
from voice_agent_ros.asr.recognizers.remote import Server, is_transcript, recognition_of, wav_of
from voice_agent_ros.errors import EngineError
from voice_agent_ros.slow_answers import bound

MIN_SAMPLES = 1600
LOADING = 503


class WhisperCpp:
    """A client of one `whisper-server`, which holds one model.

    Args:
        server: its URL, without /inference.
        language: of the speech, or "auto": the server finds out.
        domain_prompt: tell the server what people say to a robot arm.
    """

    name = "whisper_cpp"

    def __init__(self, server: Server, language: str = "en", *, domain_prompt: bool = True) -> None:
        import httpx

        self._server = server
        self._language = base_of(language)
        self._domain_prompt = domain_prompt
        key = server.api_key()
        self._client = httpx.Client(
            base_url=server.url.rstrip("/").removesuffix("/inference"),
            timeout=httpx.Timeout(server.timeout_s, connect=server.connect_s),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            event_hooks={"response": [lambda answer: bound(answer, server.timeout_s)]},
        )

    def adjust(self, *, language: str, word_times: bool) -> None:  # noqa: ARG002
        """See `AdjustableRecognizer`; times of words come anyway."""
        self._language = base_of(language)

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:  # noqa: ARG002
        """Recognize an utterance."""
        import httpx

        if len(audio) < MIN_SAMPLES:
            language = self._language if self._language != AUTO else DETECTED[0]
            return Recognition("", 0.0, language, engine=self.name)
        form = {
            "response_format": "verbose_json",
            "language": self._language,
            "temperature": "0.0",
            "prompt": prompt_for(self._language if self._domain_prompt else "", hints),
        }
        try:
            answer = self._client.post(
                "/inference", data=form, files={"file": ("speech.wav", wav_of(audio), "audio/wav")}
            )
        except httpx.TimeoutException as error:
            raise EngineError(
                f"whisper.cpp at {self._server.url} has not answered within {self._server.timeout_s:g} s.",
                "Is it overloaded? recognizer_timeout_s is how long it may take.",
            ) from error
        except httpx.HTTPError as error:
            raise EngineError(
                f"whisper.cpp at {self._server.url} cannot be reached: {error}.",
                "Start whisper-server, or correct recognizer_url.",
            ) from error
        return recognition_of(
            self._content(answer),
            language=self._language,
            engine=self.name,
            assumed=self._server.assumed_confidence,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _content(self, answer: Any) -> Mapping[str, Any]:
        """The JSON of an answer; errors come as {"error": text}, in some versions with status 200."""
        if answer.status_code == LOADING:
            raise EngineError(f"whisper.cpp at {self._server.url} is still loading its model.", "Wait.")
        try:
            content = answer.json()
        except ValueError:
            content = None
        if not isinstance(content, Mapping) or answer.status_code >= 400 or "error" in content:
            said = content.get("error") if isinstance(content, Mapping) else answer.text[:200]
            raise EngineError(
                f"whisper.cpp at {self._server.url} failed with status {answer.status_code}: {said}.",
                "See its log; it reads WAV without --convert.",
            )
        if not is_transcript(content):
            raise EngineError(
                f"whisper.cpp at {self._server.url} answers with no transcript.", "Correct recognizer_url."
            )
        return content
