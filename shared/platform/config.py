"""Settings: read once at the edge, passed down; the only place that looks at the environment."""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from shared.vocabulary.errors import InvalidInput, NotFound

PROJECT = Path(__file__).resolve().parents[2]
SERVICES = ("accounts", "usage", "billing", "learning", "risk")
WORKERS = ("usage", "learning", "risk")
SCHEMAS = ("access", *SERVICES)
HIGHEST_PORT = 65_535 - 20
POSTGRES, POSTGRES_FORM = (
    ("postgresql", "postgres"),
    "postgresql://user:password@host:port/database",
)
REDIS, REDIS_FORM = ("redis", "rediss"), "redis://:password@host:port/0"
LOOPBACK = "127.0.0.1"
MIN_SECRET_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured, with its unit in the name."""

    project_dir: Path
    data_dir: Path
    secret: bytes
    host: str = LOOPBACK
    """Where the gateway listens; everything else stands behind it."""
    service_host: str = LOOPBACK
    port: int = 8000
    database_url: str | None = None
    redis_url: str | None = None
    overrides: Mapping[str, str] | None = None
    rpc_timeout_s: float = 5.0
    otlp_endpoint: str | None = None
    mlflow_url: str | None = None
    """None: an embedded database in the data folder; `off`: no record outside PostgreSQL."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, *, begins: bool = False) -> "Settings":
        """Read the environment. Who `begins` an installation makes its secret; NotFound for others,
        who would make a second one where they stand."""
        env = os.environ if env is None else env
        data_dir = data_folder(env)
        return cls(
            project_dir=PROJECT,
            data_dir=data_dir,
            secret=_secret(env, data_dir, begins=begins),
            host=env.get("TENURE_HOST") or LOOPBACK,
            service_host=env.get("TENURE_SERVICE_HOST") or LOOPBACK,
            port=_port(env),
            database_url=_address(env, "TENURE_DATABASE_URL", POSTGRES, POSTGRES_FORM),
            redis_url=_address(env, "TENURE_REDIS_URL", REDIS, REDIS_FORM),
            overrides={key: value for key, value in env.items() if key.startswith("TENURE_")},
            rpc_timeout_s=float(env.get("TENURE_RPC_TIMEOUT_S") or 5.0),
            otlp_endpoint=env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None,
            mlflow_url=env.get("TENURE_MLFLOW_URL") or None,
        )

    def derived(self, purpose: str) -> str:
        """A secret of its own for one purpose, hex, the same at every start."""
        return hmac.new(self.secret, purpose.encode(), hashlib.sha256).hexdigest()

    @property
    def postgres_port(self) -> int:
        """Port of the embedded PostgreSQL."""
        return self.port + 10

    @property
    def valkey_port(self) -> int:
        """Port of the embedded Valkey."""
        return self.port + 11

    @property
    def owner_database_url(self) -> str:
        """DSN of the role that owns the schemas: the named server, or the embedded one."""
        if self.database_url:
            return self.database_url
        return (
            f"postgresql://tenure:{self.derived('db:owner')}@127.0.0.1:{self.postgres_port}/tenure"
        )

    @property
    def redis_dsn(self) -> str:
        """DSN of the named Redis or the embedded Valkey."""
        return self.redis_url or f"redis://:{self.derived('valkey')}@127.0.0.1:{self.valkey_port}/0"

    def database_role(self, schema: str) -> tuple[str, str]:
        """Name and password of the application role of a schema."""
        return f"tenure_{schema}", self.derived(f"db:{schema}")

    def service_database_url(self, schema: str) -> str:
        """DSN of a service's own role; TENURE_<SERVICE>_DATABASE_URL moves it elsewhere."""
        url = (self.overrides or {}).get(f"TENURE_{schema.upper()}_DATABASE_URL")
        if url:
            return url
        parts = urlsplit(self.owner_database_url)
        role, password = self.database_role(schema)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{role}:{quote(password)}@{place}"))

    def service_port(self, service: str) -> int:
        """Port of a service: the gateway's port plus its place in the list."""
        return self.port + 1 + SERVICES.index(service)

    def worker_port(self, service: str) -> int:
        """Port on which a worker answers /healthz and /readyz."""
        return self.port + 6 + WORKERS.index(service)

    def service_url(self, service: str) -> str:
        """Base address of a service; TENURE_<SERVICE>_URL moves it elsewhere."""
        url = (self.overrides or {}).get(f"TENURE_{service.upper()}_URL")
        return url or f"http://{reachable(self.service_host)}:{self.service_port(service)}"


def data_folder(env: Mapping[str, str] | None = None) -> Path:
    """Where everything lies that is kept; known before there is a secret in it."""
    named = (os.environ if env is None else env).get("TENURE_DATA_DIR")
    return Path(named or PROJECT / ".tenure").expanduser().resolve()


def reachable(host: str) -> str:
    """The address, as a URL has it, at which a server that listens on `host` is found from here."""
    near = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"[{near}]" if ":" in near else near


def _address(env: Mapping[str, str], name: str, schemes: tuple[str, ...], form: str) -> str | None:
    """The address of a server; it may hold a password, so a wrong one is not repeated."""
    text = env.get(name)
    if not text:
        return None
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        well_formed = False
    if not well_formed:
        raise InvalidInput(name, "what it says", f"an address that looks like {form}")
    return text


def _port(env: Mapping[str, str]) -> int:
    text = env.get("TENURE_PORT") or "8000"
    if not text.isdigit() or not 1 <= int(text) <= HIGHEST_PORT:
        raise InvalidInput("TENURE_PORT", text, f"a whole number from 1 to {HIGHEST_PORT}")
    return int(text)


def _secret(env: Mapping[str, str], data_dir: Path, *, begins: bool) -> bytes:
    text = env.get("TENURE_SECRET")
    if text is not None:
        return _long_enough("TENURE_SECRET", text.encode())
    path = data_dir / "secret"
    if not path.exists():
        if not begins:
            raise NotFound(
                f"there is no installation in {data_dir}: set TENURE_DATA_DIR (or TENURE_SECRET) "
                "to that of yours, or begin one with `tenure up`"
            )
        _write_secret(path)
    return _long_enough(str(path), path.read_bytes())


def _long_enough(source: str, secret: bytes) -> bytes:
    """Whoever guesses it signs as any tenant: too short a one is none."""
    if len(secret.strip()) < MIN_SECRET_LENGTH:
        length = f"{len(secret.strip())} characters"
        allowed = f"at least {MIN_SECRET_LENGTH} characters, as `openssl rand -hex 32` makes them"
        raise InvalidInput(source, length, f"{allowed}; or leave it out, and one is made")
    return secret


def _write_secret(path: Path) -> None:
    """Make a secret that a loss of power does not take back: all passwords come from it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"secret.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):  # another process was first; its secret counts
        os.link(draft, path)
    draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
