-- Addresses that lead further than before: their account became known, or their person joined a group. Whatever waits
-- under them is taken in bites by a work list; an address stays here until nothing waits under it any more.
CREATE TABLE due_address (
  tenant_id uuid NOT NULL,
  account_id uuid,
  external_source text,
  external_id text,
  UNIQUE NULLS NOT DISTINCT (tenant_id, account_id, external_source, external_id)
);
CALL protect('due_address');

-- How many events wait: the sum of a tenant's rows. Each transaction adds to a row that nobody else has locked, so that
-- nobody waits for anybody; there are as many rows as transactions ever ran at once.
CREATE TABLE pending_count (
  tenant_id uuid NOT NULL,
  slot uuid NOT NULL DEFAULT gen_random_uuid(),
  events bigint NOT NULL,
  PRIMARY KEY (tenant_id, slot)
) WITH (fillfactor = 50);
CALL protect('pending_count');

CREATE FUNCTION count_pending() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  tenant uuid;
  change bigint;
BEGIN
  FOR tenant, change IN SELECT c.tenant_id, count(*) FROM changed AS c GROUP BY c.tenant_id LOOP
    change := CASE TG_OP WHEN 'DELETE' THEN -change ELSE change END;
    UPDATE pending_count AS p SET events = p.events + change
    WHERE p.tenant_id = tenant AND p.slot = (
      SELECT f.slot FROM pending_count AS f WHERE f.tenant_id = tenant LIMIT 1 FOR UPDATE SKIP LOCKED);
    IF NOT FOUND THEN
      INSERT INTO pending_count (tenant_id, events) VALUES (tenant, change);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- For this one statement the owner is not bound by the tenant set.
ALTER TABLE pending_event NO FORCE ROW LEVEL SECURITY;
ALTER TABLE pending_count NO FORCE ROW LEVEL SECURITY;
INSERT INTO pending_count (tenant_id, events) SELECT tenant_id, count(*) FROM pending_event GROUP BY tenant_id;
ALTER TABLE pending_event FORCE ROW LEVEL SECURITY;
ALTER TABLE pending_count FORCE ROW LEVEL SECURITY;

CREATE TRIGGER count_more AFTER INSERT ON pending_event REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_pending();
CREATE TRIGGER count_less AFTER DELETE ON pending_event REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_pending();

-- As before, but an event that still waits is left to whoever takes it from there: it was told first.
CREATE OR REPLACE FUNCTION keep_events(keys bytea[], account_ids uuid[], occurred timestamptz[], recorded timestamptz[],
                            quantities float8[], bodies bytea[], features text[], members text[], said text[],
                            zone text, news_list text, trace text) RETURNS bytea[]
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  added bytea[];
  news uuid[];
BEGIN
  WITH fresh AS (
    INSERT INTO event
      (tenant_id, key, account_id, occurred_at, recorded_at, quantity, day, body, feature, member, properties)
    SELECT current_setting('tenure.tenant')::uuid, key, account_id, occurred_at, recorded_at, quantity,
           (occurred_at AT TIME ZONE zone)::date, body, feature, member, properties::jsonb
    FROM unnest(keys, account_ids, occurred, recorded, quantities, bodies, features, members, said)
         AS g (key, account_id, occurred_at, recorded_at, quantity, body, feature, member, properties)
    WHERE NOT EXISTS (SELECT FROM pending_event AS w WHERE w.key = g.key OFFSET 0)
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, key, account_id, occurred_at, recorded_at, quantity, day, feature, coalesce(member, '') AS member,
              (recorded_at AT TIME ZONE zone)::date AS known_on
  ), rolled AS (
    INSERT INTO daily AS d
      (tenant_id, account_id, day, member, feature, known_on, events, quantity, last_at, recorded_at)
    SELECT tenant_id, account_id, day, member, feature, known_on,
           count(*), sum(quantity::numeric), max(occurred_at), max(recorded_at)
    FROM fresh
    GROUP BY tenant_id, account_id, day, member, feature, known_on
    ORDER BY account_id, day, member, feature, known_on
    ON CONFLICT (tenant_id, account_id, day, member, feature, known_on) DO UPDATE SET
      events = d.events + EXCLUDED.events,
      quantity = d.quantity + EXCLUDED.quantity,
      last_at = greatest(d.last_at, EXCLUDED.last_at),
      recorded_at = greatest(d.recorded_at, EXCLUDED.recorded_at)
  ), listed AS (
    INSERT INTO feature (tenant_id, name, first_at)
    SELECT tenant_id, feature, min(recorded_at) FROM fresh GROUP BY tenant_id, feature ORDER BY feature
    ON CONFLICT DO NOTHING
  )
  SELECT array_agg(key), array_agg(DISTINCT account_id) INTO added, news FROM fresh;
  IF news IS NOT NULL THEN
    PERFORM mark_work(news_list, news, interval '0', trace);
  END IF;
  RETURN added;
END $$;
