BEGIN TRANSACTION;
CREATE TABLE __diesel_schema_migrations (
       version VARCHAR(50) PRIMARY KEY NOT NULL,
       run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO "__diesel_schema_migrations" VALUES('20261124000100','2026-11-25 19:49:40');
INSERT INTO "__diesel_schema_migrations" VALUES('20261125200000','2026-11-25 19:49:40');
INSERT INTO "__diesel_schema_migrations" VALUES('20261125500000','2026-11-25 19:49:40');
CREATE TABLE accounts (
    id             text not null primary key,
    display_name   text not null,
    created_at     integer not null,
    last_access_at integer
) strict, without rowid;
CREATE TABLE audit_entries (
    account_id text not null,
    id         text not null,
    at         integer not null,
    actor      text not null,
    action     text not null,
    target     text not null,
    detail     text not null,
    primary key (account_id, id)
) strict, without rowid;
CREATE TABLE connections (
    account_id       text not null primary key references accounts (id),
    last_success_at  integer,
    last_write_at    integer,
    first_success_at integer,
    last_failure_at  integer,
    failures         integer not null default 0,
    last_failure     text not null default '',
    last_refused_at  integer,
    refused_token    text not null default '',
    last_address     text not null default '',
    last_agent       text not null default '',
    lost             integer not null default 0
) strict, without rowid;
CREATE TABLE invitations (
    id           text not null primary key,
    hash         blob not null unique,
    display_name text not null,
    role         integer not null,
    account_id   text not null,
    created_at   integer not null,
    expires_at   integer not null,
    redeemed_at  integer
) strict, without rowid;
CREATE TABLE notice_settings (
    account_id      text not null primary key references accounts (id),
    -- One a line.
    emails          text not null default '',
    webhook_url     text not null default '',
    -- The secret is derived from the key of the installation and this number, and not stored.
    webhook_version integer not null default 1
) strict, without rowid;
CREATE TABLE notices (
    account_id text not null references accounts (id),
    token_id   text not null,
    days       integer not null,
    channel    integer not null,
    state      integer not null,
    attempts   integer not null,
    attempt_at integer,
    -- Before this nobody else takes it.
    next_at    integer not null,
    error      text not null default '',
    primary key (account_id, token_id, days, channel)
) strict, without rowid;
CREATE TABLE sessions (
    id           text not null primary key,
    hash         blob not null unique,
    subject      text not null,
    display_name text not null,
    role         integer not null,
    account_id   text not null,
    created_at   integer not null,
    seen_at      integer not null,
    ended_at     integer
) strict, without rowid;
CREATE TABLE sync_entries (
    account_id  text not null references accounts (id),
    -- UUID of version 7, of the time at which the request came.
    id          text not null,
    at          integer not null,
    token_id    text not null,
    method      text not null,
    kind        integer not null,
    action      integer not null,
    resource_id text not null,
    subject     text not null,
    -- The subject in lower case, for searching by its beginning.
    subject_key text not null,
    filter      text not null,
    status      integer not null,
    duration_us integer not null,
    scim_type   text not null,
    detail      text not null,
    body        text not null,
    agent       text not null,
    address     text not null, trace text not null default '',
    primary key (account_id, id)
) strict, without rowid;
CREATE TABLE sync_log_settings (
    account_id text not null primary key references accounts (id),
    keep_days  integer not null
) strict, without rowid;
CREATE TABLE tokens (
    account_id   text not null references accounts (id),
    id           text not null,
    hash         blob not null,
    prefix       text not null,
    created_at   integer not null,
    created_by   text not null,
    expires_at   integer not null,
    retires_at   integer,
    revoked_at   integer,
    last_used_at integer, first_used_at integer, last_address text not null default '', last_agent text not null default '', uses_day integer not null default 0, uses integer not null default 0, request_id text,
    primary key (account_id, id)
) strict, without rowid;
CREATE UNIQUE INDEX tokens_hash on tokens (account_id, hash);
CREATE UNIQUE INDEX tokens_request on tokens (account_id, request_id) where request_id is not null;
CREATE INDEX sync_entries_resource on sync_entries (account_id, resource_id, id) where resource_id <> '';
CREATE INDEX sync_entries_subject on sync_entries (account_id, subject_key, id) where subject_key <> '';
CREATE INDEX sync_entries_failed on sync_entries (account_id, (case when status >= 400 then 1 else 0 end), id)
    where status >= 400;
CREATE INDEX notices_next on notices (state, next_at);
CREATE INDEX tokens_end on tokens (expires_at) where revoked_at is null and retires_at is null;
COMMIT;
