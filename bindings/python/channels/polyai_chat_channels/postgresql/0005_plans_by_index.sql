-- Every statement here finds its rows by an index, in that index's order. A connection keeps the plans that were made when the tables were
-- small, and a plan that reads a small table whole is slow once thousands wait. Whatever replaces one of these functions sets this again.

DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
            WHERE p.pronamespace = current_schema()::regnamespace AND l.lanname = 'plpgsql' AND p.proname LIKE '%\_1' LOOP
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET enable_bitmapscan = off', f);
        EXECUTE format('ALTER FUNCTION %s SET jit = off', f);
    END LOOP;
END $$;
