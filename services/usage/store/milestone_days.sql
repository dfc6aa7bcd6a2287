-- When each account reached each milestone: the day its k-th member had used every feature of it.
-- $3 to $6: one row for each milestone and feature, with how many members and how many features it takes.
WITH wanted AS (
  SELECT * FROM unnest($3::text[], $4::text[], $5::int[], $6::int[]) AS w(key, feature, k_users, features)
), seen AS MATERIALIZED (
  SELECT * FROM usage.first_uses($1, $4, $2)
), members AS (
  SELECT w.key, w.k_users, s.account_id, max(s.day) AS day, max(s.recorded_at) AS freshness
  FROM seen AS s JOIN wanted AS w USING (feature)
  WHERE w.k_users > 0 AND s.member <> ''
  GROUP BY w.key, w.k_users, w.features, s.account_id, s.member
  HAVING count(*) = w.features
), anyone AS (
  SELECT key, k_users, account_id, max(day) AS day, max(freshness) AS freshness
  FROM (
    SELECT w.key, w.k_users, w.features, s.account_id, s.feature, min(s.day) AS day, max(s.recorded_at) AS freshness
    FROM seen AS s JOIN wanted AS w USING (feature)
    WHERE w.k_users = 0
    GROUP BY w.key, w.k_users, w.features, s.account_id, s.feature
  ) AS first
  GROUP BY key, k_users, features, account_id
  HAVING count(*) = features
), ranked AS (
  SELECT key, k_users, account_id, day, freshness,
         row_number() OVER (PARTITION BY key, account_id ORDER BY day, freshness) AS place
  FROM (SELECT * FROM members UNION ALL SELECT * FROM anyone) AS done
)
SELECT account_id, key, day AS reached_on, freshness FROM ranked WHERE place = greatest(k_users, 1)
