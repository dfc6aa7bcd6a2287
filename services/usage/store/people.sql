-- Whose names ($1) these are now, and of each person: the group, whether events wait for one under the source $2, and
-- the number of names, counted up to $3.
SELECT asked.name, p.person, g.group_id AS "group",
       EXISTS (SELECT FROM usage.pending_event AS w WHERE w.external_source = $2 AND w.external_id = p.person) AS waits,
       (SELECT count(*) FROM (SELECT FROM usage.alias AS a WHERE a.person = p.person LIMIT $3::int) AS few)::int AS names
FROM unnest($1::text[]) AS asked(name)
CROSS JOIN LATERAL (
  SELECT coalesce((
    SELECT a.person FROM usage.alias AS a WHERE a.name = asked.name ORDER BY a.recorded_at DESC LIMIT 1
  ), asked.name) AS person
  OFFSET 0
) AS p
LEFT JOIN LATERAL (
  SELECT s.group_id FROM usage.segment_group AS s WHERE s.member = p.person ORDER BY s.recorded_at DESC LIMIT 1
) AS g ON true
