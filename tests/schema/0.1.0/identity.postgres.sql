CREATE TABLE public.__diesel_schema_migrations (
    version character varying(50) NOT NULL,
    run_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE public.cards (
    account_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    user_id text NOT NULL COLLATE pg_catalog."C",
    tag text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL COLLATE pg_catalog."C",
    sealed bytea NOT NULL,
    kind text,
    label text,
    source bigint NOT NULL,
    place bigint,
    claim boolean NOT NULL,
    valid_from bigint,
    valid_until bigint,
    created_at bigint NOT NULL,
    last_used_at bigint
);
CREATE TABLE public.changes (
    account_id text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    changed_at bigint NOT NULL,
    action bigint NOT NULL,
    resource text NOT NULL COLLATE pg_catalog."C",
    detail bytea NOT NULL
);
CREATE TABLE public.confirmations (
    account_id text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    station text NOT NULL COLLATE pg_catalog."C",
    confirmed_at bigint NOT NULL
);
CREATE TABLE public.conversions (
    account_id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    steps bytea NOT NULL
);
CREATE TABLE public.denied_cards (
    account_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    station text NOT NULL COLLATE pg_catalog."C",
    tag text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL COLLATE pg_catalog."C",
    sealed bytea NOT NULL,
    denied_at bigint NOT NULL,
    times bigint NOT NULL,
    reason bigint NOT NULL,
    user_id text COLLATE pg_catalog."C"
);
CREATE TABLE public.groups (
    account_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    document bytea NOT NULL,
    display_name text NOT NULL COLLATE pg_catalog."C",
    external_id text COLLATE pg_catalog."C"
);
CREATE TABLE public.guesses (
    account_id text NOT NULL COLLATE pg_catalog."C",
    station text NOT NULL COLLATE pg_catalog."C",
    failures bigint NOT NULL,
    since bigint NOT NULL,
    locked_until bigint
);
CREATE TABLE public.heads (
    account_id text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    user_count bigint NOT NULL,
    group_count bigint NOT NULL,
    oldest_revision bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.members (
    account_id text NOT NULL COLLATE pg_catalog."C",
    group_id text NOT NULL COLLATE pg_catalog."C",
    member_id text NOT NULL COLLATE pg_catalog."C",
    kind bigint NOT NULL
);
CREATE TABLE public.removals (
    account_id text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    removed_at bigint NOT NULL,
    deleted boolean NOT NULL
);
CREATE TABLE public.resource_schemas (
    account_id text NOT NULL COLLATE pg_catalog."C",
    resource_id text NOT NULL COLLATE pg_catalog."C",
    urn text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.secrets (
    account_id text NOT NULL COLLATE pg_catalog."C",
    user_id text NOT NULL COLLATE pg_catalog."C",
    kind bigint NOT NULL,
    source bigint NOT NULL,
    key_id text NOT NULL COLLATE pg_catalog."C",
    salt bytea NOT NULL,
    hash bytea NOT NULL,
    tag text COLLATE pg_catalog."C",
    updated_at bigint NOT NULL,
    last_used_at bigint,
    expires_at bigint,
    failures bigint NOT NULL,
    locked_until bigint
);
CREATE TABLE public.settings (
    account_id text NOT NULL COLLATE pg_catalog."C",
    reactivation bigint NOT NULL,
    unknown_members bigint NOT NULL,
    adoption bigint NOT NULL,
    card_visibility bigint DEFAULT 0 NOT NULL,
    leaver_cards bigint DEFAULT 0 NOT NULL,
    pin_use bigint DEFAULT 0 NOT NULL,
    pin_min_length bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.stations (
    account_id text NOT NULL COLLATE pg_catalog."C",
    station text NOT NULL COLLATE pg_catalog."C",
    revision bigint NOT NULL,
    acknowledged_at bigint,
    created_at bigint NOT NULL
);
CREATE TABLE public.user_values (
    account_id text NOT NULL COLLATE pg_catalog."C",
    user_id text NOT NULL COLLATE pg_catalog."C",
    attribute bigint NOT NULL,
    "position" bigint NOT NULL,
    value text COLLATE pg_catalog."C",
    display text COLLATE pg_catalog."C",
    type text COLLATE pg_catalog."C",
    is_primary boolean,
    formatted text COLLATE pg_catalog."C",
    street_address text COLLATE pg_catalog."C",
    locality text COLLATE pg_catalog."C",
    region text COLLATE pg_catalog."C",
    postal_code text COLLATE pg_catalog."C",
    country text COLLATE pg_catalog."C"
);
CREATE TABLE public.users (
    account_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    document bytea NOT NULL,
    user_name text NOT NULL COLLATE pg_catalog."C",
    external_id text COLLATE pg_catalog."C",
    active boolean,
    display_name text COLLATE pg_catalog."C",
    nick_name text COLLATE pg_catalog."C",
    profile_url text COLLATE pg_catalog."C",
    title text COLLATE pg_catalog."C",
    user_type text COLLATE pg_catalog."C",
    preferred_language text COLLATE pg_catalog."C",
    locale text COLLATE pg_catalog."C",
    timezone text COLLATE pg_catalog."C",
    formatted_name text COLLATE pg_catalog."C",
    family_name text COLLATE pg_catalog."C",
    given_name text COLLATE pg_catalog."C",
    middle_name text COLLATE pg_catalog."C",
    honorific_prefix text COLLATE pg_catalog."C",
    honorific_suffix text COLLATE pg_catalog."C",
    employee_number text COLLATE pg_catalog."C",
    cost_center text COLLATE pg_catalog."C",
    organization text COLLATE pg_catalog."C",
    division text COLLATE pg_catalog."C",
    department text COLLATE pg_catalog."C",
    manager text COLLATE pg_catalog."C",
    manager_display_name text COLLATE pg_catalog."C",
    source bigint DEFAULT 1 NOT NULL,
    local_user_name text COLLATE pg_catalog."C"
);
INSERT INTO public.__diesel_schema_migrations VALUES ('20261124100000', '2026-11-25 19:49:40.164437');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261125100000', '2026-11-25 19:49:40.164437');
INSERT INTO public.__diesel_schema_migrations VALUES ('20261125300000', '2026-11-25 19:49:40.164437');
ALTER TABLE ONLY public.__diesel_schema_migrations
    ADD CONSTRAINT __diesel_schema_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.cards
    ADD CONSTRAINT cards_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (account_id, revision);
ALTER TABLE ONLY public.confirmations
    ADD CONSTRAINT confirmations_pkey PRIMARY KEY (account_id, revision, station);
ALTER TABLE ONLY public.conversions
    ADD CONSTRAINT conversions_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY public.denied_cards
    ADD CONSTRAINT denied_cards_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_pkey PRIMARY KEY (account_id, id);
ALTER TABLE ONLY public.guesses
    ADD CONSTRAINT guesses_pkey PRIMARY KEY (account_id, station);
ALTER TABLE ONLY public.heads
    ADD CONSTRAINT heads_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (account_id, group_id, member_id);
ALTER TABLE ONLY public.removals
    ADD CONSTRAINT removals_pkey PRIMARY KEY (account_id, revision);
ALTER TABLE ONLY public.resource_schemas
    ADD CONSTRAINT resource_schemas_pkey PRIMARY KEY (account_id, resource_id, urn);
ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (account_id, user_id, kind);
ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (account_id);
ALTER TABLE ONLY public.stations
    ADD CONSTRAINT stations_pkey PRIMARY KEY (account_id, station);
ALTER TABLE ONLY public.user_values
    ADD CONSTRAINT user_values_pkey PRIMARY KEY (account_id, user_id, attribute, "position");
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (account_id, id);
CREATE INDEX cards_claims ON public.cards USING btree (account_id, tag) WHERE claim;
CREATE INDEX cards_conflicts ON public.cards USING btree (account_id, id) WHERE claim;
CREATE UNIQUE INDEX cards_holder ON public.cards USING btree (account_id, tag) WHERE (NOT claim);
CREATE INDEX cards_key ON public.cards USING btree (account_id, key_id);
CREATE INDEX cards_user ON public.cards USING btree (account_id, user_id);
CREATE INDEX denied_cards_station ON public.denied_cards USING btree (account_id, station, denied_at, id);
CREATE UNIQUE INDEX denied_cards_tag ON public.denied_cards USING btree (account_id, tag, station);
CREATE INDEX denied_cards_time ON public.denied_cards USING btree (account_id, denied_at, id);
CREATE INDEX denied_cards_user ON public.denied_cards USING btree (account_id, user_id, denied_at) WHERE (user_id IS NOT NULL);
CREATE UNIQUE INDEX groups_display_name ON public.groups USING btree (account_id, display_name);
CREATE INDEX groups_external_id ON public.groups USING btree (account_id, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX members_member ON public.members USING btree (account_id, member_id, group_id);
CREATE INDEX removals_user ON public.removals USING btree (account_id, user_id, revision);
CREATE UNIQUE INDEX secrets_tag ON public.secrets USING btree (account_id, tag) WHERE (tag IS NOT NULL);
CREATE INDEX user_emails ON public.user_values USING btree (account_id, value) WHERE (attribute = 1);
CREATE INDEX users_external_id ON public.users USING btree (account_id, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX users_local_user_name ON public.users USING btree (account_id, local_user_name) WHERE (local_user_name IS NOT NULL);
CREATE INDEX users_source ON public.users USING btree (account_id, source, id);
CREATE UNIQUE INDEX users_user_name ON public.users USING btree (account_id, user_name);
