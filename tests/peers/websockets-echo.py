# SPDX-License-Identifier: Apache-2.0
"""An echo server by python3-websockets.

websockets-echo.py CERTIFICATE KEY TOKEN: wss on a free port; the upgrade needs the bearer token, else 401. The server
sends its own pings. A text "close <code> <reason>" is answered by that close, and "extensions" by those agreed on. Prints "READY <url>".
"""
import asyncio
import http
import re
import ssl
import sys

import websockets


async def main(certificate, key, token):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    # The path and its headers; since version 14 the connection and its request.
    async def gate(connection, request):
        headers = getattr(request, "headers", request)
        if headers.get("Authorization") == "Bearer " + token:
            return None
        if headers is request:
            return http.HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", "Bearer")], b"no\n"
        response = connection.respond(http.HTTPStatus.UNAUTHORIZED, "no\n")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    async def echo(socket, path=None):
        async for message in socket:
            order = re.fullmatch(r"close (\d{4}) (.*)", message) if isinstance(message, str) else None
            if message == "extensions":
                agreed = getattr(socket, "extensions", None) or socket.protocol.extensions
                await socket.send(" ".join(extension.name for extension in agreed))
            elif order:
                await socket.close(int(order[1]), order[2])
            else:
                await socket.send(message)

    async with websockets.serve(echo, "127.0.0.1", 0, ssl=context, process_request=gate, ping_interval=0.2,
                                ping_timeout=5, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"READY wss://127.0.0.1:{port}/", flush=True)
        await asyncio.Future()


asyncio.run(main(*sys.argv[1:4]))
