-- Unbroken time under contract, and why it was lost: voluntarily where nobody gave a reason. A gap of up to 30 days joins; a renewed contract lasts until the next begins;
-- one that nobody decided on lasts until 30 days after its end have passed without a word. known_on: the day a contract of it
-- was first heard of, if after its start; nothing could have been said of the account before.
WITH known AS (
  SELECT DISTINCT ON (id) account_id, id, start_on, end_on, auto_renew, ended_on, outcome, end_reason,
    ($1 AT TIME ZONE 'UTC')::date AS today,
    (min(recorded_at) OVER (PARTITION BY id) AT TIME ZONE 'UTC')::date AS known_on
  FROM accounts.contract WHERE recorded_at < $1
  ORDER BY id, recorded_at DESC
), covered AS (
  SELECT account_id, id, start_on, today, known_on, end_reason, CASE
    WHEN ended_on IS NOT NULL THEN ended_on
    WHEN outcome = 'lost' THEN end_on
    WHEN end_on IS NULL THEN 'infinity'::date
    WHEN outcome <> 'pending'
      THEN greatest(end_on, coalesce(lead(start_on) OVER by_start, 'infinity'::date))
    WHEN auto_renew OR end_on + 30 >= today THEN 'infinity'::date
    ELSE end_on
  END AS until
  FROM known WHERE start_on <= today
  WINDOW by_start AS (PARTITION BY account_id ORDER BY start_on, id)
), joined AS (
  SELECT *, start_on > coalesce(max(until) OVER earlier, '-infinity'::date) + 30 AS begins
  FROM covered
  WINDOW earlier AS (PARTITION BY account_id ORDER BY start_on, id ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW)
), numbered AS (
  SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY account_id ORDER BY start_on, id) AS spell
  FROM joined
)
SELECT account_id, min(start_on) AS start_on,
  CASE WHEN max(until) <= max(today) THEN max(until) END AS ended_on,
  CASE WHEN max(until) <= max(today)
    THEN coalesce((array_agg(end_reason ORDER BY until DESC, start_on DESC))[1], 'voluntary') END AS cause,
  CASE WHEN min(known_on) > min(start_on) THEN min(known_on) END AS known_on
FROM numbered GROUP BY account_id, spell ORDER BY account_id, start_on
