# SPDX-License-Identifier: Apache-2.0
"""Who gets in: keys, rates, host names, web pages; and what is not served to the world by accident."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.xlm.security import CLIENTS_MAX, RateLimiter, is_loopback
from voice_agent_ros.xlm.server_cli import build_app
from voice_agent_ros.xlm.server_options import build_parser

CONSOLE = ["--console", "xlm-console-sim --echo"]


def test_buckets() -> None:
    now = 0.0
    limiter = RateLimiter(60, 2, lambda: now)
    assert [limiter.wait_s("a"), limiter.wait_s("a"), limiter.wait_s("a")] == [0, 0, 1]
    assert limiter.wait_s("b") == 0
    now = 0.5
    assert limiter.wait_s("a") == 0.5
    now = 1.0
    assert [limiter.wait_s("a"), limiter.wait_s("a")] == [0, 1]
    now = 1000.0
    assert [limiter.wait_s("a"), limiter.wait_s("a"), limiter.wait_s("a")] == [0, 0, 1]


def test_buckets_are_bounded() -> None:
    limiter = RateLimiter(1, 1, lambda: 0.0)
    for number in range(3 * CLIENTS_MAX):
        limiter.wait_s(str(number))
    assert len(limiter._buckets) == CLIENTS_MAX


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("robot.local", False),
        ("localhost.example.com", False),
    ],
)
def test_what_others_can_reach(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_public_address_needs_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*arguments: str) -> Any:
        return build_app(build_parser().parse_args(["--console", "cat", *arguments]))

    monkeypatch.delenv("XLM_SERVER_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="--api-key-file"):
        start("--host", "0.0.0.0")
    assert start("--host", "0.0.0.0", "--insecure")
    key = tmp_path / "key"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        start("--api-key-file", str(key))
    key.write_text("\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        start("--api-key-file", str(key))
    key.write_text("s3cret\n")
    assert start("--host", "0.0.0.0", "--api-key-file", str(key))
    assert start("--host", "0.0.0.0", "--api-key", "s3cret")
    key.write_text("two words\n")
    with pytest.raises(ConfigurationError, match="One key a line"):
        start("--api-key-file", str(key))
    monkeypatch.setenv("XLM_SERVER_API_KEY", "s3cret")
    assert start("--host", "0.0.0.0")


def check_refused(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.headers["x-request-id"]


def test_keys(start_server: Callable[..., Any], tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("\ufeff# the laptop's\nfirst\n\nsecönd\r\n", encoding="utf-8")
    server = start_server(options=f"--api-key-file {keys} --api-key third").wait_until_healthy()
    with pytest.raises(openai.AuthenticationError) as caught:
        server.client.models.list()
    assert caught.value.code == "invalid_api_key"
    url = f"{server.url}/v1/models"
    for header in (
        "",
        "first",
        "Basic first",
        "Bearer",
        "Bearer firs",
        "Bearer firstt",
        "Bearer #",
        "Bearer the",
    ):
        response = httpx.get(url, headers={"authorization": header})
        check_refused(response, 401, "invalid_api_key")
        assert response.headers["www-authenticate"] == "Bearer"
        assert "first" not in response.text
    other = "Bearer secönd"
    for header in (
        b"Bearer first",
        b"bearer first",
        b"Bearer third",
        other.encode(),
        other.encode("latin-1"),
    ):
        assert httpx.get(url, headers={b"authorization": header}).status_code == 200
    check_refused(httpx.get(f"{server.url}/metrics"), 401, "invalid_api_key")
    check_refused(httpx.get(f"{server.url}/nowhere"), 401, "invalid_api_key")
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_rate_host_and_web_pages(start_server: Callable[..., Any]) -> None:
    server = start_server(
        options="--rate-limit 6 --burst 3 --cors-origin https://chat.example --allowed-host robot.local"
    ).wait_until_healthy()
    url = f"{server.url}/v1/models"
    for name, status in (("evil.example", 403), ("127.0.0.1.evil.example:8765", 403), ("", 403)):
        response = httpx.get(url, headers={"host": name})
        assert response.status_code == status
    assert httpx.get(url, headers={"host": "robot.local:8765"}).status_code == 200
    preflight = {"origin": "https://chat.example", "access-control-request-method": "POST"}
    allowed = httpx.options(f"{server.url}/v1/chat/completions", headers=preflight)
    assert allowed.headers["access-control-allow-origin"] == "https://chat.example"
    assert "access-control-allow-private-network" not in allowed.headers
    private = {**preflight, "access-control-request-private-network": "true"}
    allowed = httpx.options(f"{server.url}/v1/chat/completions", headers=private)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-private-network"] == "true"
    refused = httpx.options(
        f"{server.url}/v1/chat/completions", headers={**preflight, "origin": "https://evil.example"}
    )
    assert refused.status_code == 403
    assert refused.json()["error"]["message"]
    refused = httpx.options(f"{server.url}/v1/models", headers={**private, "origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "access-control-allow-private-network" not in refused.headers
    statuses = [httpx.get(url).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    with pytest.raises(openai.RateLimitError) as caught:
        server.client.models.list()
    assert caught.value.code == "rate_limit_exceeded"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 10
    assert server.health().status_code == 200


def test_web_pages_are_kept_out_by_default(echo_server: Any) -> None:
    headers = {"origin": "https://chat.example"}
    response = httpx.get(f"{echo_server.url}/v1/models", headers=headers)
    assert "access-control-allow-origin" not in response.headers
    # What a page can send without asking first is refused before it is read.
    body = '{"model": "xlm", "messages": [{"role": "user", "content": "x"}]}'
    url = f"{echo_server.url}/v1/chat/completions"
    assert httpx.post(url, content=body, headers={**headers, "content-type": "text/plain"}).status_code == 415
    rebound = httpx.get(f"{echo_server.url}/v1/models", headers={"host": "evil.example"})
    check_refused(rebound, 403, "host_not_allowed")
