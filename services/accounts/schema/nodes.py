"""What `node(id)` can fetch from accounts."""

from services.accounts.schema.values import Contract
from services.accounts.store import accounts as accounts_store
from services.accounts.store import contracts as contracts_store
from services.accounts.store import members as members_store
from shared.graphql.fields import by_id
from shared.graphql.objects import Account, Member

NODES = {
    "Account": by_id(accounts_store.accounts, Account, of="id"),
    "Member": by_id(members_store.members, Member, of="id"),
    "Contract": by_id(contracts_store.contracts, Contract),
}
