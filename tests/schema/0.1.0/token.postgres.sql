CREATE TABLE public.__diesel_schema_migrations (
    version character varying(50) NOT NULL,
    run_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.accounts (
    id text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    last_access_at bigint
);
CREATE TABLE public.audit_entries (
    account_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL,
    actor text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL COLLATE pg_catalog."C",
    target text NOT NULL COLLATE pg_catalog."C",
    detail text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.connections (
    account_id text NOT NULL COLLATE pg_catalog."C",
    last_success_at bigint,
    last_write_at bigint,
    first_success_at bigint,
    last_failure_at bigint,
    failures bigint DEFAULT 0 NOT NULL,
    last_failure text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    last_refused_at bigint,
    refused_token text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    last_address text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    last_agent text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    lost bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.invitations (
    id text NOT NULL COLLATE pg_catalog."C",
    hash bytea NOT NULL,
    display_name text NOT NULL COLLATE pg_catalog."C",
    role integer NOT NULL,
    account_id text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    redeemed_at bigint
);
CREATE TABLE public.notice_settings (
    account_id text NOT NULL COLLATE pg_catalog."C",
    emails text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    webhook_url text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    webhook_version integer DEFAULT 1 NOT NULL
);
CREATE TABLE public.notices (
    account_id text NOT NULL COLLATE pg_catalog."C",
    token_id text NOT NULL COLLATE pg_catalog."C",
    days integer NOT NULL,
    channel integer NOT NULL,
    state integer NOT NULL,
    attempts integer NOT NULL,
    attempt_at bigint,
    next_at bigint NOT NULL,
    error text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.sessions (
    id text NOT NULL COLLATE pg_catalog."C",
    hash bytea NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    display_name text NOT NULL COLLATE pg_catalog."C",
    role integer NOT NULL,
    account_id text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    ended_at bigint
);
CREATE TABLE public.sync_entries (
    account_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    at bigint NOT NULL,
    token_id text NOT NULL COLLATE pg_catalog."C",
    method text NOT NULL COLLATE pg_catalog."C",
    kind integer NOT NULL,
    action integer NOT NULL,
    resource_id text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    subject_key text NOT NULL COLLATE pg_catalog."C",
    filter text NOT NULL COLLATE pg_catalog."C",
    status integer NOT NULL,
    duration_us bigint NOT NULL,
    scim_type text NOT NULL COLLATE pg_catalog."C",
    detail text NOT NULL COLLATE pg_catalog."C",
    body text NOT NULL COLLATE pg_catalog."C",
    agent text NOT NULL COLLATE pg_catalog."C",
    address text NOT NULL COLLATE pg_catalog."C",
    trace text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.sync_log_settings (
    account_id text NOT NULL COLLATE pg_catalog."C",
    keep_days integer NOT NULL
);
CREATE TABLE public.tokens (
    account_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    hash bytea NOT NULL,
    prefix text NOT NULL COLLATE pg_catalog."C",
    created_at bigint NOT NULL,
    created_by text NOT NULL COLLATE pg_catalog."C",
    expires_at bigint NOT NULL,
    retires_at bigint,
    revoked_at bigint,
    last_used_at bigint,
    first_used_at bigint,
    last_address text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    last_agent text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    uses_day bigint DEFAULT 0 NOT NULL,
    uses bigint DEFAULT 0 NOT NULL,
    request_id text COLLATE pg_catalog."C"
);
INSERT INTO public.__diesel_schema_migrations VALUES ('20261124000100', '2026-11-25 19:49:40.212268');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261125200000', '2026-11-25 19:49:40.212268');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261125500000', '2026-11-25 19:49:40.212268');
ALTER TABLE ONLY public.__diesel_schema_migrations
    ADD CONSTRAINT __diesel_schema_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.connections
    ADD CONSTRAINT connections_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.notice_settings
    ADD CONSTRAINT notice_settings_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (account_id, token_id, days, channel);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sync_entries
    ADD CONSTRAINT sync_entries_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.sync_log_settings
    ADD CONSTRAINT sync_log_settings_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (account_id, id);
CREATE INDEX notices_next ON public.notices USING btree (state, next_at);
CREATE INDEX sync_entries_failed ON public.sync_entries USING btree (account_id, (
CASE
    WHEN (status >= 400) THEN 1
    ELSE 0
END), id) WHERE (status >= 400);
CREATE INDEX sync_entries_resource ON public.sync_entries USING btree (account_id, resource_id, id) WHERE (resource_id <> ''::text);
CREATE INDEX sync_entries_subject ON public.sync_entries USING btree (account_id, subject_key, id) WHERE (subject_key <> ''::text);
CREATE INDEX tokens_end ON public.tokens USING btree (expires_at) WHERE ((revoked_at IS NULL) AND (retires_at IS NULL));
CREATE UNIQUE INDEX tokens_hash ON public.tokens USING btree (account_id, hash);
CREATE UNIQUE INDEX tokens_request ON public.tokens USING btree (account_id, request_id) WHERE (request_id IS NOT NULL);
ALTER TABLE ONLY public.connections
    ADD CONSTRAINT connections_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.notice_settings
    ADD CONSTRAINT notice_settings_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.notices
    ADD CONSTRAINT notices_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.sync_entries
    ADD CONSTRAINT sync_entries_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.sync_log_settings
    ADD CONSTRAINT sync_log_settings_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);
