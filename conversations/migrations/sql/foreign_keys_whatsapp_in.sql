-- By hand for the reasons in foreign_keys.sql.
ALTER TABLE customer_moves
    ADD CONSTRAINT customer_moves_user_fk FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE parked_statuses
    ADD CONSTRAINT parked_statuses_user_fk FOREIGN KEY (user_id) REFERENCES users (id);
