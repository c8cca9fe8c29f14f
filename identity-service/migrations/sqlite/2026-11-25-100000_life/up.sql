-- Where users come from, and what an account decides about their life. The numbers are those of the messages User and
-- Settings. `source` is a key like the others: the document says it too, except for users from before, who all came
-- over SCIM.

ALTER TABLE users ADD COLUMN source BIGINT NOT NULL DEFAULT 1;

-- Accounts without a row have the defaults.
CREATE TABLE settings (
    account_id TEXT PRIMARY KEY,
    reactivation BIGINT NOT NULL,
    unknown_members BIGINT NOT NULL,
    adoption BIGINT NOT NULL
) WITHOUT ROWID;
