# SPDX-License-Identifier: Apache-2.0
"""Speech recognition behind OpenAI's API: /v1/audio/transcriptions of OpenAI, vLLM, speaches, xlm-server, …"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voice_agent_ros.asr.recognizer import Audio, Recognition
from voice_agent_ros.asr.recognizers.languages import AUTO, DETECTED, base_of
from voice_agent_ros.asr.recognizers.prompts import prompt_for
from voice_agent_ros.asr.recognizers.remote import Server, is_transcript, recognition_of, wav_of
from voice_agent_ros.errors import EngineError
from voice_agent_ros.slow_answers import bound

MIN_SAMPLES = 1600  # 0.1 s; servers refuse less
# What is asked for, the most telling first. A server that does not know one is asked for the next from then on:
# vLLM's older versions have no verbose_json, OpenAI's gpt-4o-transcribe has log-probabilities instead.
_SHAPES: tuple[Mapping[str, Any], ...] = (
    {"response_format": "verbose_json"},
    {"response_format": "json", "include": ["logprobs"]},
    {"response_format": "json"},
)


class OpenAiApi:
    """A client of one server; a call is one request, without retries: the fall-back is the retry.

    Args:
        language: of the speech, or "auto": the server finds out.
        word_times: ask for the time of each word.
        domain_prompt: tell the server what people say to a robot arm.
    """

    name = "openai_api"

    def __init__(
        self, server: Server, language: str = "en", *, word_times: bool = False, domain_prompt: bool = True
    ) -> None:
        import openai

        self._server = server
        self._language = base_of(language)
        self._word_times = word_times
        self._domain_prompt = domain_prompt
        self._shape = 0
        self._client = openai.OpenAI(
            base_url=server.url,
            api_key=server.api_key() or "none",
            timeout=openai.Timeout(server.timeout_s, connect=server.connect_s),
            max_retries=0,
            http_client=openai.DefaultHttpxClient(
                event_hooks={"response": [lambda answer: bound(answer, server.timeout_s)]}
            ),
        )

    def adjust(self, *, language: str, word_times: bool) -> None:
        """See `AdjustableRecognizer`."""
        self._language, self._word_times = base_of(language), word_times

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:  # noqa: ARG002
        """Recognize an utterance."""
        import openai

        if len(audio) < MIN_SAMPLES:
            language = self._language if self._language != AUTO else DETECTED[0]
            return Recognition("", 0.0, language, engine=self.name)
        file = wav_of(audio)
        problem: EngineError | None = None
        for shape in range(self._shape, len(_SHAPES)):
            try:
                answer = self._ask(file, hints, _SHAPES[shape])
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                problem = problem or self._problem(error)
                continue
            except openai.OpenAIError as error:
                raise self._problem(error) from error
            self._shape = shape
            return recognition_of(
                answer,
                language=self._language,
                engine=self.name,
                assumed=self._server.assumed_confidence,
            )
        raise problem or EngineError(f"{self._server.url} gives no transcript.")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, file: bytes, hints: Sequence[str], shape: Mapping[str, Any]) -> dict[str, Any]:
        import openai

        more: dict[str, Any] = dict(shape)
        if self._language != AUTO:
            more["language"] = self._language
        prompt = prompt_for(self._language if self._domain_prompt else "", hints)
        if prompt:
            more["prompt"] = prompt
        if self._word_times and shape["response_format"] == "verbose_json":
            more["timestamp_granularities"] = ["segment", "word"]
        answer = self._client.audio.transcriptions.create(
            file=("speech.wav", file, "audio/wav"), model=self._server.model, temperature=0.0, **more
        )
        # What is no JSON object comes as a text, a list or a number: a web page is nothing that somebody said.
        content = answer.model_dump(warnings=False) if isinstance(answer, openai.BaseModel) else {}
        if not is_transcript(content):
            raise EngineError(
                f"The recognizer at {self._server.url} answers with no transcript.",
                "Correct recognizer_url (it usually ends in /v1).",
            )
        return dict(content)

    def _problem(self, error: Exception) -> EngineError:
        import openai

        url = self._server.url
        if isinstance(error, openai.APITimeoutError):
            return EngineError(
                f"The recognizer at {url} has not answered within {self._server.timeout_s:g} s.",
                "Is it overloaded? recognizer_timeout_s is how long it may take.",
            )
        if isinstance(error, openai.APIConnectionError):
            return EngineError(
                f"The recognizer at {url} cannot be reached.", "Start it, or correct recognizer_url."
            )
        if isinstance(error, openai.AuthenticationError):
            return EngineError(f"{url} refuses the API key.", "Correct recognizer_api_key_file.")
        if isinstance(error, openai.NotFoundError):
            return EngineError(
                f"{url} has no transcription with the model {self._server.model!r}.",
                "Correct recognizer_url (it usually ends in /v1) or recognizer_model.",
            )
        return EngineError(f"The recognizer at {url} failed: {error}.", "See its log.")
