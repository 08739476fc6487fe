# SPDX-License-Identifier: Apache-2.0
"""The language model's endpoints as a node's parameters, and how they stand as diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from voice_agent_ros.llm.chat import Deadlines
from voice_agent_ros.llm.client import ClientSettings, EndpointReport, EndpointStatus, LlmClient, Thinking
from voice_agent_ros.llm.endpoint import Endpoint, checked_url, parse_endpoint, read_key
from voice_agent_ros.llm.prompt import listening_request, warm_up_requests
from voice_agent_ros.nodes.parameters import Parameter

PARAMETERS = (
    Parameter("llm_url", "http://127.0.0.1:8765/v1", "OpenAI-compatible endpoint, up to and including /v1."),
    Parameter("llm_model", "default", "Model to ask for; servers with one model take any name or `default`."),
    Parameter("api_key_file", "", "File with the endpoint's key; empty: none."),
    Parameter("api_key_env", "", "Environment variable with the endpoint's key, instead; empty: none."),
    Parameter(
        "llm_fallbacks",
        [""],
        "Endpoints that are asked if it cannot answer, in this order, each as"
        " `URL [model=…] [key_file=…] [key_env=…] [connect=…] [first_token=…] [total=…]`.",
    ),
    Parameter("connect_timeout_s", 2.0, "Deadline for reaching an endpoint, s.", (0.05, 60.0)),
    Parameter("first_token_timeout_s", 15.0, "Deadline for its first token, s.", (0.1, 300.0)),
    Parameter("total_timeout_s", 30.0, "Deadline for a whole reply, over all endpoints, s.", (0.1, 600.0)),
    Parameter("health_period_s", 5.0, "Between health checks of the endpoints, s.", (0.5, 3600.0)),
    Parameter(
        "rewarm_s", 240.0, "An endpoint idle for so long is warmed again, s; 0: never.", (0.0, 86400.0)
    ),
    Parameter("thinking", False, "Let a thinking model think; otherwise that is closed where it can be."),
    Parameter("thought_tokens", 256, "Most tokens of thought that are waited for.", (1, 16384)),
    Parameter("thought_s", 10.0, "Longest wait for the first word that is no thought, s.", (0.5, 300.0)),
)


def make_client(values: Any, on_report: Callable[[EndpointReport], None]) -> LlmClient:
    """The client that the parameters describe; it begins at once to probe and warm its endpoints.

    Args:
        on_report: told in the client's thread what becomes of the endpoints.

    Raises:
        ConfigurationError: an endpoint is written wrongly, or its key is not there.
    """
    deadlines = Deadlines(values.connect_timeout_s, values.first_token_timeout_s, values.total_timeout_s)
    key = read_key(values.api_key_file, values.api_key_env)
    endpoints = [Endpoint(checked_url(values.llm_url), values.llm_model, key, deadlines)]
    endpoints += [parse_endpoint(line, deadlines) for line in values.llm_fallbacks if line.strip()]
    settings = ClientSettings(
        values.health_period_s,
        values.rewarm_s,
        thinking=Thinking(values.thinking, values.thought_tokens, values.thought_s),
        listening=listening_request("zh" if values.language == "zh" else "en"),
        warm_ups=warm_up_requests(),
    )
    return LlmClient.of(endpoints, settings, on_report)


def diagnostics(client: LlmClient, node: str) -> DiagnosticStatus:
    """How the endpoints stand: fine if the first one answers, a warning if another does, an error if none."""
    statuses = client.status()
    up = [status for status in statuses if status.state == "up"]
    message = DiagnosticStatus(name=f"{node}: language model", hardware_id=statuses[0].url)
    if statuses[0].state == "up":
        message.level, message.message = DiagnosticStatus.OK, f"{statuses[0].url} answers"
    elif up:
        message.level, message.message = DiagnosticStatus.WARN, f"{up[0].url} stands in. {_why(statuses[0])}"
    elif all(status.state == "unknown" for status in statuses):
        message.level, message.message = DiagnosticStatus.STALE, "not known yet"
    else:
        message.level = DiagnosticStatus.ERROR
        message.message = f"None answers, the grammar works alone. {_why(statuses[0])}"
    message.values = [KeyValue(key=status.url, value=_told(status)) for status in statuses]
    count, latest = client.switches()
    if count:
        told = "; then ".join(f"to {one.url}: {one.message}" for one in latest)
        message.values.append(KeyValue(key="switches", value=f"{count}, the latest {told}"))
    return message


def _why(status: EndpointStatus) -> str:
    return f"{status.url}: {status.last_problem or status.state}. See: voice-agent doctor --area xlm"


def _told(status: EndpointStatus) -> str:
    words = [status.state, status.model, status.abilities]
    if status.is_current:
        words.append("answered last")
    if status.first_text_s is not None:
        words.append(f"first words after {status.first_text_s:.2f} s")
    if status.queue_s is not None:
        words.append(f"{status.queue_s:.2f} s in its queue")
    if status.failures:
        words.append(f"{status.failures} failures, last: {status.last_problem}")
    return "; ".join(words)
