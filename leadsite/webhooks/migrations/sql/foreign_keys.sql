-- By hand for the reasons in conversations/migrations/sql/foreign_keys.sql. webhook_events has none, and lead_events.sql
-- says why.
ALTER TABLE webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_user_fk FOREIGN KEY (user_id) REFERENCES users (id);
