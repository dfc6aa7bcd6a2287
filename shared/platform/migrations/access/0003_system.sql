-- "system" is one of our own processes, for which nothing is refused: no key may be one.
ALTER TABLE api_key ADD CONSTRAINT no_key_is_ours CHECK (NOT 'system' = ANY (scopes));
