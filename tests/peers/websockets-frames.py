# SPDX-License-Identifier: Apache-2.0
"""What python3-websockets makes of frames: the same lines in and out as ws-frames.mjs."""
import sys

from websockets import exceptions, frames
try:
    from websockets.protocol import Protocol, Side, State
except ImportError:  # before version 11
    from websockets.connection import Connection as Protocol, Side, State


def read(role, limit, pieces):
    events = []
    side = Side.SERVER if role == "server" else Side.CLIENT
    protocol = Protocol(side, state=State.OPEN, max_size=int(limit))
    message = None
    for piece in pieces:
        protocol.receive_data(bytes.fromhex(piece))
        for frame in protocol.events_received():
            if frame.opcode in (frames.OP_TEXT, frames.OP_BINARY, frames.OP_CONT):
                if frame.opcode is not frames.OP_CONT:
                    message = (frame.opcode, b"")
                message = (message[0], message[1] + frame.data)
                if not frame.fin:
                    continue
                # The library's connections decode behind this layer.
                if message[0] is frames.OP_TEXT:
                    try:
                        message[1].decode()
                    except UnicodeDecodeError:
                        return events + ["fault 1007"]
                name = "text" if message[0] is frames.OP_TEXT else "binary"
                events.append(f"{name} {message[1].hex()}")
            elif frame.opcode is frames.OP_CLOSE:
                close = protocol.close_rcvd
                events.append(f"close {close.code} {close.reason.encode().hex()}")
            else:
                events.append(f"{'ping' if frame.opcode is frames.OP_PING else 'pong'} {frame.data.hex()}")
        error = protocol.parser_exc
        if error is not None:
            code = (1009 if isinstance(error, exceptions.PayloadTooBig)
                    else 1007 if isinstance(error, UnicodeDecodeError) else 1002)
            return events + [f"fault {code}"]
    return events


for line in sys.stdin:
    role, limit, *pieces = line.split()
    print(";".join(event.strip() for event in read(role, limit, pieces)))
