"""Messages between Atoll, zygotes and supervisors: a 4-byte big-endian length, then JSON; with a request come three descriptors."""

import array
import json
import socket


def send(connection, message):
    data = json.dumps(message).encode()
    connection.sendall(len(data).to_bytes(4, "big") + data)


def receive(connection):
    """The next message and its descriptors; (None, []) when the other side is gone."""
    buffer, descriptors = b"", array.array("i")
    while len(buffer) < 4 or len(buffer) < 4 + int.from_bytes(buffer[:4], "big"):
        wanted = 4 - len(buffer) if len(buffer) < 4 else 4 + int.from_bytes(buffer[:4], "big") - len(buffer)
        data, ancillary, _, _ = connection.recvmsg(wanted, socket.CMSG_SPACE(3 * descriptors.itemsize))
        if not data:
            return None, []
        buffer += data
        for _, kind, payload in ancillary:
            if kind == socket.SCM_RIGHTS:
                descriptors.frombytes(payload)
    return json.loads(buffer[4:]), list(descriptors)
