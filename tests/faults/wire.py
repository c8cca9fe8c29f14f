"""A wire between two processes: it carries bytes, and can be cut, swallow what is sent, or be slow."""

import asyncio
import threading

_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, daemon=True).start()

BLOCK = 64 * 1024


def _on_loop(work):
    return asyncio.run_coroutine_threadsafe(work, _loop).result(30)


class Wire:
    """Listens on `port` of the loopback, and carries to another. `delay` is in seconds, each way."""

    def __init__(self, to):
        self.to = to
        self.mode, self.delay = "open", 0.0
        self.lines = set()
        self.server = _on_loop(asyncio.start_server(self._accept, "127.0.0.1", 0, limit=BLOCK))
        self.port = self.server.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer):
        if self.mode == "cut":
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to, limit=BLOCK)
        except OSError:
            writer.transport.abort()
            return
        line = (writer, far_writer)
        self.lines.add(line)
        try:
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        finally:
            self.lines.discard(line)
            for end in line:
                end.transport.abort()

    async def _carry(self, reader, writer):
        try:
            while data := await reader.read(BLOCK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                while self.mode == "hole":
                    await asyncio.sleep(0.05)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()

    def cut(self):
        """Ends all connections, and every new one."""
        self.mode = "cut"

        async def end():
            for line in list(self.lines):
                for side in line:
                    side.transport.abort()

        _on_loop(end())

    def hole(self):
        """Connections stay, and nothing comes through."""
        self.mode = "hole"

    def slow(self, delay):
        self.delay = delay

    def mend(self):
        self.mode, self.delay = "open", 0.0

    def close(self):
        self.cut()

        async def close():
            self.server.close()

        _on_loop(close())
