"""The edge over real sockets: bodies are read when they are wanted and no further, answers may stream, dawdlers are cut off."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from atoll.edge import connection as limits
from atoll.edge.server import Server, listen, make_server
from atoll.kernel.http import BodyTooLarge, ClientGone, HttpRequest, HttpResponse

Application = Callable[[HttpRequest], Awaitable[HttpResponse]]


@asynccontextmanager
async def serving(application: Application) -> AsyncIterator[tuple[Server, int]]:
    """A server of `application` on a free port."""
    started = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        server = make_server(application)
        server.on_started = started.set
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        try:
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            await task


async def ask(port: int, *pieces: bytes, pause: float = 0.02) -> bytes:
    """Everything that the server says to these bytes until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return answer


async def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, [("x-path", request.raw_path)], await request.read_body(1 << 20))


CLOSE = b"Host: a\r\nConnection: close\r\n"


async def test_bodies_by_length_in_chunks_and_piece_by_piece() -> None:
    async with serving(echo) as (_, port):
        whole = await ask(port, b"POST /p%2Fq?x HTTP/1.1\r\n" + CLOSE + b"Content-Length: 5\r\n\r\nhello")
        assert b"x-path: /p%2Fq\r\n" in whole
        assert whole.endswith(b"content-length: 5\r\n\r\nhello")
        chunked = (
            b"POST / HTTP/1.1\r\n" + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"
        )
        assert (await ask(port, chunked)).endswith(b"hello")
        pieces = [bytes([byte]) for byte in chunked]
        assert (await ask(port, *pieces, pause=0)).endswith(b"hello")


async def test_a_body_in_tiny_chunks_takes_its_size_and_little_more() -> None:
    sizes = []

    async def measured(request: HttpRequest) -> HttpResponse:
        tracemalloc.start()
        body = await request.read_body(1 << 20)
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        return HttpResponse(200, [], b"%d" % len(body))

    head = b"POST / HTTP/1.1\r\n" + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"
    async with serving(measured) as (_, port):
        assert (await ask(port, head, b"2\r\nab\r\n" * 100_000 + b"0\r\n\r\n")).endswith(b"200000")
    assert sizes[0] < 3_000_000  # it was 12 MB with an object for each


async def test_trailers_are_dropped_and_endless_ones_cut_off() -> None:
    async def headers(request: HttpRequest) -> HttpResponse:
        await request.read_body(100)
        return HttpResponse(200, [], repr(request.headers).encode())

    head = b"POST / HTTP/1.1\r\n" + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"
    async with serving(headers) as (_, port):
        answer = await ask(port, head + b"X-Late: 1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"late" not in answer
        for endless in (b"X-Late: 1\r\n", b"x" * 12):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            for _ in range(limits.MAX_HEADER_BYTES // len(endless * 500) + 3):
                writer.write(endless * 500)
                await asyncio.sleep(0.005)
            assert (await asyncio.wait_for(reader.read(12), 60)) == b"HTTP/1.1 431"
            writer.close()


async def test_expect_100_continue_is_answered_when_the_body_is_wanted() -> None:
    async with serving(echo) as (_, port):
        head = b"POST / HTTP/1.1\r\n" + CLOSE + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        answer = await ask(port, head, b"hello")
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


async def test_a_refused_body_is_never_asked_for() -> None:
    async def refuse(request: HttpRequest) -> HttpResponse:
        return HttpResponse(403, [], b"no")

    async with serving(refuse) as (_, port):
        head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        answer = await reader.readuntil(b"no")
        assert answer.startswith(b"HTTP/1.1 403")
        assert b"connection: close" in answer
        writer.write(b"hello")  # the rest is thrown away, and that was all
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()


@pytest.mark.parametrize("framing", ["declared", "chunked"])
async def test_a_body_past_the_limit_is_refused_without_being_kept(framing: str) -> None:
    async def small(request: HttpRequest) -> HttpResponse:
        try:
            await request.read_body(1000)
        except BodyTooLarge:
            return HttpResponse(413, [], b"too large")
        return HttpResponse(200)

    async with serving(small) as (_, port):
        if framing == "declared":
            head, body = b"Content-Length: 100000000\r\n\r\n", b"x" * 100_000
        else:
            head, body = b"Transfer-Encoding: chunked\r\n\r\n", b"186a0\r\n" + b"x" * 100_000 + b"\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\n" + head + body)
        assert (await asyncio.wait_for(reader.readuntil(b"too large"), 60)).startswith(b"HTTP/1.1 413")
        writer.close()


async def test_pipelined_requests_are_answered_in_order() -> None:
    async def slow(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0.05 if request.raw_path == "/1" else 0)
        return HttpResponse(200, [], request.raw_path.encode() + await request.read_body(10))

    async with serving(slow) as (_, port):
        three = [b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % (n, n) for n in (1, 2)]
        answer = await ask(port, b"".join(three) + b"GET /3 HTTP/1.1\r\n" + CLOSE + b"\r\n")
        assert [part[-3:] for part in answer.split(b"HTTP/1.1 200")[1:]] == [b"/11", b"/22", b"\n/3"]


async def test_the_body_of_a_refused_request_is_not_added_to_the_one_before_it() -> None:
    bodies = []

    async def kept(request: HttpRequest) -> HttpResponse:
        bodies.append(await request.read_body(1 << 20))
        return HttpResponse(200)

    async with serving(kept) as (_, port):
        post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n%b\r\n%b"
        refused = post % (b"x: %b\r\n" % (b"a" * limits.MAX_HEADER_BYTES), b"there")
        assert (await ask(port, post % (b"", b"hello") + refused)).startswith(b"HTTP/1.1 431")
    assert bodies == [b"hello"]


async def test_an_answer_may_stream() -> None:
    gate = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await gate.wait()
        yield b"second"

    async def stream(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("content-type", "text/plain")], pieces())

    async with serving(stream) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"5\r\nfirst\r\n"), 60)
        assert b"transfer-encoding: chunked" in head
        gate.set()
        assert await asyncio.wait_for(reader.read(), 60) == b"6\r\nsecond\r\n0\r\n\r\n"
        writer.close()


async def test_a_stream_of_a_status_without_a_body_leaves_the_connection_as_it_was() -> None:
    ended: list[bool] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"unseen"
        ended.append(True)

    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(204, [("x", "y")], pieces())

    async with serving(answer) as (_, port):
        received = await ask(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
        first, second, nothing = received.split(b"\r\n\r\n")
        assert (first[:13], second[:13], nothing, ended) == (b"HTTP/1.1 204 ", b"HTTP/1.1 204 ", b"", [True, True])
        assert b"transfer-encoding" not in received


async def test_a_stream_that_breaks_off_has_no_end(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("broken")

    async def stream(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [], broken())

    async with serving(stream) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
        received = b""
        try:
            while piece := await reader.read(1000):
                received += piece
        except ConnectionResetError:
            pass
        assert not received.endswith(b"0\r\n\r\n")
        writer.close()
    assert "broken" in caplog.text


@pytest.mark.parametrize("leave", ["close", "reset", "half-close"])
async def test_a_stream_ends_when_its_client_leaves_whatever_it_waits_for(leave: str) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def stream(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [], endless())

    async with serving(stream) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"first\r\n"), 60)
        match leave:
            case "close":
                writer.close()
            case "reset":
                writer.transport.abort()
            case _:
                writer.write_eof()
        await asyncio.wait_for(closed.wait(), 60)
        writer.close()


async def test_head_has_a_length_and_no_body_and_204_has_neither() -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [], b"12345") if request.method == "HEAD" else HttpResponse(204)

    async with serving(answer) as (_, port):
        assert (await ask(port, b"HEAD / HTTP/1.1\r\n" + CLOSE + b"\r\n")).endswith(b"content-length: 5\r\n\r\n")
        nothing = await ask(port, b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
        assert b"content-length" not in nothing
        assert nothing.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "header", [("x", "a\r\nset-cookie: b"), ("x\ny", "z"), ("x", "a\x00b"), ("ä", "b"), ("x", "a\nb")]
)
async def test_headers_that_would_end_their_line_early_are_a_500(
    header: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [header], b"never sent")

    async with serving(answer) as (_, port):
        said = await ask(port, b"GET / HTTP/1.1\r\n" + CLOSE + b"\r\n")
        assert said.startswith(b"HTTP/1.1 500")
        assert b"never sent" not in said
        assert b"set-cookie" not in said
    assert "not headers" in caplog.text


async def test_a_client_that_has_nothing_more_to_say_gets_its_answers() -> None:
    async def slow(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0.05)
        return HttpResponse(200, [], b"answer")

    async with serving(slow) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 4)
        writer.write_eof()
        assert (await asyncio.wait_for(reader.read(), 60)).count(b"\r\n\r\nanswer") == 4
        writer.close()


@pytest.mark.parametrize(
    "request_line",
    [
        b"CONNECT a:1 HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"GET http://a/b?c HTTP/1.1",
        b"GET a HTTP/1.1",
        b"GET /#f HTTP/1.1",
    ],
)
async def test_odd_targets_end_with_an_answer(request_line: bytes) -> None:
    async with serving(echo) as (_, port):
        answer = await ask(port, request_line + b"\r\n" + CLOSE + b"\r\n")
        assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 405", b"HTTP/1.1 200")


@asynccontextmanager
async def stalled(application: Application, sent: bytes) -> AsyncIterator[tuple[Any, asyncio.StreamReader, float]]:
    """A connection that has sent so much and then nothing; with what the server makes of it and its loop's time."""
    async with serving(application) as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        await writer.drain()
        await asyncio.sleep(0.1)
        (connection,) = server.server_state.connections
        yield connection, reader, asyncio.get_running_loop().time()
        writer.close()


@pytest.mark.parametrize(
    ("sent", "seconds", "answer"),
    [
        (b"", limits.IDLE_SECONDS, b""),
        (b"GET / HT", limits.HEADER_SECONDS, b"HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", limits.HEADER_SECONDS, b"HTTP/1.1 408"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", limits.BODY_SECONDS, b"HTTP/1.1 408"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits.IDLE_SECONDS, b"HTTP/1.1 200"),
    ],
    ids=["silent", "half a line", "half the headers", "half the body", "idle"],
)
async def test_slowloris_and_half_sent_bodies_are_cut_off(sent: bytes, seconds: float, answer: bytes) -> None:
    async with stalled(echo, sent) as (connection, reader, now):
        connection.sweep(now + seconds - 5)
        await asyncio.sleep(0.05)
        assert not connection.transport.is_closing()
        connection.sweep(now + seconds + 1)
        assert (await asyncio.wait_for(reader.read(), 60)).startswith(answer)


async def test_a_body_that_drips_is_cut_off() -> None:
    gone = asyncio.Event()

    async def reads(request: HttpRequest) -> HttpResponse:
        try:
            return HttpResponse(200, [], await request.read_body(1 << 30))
        except ClientGone:
            gone.set()
            raise

    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1000
    async with stalled(reads, head) as (connection, reader, now):
        later = now + 2 * limits.BODY_SECONDS
        connection.cycle.progressed = later  # a byte has just come
        connection.sweep(later)
        assert (await asyncio.wait_for(reader.read(), 60)).startswith(b"HTTP/1.1 408")
        await asyncio.wait_for(gone.wait(), 60)


async def test_work_is_not_cut_off_however_long_it_takes() -> None:
    done = asyncio.Event()

    async def works(request: HttpRequest) -> HttpResponse:
        await request.read_body(100)
        await done.wait()
        return HttpResponse(200, [], b"done")

    sent = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
    async with stalled(works, sent) as (connection, reader, now):
        connection.sweep(now + 900)
        assert not connection.transport.is_closing()
        done.set()
        assert (await asyncio.wait_for(reader.read(), 60)).endswith(b"done")
