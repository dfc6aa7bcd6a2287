-- What accounts tells the model about an account at a landmark. Only rows recorded before the landmark count.
-- Of several running contracts the one whose renewal is still undecided speaks, then the latest begun. Once the
-- running one is renewed, the next, already signed, speaks: its renewal is the one in question.
-- Of accounts older than what is on record of them, `blind_before` is the day the records begin: counts over windows that
-- reach back behind it are null, unless something is known of that time, and of leavers unless one is known.
-- $3, null for everything: only one half, 0 or 1, of tickets, and of members but for their number, which is no sample,
-- by the last digit of their id's MD5.
SELECT coalesce(
    (SELECT jsonb_object_agg('trait_' || t.key, t.value) FROM jsonb_each(a.traits) AS t), '{}'
  ) || jsonb_build_object(
    'trait_industry', a.industry,
    'account_age_days', l.day - least((a.created_at AT TIME ZONE 'UTC')::date, c.first_start_on),
    'intended_users', a.intended_users,
    'spell_age_days', l.day - c.spell_start_on,
    'returned', c.returned,
    'contract_term_months', c.term_months,
    'days_to_renewal', c.renewal_on - l.day,
    'renewal_nearness', CASE WHEN c.term_months = 1 THEN 0.5 WHEN c.renewal_on < l.day THEN 1.0 ELSE exp(-(c.renewal_on - l.day) / 274.0) END,
    'auto_renew', c.agreed,
    'auto_renew_off', c.agreed AND NOT c.auto_renew,
    'notice_given', c.notice_given,
    'notice_days', c.notice_days,
    'seats', c.seats,
    'seats_per_intended_user', c.seats / nullif(a.intended_users, 0)::float8,
    'renewals', c.renewals,
    'members', m.members,
    'members_per_seat', m.members / nullif(c.seats, 0)::float8,
    'member_level', m.level,
    'members_left_182d', CASE WHEN c.blind_before > l.day - 182 THEN nullif(m.left_182d, 0) ELSE m.left_182d END,
    'admins_left_182d', CASE WHEN c.blind_before > l.day - 182 THEN nullif(m.admins_left_182d, 0) ELSE m.admins_left_182d END,
    'admins_left_364d', CASE WHEN c.blind_before > l.day - 364 THEN nullif(m.admins_left_364d, 0) ELSE m.admins_left_364d END,
    'onboarding_days_to_join', m.joined,
    'admin_left_lately', CASE WHEN c.blind_before > l.day - 364 THEN nullif(m.admin_left, 0) ELSE m.admin_left END,
    'tickets_90d', CASE WHEN least(c.blind_before, k.told_on) <= l.day - 90 OR c.blind_before IS NULL THEN k.tickets END,
    'tickets_high_90d', CASE WHEN least(c.blind_before, k.told_on) <= l.day - 90 OR c.blind_before IS NULL THEN k.tickets_high END,
    'tickets_open', k.open,
    'ticket_first_reply_hours_182d', k.reply_hours,
    'tickets_per_year_and_root_seat', (k.ever + 2) / (1 + sqrt(c.seats) * greatest(0,
      l.day - greatest(c.first_start_on, CASE WHEN c.blind_before IS NOT NULL THEN least(c.blind_before, k.told_on) END)) / 365.25),
    'tickets_high_share', (k.ever_high + 1) / (k.ever + 4.0),
    'ticket_first_reply_hours', k.reply_hours_ever,
    'ticket_resolution_hours', k.resolution_hours_ever
  ) AS features
FROM (
  SELECT number, account_id, as_of, (as_of AT TIME ZONE 'UTC')::date AS day
  FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS given (account_id, as_of, number)
) AS l
LEFT JOIN LATERAL (
  SELECT * FROM accounts.account WHERE id = l.account_id AND recorded_at < l.as_of
  ORDER BY recorded_at DESC LIMIT 1
) AS a ON true
CROSS JOIN LATERAL (
  WITH newest AS MATERIALIZED (
    SELECT DISTINCT ON (id) *, start_on <= l.day AS begun,
      first_value(auto_renew) OVER (PARTITION BY id ORDER BY recorded_at) AS agreed,
      outcome = 'lost' OR (outcome = 'pending' AND ended_on IS NOT NULL) AS notice_given,
      outcome IN ('renewed', 'contracted', 'expanded') AS decided,
      (min(recorded_at) OVER () AT TIME ZONE 'UTC')::date AS told_on
    FROM accounts.contract WHERE account_id = l.account_id AND recorded_at < l.as_of
    ORDER BY id, recorded_at DESC
  ), unclosed AS (
    SELECT * FROM newest WHERE accounts.closes_on(end_on, auto_renew, ended_on, outcome) > l.day
  ), speaking AS (
    SELECT term_months, auto_renew, agreed, notice_given, notice_days, seats, coalesce(accounts.renewal_on(
      l.day, start_on, end_on, term_months, auto_renew, ended_on, outcome), end_on) AS renewal_on
    FROM unclosed WHERE begun OR EXISTS (SELECT FROM unclosed WHERE begun AND decided)
    ORDER BY decided, CASE WHEN begun THEN l.day - start_on ELSE start_on - l.day END, id LIMIT 1
  )
  SELECT first.*, spell.*, speaking.*
  FROM (
    SELECT min(start_on) AS first_start_on, CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE decided) END AS renewals,
      CASE WHEN min(start_on) < min(told_on) - 7 THEN min(told_on) END AS blind_before
    FROM newest
  ) AS first
  -- a spell begins with a contract that no earlier one leads up to, as in spells.sql
  CROSS JOIN (
    SELECT max(n.start_on) AS spell_start_on, CASE WHEN count(*) > 0 THEN count(*) > 1 END AS returned FROM newest AS n
    WHERE begun AND NOT EXISTS (
      SELECT FROM newest AS o WHERE o.start_on < n.start_on
      AND (o.decided OR accounts.closes_on(o.end_on, o.auto_renew, o.ended_on, o.outcome) + 30 >= n.start_on))
  ) AS spell LEFT JOIN speaking ON true
) AS c
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE here) AS members, avg(level) FILTER (WHERE here AND told)::float8 AS level,
    exp((ln(10.0) + coalesce(sum(ln(joined + 1)), 0)) / (1 + count(joined)))::float8 AS joined,
    count(*) FILTER (WHERE told AND gone >= l.as_of - interval '182 days') AS left_182d,
    count(*) FILTER (WHERE told AND gone >= l.as_of - interval '182 days' AND role = 'admin') AS admins_left_182d,
    count(*) FILTER (WHERE told AND gone >= l.as_of - interval '364 days' AND role = 'admin') AS admins_left_364d,
    coalesce(exp(-extract(epoch FROM l.as_of - max(gone) FILTER (WHERE told AND role = 'admin')) / 86400 / 182), 0)::float8 AS admin_left
  FROM (
    SELECT DISTINCT ON (id) role, level, $3::int IS NULL OR ascii(right(md5(id::text), 1)) % 2 = $3 AS told,
      started_at < l.as_of AND (ended_at < l.as_of) IS NOT TRUE AS here,
      CASE WHEN ended_at < l.as_of THEN ended_at END AS gone,
      CASE WHEN started_at < l.as_of AND (started_at AT TIME ZONE 'UTC')::date BETWEEN c.spell_start_on AND c.spell_start_on + 120
        AND ($3::int IS NULL OR ascii(right(md5(id::text), 1)) % 2 = $3)
        THEN extract(epoch FROM started_at AT TIME ZONE 'UTC' - c.spell_start_on) / 86400 END AS joined
    FROM accounts.member
    WHERE account_id = l.account_id AND recorded_at < l.as_of ORDER BY id, recorded_at DESC
  ) AS newest
) AS m ON a.id IS NOT NULL
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE recent) AS tickets, count(*) FILTER (WHERE recent AND high) AS tickets_high,
    count(*) AS ever, count(*) FILTER (WHERE high) AS ever_high, (min(opened_at) AT TIME ZONE 'UTC')::date AS told_on,
    count(*) FILTER (WHERE (resolved_at < l.as_of) IS NOT TRUE) AS open,
    avg(extract(epoch FROM first_reply_at - opened_at) / 3600) FILTER (
      WHERE opened_at >= l.as_of - interval '182 days' AND first_reply_at < l.as_of)::float8 AS reply_hours,
    exp((ln(8.0) + coalesce(sum(ln(replied)), 0)) / (1 + count(replied)))::float8 AS reply_hours_ever,
    exp((ln(24.0) + coalesce(sum(ln(solved)), 0)) / (1 + count(solved)))::float8 AS resolution_hours_ever
  FROM (
    SELECT DISTINCT ON (id) opened_at, first_reply_at, resolved_at, opened_at >= l.as_of - interval '90 days' AS recent,
      severity IN ('high', 'urgent') AS high,
      CASE WHEN first_reply_at < l.as_of THEN greatest(extract(epoch FROM first_reply_at - opened_at) / 3600, 0.1) END AS replied,
      CASE WHEN resolved_at < l.as_of THEN greatest(extract(epoch FROM resolved_at - opened_at) / 3600, 0.1) END AS solved
    FROM accounts.ticket
    WHERE account_id = l.account_id AND recorded_at < l.as_of
      AND ($3::int IS NULL OR ascii(right(md5(id::text), 1)) % 2 = $3)
    ORDER BY id, recorded_at DESC
  ) AS newest
  WHERE opened_at < l.as_of
) AS k ON a.id IS NOT NULL
ORDER BY l.number
