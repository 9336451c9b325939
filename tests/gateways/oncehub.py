"""A OnceHub that holds requests back until they are let go."""

import asyncio
import contextlib
import re


class Request:
    """One that is held back."""

    def __init__(self):
        # It has come; its sender has gone; it may go on to the account; the account has answered.
        self.asked, self.left, self.released, self.answered = (asyncio.Event() for _ in range(4))


class Held:
    """Passes everything on to a simulated account, except for what it was asked to hold back."""

    def __init__(self, account):
        self.upstream = account["ONCEHUB_API_URL"].rpartition("//")[2].split(":")
        self.waited_for = {}
        self.here = []

    def hold(self, start):
        """Holds back the next request that starts so."""
        request = self.waited_for[start.encode()] = Request()
        self.here.append(request)
        return request

    def release(self):
        for request in self.here:
            request.released.set()

    async def take(self, reader, writer):
        # A connection that is kept open may be closed before anything is asked over it.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            request = next((self.waited_for.pop(start) for start in [*self.waited_for] if head.startswith(start)), None)
            if request:
                gone = asyncio.create_task(reader.read())
                gone.add_done_callback(lambda _: request.left.set())
                request.asked.set()
                await request.released.wait()
            # It knows no more than one request a connection.
            answer = await self.answer(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + body)
            if request:
                request.answered.set()
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def answer(self, request):
        reader, writer = await asyncio.open_connection(*self.upstream)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer


@contextlib.asynccontextmanager
async def held_oncehub(account):
    """With the settings of a server that asks it, and so patiently that only the other side can end a call."""
    oncehub = Held(account)
    async with await asyncio.start_server(oncehub.take, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        try:
            yield oncehub, {**account, "ONCEHUB_API_URL": f"http://127.0.0.1:{port}", "ONCEHUB_MCP_TIMEOUT": "600"}
        finally:
            oncehub.release()
