"""Who may ask what: every root field and route with a key of each single scope, and of none."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import asyncpg
import msgspec
import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)
from starlette.applications import Starlette
from strawberry.utils.str_converters import to_camel_case

from graph import app as gateway
from graph.scopes import FIELDS, ROUTES, guarded
from services.risk.actions import models as models_actions
from services.risk.domain.queue import UpdateReason
from services.risk.store import queue as queue_store
from shared.platform import auth
from shared.platform.auth import SCOPES, Principal, Signer
from shared.platform.config import Settings
from shared.process.rpc import Call, Declared, Reply, Request, Rpc, declared
from shared.process.service import LOG_SCOPE, Service, build
from shared.vocabulary.errors import NotPermitted
from shared.vocabulary.ids import global_id
from tests.conftest import DatabaseOf
from tests.graph import questions as walk
from tests.graph.questions import BUILT
from tests.graph.suite import ACCOUNTS, SERVICES, Suite, fill, of, take
from tests.services.learning.rows import course, drained, hears, teach, told
from tests.services.risk.given import a_model
from tests.serving import serving

KEYS: Mapping[str, tuple[str, ...]] = {"none": (), **{scope: (scope,) for scope in SCOPES}}
"""A key of each single scope, and one of none."""
DECLARED: Mapping[str, Declared] = {
    name: one
    for service in SERVICES
    for name, one in declared(service.reads, service.commands).items()
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
    "apiKeyRevoke": {
        *(("apiKey", part) for part in ("name", "prefix", "scopes", "createdAt", "revokedAt"))
    },
}
"""What a key without `read` is told of its own deed."""
OWN_WORDS = {"id", "asOf", "from", "to", "cursor", "startCursor", "endCursor", "startAt"}
"""Fields that repeat what the caller gave."""
ANY = {
    "Boolean": "true", "Int": "1", "Float": "0.5", "String": '"x"', "WideInt": "100",
    "Date": '"2026-01-01"', "DateTime": '"2026-01-01T00:00:00Z"',
}  # fmt: skip
"""A value of each scalar."""


class Recorder(Rpc):
    """Remembers which functions were asked for."""

    def __init__(self, settings: Settings, rpc: Rpc) -> None:
        super().__init__(settings, local=rpc._local)
        self.asked: list[str] = []

    async def batch(self, *arguments: Any, **options: Any) -> list[Any]:
        calls: Iterable[Call] = arguments[1]
        self.asked += [call.function.name for call in calls]
        return await super().batch(*arguments, **options)


@dataclass
class Questions:
    """Root fields with every argument they require; `values` by argument, or `field.argument`."""

    suite: Suite
    values: Mapping[str, str]

    def query(self, root: str, name: str, selection: str = "__typename") -> str:
        """One root field with all it requires."""
        field = fields(root)[name]
        if root == "Mutation":
            selection += " userErrors { field message }"
        arguments = {
            argument: value
            for argument, given in field.args.items()
            if (value := self.values.get(f"{name}.{argument}"))
            or (is_required_argument(given) and (value := self.value(given.type, argument)))
        }
        told = ", ".join(f"{argument}: {value}" for argument, value in arguments.items())
        call = f"{name}({told})" if told else name
        inner = f" {{ {selection} }}" if is_composite_type(get_named_type(field.type)) else ""
        return f"{root.lower()} {{ {call}{inner} }}"

    def value(self, kind: GraphQLInputType, name: str) -> str:
        """What is known under that name, or anything of the type."""
        if name in self.values:
            return self.values[name]
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, name)
        if isinstance(kind, GraphQLList):
            return f"[{self.value(kind.of_type, name)}]"
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return f"{{{', '.join(self._parts(kind.fields))}}}"
        return ANY[get_named_type(kind).name]

    def _parts(self, parts: Mapping[str, GraphQLInputField]) -> Iterator[str]:
        for name, part in parts.items():
            if is_required_input_field(part):
                yield f"{name}: {self.value(part.type, name)}"


def fields(root: str) -> Mapping[str, GraphQLField]:
    kind = BUILT.type_map[root]
    assert isinstance(kind, GraphQLObjectType)
    return kind.fields


@pytest.fixture
async def suite(settings: Settings, database: DatabaseOf) -> Suite:
    suite = await of(settings, database)
    suite.rpc = Recorder(settings, suite.rpc)
    return suite


@pytest.fixture
async def questions(suite: Suite, principal: Principal) -> Questions:
    """A tenant in which every mutation has something to work on."""
    account, *_ = await fill(suite, principal, 1)
    row = {"accountId": str(account), "externalId": "kim"}
    (member,) = await take(suite, principal, ACCOUNTS, "members", [row])
    models = [a_model(), a_model(use=-0.5)]
    async with suite.databases["risk"].write(principal.tenant_id) as conn:
        await queue_store.ask(conn, [account], UpdateReason.NEW_DATA)
        for model in models:
            await models_actions.publish(conn, model, principal)
    async with suite.access.write(principal.tenant_id) as conn:
        key, _ = await auth.create_key(conn, principal.tenant_id, "old", ())
    learning = suite.databases["learning"]
    await hears(learning, told(principal.tenant_id, account, member))
    await teach(learning, principal, course("x"))
    await drained(learning)
    account_id = f'"{global_id("Account", account)}"'
    return Questions(
        suite,
        {
            "accountId": account_id,
            "accountIds": f"[{account_id}]",
            "account.id": account_id,
            "node.id": account_id,
            "nodes.ids": f"[{account_id}]",
            "memberId": f'"{global_id("Member", member)}"',
            "id": f'"{global_id("ApiKey", key.key_id)}"',
            "version": f'"{models[0].version}"',
            "currency": '"EUR"',
            "scopes": '["read"]',
            "code": '"x"',
            "courseCode": '"x"',
            "usageRetentionSet.rawDays": "100",
        },
    )


async def scopes_of(questions: Questions, principal: Principal, root: str, name: str) -> set[str]:
    """What the declarations say: that of the gateway, or those of the functions it asks for."""
    rpc: Any = questions.suite.rpc
    rpc.asked.clear()
    result = await questions.suite.run(principal, questions.query(root, name))
    assert result.errors is None, (name, result.errors)
    assert complaints((result.data or {})[name]) == [], (name, result.data)
    own = {to_camel_case(field): scope for field, scope in FIELDS.items()}
    if name in own:
        return {scope for scope in (own[name],) if scope is not None}
    assert rpc.asked, f"{name} answers without asking anybody, and stands under no scope"
    return {DECLARED[function].scope for function in rpc.asked}


def complaints(answer: Any) -> list[Any]:
    return answer.get("userErrors", []) if isinstance(answer, dict) else []


async def refused(suite: Suite, caller: Principal, query: str) -> bool:
    """Whether it is refused for want of a scope; then nothing is told."""
    result = await suite.run(caller, query)
    without = [error for error in result.errors or [] if is_refusal(error)]
    assert len(without) == len(result.errors or []), result.errors
    assert not without or not any((result.data or {}).values()), result.data
    return bool(without)


def is_refusal(error: Any) -> bool:
    return isinstance(error.original_error, NotPermitted)


@pytest.mark.parametrize("root", ["Query", "Mutation"])
async def test_a_root_field_is_answered_under_the_scope_declared_for_it_alone(
    root: str, questions: Questions, principal: Principal
) -> None:
    wrong: list[tuple[str, str, bool]] = []
    for name in fields(root):
        needed = await scopes_of(questions, principal, root, name)
        for key, scopes in KEYS.items():
            caller = replace(principal, scopes=scopes)
            allowed = not await refused(questions.suite, caller, questions.query(root, name))
            if allowed != (needed <= set(scopes)):
                wrong.append((name, key, allowed))
    assert wrong == []


async def test_what_a_mutation_shows_is_for_who_may_read(
    questions: Questions, principal: Principal
) -> None:
    suite = questions.suite
    for name, field in fields("Mutation").items():
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        query = questions.query(
            "Mutation", name, walk.Questions(depth=DEPTH, omitted=OWN_WORDS).whole(payload)
        )
        (needed,) = await scopes_of(questions, principal, "Mutation", name)

        result = await suite.run(replace(principal, scopes=(needed,)), query)

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
    for name, one in DECLARED.items():
        body = msgspec.msgpack.encode([Request(name, msgspec.Raw(b"\x80"))])
        for key, scopes in KEYS.items():
            caller = replace(principal, scopes=scopes)
            answer = await exposed[one.function.service].answer(caller, body)
            (reply,) = msgspec.msgpack.decode(answer, type=list[Reply])
            assert (reply.code != NotPermitted.code) == (one.scope in scopes), (name, key)


@dataclass(frozen=True)
class Installation:
    """Five services and the gateway on real ports, and a key of each scope."""

    settings: Settings
    session: aiohttp.ClientSession
    keys: Mapping[str, str]

    async def status(self, url: str, method: str, headers: Mapping[str, str]) -> int:
        async with self.session.request(method, url, data=b"[]", headers=headers) as response:
            return response.status


@pytest.fixture
async def installation(
    settings: Settings, principal: Principal, owner: asyncpg.Connection
) -> AsyncIterator[Installation]:
    keys = {
        key: (await auth.create_key(owner, principal.tenant_id, key, scopes))[1]
        for key, scopes in KEYS.items()
    }
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            port = settings.service_port(service.name)
            await stack.enter_async_context(serving(build(service, settings), port))
        await stack.enter_async_context(serving(gateway.build(settings), settings.port))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Installation(settings, session, keys)


async def test_a_route_of_the_gateway_answers_under_its_own_scope_alone(
    installation: Installation,
) -> None:
    settings = installation.settings
    routes = methods(gateway.build(settings))
    assert routes.keys() == OPEN | ROUTES.keys()
    for path, scope in ROUTES.items():
        url = f"http://127.0.0.1:{settings.port}{path.format(version='x')}"
        assert await installation.status(url, routes[path], {}) == 401, path
        for key, secret in installation.keys.items():
            headers = {"authorization": f"Bearer {secret}"}
            status = await installation.status(url, routes[path], headers)
            assert status < 500, (path, key, status)
            assert (status != 401) == (scope in KEYS[key]), (path, key, status)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_a_route_of_a_service_answers_under_its_own_scope_alone(
    service: Service, installation: Installation, principal: Principal
) -> None:
    settings = installation.settings
    routes = methods(build(service, settings))
    needed = {
        "/log": LOG_SCOPE,
        "/log/end": LOG_SCOPE,
        **{f"/v1/{kind.name}": scope for scope, kinds in service.kinds.items() for kind in kinds},
        **{f"/v1/{one.name}": scope for scope, inlets in service.inlets.items() for one in inlets},
    }
    assert routes.keys() == needed.keys() | {f"/rpc/{service.name}", "/healthz", "/readyz"}
    for path, scope in needed.items():
        url = f"{settings.service_url(service.name)}{path}"
        assert await installation.status(url, routes[path], {}) in REFUSED, path
        for key, scopes in KEYS.items():
            sealed = Signer(settings).seal(replace(principal, scopes=scopes))
            status = await installation.status(url, routes[path], {auth.HEADER: sealed})
            assert status < 500, (path, key, status)
            assert (status not in REFUSED) == (scope in scopes), (path, key, status)


def methods(app: Starlette) -> dict[str, str]:
    """How each route is asked, by its path."""
    asked: dict[str, str] = {}
    for route in app.routes:
        path = getattr(route, "path", "")
        allowed = getattr(route, "methods", None) or {"GET"}
        asked[path or "/"] = "POST" if "POST" in allowed else "GET"
    return asked


async def test_a_subscription_begins_under_its_own_scope_alone(installation: Installation) -> None:
    url = f"http://127.0.0.1:{installation.settings.port}/graphql"
    for name in fields("Subscription"):
        query = {"query": f"subscription {{ {name} {{ __typename }} }}"}
        for key, secret in installation.keys.items():
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


def test_neither_a_field_nor_a_route_of_the_gateway_exists_without_a_scope() -> None:
    def secret() -> str:
        return "told"

    secret.__module__ = "graph.keys"
    root = strawberry.type(type("Root", (), {"secret": strawberry.field(resolver=secret)}))

    with pytest.raises(LookupError, match="secret stands under no scope"):
        guarded(root)
    with pytest.raises(KeyError, match="/v1/secrets"):
        gateway._keyed("/v1/secrets", "GET", gateway._report)
