-- By hand for the reasons in conversations/migrations/sql/foreign_keys.sql. A business that goes takes its keys along.
ALTER TABLE idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
