-- The protocol: one function for each word of it. Each locks the sender's line first, so that the order of the numbers is the order of
-- the commits. The number behind a name is that of its version: processes of an older release go on with theirs while a newer one
-- is rolled out. `told` is a wake-up: a worker (NULL: all of them) and the word for it.

CREATE TYPE told AS (worker text, word text);

CREATE FUNCTION seconds(s double precision) RETURNS interval LANGUAGE sql IMMUTABLE AS
    $$ SELECT make_interval(secs => s) $$;

-- Clients get ages, since their own clocks may be wrong.
CREATE FUNCTION age_of(at timestamptz) RETURNS double precision LANGUAGE sql VOLATILE AS
    $$ SELECT extract(epoch FROM clock_timestamp() - at)::double precision $$;

CREATE FUNCTION pause_after(tries integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS
    $$ SELECT least(2.0 ^ least(tries, 16), 300.0)::double precision $$;

-- Commits without waiting for the disk: send finds out whether a claim was lost.
CREATE FUNCTION not_yet_on_disk() RETURNS void LANGUAGE sql AS
    $$ SELECT set_config('synchronous_commit', 'off', true) $$;

CREATE FUNCTION line_of(a_channel text, a_sender bytea) RETURNS lines LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE found_line lines;
BEGIN
    LOOP
        SELECT * INTO found_line FROM lines WHERE channel = a_channel AND sender = a_sender FOR UPDATE;
        IF FOUND THEN RETURN found_line; END IF;
        INSERT INTO lines (channel, sender) VALUES (a_channel, a_sender) ON CONFLICT DO NOTHING;
    END LOOP;
END $$;

CREATE FUNCTION first_in(a_line bigint) RETURNS SETOF messages LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT * FROM messages WHERE line = a_line AND state IN ('accepted', 'taken', 'waiting', 'claimed', 'sending')
    ORDER BY number LIMIT 1
$$;

-- Records when somebody has to look at the line, and says who may go on.
CREATE FUNCTION update_readiness(a_line bigint) RETURNS told[] LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    m messages;
    at timestamptz;
    who told[] := '{}';
    now_is timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO m FROM messages WHERE line = a_line AND state IN ('accepted', 'taken', 'waiting', 'claimed', 'sending')
        ORDER BY number LIMIT 1;
    IF NOT FOUND THEN
        at := NULL;
    ELSIF m.state = 'accepted' THEN
        at := greatest(m.not_before, CASE WHEN m.worker IS NULL THEN '-infinity' ELSE m.until END);
        IF at <= now_is THEN
            SELECT CASE WHEN ready_at <= now_is THEN ready_at ELSE now_is END INTO at FROM lines WHERE line = a_line;
            who := ARRAY[ROW(NULL, m.channel)::told];
        END IF;
    ELSE
        at := m.until;
        IF m.state = 'waiting' THEN who := ARRAY[ROW(m.worker, m.token)::told]; END IF;
    END IF;
    UPDATE lines SET ready_at = at WHERE line = a_line AND ready_at IS DISTINCT FROM at;
    RETURN who;
END $$;

-- Ends a claim whose worker has died or whose lease is over: it is free, or unknown. The line is locked.
CREATE FUNCTION end_claim(m messages) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF m.state = 'sending' THEN
        -- The token stays: if its worker lives after all, the answer may come yet.
        UPDATE messages SET state = 'parked', why = 'unknown', worker = NULL, until = NULL, done_at = clock_timestamp(),
                error = convert_to('the worker that had sent it has died, or was held up for too long', 'UTF8')
            WHERE line = m.line AND message_id = m.message_id;
    ELSIF m.state IN ('claimed', 'taken') THEN
        IF m.deaths + 1 >= 3 THEN
            UPDATE messages SET state = 'parked', why = 'killed_its_worker', worker = NULL, token = NULL, until = NULL,
                    deaths = deaths + 1, tries = tries + 1, done_at = clock_timestamp(),
                    error = convert_to((m.deaths + 1)::text || ' workers have died while they had it', 'UTF8')
                WHERE line = m.line AND message_id = m.message_id;
        ELSIF m.is_accepted THEN
            UPDATE messages SET state = 'accepted', worker = NULL, token = NULL, until = NULL, deaths = deaths + 1,
                    tries = tries + 1, not_before = clock_timestamp() + seconds(pause_after(m.tries))
                WHERE line = m.line AND message_id = m.message_id;
        ELSE
            UPDATE messages SET state = 'died', worker = NULL, token = NULL, until = NULL, deaths = deaths + 1,
                    tries = tries + 1, done_at = clock_timestamp()
                WHERE line = m.line AND message_id = m.message_id;
        END IF;
    ELSIF m.is_accepted THEN
        UPDATE messages SET state = 'accepted', worker = NULL, token = NULL, until = NULL
            WHERE line = m.line AND message_id = m.message_id;
    ELSE
        DELETE FROM messages WHERE line = m.line AND message_id = m.message_id;
    END IF;
END $$;

-- Ends the claims of a line whose time is over, from the first on. The line is locked.
CREATE FUNCTION end_claims_of(a_line bigint) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE m messages;
BEGIN
    FOR m IN SELECT * FROM messages WHERE line = a_line AND state IN ('taken', 'waiting', 'claimed', 'sending')
            AND until <= clock_timestamp() ORDER BY number LIMIT 1000 LOOP
        PERFORM end_claim(m);
    END LOOP;
END $$;

-- Gives a message that has left the line a place at its end: later ones may be under way.
CREATE FUNCTION put_last(a_line bigint, a_message_id bytea) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE messages SET number = DEFAULT WHERE line = a_line AND message_id = a_message_id
$$;

CREATE FUNCTION leave(a_channel text, a_conversation_id bytea) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO conversations_left (channel, conversation_id) VALUES (a_channel, a_conversation_id) ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION deliver_next(a_line bigint) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE messages SET deliver_at = clock_timestamp() WHERE line = a_line AND deliver_at = 'infinity'
        AND number = (SELECT min(number) FROM messages WHERE line = a_line AND deliver_at IS NOT NULL);
    RETURN FOUND;
END $$;

CREATE FUNCTION wake_1(who told[]) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE one told;
BEGIN
    PERFORM not_yet_on_disk();
    FOREACH one IN ARRAY who LOOP
        PERFORM pg_notify('polyai ' || coalesce(one.worker, current_schema), one.word);
    END LOOP;
END $$;

CREATE FUNCTION accept_1(a_channel text, a_sender bytea, a_message_id bytea, a_token text, a_worker text, lease double precision,
    a_text bytea, attributes bytea, OUT is_new boolean, OUT who told[]) LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE l lines;
BEGIN
    l := line_of(a_channel, a_sender);
    INSERT INTO messages (line, channel, message_id, state, is_accepted, token, worker, until, text, integration_attributes)
        VALUES (l.line, a_channel, a_message_id, 'accepted', true, a_token, a_worker, clock_timestamp() + seconds(lease),
            a_text, attributes)
        ON CONFLICT DO NOTHING;
    IF FOUND THEN
        is_new := true;
        who := CASE WHEN l.ready_at IS NULL THEN update_readiness(l.line) ELSE '{}' END;
    ELSE
        SELECT count(*) = 1 INTO is_new FROM messages
            WHERE line = l.line AND message_id = a_message_id AND state = 'accepted' AND token = a_token;
        who := '{}';
    END IF;
END $$;

CREATE TYPE taken AS (sender bytea, message_id bytea, text bytea, integration_attributes bytea, age double precision, tries integer,
    token text, conversation_id bytea, greeting bytea, is_greeted boolean, handoff bytea, last_message_age double precision);

CREATE FUNCTION take_1(a_channel text, a_worker text, tokens text[], lease double precision) RETURNS SETOF taken
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    l lines;
    m messages;
    given integer := 0;
    now_is timestamptz := clock_timestamp();
BEGIN
    PERFORM not_yet_on_disk();
    FOR l IN SELECT * FROM lines WHERE channel = a_channel AND ready_at <= now_is ORDER BY ready_at
            LIMIT cardinality(tokens) FOR UPDATE SKIP LOCKED LOOP
        PERFORM end_claims_of(l.line);
        SELECT * INTO m FROM messages
            WHERE line = l.line AND state IN ('accepted', 'taken', 'waiting', 'claimed', 'sending') ORDER BY number LIMIT 1;
        IF FOUND AND m.state = 'accepted' AND m.not_before <= clock_timestamp()
                AND (m.worker IS NULL OR m.until <= clock_timestamp()) THEN
            -- One with which a worker has died is taken alone: it may be why.
            EXIT WHEN m.deaths > 0 AND given > 0;
            given := given + 1;
            UPDATE messages SET state = 'taken', worker = a_worker, token = tokens[given], until = clock_timestamp() + seconds(lease)
                WHERE line = l.line AND message_id = m.message_id RETURNING * INTO m;
            UPDATE lines SET ready_at = m.until WHERE line = l.line;
            RETURN NEXT ROW(l.sender, m.message_id, m.text, m.integration_attributes, age_of(m.received_at), m.tries, m.token,
                l.conversation_id, l.greeting, l.is_greeted, l.handoff, age_of(l.last_message_at))::taken;
            EXIT WHEN m.deaths > 0;
        ELSE
            PERFORM update_readiness(l.line);
        END IF;
    END LOOP;
END $$;

CREATE TYPE outcome AS (sender bytea, message_id bytea, text bytea, integration_attributes bytea, age double precision, tries integer,
    state text, why text, answer bytea, is_delivered boolean, done_age double precision, conversation_id bytea,
    correlation_id bytea, error bytea);

CREATE FUNCTION outcome_of(m messages, a_sender bytea) RETURNS outcome LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
    SELECT ROW(a_sender, m.message_id, m.text, m.integration_attributes, age_of(m.received_at), m.tries, m.state, m.why, m.answer,
        m.state IN ('answered', 'handed_off') AND m.deliver_at IS NULL, age_of(m.done_at), m.conversation_id, m.correlation_id,
        m.error)::outcome
$$;

CREATE TYPE known AS (conversation_id bytea, greeting bytea, is_greeted boolean, handoff bytea, last_message_age double precision);

CREATE FUNCTION known_of(l lines) RETURNS known LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
    SELECT ROW(l.conversation_id, l.greeting, l.is_greeted, l.handoff, age_of(l.last_message_at))::known
$$;

CREATE FUNCTION standing_of(m messages, a_token text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN m.state NOT IN ('accepted', 'taken', 'waiting', 'claimed', 'sending') THEN 'done'
        WHEN m.token IS DISTINCT FROM a_token THEN 'under_way' WHEN m.state = 'waiting' THEN 'in_line' ELSE 'first' END
$$;

CREATE FUNCTION claim_1(a_channel text, a_sender bytea, a_message_id bytea, a_worker text, a_token text, lease double precision,
    OUT standing text, OUT done outcome, OUT sender known, OUT tries integer, OUT who told[])
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    l lines;
    m messages;
    f messages;
    is_there boolean;
BEGIN
    PERFORM not_yet_on_disk();
    who := '{}';
    -- Waiting calls ask now and then, and mostly nothing has changed: that takes no lock.
    SELECT * INTO l FROM lines WHERE channel = a_channel AND lines.sender = a_sender;
    IF FOUND THEN
        SELECT * INTO m FROM messages WHERE line = l.line AND message_id = a_message_id;
        is_there := FOUND;
        SELECT * INTO f FROM first_in(l.line);
        IF is_there AND m.state NOT IN ('accepted', 'taken', 'died')
                AND (f.line IS NULL OR f.until IS NULL OR f.until > clock_timestamp())
                AND (m.state NOT IN ('waiting', 'claimed', 'sending') OR m.until > clock_timestamp())
                AND NOT (m.state = 'waiting' AND f.number = m.number) THEN
            standing := standing_of(m, a_token);
            IF standing = 'done' THEN done := outcome_of(m, a_sender); END IF;
            sender := known_of(l);
            tries := m.tries;
            RETURN;
        END IF;
    END IF;
    l := line_of(a_channel, a_sender);
    PERFORM end_claims_of(l.line);
    SELECT * INTO m FROM messages WHERE line = l.line AND message_id = a_message_id;
    IF NOT FOUND THEN
        INSERT INTO messages (line, channel, message_id, state, is_accepted)
            VALUES (l.line, a_channel, a_message_id, 'accepted', false) RETURNING * INTO m;
    ELSIF m.state = 'died' THEN  -- what came meanwhile is before it
        UPDATE messages SET state = 'accepted', number = DEFAULT, done_at = NULL WHERE line = l.line AND message_id = a_message_id
            RETURNING * INTO m;
    END IF;
    IF m.state IN ('accepted', 'taken') OR (m.state = 'waiting' AND m.token = a_token) THEN
        SELECT * INTO f FROM first_in(l.line);
        UPDATE messages SET state = CASE WHEN f.number < m.number THEN 'waiting' ELSE 'claimed' END, worker = a_worker,
                token = a_token, until = clock_timestamp() + seconds(lease)
            WHERE line = l.line AND message_id = a_message_id RETURNING * INTO m;
    END IF;
    who := update_readiness(l.line);
    standing := standing_of(m, a_token);
    IF standing = 'done' THEN done := outcome_of(m, a_sender); END IF;
    sender := known_of(l);
    tries := m.tries;
END $$;

CREATE FUNCTION begin_1(a_channel text, a_sender bytea, a_message_id bytea, a_token text, a_conversation_id bytea, a_greeting bytea,
    greeted boolean, is_over boolean) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE l lines;
BEGIN
    PERFORM not_yet_on_disk();
    l := line_of(a_channel, a_sender);
    UPDATE messages SET state = 'claimed' WHERE line = l.line AND message_id = a_message_id AND token = a_token
        AND state IN ('taken', 'waiting', 'claimed', 'sending');
    IF NOT FOUND THEN
        IF a_conversation_id IS NOT NULL THEN PERFORM leave(a_channel, a_conversation_id); END IF;
        RETURN false;
    END IF;
    IF l.conversation_id IS NOT NULL AND l.conversation_id IS DISTINCT FROM a_conversation_id AND NOT is_over THEN
        PERFORM leave(a_channel, l.conversation_id);
    END IF;
    UPDATE lines SET conversation_id = a_conversation_id, greeting = a_greeting, is_greeted = greeted,
        last_message_at = clock_timestamp() WHERE line = l.line;
    RETURN true;
END $$;

CREATE FUNCTION send_1(a_channel text, a_sender bytea, a_message_id bytea, a_token text, a_conversation_id bytea,
    a_correlation_id bytea, lease double precision) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    l lines;
    at timestamptz;
BEGIN
    l := line_of(a_channel, a_sender);
    at := clock_timestamp() + seconds(lease);
    UPDATE messages SET state = 'sending', until = at, conversation_id = a_conversation_id, correlation_id = a_correlation_id
        WHERE line = l.line AND message_id = a_message_id AND token = a_token
        AND state IN ('taken', 'waiting', 'claimed', 'sending') AND until > clock_timestamp();
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE lines SET ready_at = at WHERE line = l.line;
    RETURN true;
END $$;

CREATE FUNCTION settle_1(a_channel text, a_sender bytea, a_message_id bytea, a_worker text, a_token text, a_state text,
    an_answer bytea, goes_on boolean, a_handoff bytea, a_conversation_id bytea, a_correlation_id bytea, an_error bytea,
    wait double precision, give_up_after double precision, lease double precision,
    OUT standing text, OUT is_behind boolean, OUT who told[]) LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    l lines;
    m messages;
    is_late boolean;
    is_held boolean;
    parked_why text;
BEGIN
    who := '{}';
    is_behind := false;
    l := line_of(a_channel, a_sender);
    SELECT * INTO m FROM messages WHERE line = l.line AND message_id = a_message_id;
    IF NOT FOUND THEN
        standing := CASE WHEN a_state IN ('not_sent', 'refused') THEN 'settled' ELSE 'lost' END;
        RETURN;
    END IF;
    IF m.token IS DISTINCT FROM a_token THEN standing := 'lost'; RETURN; END IF;
    is_held := m.state IN ('taken', 'waiting', 'claimed', 'sending');
    is_late := m.state = 'parked' AND m.why = 'unknown' AND m.until IS NULL;
    SELECT EXISTS (SELECT 1 FROM messages WHERE line = l.line AND deliver_at IS NOT NULL AND number < m.number) INTO is_behind;
    IF NOT is_held AND NOT is_late THEN
        standing := CASE WHEN m.state = a_state
            OR (a_state IN ('unknown', 'refused', 'not_sent') AND m.state = 'parked')
            OR (a_state = 'not_sent' AND m.state = 'accepted') THEN 'settled' ELSE 'lost' END;
        RETURN;
    END IF;
    standing := CASE WHEN is_late AND a_state <> 'unknown' THEN 'late' ELSE 'settled' END;
    IF a_state IN ('unknown', 'refused', 'not_sent') THEN
        is_behind := false;
        parked_why := CASE WHEN a_state <> 'not_sent' THEN a_state
            WHEN give_up_after IS NOT NULL AND age_of(m.received_at) + wait > give_up_after THEN 'exhausted' END;
        IF a_state <> 'unknown' AND NOT m.is_accepted THEN
            DELETE FROM messages WHERE line = l.line AND message_id = a_message_id;
        ELSIF parked_why IS NOT NULL THEN
            UPDATE messages SET state = 'parked', why = parked_why, worker = NULL, until = NULL, done_at = clock_timestamp(),
                    error = an_error, correlation_id = coalesce(a_correlation_id, correlation_id),
                    tries = tries + CASE WHEN a_state = 'unknown' THEN 0 ELSE 1 END
                WHERE line = l.line AND message_id = a_message_id;
        ELSE
            UPDATE messages SET state = 'accepted', why = NULL, worker = NULL, until = NULL, done_at = NULL, error = an_error,
                    correlation_id = a_correlation_id, tries = tries + 1,
                    not_before = clock_timestamp() + seconds(greatest(pause_after(tries), wait))
                WHERE line = l.line AND message_id = a_message_id;
            IF is_late THEN PERFORM put_last(l.line, a_message_id); END IF;
        END IF;
    ELSE
        UPDATE messages SET state = a_state, why = NULL, worker = a_worker, until = NULL, done_at = clock_timestamp(),
                error = an_error, correlation_id = coalesce(a_correlation_id, correlation_id), answer = an_answer,
                deliver_at = clock_timestamp() + seconds(lease),
                text = CASE WHEN a_state = 'answered' THEN NULL ELSE text END,
                integration_attributes = CASE WHEN a_state = 'answered' THEN NULL ELSE integration_attributes END
            WHERE line = l.line AND message_id = a_message_id;
    END IF;
    IF a_conversation_id IS NOT NULL AND l.conversation_id = a_conversation_id THEN
        UPDATE lines SET
            last_message_at = CASE WHEN a_state IN ('not_sent', 'refused') THEN last_message_at ELSE clock_timestamp() END,
            conversation_id = CASE WHEN goes_on THEN conversation_id END,
            greeting = CASE WHEN goes_on THEN greeting END,
            is_greeted = goes_on AND (is_greeted OR a_state = 'answered'),
            handoff = coalesce(a_handoff, handoff)
            WHERE line = l.line;
    END IF;
    who := update_readiness(l.line);
END $$;

CREATE FUNCTION take_answers_1(a_channel text, a_worker text, most integer, lease double precision) RETURNS SETOF outcome
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    m messages;
    is_first boolean;
    a_sender bytea;
    now_is timestamptz := clock_timestamp();
BEGIN
    PERFORM not_yet_on_disk();
    FOR m IN SELECT * FROM messages WHERE channel = a_channel AND deliver_at <= now_is ORDER BY deliver_at, number
            LIMIT most FOR UPDATE SKIP LOCKED LOOP
        SELECT min(number) = m.number INTO is_first FROM messages WHERE line = m.line AND deliver_at IS NOT NULL;
        UPDATE messages SET worker = CASE WHEN is_first THEN a_worker END,
                deliver_at = CASE WHEN is_first THEN clock_timestamp() + seconds(lease) ELSE 'infinity' END
            WHERE line = m.line AND message_id = m.message_id;
        IF is_first THEN
            SELECT sender INTO a_sender FROM lines WHERE line = m.line;
            RETURN NEXT outcome_of(m, a_sender);
        END IF;
    END LOOP;
END $$;

-- json cannot hold a NUL, which an agent may have said: in what is kept of a handoff, the replacement character stands for it.
CREATE FUNCTION without_texts(answer bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a json := replace(convert_from(answer, 'UTF8'), '\u0000', '\ufffd')::json;
    h json := a -> 'handoff';
BEGIN
    RETURN convert_to(json_build_object('state', a -> 'state', 'response', NULL, 'greeting', NULL, 'handoff',
        CASE WHEN json_typeof(h) = 'object' THEN json_build_object('destination', h -> 'destination', 'reason', h -> 'reason',
            'raw', NULL) END,
        'conversation_id', a -> 'conversation_id', 'correlation_id', a -> 'correlation_id')::text, 'UTF8');
END $$;

CREATE FUNCTION delivered_1(a_channel text, a_sender bytea, a_message_id bytea) RETURNS told[]
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE l lines;
BEGIN
    l := line_of(a_channel, a_sender);
    UPDATE messages SET worker = NULL, deliver_at = NULL, text = NULL, integration_attributes = NULL,
            answer = without_texts(answer)
        WHERE line = l.line AND message_id = a_message_id AND deliver_at IS NOT NULL;
    IF FOUND AND deliver_next(l.line) THEN RETURN ARRAY[ROW(NULL, a_channel)::told]; END IF;
    RETURN '{}';
END $$;

CREATE FUNCTION not_delivered_1(a_channel text, a_sender bytea, a_message_id bytea, wait double precision) RETURNS told[]
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE l lines;
BEGIN
    PERFORM not_yet_on_disk();
    l := line_of(a_channel, a_sender);
    UPDATE messages SET worker = NULL, deliver_at = clock_timestamp() + seconds(wait)
        WHERE line = l.line AND message_id = a_message_id AND deliver_at IS NOT NULL;
    IF FOUND AND wait <= 0 THEN RETURN ARRAY[ROW(NULL, a_channel)::told]; END IF;
    RETURN '{}';
END $$;

CREATE FUNCTION resolve_1(a_channel text, a_sender bytea, a_message_id bytea, how text, a_note bytea,
    OUT was_open boolean, OUT who told[]) LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    l lines;
    m messages;
BEGIN
    l := line_of(a_channel, a_sender);
    PERFORM end_claims_of(l.line);
    SELECT * INTO m FROM messages WHERE line = l.line AND message_id = a_message_id;
    was_open := FOUND AND (m.state = 'parked' OR (m.state IN ('accepted', 'taken') AND how <> 'again'));
    IF was_open AND how <> 'again' THEN
        UPDATE messages SET state = 'settled', why = NULL, worker = NULL, token = NULL, until = NULL, note = a_note,
                done_at = clock_timestamp(), text = NULL, integration_attributes = NULL, error = NULL
            WHERE line = l.line AND message_id = a_message_id;
    ELSIF was_open AND m.is_accepted THEN
        UPDATE messages SET state = 'accepted', why = NULL, worker = NULL, token = NULL, until = NULL, note = a_note,
                done_at = NULL, not_before = '-infinity', deaths = 0, error = NULL
            WHERE line = l.line AND message_id = a_message_id;
        PERFORM put_last(l.line, a_message_id);
    ELSIF was_open THEN
        DELETE FROM messages WHERE line = l.line AND message_id = a_message_id;
    END IF;
    who := update_readiness(l.line);
END $$;

CREATE FUNCTION set_handoff_1(a_channel text, a_sender bytea, a_handoff bytea) RETURNS void
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE l lines;
BEGIN
    l := line_of(a_channel, a_sender);
    UPDATE lines SET handoff = a_handoff,
            last_message_at = CASE WHEN a_handoff IS NULL THEN clock_timestamp() ELSE last_message_at END
        WHERE line = l.line;
END $$;

CREATE FUNCTION sender_1(a_channel text, a_sender bytea) RETURNS SETOF known LANGUAGE sql VOLATILE SET search_path FROM CURRENT AS $$
    SELECT (known_of(l)).* FROM lines l WHERE channel = a_channel AND sender = a_sender
$$;
