"""Which contracts will not renew, and why: scores, drivers, history."""
