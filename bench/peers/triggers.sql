-- The register, flattened by triggers.py (`:cutoff` is the programme's day), then everything in the database: a statement-level trigger on the ledger picks the winning revisions and adds to the cells.
CREATE TABLE peer.unit (uid text COLLATE "C" PRIMARY KEY, level text COLLATE "C");
CREATE TABLE peer.ladder (unit text COLLATE "C", first date, last date, step text COLLATE "C", level text COLLATE "C", lowest boolean);
CREATE TABLE peer.period (slug text COLLATE "C" PRIMARY KEY, last date NOT NULL);
-- What is expected of whom, and the levels at which it is published (none: all).
CREATE TABLE peer.duty (subject text COLLATE "C", agency text COLLATE "C", level text COLLATE "C", period text COLLATE "C", reach text[],
                        PRIMARY KEY (subject, agency, level, period));
-- Measures that count some of an activity's numbers.
CREATE TABLE peer.measure (activity text COLLATE "C", slug text, groups text[], lines text[], by jsonb, breakdowns text[], own boolean);
CREATE TYPE peer.change AS (sign integer, kind text, unit text, province text, programme text, subject text, agency text, period text, data jsonb);
-- The record keeps its winner's body: a concurrent winner's ledger row is not in this statement's snapshot yet.
ALTER TABLE peer.record ADD COLUMN kind text COLLATE "C" NOT NULL, ADD COLUMN data jsonb NOT NULL;

-- Claims of the new rows, the strongest of each record, written where it beats what stands; new less old as changes.
CREATE FUNCTION peer.settle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changes peer.change[];
BEGIN
    WITH posted AS MATERIALIZED (
        SELECT fresh.*, fresh.data::jsonb AS body FROM fresh
    ), said AS (
        SELECT posted.*,
               body ->> 'programme' AS programme,
               coalesce(body ->> 'agency', '') AS agency,
               coalesce('indicator:' || (body ->> 'indicator'), 'report:' || (body ->> 'report'),
                        'activity:' || (body ->> 'activity'), '') AS subject,
               coalesce(body ->> 'period', to_char((body ->> 'held_on')::date - :cutoff + interval '1 month', 'YYYY-MM'), '') AS period
        FROM posted
        WHERE kind NOT IN ('problem.raised', 'problem.resolved')
    ), claim AS (
        SELECT said.*,
               CASE WHEN body ? 'indicator' OR body ? 'report'
                    THEN replace(subject, ':', ':' || programme || ':') || ':' || unit || ':' || agency || ':' || period
                    ELSE 'activity:' || programme || ':' || sender || ':' || (body ->> 'record') END AS key,
               coalesce((body ->> 'revision')::bigint, 0) AS revision,
               kind <> 'record.retracted' AS alive
        FROM said
        UNION ALL
        SELECT said.*, 'activity:' || programme || ':' || sender || ':' || (body ->> 'supersedes'), 2147483647, false
        FROM said
        WHERE body ->> 'supersedes' <> body ->> 'record'
    ), best AS (
        SELECT DISTINCT ON (key, province) *
        FROM claim
        ORDER BY key, province, revision DESC, time DESC, source DESC, id DESC, sender DESC
    ), won AS (
        INSERT INTO peer.record AS record
            (province, key, revision, time, sender, source, id, alive, programme, subject, unit, agency, period, kind, data)
        SELECT province, key, revision, time, sender, source, id, alive, programme, subject, unit, agency, period, kind, body
        FROM best
        ORDER BY key, province
        ON CONFLICT (key, province) DO UPDATE SET
            revision = excluded.revision, time = excluded.time, sender = excluded.sender, source = excluded.source,
            id = excluded.id, alive = excluded.alive, programme = excluded.programme, subject = excluded.subject,
            unit = excluded.unit, agency = excluded.agency, period = excluded.period, kind = excluded.kind,
            data = excluded.data
        WHERE (excluded.revision, excluded.time, excluded.source, excluded.id, excluded.sender)
            > (record.revision, record.time, record.source, record.id, record.sender)
        RETURNING WITH (OLD AS former, NEW AS winner)
            ROW(1, winner.kind, winner.unit, winner.province, winner.programme, winner.subject, winner.agency,
                winner.period, winner.data)::peer.change AS plus,
            ROW(-1, former.kind, former.unit, former.province, former.programme, former.subject, former.agency,
                former.period, former.data)::peer.change AS minus,
            winner.alive AS alive, former.alive AS was_alive
    )
    SELECT array_agg(change)
    INTO changes
    FROM (SELECT plus AS change FROM won WHERE alive UNION ALL SELECT minus FROM won WHERE was_alive) AS made;

    IF changes IS NOT NULL THEN
        PERFORM peer.roll_up(changes);
    END IF;
    RETURN NULL;
END $$;

-- Each change in its parts (the whole, each breakdown, each measure), on each step of its ladder, added up and upserted in
-- key order. An `own` part stays at the lowest step.
CREATE FUNCTION peer.roll_up(changes peer.change[]) RETURNS void LANGUAGE sql AS $$
    WITH said AS MATERIALIZED (
        SELECT change.*, (duty.subject IS NOT NULL)::int AS reported, coalesce(duty.reach, '{}') AS reach,
               CASE WHEN length(change.period) = 7 AND change.period NOT LIKE '%Q%' THEN (change.period || '-:cutoff')::date
                    ELSE (SELECT last FROM peer.period WHERE slug = change.period) END AS ends
        FROM unnest(changes) AS change
        JOIN peer.unit ON unit.uid = change.unit
        LEFT JOIN peer.duty ON duty.subject = change.subject AND duty.agency = change.agency
                           AND duty.level = unit.level AND duty.period = change.period
    ), activity AS MATERIALIZED (
        SELECT said.*, people, coalesce((data ->> 'female')::bigint, 0) AS female, amount,
               coalesce(data -> 'by', '{}') || jsonb_strip_nulls(jsonb_build_object('domain', data -> 'domain')) AS options
        FROM said,
             LATERAL (SELECT coalesce(sum(value::bigint), 0)::bigint AS people FROM jsonb_each_text(data -> 'participants')),
             LATERAL (SELECT coalesce(sum((item ->> 'amount')::bigint), 0)::bigint AS amount
                      FROM jsonb_array_elements(data -> 'money') AS item)
        WHERE kind = 'activity.recorded'
    ), part AS (
        SELECT sign, unit, province, programme, subject, period, ends, reach, false AS own, '' AS by,
               1 AS records, 0 AS reported, 0::bigint AS numerator, 0::bigint AS denominator, people, female, amount
        FROM activity
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false, option.key || ':' || option.value,
               1, 0, 0, 0, people, female, amount
        FROM activity, jsonb_each_text(options) AS option
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false, 'participants:' || groups.key,
               1, 0, 0, 0, groups.value::bigint, 0, 0
        FROM activity, jsonb_each_text(data -> 'participants') AS groups
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false, 'money:' || line,
               1, 0, 0, 0, 0, 0, paid
        FROM activity,
             LATERAL (SELECT item ->> 'line' AS line, sum((item ->> 'amount')::bigint)::bigint AS paid
                      FROM jsonb_array_elements(data -> 'money') AS item GROUP BY 1)
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, own,
               CASE WHEN own THEN 'unit:' ELSE 'measure:' END || measure.slug || suffix,
               1, 0, 0, 0, counted, CASE WHEN known THEN female ELSE 0 END, paid
        FROM activity
        JOIN peer.measure ON subject = 'activity:' || measure.activity AND options @> measure.by,
             LATERAL (SELECT coalesce(sum(value::bigint) FILTER (WHERE groups = '{}' OR key = ANY (groups)), 0)::bigint AS counted,
                             groups = '{}' OR coalesce(bool_and(key = ANY (groups) OR value = '0'), true) AS known
                      FROM jsonb_each_text(data -> 'participants')),
             LATERAL (SELECT coalesce(sum((item ->> 'amount')::bigint), 0)::bigint AS paid
                      FROM jsonb_array_elements(data -> 'money') AS item
                      WHERE lines = '{}' OR item ->> 'line' = ANY (lines)),
             LATERAL (SELECT '' AS suffix
                      UNION ALL
                      SELECT ',' || dimension || ':' || (options ->> dimension) FROM unnest(breakdowns) AS dimension
                      WHERE options ? dimension)
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false, '',
               1, reported, (data ->> 'numerator')::bigint, (data ->> 'denominator')::bigint, 0, 0, 0
        FROM said WHERE kind = 'indicator.reported' AND NOT data ? 'components'
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false,
               (SELECT string_agg(option.key || ':' || option.value, ',' ORDER BY option.key COLLATE "C")
                FROM jsonb_each_text(split -> 'by') AS option),
               1, reported, (split ->> 'numerator')::bigint, (split ->> 'denominator')::bigint, 0, 0, 0
        FROM said, jsonb_array_elements(data -> 'breakdown') AS split WHERE kind = 'indicator.reported'
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false, '',
               1, reported, (SELECT bool_and(state.value::boolean)::int FROM jsonb_each_text(data -> 'components') AS state), 0, 0, 0, 0
        FROM said WHERE data ? 'components'
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false, 'component:' || state.key,
               1, reported, state.value::boolean::int, 0, 0, 0, 0
        FROM said, jsonb_each_text(data -> 'components') AS state
        UNION ALL
        SELECT sign, unit, province, programme, subject, period, ends, reach, false, '', 1, reported, 0, 0, 0, 0, 0
        FROM said WHERE kind = 'report.submitted'
    )
    INSERT INTO peer.cell AS cell
        (unit, subject, period, by, programme, province,
         records, reported, numerator, denominator, people, female, amount)
    SELECT ladder.step, subject, period, by, programme, province,
           sum(sign * records), sum(sign * reported), sum(sign * numerator), sum(sign * denominator),
           sum(sign * people), sum(sign * female), sum(sign * amount)
    FROM part JOIN peer.ladder ON ladder.unit = part.unit AND part.ends BETWEEN ladder.first AND ladder.last
                              AND (reach = '{}' OR ladder.level = ANY (reach)) AND (NOT own OR ladder.lowest)
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (unit, subject, period, by, programme, province) DO UPDATE SET
        records     = cell.records     + excluded.records,
        reported    = cell.reported    + excluded.reported,
        numerator   = cell.numerator   + excluded.numerator,
        denominator = cell.denominator + excluded.denominator,
        people      = cell.people      + excluded.people,
        female      = cell.female      + excluded.female,
        amount      = cell.amount      + excluded.amount
$$;

CREATE TRIGGER settle AFTER INSERT ON peer.ledger REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION peer.settle();
