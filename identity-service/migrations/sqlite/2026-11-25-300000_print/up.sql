-- What print needs: cards, secrets, what stations ask and confirm.
--
-- A card number is here as a tag (HMAC by a key of the installation, Base64url), by which it is found, and sealed (AEAD),
-- for showing its last characters. `key_id` says by which key. Secrets are argon2id hashes.

ALTER TABLE users ADD COLUMN local_user_name TEXT;
CREATE INDEX users_local_user_name ON users (account_id, local_user_name) WHERE local_user_name IS NOT NULL;

-- `oldest_revision` is the oldest that a copy can go on from.
ALTER TABLE heads ADD COLUMN oldest_revision BIGINT NOT NULL DEFAULT 0;

ALTER TABLE settings ADD COLUMN card_visibility BIGINT NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN leaver_cards BIGINT NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN pin_use BIGINT NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN pin_min_length BIGINT NOT NULL DEFAULT 0;

-- `steps` is the message CardConversion. Accounts without a row have none.
CREATE TABLE conversions (
    account_id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    steps BLOB NOT NULL
) WITHOUT ROWID;

-- Tables with more than one index keep their rows by rowid: to SQLite, which knows no numbers of rows here, a scan of the primary
-- key of a table without one seems cheaper than any index that is not unique.

-- A card that does not belong to its person while another holds the number is a claim. `place` is where the identity
-- provider names it: 1 to 5 for `cardNumber` to `cardNumber5`, from 10 for elements of `cards`, none where it does not.
CREATE TABLE cards (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    kind TEXT,
    label TEXT,
    source BIGINT NOT NULL,
    place BIGINT,
    claim BOOLEAN NOT NULL,
    valid_from BIGINT,
    valid_until BIGINT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX cards_holder ON cards (account_id, tag) WHERE NOT claim;
CREATE INDEX cards_claims ON cards (account_id, tag) WHERE claim;
CREATE INDEX cards_user ON cards (account_id, user_id);
CREATE INDEX cards_conflicts ON cards (account_id, id) WHERE claim;
CREATE INDEX cards_key ON cards (account_id, key_id);

-- `kind` and `source` are numbers of the messages SecretKind and SecretSource. `tag` is there where a PIN says by itself
-- whose it is.
CREATE TABLE secrets (
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    kind BIGINT NOT NULL,
    source BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    salt BLOB NOT NULL,
    hash BLOB NOT NULL,
    tag TEXT,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT,
    failures BIGINT NOT NULL,
    locked_until BIGINT,
    PRIMARY KEY (account_id, user_id, kind)
) WITHOUT ROWID;
CREATE UNIQUE INDEX secrets_tag ON secrets (account_id, tag) WHERE tag IS NOT NULL;

-- Wrong secrets at a station.
CREATE TABLE guesses (
    account_id TEXT NOT NULL,
    station TEXT NOT NULL,
    failures BIGINT NOT NULL,
    since BIGINT NOT NULL,
    locked_until BIGINT,
    PRIMARY KEY (account_id, station)
) WITHOUT ROWID;

-- Cards that were refused at stations.
CREATE TABLE denied_cards (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    station TEXT NOT NULL,
    tag TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    denied_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    reason BIGINT NOT NULL,
    user_id TEXT,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX denied_cards_tag ON denied_cards (account_id, tag, station);
CREATE INDEX denied_cards_time ON denied_cards (account_id, denied_at, id);
CREATE INDEX denied_cards_station ON denied_cards (account_id, station, denied_at, id);
CREATE INDEX denied_cards_user ON denied_cards (account_id, user_id, denied_at) WHERE user_id IS NOT NULL;

-- Stations that keep a copy.
CREATE TABLE stations (
    account_id TEXT NOT NULL,
    station TEXT NOT NULL,
    revision BIGINT NOT NULL,
    acknowledged_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, station)
) WITHOUT ROWID;

-- People whose cards and secrets stopped working, and which stations said that they know.
CREATE TABLE removals (
    account_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    removed_at BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, revision)
);
CREATE INDEX removals_user ON removals (account_id, user_id, revision);

CREATE TABLE confirmations (
    account_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    station TEXT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, revision, station)
) WITHOUT ROWID;

-- Synchronising imports look for people who came by one.
CREATE INDEX users_source ON users (account_id, source, id);
