-- What an event needs, asked for at once: from here to the end of the transaction no account becomes known
-- (many may hold at a time), so an event cannot be put aside as pending at the very moment its account becomes known.
-- The lock comes first: what is read after it is read by a statement of its own, which sees what was there by then.
-- Accounts are looked up one by one: a kept plan made while there were few would read them all.
CREATE FUNCTION hold_accounts(ids uuid[], sources text[], externals text[])
RETURNS TABLE (time_zone text, kept_since timestamptz, rejects boolean, after_days int, recorded_at timestamptz,
               by_id uuid[], by_external uuid[])
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('usage:' || current_setting('tenure.tenant'), 0));
  RETURN QUERY
  SELECT (SELECT c.time_zone FROM calendar AS c),
         (SELECT nullif(r.raw_since, '-infinity') FROM retention AS r),
         coalesce(newest.rejects, false), coalesce(newest.after_days, 30), newest.recorded_at,
         ARRAY(SELECT (SELECT k.account_id FROM known_account AS k WHERE k.account_id = asked.id)
               FROM unnest(ids) WITH ORDINALITY AS asked (id, place) ORDER BY place),
         ARRAY(SELECT (SELECT k.account_id FROM known_external AS k
                       WHERE k.source = asked.source AND k.external_id = asked.id)
               FROM unnest(sources, externals) WITH ORDINALITY AS asked (source, id, place) ORDER BY place)
  FROM (SELECT) AS one
  LEFT JOIN (SELECT p.rejects, p.after_days, p.recorded_at FROM late_policy AS p ORDER BY p.recorded_at DESC LIMIT 1)
    AS newest ON true;
END $$;

-- Keep new events, add them to their days and mark their accounts; the keys that were new.
-- Events come sorted by key, and all else is sorted here: batches that overlap then wait for one another in one order.
CREATE FUNCTION keep_events(keys bytea[], account_ids uuid[], occurred timestamptz[], recorded timestamptz[],
                            quantities float8[], bodies bytea[], features text[], members text[], said text[],
                            zone text, news_list text, trace text) RETURNS bytea[]
LANGUAGE plpgsql SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan AS $$
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

-- As before, but each new row looks up its own earlier ones: for an empty table the planner would choose to read
-- all of the tenant's, and the plan stays.
CREATE OR REPLACE FUNCTION keep_first_use() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  INSERT INTO first_use AS f (tenant_id, account_id, feature, member, day, known_on, recorded_at)
  SELECT n.tenant_id, n.account_id, n.feature, n.member, n.day, n.known_on, n.recorded_at
  FROM (
    -- of the statement's own rows, too, only those known sooner than every earlier day
    SELECT *, min(known_on) OVER (
      PARTITION BY tenant_id, account_id, feature, member ORDER BY day, known_on
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS sooner
    FROM fresh
  ) AS n
  WHERE (n.sooner IS NULL OR n.known_on < n.sooner) AND NOT EXISTS (
    SELECT FROM first_use AS o
    WHERE o.tenant_id = n.tenant_id AND o.account_id = n.account_id AND o.feature = n.feature
      AND o.member = n.member AND o.day <= n.day AND o.known_on <= n.known_on
    OFFSET 0  -- one by one
  )
  ORDER BY n.account_id, n.feature, n.member, n.day, n.known_on
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
