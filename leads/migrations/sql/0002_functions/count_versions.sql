-- Purpose: the trigger by which a lead counts its changes, whoever makes them: a client that read version 3 can ask that
-- its change be made to version 3 only.
-- Locks: none. VOLATILE, as a trigger is.
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
