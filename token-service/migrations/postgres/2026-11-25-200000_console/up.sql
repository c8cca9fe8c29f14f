-- Times are Unix milliseconds, days are counted from the Unix epoch.
alter table tokens add column first_used_at bigint;
alter table tokens add column last_address text collate "C" not null default '';
alter table tokens add column last_agent text collate "C" not null default '';
-- How often it was used on the day of uses_day.
alter table tokens add column uses_day bigint not null default 0;
alter table tokens add column uses bigint not null default 0;
-- What made it: asked for again, it makes no second one.
alter table tokens add column request_id text collate "C";
create unique index tokens_request on tokens (account_id, request_id) where request_id is not null;

-- How the connection of an account is doing; no row: nothing has come yet.
create table connections (
    account_id       text collate "C" not null primary key references accounts (id),
    last_success_at  bigint,
    last_write_at    bigint,
    first_success_at bigint,
    last_failure_at  bigint,
    failures         bigint not null default 0,
    last_failure     text collate "C" not null default '',
    last_refused_at  bigint,
    refused_token    text collate "C" not null default '',
    last_address     text collate "C" not null default '',
    last_agent       text collate "C" not null default '',
    lost             bigint not null default 0
);

create table sync_entries (
    account_id  text collate "C" not null references accounts (id),
    -- UUID of version 7, of the time at which the request came.
    id          text collate "C" not null,
    at          bigint not null,
    token_id    text collate "C" not null,
    method      text collate "C" not null,
    kind        integer not null,
    action      integer not null,
    resource_id text collate "C" not null,
    subject     text collate "C" not null,
    -- The subject in lower case, for searching by its beginning.
    subject_key text collate "C" not null,
    filter      text collate "C" not null,
    status      integer not null,
    duration_us bigint not null,
    scim_type   text collate "C" not null,
    detail      text collate "C" not null,
    body        text collate "C" not null,
    agent       text collate "C" not null,
    address     text collate "C" not null,
    primary key (account_id, id)
);

create index sync_entries_resource on sync_entries (account_id, resource_id, id) where resource_id <> '';
create index sync_entries_subject on sync_entries (account_id, subject_key, id) where subject_key <> '';
-- The expression makes it more than the primary key, which SQLite would prefer, and read the whole log for few failures.
create index sync_entries_failed on sync_entries (account_id, (case when status >= 400 then 1 else 0 end), id)
    where status >= 400;

create table sync_log_settings (
    account_id text collate "C" not null primary key references accounts (id),
    keep_days  integer not null
);

create table notice_settings (
    account_id      text collate "C" not null primary key references accounts (id),
    -- One a line.
    emails          text collate "C" not null default '',
    webhook_url     text collate "C" not null default '',
    -- The secret is derived from the key of the installation and this number, and not stored.
    webhook_version integer not null default 1
);

create table notices (
    account_id text collate "C" not null references accounts (id),
    token_id   text collate "C" not null,
    days       integer not null,
    channel    integer not null,
    state      integer not null,
    attempts   integer not null,
    attempt_at bigint,
    -- Before this nobody else takes it.
    next_at    bigint not null,
    error      text collate "C" not null default '',
    primary key (account_id, token_id, days, channel)
);

create index notices_next on notices (state, next_at);
-- The tokens that are near their end, and that nothing replaces.
create index tokens_end on tokens (expires_at) where revoked_at is null and retires_at is null;

-- Sessions of operators belong to no account: here the account is what the session may see.
create table sessions (
    id           text collate "C" not null primary key,
    hash         bytea not null unique,
    subject      text collate "C" not null,
    display_name text collate "C" not null,
    role         integer not null,
    account_id   text collate "C" not null,
    created_at   bigint not null,
    seen_at      bigint not null,
    ended_at     bigint
);

create table invitations (
    id           text collate "C" not null primary key,
    hash         bytea not null unique,
    display_name text collate "C" not null,
    role         integer not null,
    account_id   text collate "C" not null,
    created_at   bigint not null,
    expires_at   bigint not null,
    redeemed_at  bigint
);

-- The account `-` has what belongs to none.
create table audit_entries (
    account_id text collate "C" not null,
    id         text collate "C" not null,
    at         bigint not null,
    actor      text collate "C" not null,
    action     text collate "C" not null,
    target     text collate "C" not null,
    detail     text collate "C" not null,
    primary key (account_id, id)
);
