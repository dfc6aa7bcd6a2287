-- Members in versions: what accounts told when. Of those already here no more is known than how they are now; they
-- count, as before, from when they began.
ALTER TABLE learner ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE learner NO FORCE ROW LEVEL SECURITY;  -- of every tenant: for this one statement the owner is not bound
UPDATE learner SET recorded_at = least(added_at, now());
ALTER TABLE learner FORCE ROW LEVEL SECURITY;
ALTER TABLE learner DROP CONSTRAINT learner_pkey, ADD PRIMARY KEY (tenant_id, member_id, recorded_at);
DROP INDEX learner_tenant_id_account_id_idx;
CREATE INDEX ON learner (tenant_id, account_id, member_id, recorded_at DESC) INCLUDE (added_at, ended_at);

-- Who learned at an account at a moment, as far as was known then.
CREATE FUNCTION learners_at(asked uuid, moment timestamptz) RETURNS TABLE (member_id uuid) LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT m.member_id
  FROM (
    SELECT DISTINCT ON (v.member_id) v.member_id, v.added_at, v.ended_at FROM learner AS v
    WHERE v.account_id = asked AND v.recorded_at <= moment
    ORDER BY v.member_id, v.recorded_at DESC
  ) AS m
  WHERE m.added_at <= moment AND (m.ended_at IS NULL OR m.ended_at > moment);
END;
