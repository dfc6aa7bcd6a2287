-- Customers under contract at a moment ($1) in some contract ages ($2, of those that begin with the months in $3),
-- at most $4 of each age, always the same ones: with whom to compare while nobody was measured.
SELECT account_id FROM (
  SELECT b.account_id, row_number() OVER (PARTITION BY a.age_band ORDER BY md5(b.account_id::text)) AS place
  FROM (
    SELECT account_id, min(start_on) AS since,
           (array_agg(end_on ORDER BY start_on DESC, contract_id))[1] AS end_on
    FROM (
      SELECT DISTINCT ON (p.account_id, p.contract_id) p.*
      FROM usage.purchased AS p CROSS JOIN usage.clock($1) AS c
      WHERE p.recorded_at <= c.as_of AND p.start_on <= c.last_day
      ORDER BY p.account_id, p.contract_id, p.recorded_at DESC
    ) AS contract
    GROUP BY account_id
  ) AS b
  CROSS JOIN usage.clock($1) AS c
  CROSS JOIN LATERAL (
    SELECT width_bucket(extract(year FROM age(c.last_day, b.since))::int * 12
                        + extract(month FROM age(c.last_day, b.since))::int, $3::int[]) - 1 AS age_band
  ) AS a
  LEFT JOIN LATERAL usage.told_of(b.account_id, c.as_of) AS t ON true
  WHERE a.age_band = ANY ($2::int[]) AND (b.end_on IS NULL OR b.end_on > c.last_day) AND t.internal IS NOT TRUE
) AS placed
WHERE place <= $4
