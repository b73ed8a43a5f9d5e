-- Purpose: trigger that increments leads.version at every change. A client that read version 3 can ask that its change
-- be refused if the lead has another version by then.
-- Locks: none. VOLATILE.
CREATE OR REPLACE FUNCTION count_versions() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER leads_version BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION count_versions();
