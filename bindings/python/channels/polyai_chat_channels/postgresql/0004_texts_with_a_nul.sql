-- json of PostgreSQL cannot hold a NUL, which an agent may have said: such an answer could never be recorded as delivered. In what is kept
-- of one, the destination and the reason of a handoff, there is the replacement character instead.

CREATE OR REPLACE FUNCTION without_texts(answer bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    a json := replace(convert_from(answer, 'UTF8'), '\u0000', '\ufffd')::json;
    h json := a -> 'handoff';
BEGIN
    RETURN convert_to(json_build_object('state', a -> 'state', 'response', NULL, 'greeting', NULL, 'handoff',
        CASE WHEN json_typeof(h) = 'object' THEN json_build_object('destination', h -> 'destination', 'reason', h -> 'reason',
            'raw', NULL) END,
        'conversation_id', a -> 'conversation_id', 'correlation_id', a -> 'correlation_id')::text, 'UTF8');
END $$;
