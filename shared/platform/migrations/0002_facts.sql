-- The durable log. emit() in the writer's transaction -> outbox -> relay_step() -> event_log with gap-free positions.

-- The row lock orders the writers of one account, so its sequence is its commit order, without gaps.
CREATE TABLE account_stream (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  sequence bigint NOT NULL,
  PRIMARY KEY (tenant_id, account_id)
) WITH (fillfactor = 70);
CALL protect('account_stream');

-- Short-lived. Its id is no cursor: ids are taken before commit.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  event_id uuid NOT NULL DEFAULT uuidv7(),
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  payload jsonb NOT NULL,
  occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  trace text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
CALL protect('outbox');
CALL open_to_owner('outbox');

CREATE TABLE event_log (
  position bigint NOT NULL,
  event_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  payload jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  logged_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  trace text,
  PRIMARY KEY (position)
) PARTITION BY RANGE (position);
CREATE INDEX ON event_log (tenant_id, position);
CREATE INDEX ON event_log (tenant_id, account_id, sequence);
CALL protect('event_log');
CALL open_to_owner('event_log');

CREATE TABLE log_head (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL,
  partitions_end bigint NOT NULL
);
INSERT INTO log_head VALUES (true, 0, 0);
ALTER TABLE log_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE log_head FORCE ROW LEVEL SECURITY;
CALL open_to_owner('log_head');

-- A partition read directly is not guarded by its parent's policy: each gets its own.
CREATE FUNCTION grow_log(rows_each bigint DEFAULT 5000000) RETURNS void LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
  start_at bigint := (SELECT partitions_end FROM log_head);
  name text := 'event_log_' || (start_at / rows_each);
BEGIN
  EXECUTE format('CREATE TABLE %I PARTITION OF event_log FOR VALUES FROM (%s) TO (%s)', name, start_at, start_at + rows_each);
  EXECUTE format('CALL protect(%L)', name);
  EXECUTE format('CALL open_to_owner(%L)', name);
  EXECUTE format('REVOKE ALL ON %I FROM %I', name, 'tenure_' || current_schema());
  UPDATE log_head SET partitions_end = start_at + rows_each;
END $$;
SELECT grow_log(), grow_log();

-- One server-side statement: a client killed at any point can neither lose nor hold anything.
CREATE FUNCTION relay_step(most int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  head log_head;
  moved int;
BEGIN
  SELECT * INTO head FROM log_head FOR UPDATE SKIP LOCKED;  -- one sequencer, any number of standbys
  IF NOT FOUND THEN RETURN -1; END IF;
  IF head.position + most >= head.partitions_end THEN PERFORM grow_log(); END IF;
  WITH batch AS (
    DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT id FROM outbox ORDER BY id LIMIT most)) RETURNING *
  ), logged AS (
    INSERT INTO event_log (position, event_id, tenant_id, account_id, sequence, type, payload, occurred_at, trace)
    SELECT head.position + row_number() OVER (ORDER BY id),
           event_id, tenant_id, account_id, sequence, type, payload, occurred_at, trace
    FROM batch RETURNING 1
  )
  SELECT count(*) INTO moved FROM logged;
  IF moved > 0 THEN
    UPDATE log_head SET position = head.position + moved;
    PERFORM pg_notify(current_schema() || '_log', (head.position + moved)::text);  -- the only notifier of the service
  END IF;
  RETURN moved;
END $$;

CREATE FUNCTION emit(about uuid, fact_type text, fact jsonb, trace text DEFAULT NULL) RETURNS bigint LANGUAGE sql
SET search_path FROM CURRENT AS $$
  WITH stream AS (
    INSERT INTO account_stream AS s VALUES (current_setting('tenure.tenant')::uuid, about, 1)
    ON CONFLICT (tenant_id, account_id) DO UPDATE SET sequence = s.sequence + 1
    RETURNING tenant_id, sequence
  )
  INSERT INTO outbox (tenant_id, account_id, sequence, type, payload, trace)
  SELECT tenant_id, about, sequence, fact_type, fact, trace FROM stream RETURNING sequence
$$;

-- Positions and tenants only; whoever reads the rows does it as the application role with that tenant set.
CREATE FUNCTION log_positions(after bigint, most int) RETURNS TABLE (pos bigint, tenant uuid) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT position, tenant_id FROM event_log WHERE position > after ORDER BY position LIMIT most
$$;
CREATE FUNCTION log_end() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT position FROM log_head
$$;

-- The consumer's side: offset and effect commit together.
CREATE TABLE consumer_offset (
  source text PRIMARY KEY,
  position bigint NOT NULL,
  tries int NOT NULL DEFAULT 0
);
ALTER TABLE consumer_offset ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumer_offset FORCE ROW LEVEL SECURITY;
CREATE POLICY of_service ON consumer_offset USING (true);

CREATE TABLE dead_letter (
  tenant_id uuid NOT NULL,
  source text NOT NULL,
  position bigint NOT NULL,
  account_id uuid NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  payload jsonb NOT NULL,
  error text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  PRIMARY KEY (tenant_id, source, position)
);
CALL protect('dead_letter');
