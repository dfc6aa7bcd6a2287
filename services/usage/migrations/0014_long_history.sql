-- In which accounts a name was used, account by account: a name with a long history costs no more than one with many.
DROP INDEX first_use_member;
CREATE INDEX first_use_member ON first_use (tenant_id, member, account_id);
