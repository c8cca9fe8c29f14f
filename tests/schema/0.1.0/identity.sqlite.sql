BEGIN TRANSACTION;
CREATE TABLE __diesel_schema_migrations (
       version VARCHAR(50) PRIMARY KEY NOT NULL,
       run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO "__diesel_schema_migrations" VALUES('20261124100000','2026-11-25 19:49:40');
INSERT INTO "__diesel_schema_migrations" VALUES('20261125100000','2026-11-25 19:49:40');
INSERT INTO "__diesel_schema_migrations" VALUES('20261125300000','2026-11-25 19:49:40');
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
CREATE TABLE changes (
    account_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    action BIGINT NOT NULL,
    resource TEXT NOT NULL,
    detail BLOB NOT NULL,
    PRIMARY KEY (account_id, revision)
) WITHOUT ROWID;
CREATE TABLE confirmations (
    account_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    station TEXT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, revision, station)
) WITHOUT ROWID;
CREATE TABLE conversions (
    account_id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    steps BLOB NOT NULL
) WITHOUT ROWID;
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
CREATE TABLE groups (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    document BLOB NOT NULL,
    display_name TEXT NOT NULL,
    external_id TEXT,
    PRIMARY KEY (account_id, id)
);
CREATE TABLE guesses (
    account_id TEXT NOT NULL,
    station TEXT NOT NULL,
    failures BIGINT NOT NULL,
    since BIGINT NOT NULL,
    locked_until BIGINT,
    PRIMARY KEY (account_id, station)
) WITHOUT ROWID;
CREATE TABLE heads (
    account_id TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    user_count BIGINT NOT NULL,
    group_count BIGINT NOT NULL
, oldest_revision BIGINT NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE members (
    account_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    kind BIGINT NOT NULL,
    PRIMARY KEY (account_id, group_id, member_id)
) WITHOUT ROWID;
CREATE TABLE removals (
    account_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    removed_at BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, revision)
);
CREATE TABLE resource_schemas (
    account_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    urn TEXT NOT NULL,
    PRIMARY KEY (account_id, resource_id, urn)
) WITHOUT ROWID;
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
CREATE TABLE settings (
    account_id TEXT PRIMARY KEY,
    reactivation BIGINT NOT NULL,
    unknown_members BIGINT NOT NULL,
    adoption BIGINT NOT NULL
, card_visibility BIGINT NOT NULL DEFAULT 0, leaver_cards BIGINT NOT NULL DEFAULT 0, pin_use BIGINT NOT NULL DEFAULT 0, pin_min_length BIGINT NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE stations (
    account_id TEXT NOT NULL,
    station TEXT NOT NULL,
    revision BIGINT NOT NULL,
    acknowledged_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, station)
) WITHOUT ROWID;
CREATE TABLE user_values (
    account_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    attribute BIGINT NOT NULL,
    position BIGINT NOT NULL,
    value TEXT,
    display TEXT,
    type TEXT,
    is_primary BOOLEAN,
    formatted TEXT,
    street_address TEXT,
    locality TEXT,
    region TEXT,
    postal_code TEXT,
    country TEXT,
    PRIMARY KEY (account_id, user_id, attribute, position)
) WITHOUT ROWID;
CREATE TABLE users (
    account_id TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    document BLOB NOT NULL,
    user_name TEXT NOT NULL,
    external_id TEXT,
    active BOOLEAN,
    display_name TEXT,
    nick_name TEXT,
    profile_url TEXT,
    title TEXT,
    user_type TEXT,
    preferred_language TEXT,
    locale TEXT,
    timezone TEXT,
    formatted_name TEXT,
    family_name TEXT,
    given_name TEXT,
    middle_name TEXT,
    honorific_prefix TEXT,
    honorific_suffix TEXT,
    employee_number TEXT,
    cost_center TEXT,
    organization TEXT,
    division TEXT,
    department TEXT,
    manager TEXT,
    manager_display_name TEXT, source BIGINT NOT NULL DEFAULT 1, local_user_name TEXT,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX users_user_name ON users (account_id, user_name);
CREATE INDEX users_external_id ON users (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX user_emails ON user_values (account_id, value) WHERE attribute = 1;
CREATE UNIQUE INDEX groups_display_name ON groups (account_id, display_name);
CREATE INDEX groups_external_id ON groups (account_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX members_member ON members (account_id, member_id, group_id);
CREATE INDEX users_local_user_name ON users (account_id, local_user_name) WHERE local_user_name IS NOT NULL;
CREATE UNIQUE INDEX cards_holder ON cards (account_id, tag) WHERE NOT claim;
CREATE INDEX cards_claims ON cards (account_id, tag) WHERE claim;
CREATE INDEX cards_user ON cards (account_id, user_id);
CREATE INDEX cards_conflicts ON cards (account_id, id) WHERE claim;
CREATE INDEX cards_key ON cards (account_id, key_id);
CREATE UNIQUE INDEX secrets_tag ON secrets (account_id, tag) WHERE tag IS NOT NULL;
CREATE UNIQUE INDEX denied_cards_tag ON denied_cards (account_id, tag, station);
CREATE INDEX denied_cards_time ON denied_cards (account_id, denied_at, id);
CREATE INDEX denied_cards_station ON denied_cards (account_id, station, denied_at, id);
CREATE INDEX denied_cards_user ON denied_cards (account_id, user_id, denied_at) WHERE user_id IS NOT NULL;
CREATE INDEX removals_user ON removals (account_id, user_id, revision);
CREATE INDEX users_source ON users (account_id, source, id);
COMMIT;
