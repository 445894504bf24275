"""Whether something on a loopback port answers as it should."""

import asyncio

_SECONDS = 5.0


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def speaks_amqp(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"AMQP\x00\x00\x09\x01")
        return bool(await asyncio.wait_for(reader.read(1), _SECONDS))
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()


async def answers(port: int, path: str, *, authorization: str = "") -> bool:
    """Whether a GET is answered with 200; the whole of HTTP is not needed for that."""
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                headers = {"Host": f"127.0.0.1:{port}", "Authorization": authorization, "Connection": "close"}
                lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items() if value)]
                writer.write("\r\n".join([*lines, "", ""]).encode())
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
