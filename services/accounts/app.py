"""The accounts process: customers, their people, contracts and requests for support."""

from services.accounts.actions import accounts as account_actions
from services.accounts.actions import contracts as contract_actions
from services.accounts.actions import members as member_actions
from services.accounts.actions import tickets as ticket_actions
from services.accounts.store import accounts, contracts, landmarks, members, tickets
from shared.process.service import Service, run

SERVICE = Service(
    name="accounts",
    reads=[
        accounts.accounts,
        accounts.external_ids,
        accounts.account_called,
        accounts.account_page,
        members.members,
        members.member_pages,
        contracts.contracts,
        contracts.open_contracts,
        contracts.contract_pages,
        contracts.standings,
        contracts.under_contract,
        tickets.support,
        landmarks.features,
        landmarks.dictionary,
        landmarks.spells,
    ],
    commands=[
        account_actions.account_upsert,
        member_actions.members_upsert,
        contract_actions.contract_upsert,
    ],
    kinds=[
        account_actions.ACCOUNTS,
        member_actions.MEMBERS,
        contract_actions.CONTRACTS,
        ticket_actions.TICKETS,
    ],
)

if __name__ == "__main__":
    run(SERVICE)
