-- Programmes as versions before this one wrote them, in today's words: a target's `percent` is its `value`, a reporter's
-- `groups` are its `options` of the dimension `group`, an indicator's `baseline_percent` is where the line to its first
-- target starts, and a country's calendar stands beside all programmes. Without this a service would know no programme
-- until each is loaded again.
UPDATE registry.programme SET document = document
    || jsonb_build_object(
        'holidays', (document -> 'holidays') - 'overrides', 'indicators', coalesce(converted.indicators, '[]'))
FROM (
    SELECT slug, jsonb_agg(
        (indicator - 'baseline_percent') || jsonb_build_object(
            'targets', (
                SELECT coalesce(jsonb_agg(
                    (target - 'percent')
                    || CASE WHEN target ? 'percent' THEN jsonb_build_object('value', target -> 'percent') ELSE '{}' END
                    || CASE WHEN number = 1 AND indicator ->> 'baseline_percent' IS NOT NULL
                       THEN jsonb_build_object('baseline', indicator -> 'baseline_percent') ELSE '{}' END
                    ORDER BY number), '[]')
                FROM jsonb_array_elements(indicator -> 'targets') WITH ORDINALITY AS each (target, number)
            ),
            'reporters', (
                SELECT coalesce(jsonb_agg(
                    CASE WHEN jsonb_array_length(reporter -> 'groups') > 0
                    THEN reporter - 'groups'
                        || jsonb_build_object('options', jsonb_build_object('group', reporter -> 'groups'))
                    ELSE reporter - 'groups' END
                    ORDER BY number), '[]')
                FROM jsonb_array_elements(indicator -> 'reporters') WITH ORDINALITY AS each (reporter, number)
            )
        ) ORDER BY place) FILTER (WHERE indicator IS NOT NULL) AS indicators
    FROM registry.programme
    LEFT JOIN jsonb_array_elements(document -> 'indicators') WITH ORDINALITY AS each (indicator, place)
        ON true
    GROUP BY slug
) AS converted
WHERE converted.slug = programme.slug;
