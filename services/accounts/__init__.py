"""Who the customers are: accounts, members, contracts, tickets."""
