-- What learning tells the model about an account at a landmark: only what was recorded, and had happened, before it.
-- certified_members: members who ever passed an assessment ($3 is the score that passes).
-- $4, null for everything: only the members of one half, 0 or 1, by the last digit of their id's MD5.
SELECT
  recent.completions::float8 AS course_completions_180d,
  recent.members::float8 AS learners_180d,
  passed.members::float8 AS certified_members,
  ever.enrolments::float8 AS enrolments,
  ever.enrolments::float8 / nullif(ever.members, 0) AS enrolments_per_learner,
  ever.completions::float8 / nullif(ever.enrolments, 0) AS completed_share,
  (ever.scores + 0.7) / (ever.assessments + 1) AS course_score
FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS landmark (account_id, as_of, place)
CROSS JOIN LATERAL (
  SELECT count(*) AS completions, count(DISTINCT p.member_id) AS members
  FROM learning.progress AS p
  WHERE p.account_id = landmark.account_id AND p.kind = 'completed' AND p.recorded_at < landmark.as_of
    AND p.occurred_at >= landmark.as_of - interval '180 days' AND p.occurred_at < landmark.as_of
    AND ($4::int IS NULL OR ascii(right(md5(p.member_id::text), 1)) % 2 = $4)
) AS recent
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE p.kind = 'enrolled') AS enrolments, count(DISTINCT p.member_id) AS members,
    count(*) FILTER (WHERE p.kind = 'completed') AS completions,
    count(p.score) FILTER (WHERE p.kind = 'assessed') AS assessments,
    coalesce(sum(p.score) FILTER (WHERE p.kind = 'assessed'), 0) AS scores
  FROM learning.progress AS p
  WHERE p.account_id = landmark.account_id AND p.recorded_at < landmark.as_of AND p.occurred_at < landmark.as_of
    AND ($4::int IS NULL OR ascii(right(md5(p.member_id::text), 1)) % 2 = $4)
) AS ever
CROSS JOIN LATERAL (
  SELECT count(DISTINCT p.member_id) AS members
  FROM learning.progress AS p
  WHERE p.account_id = landmark.account_id AND p.kind = 'assessed' AND p.score >= $3
    AND p.recorded_at < landmark.as_of AND p.occurred_at < landmark.as_of
    AND ($4::int IS NULL OR ascii(right(md5(p.member_id::text), 1)) % 2 = $4)
) AS passed
ORDER BY landmark.place
