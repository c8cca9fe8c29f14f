-- Times are Unix milliseconds. Text is ordered by code point, as on SQLite.
create table accounts (
    id             text collate "C" not null primary key,
    display_name   text collate "C" not null,
    created_at     bigint not null,
    last_access_at bigint
);

create table tokens (
    account_id   text collate "C" not null references accounts (id),
    id           text collate "C" not null,
    hash         bytea not null,
    prefix       text collate "C" not null,
    created_at   bigint not null,
    created_by   text collate "C" not null,
    expires_at   bigint not null,
    retires_at   bigint,
    revoked_at   bigint,
    last_used_at bigint,
    primary key (account_id, id)
);

create unique index tokens_hash on tokens (account_id, hash);
