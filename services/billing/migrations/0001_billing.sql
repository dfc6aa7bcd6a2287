-- What is billed and paid. A correction is a new row; reads take the newest that was recorded by their moment.

CREATE TABLE subscription (
  tenant_id uuid NOT NULL,
  id text NOT NULL,
  recorded_at timestamptz NOT NULL,
  account_id uuid NOT NULL,
  plan text NOT NULL,
  quantity bigint NOT NULL CHECK (quantity >= 0),
  unit_price_cents bigint NOT NULL CHECK (unit_price_cents >= 0),
  interval text NOT NULL CHECK (interval IN ('week', 'month', 'quarter', 'year')),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  discount_share numeric(7, 6) NOT NULL CHECK (discount_share BETWEEN 0 AND 1),
  started_at timestamptz NOT NULL,
  ended_at timestamptz CHECK (ended_at >= started_at),
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id, recorded_at)
);
CREATE INDEX ON subscription (tenant_id, account_id, id, recorded_at DESC);
CALL protect('subscription');

CREATE TABLE invoice (
  tenant_id uuid NOT NULL,
  id text NOT NULL,
  recorded_at timestamptz NOT NULL,
  account_id uuid NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  issued_at timestamptz NOT NULL,
  due_on date NOT NULL,
  paid_at timestamptz,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id, recorded_at)
);
CREATE INDEX ON invoice (tenant_id, account_id, id, recorded_at DESC);
CALL protect('invoice');

CREATE TABLE payment (
  tenant_id uuid NOT NULL,
  id text NOT NULL,
  recorded_at timestamptz NOT NULL,
  account_id uuid NOT NULL,
  invoice_id text NOT NULL,
  attempted_at timestamptz NOT NULL,
  succeeded boolean NOT NULL,
  decline_code text,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON payment (tenant_id, account_id, attempted_at);
CALL protect('payment');

CREATE TABLE payment_method (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  valid_from timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  id text NOT NULL,
  method text NOT NULL,
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, account_id, valid_from, recorded_at)
);
CALL protect('payment_method');

-- The rule of services/billing/domain.py: exact, then rounded half up to whole cents, line by line.
CREATE FUNCTION mrr_cents(quantity bigint, unit_price_cents bigint, every text, discount_share numeric)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT div(
    2 * quantity::numeric * unit_price_cents * CASE every WHEN 'week' THEN 52 ELSE 1 END * (1 - discount_share)
      + CASE every WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 ELSE 12 END,
    2 * CASE every WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 ELSE 12 END
  )::bigint
$$;
