-- A station's copy of one account. There is no card number in it: `tag` is an HMAC by a key of this station.
--
-- A snapshot has a generation, and so has every row: what is left of an older one when a snapshot ends is deleted.

CREATE TABLE state (
    id BIGINT PRIMARY KEY,
    account TEXT NOT NULL,
    station TEXT NOT NULL,
    revision BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    complete BOOLEAN NOT NULL,
    contact_at BIGINT NOT NULL
);

-- The key for the tags of a generation, and the conversion of card numbers as a protobuf message.
CREATE TABLE keys (
    generation BIGINT PRIMARY KEY,
    station_key BLOB NOT NULL,
    conversion BLOB NOT NULL
);

-- `document` is the message WatchedUser without its cards.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    generation BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    document BLOB NOT NULL
) WITHOUT ROWID;

-- What a person is called, folded: `kind` is 1 for the userName, 2 for an e-mail address, 3 for the local user name.
CREATE TABLE names (
    name TEXT NOT NULL,
    kind BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (name, kind, user_id)
) WITHOUT ROWID;
CREATE INDEX names_user ON names (user_id);

CREATE TABLE cards (
    tag TEXT NOT NULL,
    user_id TEXT NOT NULL,
    valid_from BIGINT,
    valid_until BIGINT,
    PRIMARY KEY (tag, user_id)
) WITHOUT ROWID;
CREATE INDEX cards_user ON cards (user_id);

CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    generation BIGINT NOT NULL,
    display_name TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE members (
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX members_member ON members (member_id);
