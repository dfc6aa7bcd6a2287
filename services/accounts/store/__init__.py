"""Every query on the schema of accounts, by noun."""
