# SPDX-License-Identifier: Apache-2.0
"""usage: websockets-client.py URL CA [TOKEN]: a client by python3-websockets that uses an echo server in every way it can, and
prints OK. With TOKEN it shows that as its bearer token."""
import asyncio
import inspect
import ssl
import sys

import websockets


async def main(url, authority, token=None):
    context = ssl.create_default_context(cafile=authority)
    # It has another name since version 14.
    known = inspect.signature(websockets.connect).parameters
    name = "additional_headers" if "additional_headers" in known else "extra_headers"
    headers = {name: {"Authorization": "Bearer " + token}} if token else {}
    async with websockets.connect(url, ssl=context, max_size=None, ping_interval=0.05, ping_timeout=5, **headers) as socket:
        for size in (0, 1, 125, 126, 127, 65535, 65536, 1000003):
            text = ("\u00e9\u20ac\U0001f600a" * (size // 4 + 1))[:size]
            for message in (text, b"\xa5" * size):
                await socket.send(message)
                assert await socket.recv() == message, size
        # Each piece is a frame of its own.
        pieces = [bytes([byte]) for byte in "\u20acuro".encode()]
        await socket.send(pieces)
        assert await socket.recv() == b"".join(pieces)
        await asyncio.wait_for(await socket.ping("payload"), 5)

        async def receive(count):
            for number in range(count):
                assert (await socket.recv()).split(" ")[0] == str(number)

        receiving = asyncio.ensure_future(receive(2000))
        for number in range(2000):
            await socket.send(f"{number} " + "x" * number)
        await receiving
        await asyncio.sleep(0.3)  # pings of its own
        await socket.close(4321, "good bye")
        assert socket.close_code == 4321, socket.close_code
    print("OK")


asyncio.run(main(*sys.argv[1:4]))
