-- By hand for the reasons in conversations/migrations/sql/foreign_keys.sql.
ALTER TABLE leads
    ADD CONSTRAINT leads_conversation_fk FOREIGN KEY (user_id, conversation_id) REFERENCES conversations (user_id, id),
    ADD CONSTRAINT leads_assigned_to_fk FOREIGN KEY (assigned_to_id) REFERENCES users (id) ON DELETE SET NULL;
