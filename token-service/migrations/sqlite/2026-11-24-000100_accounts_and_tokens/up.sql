-- Times are Unix milliseconds.
create table accounts (
    id             text not null primary key,
    display_name   text not null,
    created_at     integer not null,
    last_access_at integer
) strict, without rowid;

create table tokens (
    account_id   text not null references accounts (id),
    id           text not null,
    hash         blob not null,
    prefix       text not null,
    created_at   integer not null,
    created_by   text not null,
    expires_at   integer not null,
    retires_at   integer,
    revoked_at   integer,
    last_used_at integer,
    primary key (account_id, id)
) strict, without rowid;

create unique index tokens_hash on tokens (account_id, hash);
