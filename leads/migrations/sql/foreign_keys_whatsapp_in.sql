-- By hand for the reasons in conversations/migrations/sql/foreign_keys.sql.
ALTER TABLE leads
    ADD CONSTRAINT leads_first_message_fk FOREIGN KEY (user_id, first_message_id) REFERENCES messages (user_id, id);
