"""Who a member is."""

from datetime import datetime
from functools import partial

import strawberry

from services.accounts.store import members as members_store
from shared.graphql.fields import answered, missing
from shared.graphql.objects import Account, Part

of_member = partial(answered, members_store.members, absent=missing("member"))


@strawberry.type
class MemberFields(Part):
    account: Account | None = of_member("The account the member belongs to.", of="account_id")
    external_id: str | None = of_member(
        "The member's id in the source system; null if there is none.", of="external_id"
    )
    email: str | None = of_member("E-mail address; null if unknown.", of="email")
    role: str | None = of_member("The member's role, e.g. admin; null if unknown.", of="role")
    level: int | None = of_member("Knowledge of the product, 0 to 4; null if unknown.", of="level")
    first_seen_at: datetime | None = of_member(
        "When the member started, or when we first heard of the member.", of="started_at"
    )
    left_at: datetime | None = of_member(
        "When the member left; null while the member is still there.", of="ended_at"
    )
