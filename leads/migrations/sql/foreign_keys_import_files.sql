-- By hand for the reasons in conversations/migrations/sql/foreign_keys.sql.
ALTER TABLE import_files
    ADD CONSTRAINT import_files_run_fk FOREIGN KEY (user_id, run_id) REFERENCES import_runs (user_id, id) ON DELETE CASCADE;
