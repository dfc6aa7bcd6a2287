"""The accounts process: customers, their people, contracts and requests for support."""

from services.accounts.actions import accounts as accounts_actions
from services.accounts.actions import contracts as contracts_actions
from services.accounts.actions import members as members_actions
from services.accounts.actions import tickets as tickets_actions
from services.accounts.store import accounts, contracts, landmarks, members, tickets
from shared.process.service import Service, run

SERVICE = Service(
    name="accounts",
    reads={
        "read": [
            accounts.accounts,
            accounts.external_ids,
            accounts.account_called,
            accounts.accounts_named,
            accounts.account_page,
            members.members,
            members.member_pages,
            contracts.contracts,
            contracts.open_contracts,
            contracts.contract_pages,
            contracts.standings,
            tickets.support,
        ],
        "ml": [landmarks.features, landmarks.dictionary, landmarks.spells],
    },
    commands={
        "ingest": [
            accounts_actions.account_upsert,
            members_actions.members_upsert,
            contracts_actions.contract_upsert,
        ],
    },
    bulk_routes={
        "ingest": [
            accounts_actions.ACCOUNTS,
            members_actions.MEMBERS,
            contracts_actions.CONTRACTS,
            tickets_actions.TICKETS,
        ],
    },
)

if __name__ == "__main__":
    run(SERVICE)
