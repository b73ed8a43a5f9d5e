-- Foreign keys by hand, for three reasons that Django's own do not meet: they have names that a program can
-- rely on; they are checked at once, so that create_lead_with_conversation can answer for an unknown user
-- (Django's wait for COMMIT, after the answer); and they carry user_id along, so that no row of one business can
-- ever hang below a row of another.
ALTER TABLE customers
    ADD CONSTRAINT customers_user_fk FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE conversations
    ADD CONSTRAINT conversations_customer_fk FOREIGN KEY (user_id, customer_id) REFERENCES customers (user_id, id);
ALTER TABLE messages
    ADD CONSTRAINT messages_conversation_fk FOREIGN KEY (user_id, conversation_id) REFERENCES conversations (user_id, id);
