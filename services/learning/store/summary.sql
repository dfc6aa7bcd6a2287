-- An account's learning at $2. L1: learners who completed a course in 180 days. L4: enrolments 30 days old or more
-- that were completed. L1.certified: learners who ever passed an assessment with $3 or better.
SELECT
  a.account_id, l.learners, l.adopted, l.certified, e.enrolled, e.completed, f.freshness
FROM unnest($1::uuid[]) AS a (account_id)
CROSS JOIN LATERAL (
  SELECT
    count(*) AS learners,
    count(*) FILTER (WHERE s.completed_at >= $2::timestamptz - interval '180 days') AS adopted,
    count(*) FILTER (WHERE s.certified) AS certified
  FROM learning.learners_at(a.account_id, $2) AS m
  LEFT JOIN (
    SELECT
      p.member_id,
      max(p.occurred_at) FILTER (WHERE p.kind = 'completed') AS completed_at,
      bool_or(p.kind = 'assessed' AND p.score >= $3) AS certified
    FROM learning.progress AS p
    WHERE p.account_id = a.account_id AND p.recorded_at <= $2 AND p.occurred_at < $2
    GROUP BY p.member_id
  ) AS s USING (member_id)
) AS l
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE enrolled_at IS NOT NULL) AS enrolled,
    count(*) FILTER (WHERE enrolled_at IS NOT NULL AND done) AS completed
  FROM (
    SELECT
      min(p.occurred_at) FILTER (
        WHERE p.kind = 'enrolled' AND p.occurred_at <= $2::timestamptz - interval '30 days'
      ) AS enrolled_at,
      bool_or(p.kind = 'completed') AS done
    FROM learning.progress AS p
    WHERE p.account_id = a.account_id AND p.recorded_at <= $2 AND p.occurred_at < $2
    GROUP BY p.member_id, p.course
  ) AS courses
) AS e
CROSS JOIN LATERAL (
  SELECT max(p.recorded_at) AS freshness
  FROM learning.progress AS p
  WHERE p.account_id = a.account_id AND p.recorded_at <= $2
) AS f
