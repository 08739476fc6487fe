# SPDX-License-Identifier: Apache-2.0
"""What a request asks for that cannot be given, said clearly and before anything is queued."""

from __future__ import annotations

import json

from voice_agent_ros.xlm.api_errors import bad_request
from voice_agent_ros.xlm.json_schema import SCHEMA_MAX_CHARACTERS, schema_problem
from voice_agent_ros.xlm.protocol import ChatRequest, TextRequest
from voice_agent_ros.xlm.structured import JsonFormat


def check_chat(request: ChatRequest) -> None:
    """Refuse what the console cannot do.

    Raises:
        ApiError: 400, with the parameter at fault.
    """
    _check_count(request.n)
    for name in ("functions", "function_call"):
        if getattr(request, name) not in (None, [], "none"):  # which ask for nothing
            raise bad_request(
                f"{name!r} is the old form of function calls.", "Use 'tools' and 'tool_choice'.", param=name
            )
    if request.modalities and request.modalities != ["text"]:
        raise bad_request("The model writes text only.", "Leave out 'modalities'.", param="modalities")
    for index, message in enumerate(request.messages):
        if message.role == "function" or message.function_call is not None:
            raise bad_request(
                "Function messages are the old form of function calls.",
                "Use 'tool_calls' in the assistant message and role 'tool' for the result.",
                param=f"messages[{index}]",
            )
    _check_tools(request)


def check_schemas(request: ChatRequest) -> None:
    """Refuse schemas that are none.

    Raises:
        ApiError: 400, with the parameter at fault.
    """
    _check_tools(request)
    json_format(request)


def _check_count(n: int | None, name: str = "n") -> None:
    if n not in (None, 1):
        raise bad_request(f"Only {name}=1 is supported.", "Send as many requests.", param=name)


def _check_tools(request: ChatRequest) -> None:
    names: set[str] = set()
    _check_size(request)
    for index, tool in enumerate(request.tools or []):
        function = tool.function
        if function.name in names:
            raise bad_request(f"There are two tools named {function.name!r}.", param=f"tools[{index}]")
        names.add(function.name)
        problem = schema_problem(function.parameters) if function.parameters else ""
        if problem:
            raise bad_request(
                f"The parameters of {function.name!r} are no usable JSON schema: {problem}.",
                param=f"tools[{index}].function.parameters",
            )
    for name in request.chosen_tools():
        if name not in names:
            raise bad_request(f"tool_choice names {name!r}, which is not in tools.", param="tool_choice")
    if request.must_call() and not names:
        choice = request.tool_choice
        raise bad_request(f"tool_choice is {choice!r}, but there are no tools.", param="tool_choice")


def _check_size(request: ChatRequest) -> None:
    """All schemas together may be as large as one may be: they are checked one by one."""
    size = sum(len(json.dumps(tool.function.parameters)) for tool in request.tools or [])
    if size > SCHEMA_MAX_CHARACTERS:
        raise bad_request(
            f"The parameters of all tools have {size} characters; {SCHEMA_MAX_CHARACTERS} is the limit.",
            "Offer fewer tools.",
            param="tools",
        )


def json_format(request: ChatRequest) -> JsonFormat | None:
    """The JSON that a request wants, if it does.

    Raises:
        ApiError: 400, its schema is missing or none.
    """
    wanted = request.response_format
    if wanted is None or wanted.type == "text":
        return None
    where = "response_format"
    schema = wanted.plain_schema
    if wanted.type == "json_schema":
        where = "response_format.json_schema"
        schema = wanted.json_schema.json_schema if wanted.json_schema else None
    elif not schema:
        return JsonFormat()
    if schema is None:
        raise bad_request("The schema is missing.", "Send json_schema.schema.", param=where)
    if problem := schema_problem(schema):
        raise bad_request(f"This is no usable JSON schema: {problem}.", param=f"{where}.schema")
    return JsonFormat(schema)


def text_prompt(request: TextRequest) -> str:
    """The one prompt of a text completion.

    Raises:
        ApiError: 400, it asks for something that is not supported.
    """
    _check_count(request.n)
    _check_count(request.best_of, "best_of")
    if request.echo:
        raise bad_request("'echo' is not supported.", "Put the prompt before the text.", param="echo")
    if request.suffix:
        raise bad_request("'suffix' is not supported.", "Put it into the prompt.", param="suffix")
    prompt = request.prompt
    if isinstance(prompt, list):
        if len(prompt) != 1 or not isinstance(prompt[0], str):
            raise bad_request(
                "The prompt must be one text.",
                "Send a request for each text, and no token numbers.",
                param="prompt",
            )
        prompt = prompt[0]
    return prompt
