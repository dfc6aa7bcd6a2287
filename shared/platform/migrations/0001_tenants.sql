-- Every table of a tenant goes through protect(): forced row-level security, one policy.
CREATE PROCEDURE protect(relation regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
  EXECUTE format(
    'CREATE POLICY of_tenant ON %s USING (tenant_id = nullif(current_setting(''tenure.tenant'', true), '''')::uuid)',
    relation);
END $$;

-- The narrow definer functions below act as the owner, which forced row-level security binds as well.
CREATE PROCEDURE open_to_owner(relation regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE POLICY of_owner ON %s TO CURRENT_USER USING (true)', relation);
END $$;
