CREATE TABLE numbers (account_id TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (account_id, number));
