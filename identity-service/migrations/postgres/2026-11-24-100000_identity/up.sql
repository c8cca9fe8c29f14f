-- Users, groups, members and the change log.
--
-- Text is compared byte by byte (COLLATE "C"), as SQLite does: filters and sorting must not depend on the server's
-- locale. Times are Unix milliseconds. `document` is the resource as a protobuf message, and the only truth; the other
-- columns are keys to find and sort it by, folded where case does not count.

CREATE TABLE heads (
    account_id TEXT COLLATE "C" PRIMARY KEY,
    revision BIGINT NOT NULL,
    user_count BIGINT NOT NULL,
    group_count BIGINT NOT NULL
);

CREATE TABLE users (
    account_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    document BYTEA NOT NULL,
    user_name TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C",
    active BOOLEAN,
    display_name TEXT COLLATE "C",
    nick_name TEXT COLLATE "C",
    profile_url TEXT COLLATE "C",
    title TEXT COLLATE "C",
    user_type TEXT COLLATE "C",
    preferred_language TEXT COLLATE "C",
    locale TEXT COLLATE "C",
    timezone TEXT COLLATE "C",
    formatted_name TEXT COLLATE "C",
    family_name TEXT COLLATE "C",
    given_name TEXT COLLATE "C",
    middle_name TEXT COLLATE "C",
    honorific_prefix TEXT COLLATE "C",
    honorific_suffix TEXT COLLATE "C",
    employee_number TEXT COLLATE "C",
    cost_center TEXT COLLATE "C",
    organization TEXT COLLATE "C",
    division TEXT COLLATE "C",
    department TEXT COLLATE "C",
    manager TEXT COLLATE "C",
    manager_display_name TEXT COLLATE "C",
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX users_user_name ON users (account_id, user_name);
CREATE INDEX users_external_id ON users (account_id, external_id) WHERE external_id IS NOT NULL;

-- One row for each element of a multi-valued attribute. `attribute` is a number of `store/value.rs`.
CREATE TABLE user_values (
    account_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    attribute BIGINT NOT NULL,
    position BIGINT NOT NULL,
    value TEXT COLLATE "C",
    display TEXT COLLATE "C",
    type TEXT COLLATE "C",
    is_primary BOOLEAN,
    formatted TEXT COLLATE "C",
    street_address TEXT COLLATE "C",
    locality TEXT COLLATE "C",
    region TEXT COLLATE "C",
    postal_code TEXT COLLATE "C",
    country TEXT COLLATE "C",
    PRIMARY KEY (account_id, user_id, attribute, position)
);
-- E-mail addresses (attribute 1) are looked up; the others are too long for an index, and seldom asked for.
CREATE INDEX user_emails ON user_values (account_id, value) WHERE attribute = 1;

CREATE TABLE groups (
    account_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    document BYTEA NOT NULL,
    display_name TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C",
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX groups_display_name ON groups (account_id, display_name);
CREATE INDEX groups_external_id ON groups (account_id, external_id) WHERE external_id IS NOT NULL;

-- The extension URNs of users and groups.
CREATE TABLE resource_schemas (
    account_id TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    urn TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, resource_id, urn)
);

-- `kind` is 1 for a user, 2 for a group.
CREATE TABLE members (
    account_id TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    member_id TEXT COLLATE "C" NOT NULL,
    kind BIGINT NOT NULL,
    PRIMARY KEY (account_id, group_id, member_id)
);
CREATE INDEX members_member ON members (account_id, member_id, group_id);

-- `action` and `detail` are those of the message Change.
CREATE TABLE changes (
    account_id TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    action BIGINT NOT NULL,
    resource TEXT COLLATE "C" NOT NULL,
    detail BYTEA NOT NULL,
    PRIMARY KEY (account_id, revision)
);
