-- Whose names ($1) these are now, and of each person: the group, the first of its groups, whether events wait for one under
-- the source $2, and the number of names, counted up to $3.
SELECT asked.name, p.person, g.group_id AS "group", first.group_id AS first_group,
       EXISTS (
         SELECT FROM (SELECT p.person AS name UNION ALL SELECT a.name FROM usage.alias AS a WHERE a.person = p.person) AS n
         JOIN usage.pending_event AS w ON w.external_source = $2 AND w.external_id = n.name
       ) AS waits,
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
LEFT JOIN LATERAL (
  SELECT s.group_id FROM usage.segment_group AS s WHERE s.member = p.person ORDER BY s.recorded_at LIMIT 1
) AS first ON true
