"""Settings: what is refused before anything starts, and who is open to others."""

import re
from pathlib import Path

import pytest

from shared.platform.config import SERVICES, Settings, reachable
from shared.vocabulary.errors import InvalidInput, NotFound

OPEN = "0.0.0.0"  # noqa: S104 - nothing is bound here


@pytest.mark.parametrize("secret", ["", " ", "short", " " * 40, "fifteen letters"])
def test_a_secret_that_can_be_guessed_is_refused(secret: str, tmp_path: Path):
    with pytest.raises(InvalidInput, match=r"TENURE_SECRET.*at least 16 characters"):
        Settings.from_env({"TENURE_DATA_DIR": str(tmp_path), "TENURE_SECRET": secret})
    (tmp_path / "secret").write_text(secret)
    with pytest.raises(InvalidInput, match=r"secret.*at least 16 characters"):
        Settings.from_env({"TENURE_DATA_DIR": str(tmp_path)})


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path):
    env = {"TENURE_DATA_DIR": str(tmp_path)}
    with pytest.raises(NotFound, match="tenure up"):
        Settings.from_env(env)
    assert list(tmp_path.iterdir()) == []
    first, second = Settings.from_env(env, begins=True), Settings.from_env(env)
    assert first.secret == second.secret
    assert len(first.secret) == 64
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_an_open_host_opens_the_gateway_alone(tmp_path: Path):
    env = {"TENURE_DATA_DIR": str(tmp_path), "TENURE_HOST": OPEN}
    settings = Settings.from_env(env, begins=True)
    assert (settings.host, settings.service_host) == (OPEN, "127.0.0.1")
    assert all(settings.service_url(name).startswith("http://127.0.0.1:") for name in SERVICES)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (OPEN, "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("10.0.0.7", "10.0.0.7"),
        ("db.example", "db.example"),
    ],
)
def test_where_a_server_is_found(host: str, address: str):
    assert reachable(host) == address


@pytest.mark.parametrize(
    ("name", "address", "form"),
    [
        ("TENURE_DATABASE_URL", "nonsense", "postgresql://user:password@host:port/database"),
        ("TENURE_DATABASE_URL", "mysql://me:sesame@host/db", "postgresql://"),
        ("TENURE_DATABASE_URL", "postgresql://host:port/db", "postgresql://"),
        ("TENURE_DATABASE_URL", "postgresql://", "postgresql://"),
        ("TENURE_REDIS_URL", "http://:sesame@host", "redis://:password@host:port/0"),
    ],
)
def test_what_is_no_address_is_refused_without_its_password(
    name: str, address: str, form: str, tmp_path: Path
):
    env = {"TENURE_DATA_DIR": str(tmp_path), name: address}
    with pytest.raises(InvalidInput, match=f"{name}.*{re.escape(form)}") as refusal:
        Settings.from_env(env, begins=True)
    assert "sesame" not in str(refusal.value)
