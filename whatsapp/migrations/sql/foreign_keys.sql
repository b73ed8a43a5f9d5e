-- By hand for the reasons in conversations/migrations/sql/foreign_keys.sql.
ALTER TABLE channels
    ADD CONSTRAINT channels_user_fk FOREIGN KEY (user_id) REFERENCES users (id);
