-- By hand for the reasons in conversations/migrations/sql/foreign_keys.sql.
ALTER TABLE import_runs
    ADD CONSTRAINT import_runs_user_fk FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE import_refusals
    ADD CONSTRAINT import_refusals_run_fk FOREIGN KEY (user_id, run_id) REFERENCES import_runs (user_id, id) ON DELETE CASCADE;
