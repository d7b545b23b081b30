-- Workers, clean-up, and the questions of operators.

-- Ends the claims of dead workers, and those whose lease is over. A line that is locked is for the next one who asks.
CREATE FUNCTION end_what_is_over() RETURNS told[] LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    dead text[];
    l bigint;
    m messages;
    who told[] := '{}';
    now_is timestamptz := clock_timestamp();
BEGIN
    SELECT coalesce(array_agg(worker), '{}') INTO dead FROM (SELECT worker FROM workers
        WHERE seen_at < clock_timestamp() - interval '30 seconds'
        -- Where nobody was heard of for a while, nobody could reach the server, and that is no death.
        AND EXISTS (SELECT 1 FROM workers w WHERE w.seen_at > clock_timestamp() - interval '20 seconds'
            AND w.steady_since < clock_timestamp() - interval '30 seconds')
        FOR UPDATE SKIP LOCKED) d;
    FOR l IN
        SELECT line FROM lines WHERE line IN (
            (SELECT line FROM messages WHERE state IN ('taken', 'waiting', 'claimed', 'sending') AND until <= now_is
                ORDER BY until LIMIT 1000)
            UNION (SELECT line FROM messages WHERE worker = ANY (dead) LIMIT 1000))
        ORDER BY line FOR UPDATE SKIP LOCKED
    LOOP
        FOR m IN SELECT * FROM messages WHERE line = l AND state IN ('accepted', 'taken', 'waiting', 'claimed', 'sending')
                AND (worker = ANY (dead) OR (state <> 'accepted' AND until <= clock_timestamp())) ORDER BY number LOOP
            PERFORM end_claim(m);
        END LOOP;
        FOR m IN UPDATE messages SET worker = NULL, deliver_at = least(deliver_at, clock_timestamp())
                WHERE line = l AND deliver_at IS NOT NULL AND worker = ANY (dead) RETURNING * LOOP
            who := who || ROW(NULL, m.channel)::told;
        END LOOP;
        UPDATE messages SET worker = NULL, until = NULL WHERE line = l AND state = 'parked' AND worker = ANY (dead);
        who := who || update_readiness(l);
    END LOOP;
    DELETE FROM workers w WHERE worker = ANY (dead) AND NOT EXISTS (SELECT 1 FROM messages x WHERE x.worker = w.worker);
    RETURN ARRAY(SELECT DISTINCT x FROM unnest(who) x);
END $$;

CREATE FUNCTION beat_1(a_worker text, an_about text) RETURNS told[] LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM not_yet_on_disk();
    INSERT INTO workers (worker, about) VALUES (a_worker, an_about)
        ON CONFLICT (worker) DO UPDATE SET seen_at = clock_timestamp(), steady_since =
            CASE WHEN workers.seen_at < clock_timestamp() - interval '20 seconds' THEN clock_timestamp()
            ELSE workers.steady_since END;
    RETURN end_what_is_over();
END $$;

CREATE FUNCTION workers_1() RETURNS TABLE (worker text, about text, started_age double precision, seen_age double precision)
    LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
    SELECT worker, about, age_of(started_at), age_of(seen_at) FROM workers
        WHERE seen_at >= clock_timestamp() - interval '30 seconds' ORDER BY started_at
$$;

CREATE FUNCTION parked_1(a_channel text, most integer) RETURNS SETOF outcome LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM not_yet_on_disk();
    PERFORM end_what_is_over();
    RETURN QUERY SELECT (outcome_of(m, l.sender)).* FROM messages m JOIN lines l USING (line)
        WHERE m.channel = a_channel AND m.state = 'parked' ORDER BY m.done_at LIMIT most;
END $$;

CREATE FUNCTION take_parked_1(a_channel text, a_worker text, most integer, lease double precision) RETURNS SETOF outcome
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    m messages;
    l lines;
BEGIN
    PERFORM end_what_is_over();
    FOR l IN SELECT lines.* FROM lines JOIN messages USING (line) WHERE messages.channel = a_channel AND state = 'parked'
            AND (until IS NULL OR until <= clock_timestamp()) ORDER BY done_at LIMIT most FOR UPDATE OF lines SKIP LOCKED LOOP
        SELECT * INTO m FROM messages WHERE line = l.line AND state = 'parked' AND (until IS NULL OR until <= clock_timestamp())
            ORDER BY done_at LIMIT 1 FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        UPDATE messages SET worker = a_worker, until = clock_timestamp() + seconds(lease)
            WHERE line = m.line AND message_id = m.message_id;
        RETURN NEXT outcome_of(m, l.sender);
    END LOOP;
END $$;

CREATE FUNCTION take_idle_1(a_channel text, idle_for double precision, most integer) RETURNS SETOF bytea
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE now_is timestamptz := clock_timestamp();
BEGIN
    PERFORM not_yet_on_disk();
    WITH idle AS (
        SELECT line, conversation_id FROM lines WHERE channel = a_channel AND conversation_id IS NOT NULL AND ready_at IS NULL
            AND last_message_at <= now_is - seconds(idle_for) ORDER BY last_message_at LIMIT most
            FOR UPDATE SKIP LOCKED),
    left_now AS (
        UPDATE lines SET conversation_id = NULL, greeting = NULL, is_greeted = false FROM idle WHERE lines.line = idle.line)
    INSERT INTO conversations_left (channel, conversation_id) SELECT a_channel, conversation_id FROM idle ON CONFLICT DO NOTHING;
    RETURN QUERY
        WITH next AS (
            SELECT conversation_id FROM conversations_left WHERE channel = a_channel ORDER BY handed_out, left_at LIMIT most
                FOR UPDATE SKIP LOCKED)
        UPDATE conversations_left c SET handed_out = handed_out + 1 FROM next
            WHERE c.channel = a_channel AND c.conversation_id = next.conversation_id RETURNING c.conversation_id;
END $$;

CREATE FUNCTION closed_1(a_channel text, a_conversation_id bytea) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM not_yet_on_disk();
    DELETE FROM conversations_left WHERE channel = a_channel AND conversation_id = a_conversation_id;
END $$;

CREATE FUNCTION channels_1() RETURNS SETOF text LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    WITH RECURSIVE names AS (
        (SELECT min(channel) AS channel FROM lines)
        UNION ALL
        SELECT (SELECT min(l.channel) FROM lines l WHERE l.channel > names.channel) FROM names WHERE names.channel IS NOT NULL)
    SELECT channel FROM names WHERE channel IS NOT NULL
$$;

CREATE FUNCTION counts_1(a_channel text, up_to integer, OUT ready bigint, OUT in_flight bigint, OUT waiting bigint,
    OUT oldest_ready double precision, OUT undelivered bigint, OUT oldest_undelivered double precision,
    OUT unknown bigint, OUT refused bigint, OUT exhausted bigint, OUT killed_its_worker bigint, OUT oldest_parked double precision,
    OUT left_open bigint, OUT workers bigint) LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE now_is timestamptz := clock_timestamp();
BEGIN
    PERFORM not_yet_on_disk();
    PERFORM end_what_is_over();
    ready := count(*) FROM (SELECT 1 FROM lines WHERE channel = a_channel AND ready_at <= now_is LIMIT up_to) x;
    waiting := count(*) FROM (SELECT 1 FROM lines WHERE channel = a_channel AND ready_at > now_is LIMIT up_to) x;
    in_flight := count(*) FROM (SELECT 1 FROM messages
        WHERE channel = a_channel AND state IN ('claimed', 'sending') LIMIT up_to) x;
    oldest_ready := age_of((SELECT ready_at FROM lines WHERE channel = a_channel AND ready_at <= now_is ORDER BY ready_at LIMIT 1));
    undelivered := count(*) FROM (SELECT 1 FROM messages WHERE channel = a_channel AND deliver_at IS NOT NULL LIMIT up_to) x;
    oldest_undelivered := age_of((SELECT min(done_at) FROM (SELECT done_at FROM messages
        WHERE channel = a_channel AND deliver_at < 'infinity' ORDER BY deliver_at LIMIT up_to) x));
    unknown := count(*) FROM (SELECT 1 FROM messages
        WHERE channel = a_channel AND state = 'parked' AND why = 'unknown' LIMIT up_to) x;
    refused := count(*) FROM (SELECT 1 FROM messages
        WHERE channel = a_channel AND state = 'parked' AND why = 'refused' LIMIT up_to) x;
    exhausted := count(*) FROM (SELECT 1 FROM messages
        WHERE channel = a_channel AND state = 'parked' AND why = 'exhausted' LIMIT up_to) x;
    killed_its_worker := count(*) FROM (SELECT 1 FROM messages
        WHERE channel = a_channel AND state = 'parked' AND why = 'killed_its_worker' LIMIT up_to) x;
    oldest_parked := age_of((SELECT done_at FROM messages
        WHERE channel = a_channel AND state = 'parked' ORDER BY done_at LIMIT 1));
    left_open := count(*) FROM (SELECT 1 FROM conversations_left WHERE channel = a_channel LIMIT up_to) x;
    workers := count(*) FROM workers_1();
END $$;

CREATE FUNCTION forget_1(a_channel text, a_sender bytea) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE l lines;
BEGIN
    SELECT * INTO l FROM lines WHERE channel = a_channel AND sender = a_sender FOR UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    IF l.conversation_id IS NOT NULL THEN PERFORM leave(a_channel, l.conversation_id); END IF;
    DELETE FROM messages WHERE line = l.line;
    DELETE FROM lines WHERE line = l.line;
    RETURN true;
END $$;

CREATE FUNCTION export_1(a_channel text, a_sender bytea) RETURNS TABLE (message_id bytea, state text, why text, received_age double precision,
    done_age double precision, tries integer, text bytea, integration_attributes bytea, answer bytea, is_delivered boolean,
    conversation_id bytea, correlation_id bytea, error bytea, note bytea)
    LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
    SELECT m.message_id, m.state, m.why, age_of(m.received_at), age_of(m.done_at), m.tries, m.text, m.integration_attributes, m.answer,
        m.state IN ('answered', 'handed_off') AND m.deliver_at IS NULL, m.conversation_id, m.correlation_id, m.error, m.note
    FROM messages m JOIN lines l USING (line) WHERE l.channel = a_channel AND l.sender = a_sender ORDER BY m.number
$$;

CREATE FUNCTION fence_1(a_channel text, received_within double precision, most integer) RETURNS integer
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    l bigint;
    m messages;
    fenced integer := 0;
BEGIN
    FOR l IN SELECT line FROM lines WHERE channel = a_channel AND ready_at IS NOT NULL ORDER BY ready_at FOR UPDATE LOOP
        EXIT WHEN fenced = most;
        SELECT * INTO m FROM first_in(l);
        CONTINUE WHEN m.line IS NULL OR age_of(m.received_at) > received_within OR m.state = 'sending'
            OR (m.state = 'accepted' AND m.not_before > clock_timestamp());
        UPDATE messages SET state = 'parked', why = 'unknown', done_at = clock_timestamp(), worker = NULL, token = NULL, until = NULL,
                error = convert_to('fenced: it may have been sent without a record of it', 'UTF8')
            WHERE line = l AND message_id = m.message_id;
        PERFORM update_readiness(l);
        fenced := fenced + 1;
    END LOOP;
    RETURN fenced;
END $$;

CREATE FUNCTION purge_1(a_channel text, older_than double precision, most integer) RETURNS integer
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    m messages;
    purged integer := 0;
    until_then timestamptz := clock_timestamp() - seconds(older_than);
BEGIN
    FOR m IN SELECT * FROM messages WHERE channel = a_channel AND done_at <= until_then
            ORDER BY done_at LIMIT most FOR UPDATE SKIP LOCKED LOOP
        DELETE FROM messages WHERE line = m.line AND message_id = m.message_id;
        IF m.deliver_at IS NOT NULL THEN PERFORM deliver_next(m.line); END IF;
        purged := purged + 1;
    END LOOP;
    DELETE FROM conversations_left WHERE channel = a_channel AND left_at <= until_then;
    DELETE FROM lines WHERE line IN (SELECT l.line FROM lines l WHERE channel = a_channel AND conversation_id IS NULL
        AND handoff IS NULL AND ready_at IS NULL AND last_message_at <= until_then
        AND NOT EXISTS (SELECT 1 FROM messages x WHERE x.line = l.line) LIMIT most FOR UPDATE SKIP LOCKED);
    RETURN purged;
END $$;
