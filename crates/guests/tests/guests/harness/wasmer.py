"""Runs a guest of WASI 0.1 under wasmer: python3 wasmer.py SDK GUEST [ARGS]...

SDK is the folder that the package wasmer-sdk is installed in.
"""

import asyncio
import os
import sys
import tempfile
import threading

sys.path.insert(0, sys.argv[1])

from wasmer_sdk import Wasmer  # noqa: E402: the line above says where it is


async def copy_input(to):
    """What this program reads goes to the guest. A thread reads, since a pipe may be silent."""
    loop = asyncio.get_running_loop()
    parts = asyncio.Queue()

    def read():
        part = None
        while part != b"":
            part = os.read(0, 65536)
            loop.call_soon_threadsafe(parts.put_nowait, part)

    threading.Thread(target=read, daemon=True).start()
    while part := await parts.get():
        await to.write(part)
    await to.close()


async def copy_output(chunks, to):
    async for chunk in chunks:
        to.write(chunk)
        to.flush()


async def run(guest, arguments):
    cache = os.path.join(tempfile.gettempdir(), "wasio-guests-wasmer")
    async with Wasmer(cache_root=cache) as wasmer:
        with open(guest, "rb") as file:
            package = await wasmer.packages.load(file.read())
        async with await wasmer.sandboxes.create(packages=[package]) as sandbox:
            command = sandbox.command(package, arguments, env=dict(os.environ))
            process = await command.spawn(stdin="pipe")
            given = asyncio.create_task(copy_input(process.stdin))
            await asyncio.gather(
                copy_output(process.stdout, sys.stdout.buffer),
                copy_output(process.stderr, sys.stderr.buffer),
            )
            output = await process.wait()
            given.cancel()
            return output.exit_code


sys.stdout.flush()
code = asyncio.run(run(sys.argv[2], sys.argv[3:]))
# A thread may be in a read that never ends.
os._exit(code)
