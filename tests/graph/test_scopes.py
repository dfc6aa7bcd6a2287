"""Who may ask what: every root field and route with a key of each single scope, and of none."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest
import strawberry
from graphql import get_named_type, is_leaf_type
from starlette.applications import Starlette
from strawberry.types import ExecutionResult
from strawberry.utils.str_converters import to_camel_case

from graph import app as graph_app
from graph.scopes import FIELDS, ROUTES, guard, guard_payloads
from services.risk.actions import models as models_actions
from shared.platform import auth
from shared.platform.auth import SCOPES, Principal, Signer
from shared.platform.config import Settings
from shared.process.rpc import Call, Exposure, Reply, Request, Rpc, exposures
from shared.process.service import LOG_SCOPE, Service, build
from shared.vocabulary.errors import NotPermitted
from shared.vocabulary.ids import global_id
from tests.architecture.tree import ROOT
from tests.conftest import DatabaseOf
from tests.graph.processes import ACCOUNTS, SERVICES, Installation, Suite, fill, of, start_all, take
from tests.graph.questions import Questions, object_type
from tests.services.learning.examples import course, teach
from tests.services.risk.examples import a_model

KEYS: Mapping[str, tuple[str, ...]] = {"none": (), **{scope: (scope,) for scope in SCOPES}}
"""A key of each single scope, and one of none."""
DECLARED: Mapping[str, Exposure] = {
    name: exposure
    for service in SERVICES
    for name, exposure in exposures(service.reads, service.commands).items()
}
OPEN = {"/", "/console", "/graphql", "/healthz", "/readyz"}
"""What tells nothing of a tenant, and the graph, which signs in itself."""
REFUSED = (401, 403)
DEPTH = 3
WITHOUT_READING: Mapping[str, set[tuple[str, ...]]] = {
    "riskRescore": {("accounts",)},
    "learningPathRecommend": {("queued",)},
    "apiKeyCreate": {
        ("secret",),
        *(("apiKey", part) for part in ("name", "prefix", "scopes", "createdAt")),
    },
    "tenantTimeZoneSet": {("timeZone",)},
    "apiKeyRevoke": {
        *(("apiKey", part) for part in ("name", "prefix", "scopes", "createdAt", "revokedAt"))
    },
}
"""What a key without `read` is told of its own deed."""
OWN_WORDS = {"id", "asOf", "from", "to", "cursor", "startCursor", "endCursor", "startAt"}
"""Fields that repeat what the caller gave."""


class Recorder(Rpc):
    """Remembers which functions were asked for."""

    def __init__(self, settings: Settings, rpc: Rpc) -> None:
        super().__init__(settings, local=rpc._local)
        self.functions: list[str] = []

    async def batch(self, *arguments: Any, **options: Any) -> list[Any]:
        calls: Iterable[Call] = arguments[1]
        self.functions += [call.function.name for call in calls]
        return await super().batch(*arguments, **options)


@dataclass
class Tenant:
    """A tenant in which every mutation has something to work on."""

    suite: Suite
    principal: Principal
    questions: Questions

    async def run(self, scopes: tuple[str, ...], query: str) -> ExecutionResult:
        """The whole result for a key of these scopes."""
        return await self.suite.run(replace(self.principal, scopes=scopes), query)

    def query(self, root: str, name: str, selection: str = "__typename") -> str:
        """One root field with all it requires."""
        kind = object_type(root)
        if root == "Mutation":
            selection += " userErrors { field message }"
        inner = (
            f" {{ {selection} }}"
            if not is_leaf_type(get_named_type(kind.fields[name].type))
            else ""
        )
        return f"{root.lower()} {{ {self.questions.call(kind, name)}{inner} }}"


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    suite = await of(settings, database)
    suite.rpc = Recorder(settings, suite.rpc)
    return suite


@pytest.fixture
async def tenant_of_all(suite: Suite, principal: Principal) -> Tenant:
    account, *_ = await fill(suite, principal, 1)
    row = {"accountId": str(account), "externalId": "kim"}
    (member,) = await take(suite, principal, ACCOUNTS, "members", [row])
    await teach(suite.databases["learning"], principal, course("x"))
    models = [a_model(), a_model(use=-0.5)]
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        for model in models:
            await models_actions.publish(conn, model, principal)
    async with suite.access.write(principal.tenant_id) as conn:
        key, _ = await auth.create_key(conn, principal.tenant_id, "old", ())
    await suite.settle(principal.tenant_id)
    account_id = f'"{global_id("Account", account)}"'
    values = {
        "accountId": account_id,
        "accountIds": f"[{account_id}]",
        "account.id": account_id,
        "node.id": account_id,
        "nodes.ids": f"[{account_id}]",
        "memberId": f'"{global_id("Member", member)}"',
        "id": f'"{global_id("ApiKey", key.key_id)}"',
        "version": f'"{models[0].version}"',
        "currency": '"EUR"',
        "timeZone": '"UTC"',
        "level": "1",
        "scopes": '["read"]',
        "usageRetentionSet.rawDays": "100",
    }
    return Tenant(suite, principal, Questions(values, OWN_WORDS, depth=DEPTH))


async def scopes_of(tenant: Tenant, root: str, name: str) -> set[str]:
    """What the declarations say: that of the gateway, or those of the functions it asks for."""
    rpc: Any = tenant.suite.rpc
    rpc.functions.clear()
    result = await tenant.run(SCOPES, tenant.query(root, name))
    assert result.errors is None, (name, result.errors)
    assert complaints((result.data or {})[name]) == [], (name, result.data)
    own = {to_camel_case(field): scope for field, scope in FIELDS.items()}
    if name in own:
        return {scope for scope in (own[name],) if scope is not None}
    assert rpc.functions, f"{name} answers without asking anybody, and stands under no scope"
    return {DECLARED[function].scope for function in rpc.functions}


def complaints(answer: Any) -> list[Any]:
    return answer.get("userErrors", []) if isinstance(answer, dict) else []


async def refused(tenant: Tenant, scopes: tuple[str, ...], query: str) -> bool:
    """Whether it is refused for want of a scope; then nothing is told."""
    result = await tenant.run(scopes, query)
    without = [error for error in result.errors or [] if is_refusal(error)]
    assert len(without) == len(result.errors or []), result.errors
    assert not without or not any((result.data or {}).values()), result.data
    return bool(without)


def is_refusal(error: Any) -> bool:
    return isinstance(error.original_error, NotPermitted)


@pytest.mark.parametrize("root", ["Query", "Mutation"])
async def test_a_root_field_is_answered_under_the_scope_declared_for_it_alone(
    root: str, tenant_of_all: Tenant
) -> None:
    wrong: list[tuple[str, str, bool]] = []
    for name in object_type(root).fields:
        needed = await scopes_of(tenant_of_all, root, name)
        for key, scopes in KEYS.items():
            allowed = not await refused(tenant_of_all, scopes, tenant_of_all.query(root, name))
            if allowed != (needed <= set(scopes)):
                wrong.append((name, key, allowed))
    assert wrong == []


async def test_the_table_in_the_documents_says_the_same(tenant_of_all: Tenant) -> None:
    needed = {name: FIELDS[underscored(name)] for name in object_type("Subscription").fields}
    for root in ("Query", "Mutation"):
        for name in object_type(root).fields:
            needed[name] = next(iter(await scopes_of(tenant_of_all, root, name)), None)
            words = object_type(root).fields[name].description or ""
            scopes = re.findall(r"[Nn]eeds (?:the scope )?['`]?(\w+)['`]?\.", words)
            assert scopes in ([], [needed[name]]), name
    queries = {name for name in object_type("Query").fields if needed[name] == "read"}
    for scope, words in table().items():
        named = set(words) & needed.keys()
        assert named - queries == {
            name
            for name, needs in needed.items()
            if (needs or "any") == scope and name not in queries
        }, scope


def table() -> dict[str, list[str]]:
    """What stands in backticks, by scope."""
    page = (ROOT / "docs/operations.md").read_text()
    section = page.split("## Scopes")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?:`(\w+)`|(any)) \| (.*) \|$", section, re.MULTILINE)
    queries = {
        scope or everybody: re.findall(r"`(\w+)`", words) for scope, everybody, words in rows
    }
    assert queries.keys() == {"any", *SCOPES}
    return queries


async def test_what_a_mutation_shows_is_for_who_may_read(tenant_of_all: Tenant) -> None:
    for name, field in object_type("Mutation").fields.items():
        payload = object_type(get_named_type(field.type).name)
        query = tenant_of_all.query("Mutation", name, tenant_of_all.questions.whole(payload))
        (needed,) = await scopes_of(tenant_of_all, "Mutation", name)

        result = await tenant_of_all.run((needed,), query)

        assert all(is_refusal(error) for error in result.errors or []), (name, result.errors)
        assert result.data is not None
        answer = result.data[name]
        assert answer["userErrors"] == []
        shown = {leaf for leaf in leaves(answer) if leaf[-1] != "__typename"}
        assert shown <= WITHOUT_READING.get(name, set()), name


def leaves(answer: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The ways to everything that was told."""
    if isinstance(answer, dict):
        for name, part in answer.items():
            yield from leaves(part, (*way, name))
    elif isinstance(answer, list):
        for part in answer:
            yield from leaves(part, way)
    elif answer is not None:
        yield way


async def test_a_function_is_carried_out_under_its_own_scope_alone(
    suite: Suite, principal: Principal
) -> None:
    exposed = suite.rpc._local
    for name, exposure in DECLARED.items():
        body = msgspec.msgpack.encode([Request(name, msgspec.Raw(b"\x80"))])
        for key, scopes in KEYS.items():
            caller = replace(principal, scopes=scopes)
            answer = await exposed[exposure.function.service].answer(caller, body)
            (reply,) = msgspec.msgpack.decode(answer, type=list[Reply])
            assert (reply.code != NotPermitted.code) == (exposure.scope in scopes), (name, key)


@pytest.fixture
async def installation(settings: Settings) -> AsyncIterator[Installation]:
    async with start_all(settings) as installation:
        yield installation


@pytest.fixture
async def keys(principal: Principal, owner: asyncpg.Connection) -> Mapping[str, str]:
    """A real key of each scope."""
    return {
        key: (await auth.create_key(owner, principal.tenant_id, key, scopes))[1]
        for key, scopes in KEYS.items()
    }


async def test_a_route_of_the_gateway_answers_under_its_own_scope_alone(
    installation: Installation, keys: Mapping[str, str]
) -> None:
    settings = installation.settings
    routes = methods(graph_app.build(settings))
    assert routes.keys() == OPEN | ROUTES.keys()
    for path, scope in ROUTES.items():
        url = f"{installation.gateway}{path.format(version='x')}"
        assert (await installation.ask(url, routes[path]))[0] == 401, path
        for key, secret in keys.items():
            headers = {"authorization": f"Bearer {secret}"}
            status, _ = await installation.ask(url, routes[path], headers)
            assert status < 500, (path, key, status)
            assert (status != 403) == (scope in KEYS[key]), (path, key, status)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_a_route_of_a_service_answers_under_its_own_scope_alone(
    service: Service, installation: Installation, principal: Principal
) -> None:
    settings = installation.settings
    routes = methods(build(service, settings))
    needed = {
        "/log": LOG_SCOPE,
        "/log/end": LOG_SCOPE,
        **{
            f"/v1/{route.name}": scope
            for declared in (service.bulk_routes, service.foreign_routes)
            for scope, listed in declared.items()
            for route in listed
        },
    }
    assert routes.keys() == needed.keys() | {f"/rpc/{service.name}", "/healthz", "/readyz"}
    for path, scope in needed.items():
        url = f"{settings.service_url(service.name)}{path}"
        assert (await installation.ask(url, routes[path]))[0] in REFUSED, path
        for key, scopes in KEYS.items():
            sealed = Signer(settings).seal(replace(principal, scopes=scopes))
            status, _ = await installation.ask(url, routes[path], {auth.HEADER: sealed})
            assert status < 500, (path, key, status)
            assert (status not in REFUSED) == (scope in scopes), (path, key, status)


def methods(app: Starlette) -> dict[str, str]:
    """How each route is asked, by its path."""
    by_path: dict[str, str] = {}
    for route in app.routes:
        path = getattr(route, "path", "")
        allowed = getattr(route, "methods", None) or {"GET"}
        by_path[path or "/"] = "POST" if "POST" in allowed else "GET"
    return by_path


async def test_a_subscription_begins_under_its_own_scope_alone(
    installation: Installation, keys: Mapping[str, str]
) -> None:
    url = f"{installation.gateway}/graphql"
    for name in object_type("Subscription").fields:
        query = {"query": f"subscription {{ {name} {{ __typename }} }}"}
        for key, secret in keys.items():
            headers = {"authorization": f"Bearer {secret}", "accept": "text/event-stream"}
            async with installation.session.post(url, json=query, headers=headers) as response:
                assert response.content_type == "text/event-stream"
                refused = NotPermitted.code in await first_of(response.content)
            assert refused != (FIELDS[underscored(name)] in KEYS[key]), (name, key)


async def first_of(stream: aiohttp.StreamReader) -> str:
    """The first event; nothing where none comes soon, as on a stream that waits for news."""
    try:
        return (await asyncio.wait_for(stream.readuntil(b"}]}"), 1)).decode()
    except TimeoutError:
        return ""


def underscored(name: str) -> str:
    (field,) = (field for field in FIELDS if to_camel_case(field) == name)
    return field


@strawberry.type
class Invoice:
    amount: int


@strawberry.type
class Deed:
    invoice: Invoice


@strawberry.type
class Deeds:
    do: Deed


def test_neither_a_field_nor_a_route_of_the_gateway_exists_without_a_scope() -> None:
    def secret() -> str:
        return "told"

    secret.__module__ = "graph.keys"
    root = strawberry.type(type("Root", (), {"secret": strawberry.field(resolver=secret)}))

    with pytest.raises(LookupError, match="secret stands under no scope"):
        guard(root)
    with pytest.raises(TypeError, match="invoice must be nullable"):
        guard_payloads(Deeds)
    with pytest.raises(KeyError, match="/v1/secrets"):
        graph_app._key_route("/v1/secrets", "GET", graph_app._report)
