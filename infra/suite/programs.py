"""Our own processes as programs: five services, the gateway and the workers."""

import http.client
import json
import os
import sys
from collections.abc import Mapping

from infra.supervising.program import Program
from shared.platform import auth
from shared.platform.auth import Signer
from shared.platform.config import SERVICES, WORKERS, Settings, reachable

# One thread for linear algebra and few memory arenas: many small processes share two cores.
THRIFT = {
    "PYTHONUNBUFFERED": "1",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

PATIENCE_S = 4.0
"""How long a page of ours may take."""


def services(settings: Settings) -> list[Program]:
    return [
        ours(name, f"services.{name}.app", settings.service_port(name), settings)
        for name in SERVICES
    ]


def gateway(settings: Settings) -> Program:
    """The gateway; whether every account has a score is another question than whether it is up."""
    return ours("gateway", "graph.app", settings.port, settings, path="/healthz")


def workers(settings: Settings) -> list[Program]:
    """The workers; whether they can do all they should is another question than if they are up."""
    return [
        ours(
            f"{name}-worker",
            f"services.{name}.jobs",
            settings.worker_port(name),
            settings,
            path="/healthz",
        )
        for name in WORKERS
    ]


def ours(
    name: str, module: str, port: int, settings: Settings, *, path: str = "/readyz"
) -> Program:
    """One of our processes, ready when it says so over HTTP."""
    host = reachable(host_of(settings, port))
    return Program(
        name=name,
        command=(sys.executable, "-m", module),
        ready=lambda: status(host, port, path) == 200,
        healthy=lambda: status(host, port, "/healthz") == 200,
        port=port,
        cwd=settings.project_dir,
        env=environment(settings),
    )


def host_of(settings: Settings, port: int | None) -> str:
    """Where a program listens: the gateway alone may be open to others."""
    return settings.host if port == settings.port else settings.service_host


def environment(settings: Settings) -> dict[str, str]:
    """What our processes read: these settings, whatever the environment said before."""
    named = {
        "TENURE_DATA_DIR": str(settings.data_dir),
        "TENURE_HOST": settings.host,
        "TENURE_SERVICE_HOST": settings.service_host,
        "TENURE_PORT": str(settings.port),
    }
    return {**os.environ, **THRIFT, **named}


def status(host: str, port: int, path: str) -> int:
    """The HTTP status of a page; 0 when nothing answers."""
    return page(host, port, path)[0]


def page(
    host: str,
    port: int,
    path: str,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = PATIENCE_S,
) -> tuple[int, bytes]:
    """The HTTP status and the body of a page; 0 and nothing when nothing answers."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def problems(settings: Settings) -> list[str]:
    """What the workers say keeps them from doing all they should, a line each."""
    lines: list[str] = []
    headers = {auth.HEADER: Signer(settings).seal(auth.system())}
    for name in WORKERS:
        code, body = page(
            reachable(settings.service_host), settings.worker_port(name), "/readyz", headers
        )
        if code == 503:
            degraded: list[dict[str, str]] = json.loads(body).get("problems", [])
            lines += [f"{name}-worker is degraded: {in_words(problem)}" for problem in degraded]
    return lines


def in_words(problem: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in problem.items() if value)
