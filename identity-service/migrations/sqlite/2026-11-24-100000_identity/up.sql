-- Users, groups, members and the change log.
--
-- Text is compared byte by byte, as SQLite does by itself: filters and sorting must not depend on a
-- locale. Times are Unix milliseconds. `document` is the resource as a protobuf message, and the only truth; the other
-- columns are keys to find and sort it by, folded where case does not count.

CREATE TABLE heads (
    account_id TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    user_count BIGINT NOT NULL,
    group_count BIGINT NOT NULL
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
    manager_display_name TEXT,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX users_user_name ON users (account_id, user_name);
CREATE INDEX users_external_id ON users (account_id, external_id) WHERE external_id IS NOT NULL;

-- One row for each element of a multi-valued attribute. `attribute` is a number of `store/value.rs`.
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
-- E-mail addresses (attribute 1) are looked up; the others are too long for an index, and seldom asked for.
CREATE INDEX user_emails ON user_values (account_id, value) WHERE attribute = 1;

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
CREATE UNIQUE INDEX groups_display_name ON groups (account_id, display_name);
CREATE INDEX groups_external_id ON groups (account_id, external_id) WHERE external_id IS NOT NULL;

-- The extension URNs of users and groups.
CREATE TABLE resource_schemas (
    account_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    urn TEXT NOT NULL,
    PRIMARY KEY (account_id, resource_id, urn)
) WITHOUT ROWID;

-- `kind` is 1 for a user, 2 for a group.
CREATE TABLE members (
    account_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    kind BIGINT NOT NULL,
    PRIMARY KEY (account_id, group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX members_member ON members (account_id, member_id, group_id);

-- `action` and `detail` are those of the message Change.
CREATE TABLE changes (
    account_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    action BIGINT NOT NULL,
    resource TEXT NOT NULL,
    detail BLOB NOT NULL,
    PRIMARY KEY (account_id, revision)
) WITHOUT ROWID;
