# SPDX-License-Identifier: Apache-2.0
"""RTP on this computer: our loudspeaker into our microphone, packets that are lost, a sender that comes back."""

import contextlib
import itertools
import socket
import threading
import time

import numpy as np
import pytest
from rtsp_peer import ScriptedRtspServer, l16_tone

from voice_agent_ros.audio.network import NetworkSink, NetworkSource
from voice_agent_ros.audio.playback import PlaybackQueue
from voice_agent_ros.audio.reconnecting import ReconnectingSource
from voice_agent_ros.audio.rtp import RtpAddress, arriving
from voice_agent_ros.errors import ConfigurationError, DeviceError

pytest.importorskip("av")
RATE = 24000
TONE = (8000 * np.sin(2 * np.pi * 500 * np.arange(RATE) / RATE)).astype(np.int16)


def free_port() -> int:
    """An even one, as RTP likes them."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            if port % 2 == 0:
                return port


def blocks_of(source, count: int, deadline_s: float = 10.0) -> list:
    blocks, end = [], time.monotonic() + deadline_s
    while len(blocks) < count:
        assert time.monotonic() < end, f"{len(blocks)} blocks came"
        try:
            block = source.read()
        except DeviceError:
            continue
        if block is not None:
            blocks.append(block)
    return blocks


@pytest.mark.parametrize("codec", ["l16", "pcmu", "opus"])
def test_what_is_played_there_is_heard_here(codec):
    url = f"rtp://127.0.0.1:{free_port()}?codec={codec}"
    source = NetworkSource(url)
    time.sleep(0.3)
    playback = PlaybackQueue(RATE)
    sink = NetworkSink(url, playback)
    try:
        playback.add("a", 0, RATE, np.tile(TONE, 2), is_last=True)
        blocks = blocks_of(source, 60)
    finally:
        sink.close()
        source.close()
    assert {len(block.samples) for block in blocks} == {320}
    gaps = blocks[-1].index - blocks[0].index + 1 - len(blocks)
    assert gaps <= 3, "nothing is lost on the way to oneself"
    audio = np.concatenate([block.samples for block in blocks])
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    assert np.argmax(spectrum) * 16000 / len(audio) == pytest.approx(500, abs=5)


class ScriptedSender:
    """Sends L16 at 16 kHz by hand, so that packets can be lost or overtake each other."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.target = ("127.0.0.1", port)
        self.number = 0

    def packet(self) -> bytes:
        head = bytes([0x80, 96]) + self.number.to_bytes(2, "big")
        head += (self.number * 320).to_bytes(4, "big") + (7).to_bytes(4, "big")
        body = np.full(320, 100 + self.number, ">i2").tobytes()
        self.number += 1
        return head + body

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.socket.sendto(packet, self.target)
            time.sleep(0.004)


@pytest.fixture
def by_hand():
    port = free_port()
    source = NetworkSource(f"rtp://127.0.0.1:{port}?codec=l16&payload=96")
    time.sleep(0.3)
    sender = ScriptedSender(port)
    yield source, sender
    sender.socket.close()
    source.close()


def test_a_packet_that_comes_twice_is_heard_once(by_hand):
    source, sender = by_hand
    packets = [sender.packet() for _ in range(60)]
    late = [packet for pair in zip(packets[2:], packets, strict=False) for packet in pair]
    sender.send(*(packet for packet in packets[:20] for _ in range(2)), *late[36:])
    blocks = blocks_of(source, 50)
    values = [int(np.median(block.samples)) - 100 for block in blocks]
    assert values == list(range(values[0], values[0] + 50))
    assert [block.index for block in blocks] == list(range(blocks[0].index, blocks[0].index + 50))


def test_lost_packets_leave_a_gap_and_late_ones_are_put_in_order(by_hand):
    source, sender = by_hand
    packets = [sender.packet() for _ in range(60)]
    packets[30], packets[31] = packets[31], packets[30]
    del packets[40:43]
    sender.send(*packets)
    blocks = blocks_of(source, 50)
    values = [int(np.median(block.samples)) - 100 for block in blocks]
    assert values == sorted(values), "they are in order"
    jumps = {after.index - before.index for before, after in itertools.pairwise(blocks)}
    assert jumps == {1, 4}
    late = [block.index for block in blocks if int(np.median(block.samples)) - 100 >= 43]
    assert late


@pytest.mark.parametrize(
    ("number", "codec", "rate", "channels"),
    [
        (0, "pcmu", 8000, 1),
        (8, "pcma", 8000, 1),
        (10, "l16", 44100, 2),
        (11, "l16", 44100, 1),
        (111, "opus", 16000, 1),
    ],
)
def test_senders_number_their_formats_as_they_like(number, codec, rate, channels):
    port = free_port()
    address = RtpAddress.parse(f"rtp://127.0.0.1:{port}?codec=opus")
    found: list[RtpAddress | None] = []
    closing = threading.Event()
    thread = threading.Thread(target=lambda: found.append(arriving(address, 10.0, closing)))
    thread.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while thread.is_alive():
            for packet in (
                b"hello",
                bytes([0x80, 200]) + bytes(30),
                bytes([0x80, 0x80 | number]) + bytes(30),
            ):
                sender.sendto(packet, ("127.0.0.1", port))
            thread.join(0.02)
    (sent,) = found
    assert sent == RtpAddress("127.0.0.1", port, codec, rate, channels, number)
    assert f"RTP/AVP {number}" in sent.sdp()


def test_where_nothing_arrives_is_said():
    address = RtpAddress.parse(f"rtp://127.0.0.1:{free_port()}")
    with pytest.raises(TimeoutError, match=str(address.port)):
        arriving(address, 0.1, threading.Event())


def test_a_sender_that_was_away_is_heard_again():
    port = free_port()
    source = ReconnectingSource(lambda: NetworkSource(f"rtp://127.0.0.1:{port}?codec=l16"), silent_s=3.0)
    sender = ScriptedSender(port)
    try:
        for _ in range(2):
            epoch = source.epoch
            end = time.monotonic() + 10.0
            heard = 0
            while heard < 5:
                assert time.monotonic() < end, source.problem
                sender.send(*(sender.packet() for _ in range(10)))
                heard += source.read() is not None
            end = time.monotonic() + 10.0
            while not source.problem:
                assert time.monotonic() < end
                source.read()
        assert source.epoch > epoch - 1
        assert source.epoch >= 2
    finally:
        sender.socket.close()
        source.close()


@pytest.mark.parametrize(
    "url",
    [
        "rtp://",
        "rtp://host",
        "rtp://h:1?codec=mp3",
        "rtp://h:1?volume=3",
        "rtp://h:1?rate=x",
        "rtp://h:1?payload=128",
        "http://h:1",
        "rtp://h:x",
    ],
)
def test_an_address_that_is_none_is_refused_with_an_example(url):
    with pytest.raises(ConfigurationError, match="codec=opus"):
        RtpAddress.parse(url)


@pytest.fixture
def camera():
    """Starts stand-ins for RTSP cameras."""
    with contextlib.ExitStack() as stack:

        def start(form="L16", packet=l16_tone, **options):
            server = ScriptedRtspServer(form, packet, **options)
            stack.callback(server.close)
            return server

        yield start


def test_a_camera_is_heard_over_rtsp(camera):
    source = NetworkSource(camera().url)
    try:
        blocks = blocks_of(source, 60)
    finally:
        source.close()
    assert {after.index - before.index for before, after in itertools.pairwise(blocks)} == {1}
    audio = np.concatenate([block.samples for block in blocks])
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    assert np.argmax(spectrum) * 16000 / len(audio) == pytest.approx(500, abs=5)


def test_a_camera_that_restarts_is_heard_again(camera):
    server = camera("PCMU", lambda number: bytes([number % 256] * 160))
    source = ReconnectingSource(lambda: NetworkSource(server.url), silent_s=6.0)
    try:
        for epoch in (1, 2):
            end = time.monotonic() + 15.0
            heard = 0
            while heard < 10:
                assert time.monotonic() < end, source.problem
                heard += source.read() is not None
            assert source.epoch >= epoch
            assert not source.problem
            server.drop()
            while not source.problem:
                assert time.monotonic() < end
                source.read()
        assert server.clients >= 2
    finally:
        source.close()


def _until_it_fails(source) -> None:
    end = time.monotonic() + 10.0
    while time.monotonic() < end:
        source.read()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"answer": "401 Unauthorized"}, "401.*user name and password"),
        ({"answer": "404 Not Found"}, "404.*path"),
        ({"has_sound": False}, "no sound"),
    ],
)
def test_a_camera_that_gives_no_sound_is_told_with_the_fix(camera, options, said):
    url = camera(**options).url.replace("//", "//me:secret@")
    source = NetworkSource(url)
    try:
        with pytest.raises(DeviceError, match=said) as told:
            _until_it_fails(source)
    finally:
        source.close()
    assert "secret" not in str(told.value)
