-- A connection keeps plans that were made while the tables were small. A plan that reads a small table whole, or sorts what it found, is
-- slow once thousands wait: so the functions that clients call find rows by an index, in its order. Without a scan of the table as the
-- cheap way, some statements look expensive enough for the just-in-time compiler, which takes far longer than they do. A bound that is
-- clock_timestamp() itself finds nothing by an index, for it may change between two rows: the functions compare with a variable.

DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
            WHERE p.pronamespace = current_schema()::regnamespace AND l.lanname = 'plpgsql' AND p.prokind = 'f'
            AND p.proname IN ('accept_1', 'begin_1', 'beat_1', 'claim_1', 'closed_1', 'counts_1', 'delivered_1', 'fence_1', 'forget_1',
                'not_delivered_1', 'parked_1', 'purge_1', 'resolve_1', 'send_1', 'set_handoff_1', 'settle_1', 'take_1',
                'take_answers_1', 'take_idle_1', 'take_parked_1') LOOP
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_bitmapscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET jit = off', f);
    END LOOP;
END $$;
