# SPDX-License-Identifier: Apache-2.0
"""The doctor before a board that is made of files, and memory that does not come back."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from pathlib import Path

import pytest

from voice_agent_ros.xlm import ion
from voice_agent_ros.xlm.console import Console
from voice_agent_ros.xlm.doctor import main
from voice_agent_ros.xlm.elf import missing_libraries
from voice_agent_ros.xlm.ion import HEAPS, Heap, HeapWatch, lost_memory, parse_heaps, read_heaps
from voice_agent_ros.xlm.profile import load_profile

MIB = 1024 * 1024
TABLE = """
    cma_reserved  heap total size       1073741824
----------------------------------------------------
          client              pid             size
----------------------------------------------------
        camera_d              912         12451840
----------------------------------------------------
orphaned allocations (info is from last known client):
----------------------------------------------------
  total orphaned                0
          total          {cma}
   deferred free                0
----------------------------------------------------
        carveout  heap total size        {size}
----------------------------------------------------
  total orphaned          {orphaned}
          total         {used}
----------------------------------------------------
"""


class Board:
    """A fake file system of a board, and a runtime folder on it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.runtime = folder / "runtime"
        (self.root / HEAPS).mkdir(parents=True)
        (self.runtime / "bin").mkdir(parents=True)
        (self.runtime / "tok").mkdir()
        (self.runtime / "tok" / "tokenizer.json").write_text("{}")
        program = self.runtime / "bin" / "xlm_demo"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        with (self.runtime / "m.hbm").open("wb") as model:
            model.truncate(300 * MIB)
        self.heaps()
        self.governors("performance")

    def heaps(
        self, *, size: int = 2048 * MIB, used: int = MIB, orphaned: int = 0, cma: int = 12451840
    ) -> None:
        text = TABLE.format(size=size, used=used, orphaned=orphaned, cma=cma)
        (self.root / HEAPS / "all_heap_info").write_text(text)

    def governors(self, *names: str) -> None:
        for number, name in enumerate(names):
            folder = self.root / f"sys/devices/system/cpu/cpufreq/policy{number}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "scaling_governor").write_text(f"{name}\n")

    def doctor(self, *options: str) -> int:
        files = ("--set", "hbm_path=m.hbm", "--set", "tokenizer_dir=tok")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        place = ("--cwd", str(self.runtime), "--root", str(self.root), "--port", str(port))
        return main([*place, *files, *options])


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def test_a_board_in_order(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    assert board.doctor("--json") == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert {check["status"] for check in checks} == {"PASS"}
    assert {check["area"] for check in checks} == {"files", "libraries", "memory", "speed", "network"}
    assert all(set(check) == {"area", "name", "status", "evidence", "fix"} for check in checks)


def test_too_little_memory_names_the_script(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    board.heaps(size=256 * MIB)
    with (board.runtime / "m.hbm").open("wb") as model:
        model.truncate(1700 * MIB)
    assert board.doctor() == 1
    told = capsys.readouterr().out
    assert "FAIL  memory" in told
    assert "about 2040 MiB" in told
    assert "/usr/hobot/bin/hb_switch_ion.sh bpu_first && reboot" in told


def test_memory_that_others_hold(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    board.heaps(size=2048 * MIB, used=2000 * MIB, orphaned=1800 * MIB, cma=1073741824)
    assert board.doctor() == 1
    told = capsys.readouterr().out
    assert "End what uses the BPU" in told
    assert "carveout: 1800 MiB" in told
    assert "reboot" in told


def test_slow_clocks_print_the_script(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    board.governors("performance", "schedutil")
    assert board.doctor() == 0
    told = capsys.readouterr().out
    assert "WARN  speed" in told
    assert 'echo performance > "$governor"' in told


def test_a_unit_is_written_and_not_enabled(
    board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board.runtime / "set_permorfance_mode.sh").write_text("#!/bin/sh\n")
    unit = tmp_path / "xlm-performance.service"
    assert board.doctor("--install-unit", str(unit)) == 0
    text = unit.read_text()
    assert "set_permorfance_mode.sh" in text
    assert '"$$governor"' in text  # systemd would fill in a single $ itself
    assert "systemctl enable --now xlm-performance.service" in capsys.readouterr().err
    assert board.doctor("--install-unit", str(tmp_path / "none" / "x.service")) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda board: (board.runtime / "bin/xlm_demo").unlink(), "there is no ./bin/xlm_demo"),
        (lambda board: (board.runtime / "bin/xlm_demo").chmod(0o644), "chmod +x"),
        (lambda board: (board.runtime / "m.hbm").unlink(), "there is no file"),
        (lambda board: (board.runtime / "m.hbm").write_bytes(b""), "download broke off"),
        (lambda board: shutil.rmtree(board.runtime / "tok"), "Correct --tokenizer_dir"),
    ],
)
def test_files_that_are_missing(
    board: Board, capsys: pytest.CaptureFixture[str], change: object, told: str
) -> None:
    change(board)  # type: ignore[operator]
    assert board.doctor() == 1
    assert told in capsys.readouterr().out


def test_a_port_in_use(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert board.doctor("--port", str(taken.getsockname()[1])) == 1
    assert "another --port" in capsys.readouterr().out


def test_without_a_command_the_rest_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cwd", str(tmp_path), "--port", "0"]) == 1
    told = capsys.readouterr().out
    assert "FAIL  files: command line: The command of profile xlm_demo-0.9.0 needs hbm_path" in told
    assert "Add --set hbm_path=VALUE" in told
    assert "PASS  network: port" in told
    assert main(["--profile", "none"]) == 2


def test_libraries_are_found_without_running_the_program(tmp_path: Path) -> None:
    program = Path(shutil.which("ls") or "/bin/ls").resolve()
    assert missing_libraries(program, []) == []
    assert "libc.so.6" in (missing_libraries(program, [], root=tmp_path) or [])
    assert missing_libraries(program, [], machine="aarch64" if _is_x64() else "x86_64") is None
    script = tmp_path / "script.sh"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(ValueError, match="script"):
        missing_libraries(script, [])


def _is_x64() -> bool:
    import platform

    return platform.machine() == "x86_64"


def test_heaps_are_read_from_the_table_or_one_by_one(board: Board) -> None:
    heaps = read_heaps(board.root)
    assert heaps == [Heap("cma_reserved", 1024 * MIB, 12451840), Heap("carveout", 2048 * MIB, MIB)]
    (board.root / HEAPS / "all_heap_info").unlink()
    (board.root / HEAPS / "carveout").write_text(
        "  total orphaned   5\n   total   4096\n carveout  heap total size 8192\n"
    )
    (board.root / HEAPS / "junk").write_text("nothing of the kind\n")
    assert read_heaps(board.root) == [Heap("carveout", 8192, 4096, 5)]
    assert read_heaps(board.root / "elsewhere") == []
    assert parse_heaps("") == []


def test_memory_that_does_not_come_back_is_reported(board: Board) -> None:
    async def scenario() -> tuple[dict[str, int], dict[str, int]]:
        watch = HeapWatch(board.root)
        watch.before_start()
        board.heaps(used=1700 * MIB)
        await watch.after_end()
        lost = {loss.heap: loss.lost for loss in watch.lost}
        watch.before_start()  # a restart does not make it forget what was there at first
        board.heaps(used=2 * MIB)
        await watch.after_end()
        return lost, {loss.heap: loss.lost for loss in watch.lost}

    lost, later = asyncio.run(scenario())
    assert lost == {"carveout": 1699 * MIB}
    assert later == {}
    assert lost_memory([], [Heap("new", 0, 999 * MIB)]) == []


def test_heaps_that_cannot_be_read_are_not_called_whole(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(
        load_profile("xlm_demo-0.9.0"), ["true"], cwd=board.runtime, heaps=HeapWatch(board.root)
    )
    assert console.lost_memory == {}
    monkeypatch.setattr(ion, "read_heaps", lambda _: None)
    blind = HeapWatch(board.root)
    blind.before_start()
    assert (
        Console(load_profile("xlm_demo-0.9.0"), ["true"], cwd=board.runtime, heaps=blind).lost_memory is None
    )
