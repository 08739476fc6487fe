# SPDX-License-Identifier: Apache-2.0
"""Endpoints as people write them."""

import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.llm.chat import Deadlines
from voice_agent_ros.llm.endpoint import parse_endpoint


def test_a_line_says_everything(tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-1\nnot this\n")
    endpoint = parse_endpoint(
        f"https://h:1/v1/ model=qwen key_file={key} first_token=3", Deadlines(1.0, 15.0, 30.0)
    )
    assert (endpoint.url, endpoint.model, endpoint.key) == ("https://h:1/v1", "qwen", "sk-1")
    assert endpoint.deadlines == Deadlines(1.0, 3.0, 30.0)
    assert endpoint.root == "https://h:1"
    assert "sk-1" not in repr(endpoint)


def test_a_key_may_be_in_a_variable():
    assert parse_endpoint("http://h/v1 key_env=KEY", environment={"KEY": " k "}).key == "k"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ftp://h/v1", "address"),
        ("h:80/v1", "address"),
        ("http://user:secret@h/v1", "key_file"),
        ("http://h/v1 colour=red", "colour"),
        ("http://h/v1 total=-1", "seconds"),
        ("http://h/v1 total=nan", "seconds"),
        ("http://h/v1 key_file=/nowhere", "/nowhere"),
        ("http://h/v1 key_env=NONE", "NONE"),
        ('http://h/v1 model="a', "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(line, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        parse_endpoint(line, environment={})
    assert "secret" not in str(caught.value)


def test_an_empty_key_file_is_no_key(tmp_path):
    (tmp_path / "key").write_text("\n")
    with pytest.raises(ConfigurationError, match="empty"):
        parse_endpoint(f"http://h/v1 key_file={tmp_path / 'key'}")
