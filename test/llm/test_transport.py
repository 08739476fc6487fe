# SPDX-License-Identifier: Apache-2.0
import asyncio

import pytest

from voice_agent_ros.llm.transport import http_library, kept_open

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def posts(count, requests_a_connection):
    """Statuses of so many posts to a server that hangs up on the request after so many on each connection."""
    bodies = []

    async def serve(reader, writer):
        for number in range(requests_a_connection + 1):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-l")
            )
            body = await reader.readexactly(length)
            if number == requests_a_connection:
                break
            bodies.append(body)
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    async def ask():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, http_library().AsyncClient(transport=kept_open()) as client:
            return [
                (await client.post(f"http://127.0.0.1:{port}/", content=f"{n}")).status_code
                for n in range(count)
            ]

    return asyncio.run(ask()), bodies


@pytest.mark.parametrize("requests_a_connection", [1, 2, 5])
def test_a_request_on_a_closed_connection_is_sent_again(requests_a_connection):
    answers, bodies = posts(4, requests_a_connection)
    assert answers == [200] * 4
    assert bodies == [b"0", b"1", b"2", b"3"]


def test_a_server_that_hangs_up_on_every_request_is_told_as_it_is():
    with pytest.raises(http_library().RemoteProtocolError):
        posts(1, 0)
