//! The tables, as `migrations/` makes them on both databases.

diesel::table! {
    accounts (id) {
        id -> Text,
        display_name -> Text,
        created_at -> BigInt,
        last_access_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    tokens (account_id, id) {
        account_id -> Text,
        id -> Text,
        hash -> Binary,
        prefix -> Text,
        created_at -> BigInt,
        created_by -> Text,
        expires_at -> BigInt,
        retires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        first_used_at -> Nullable<BigInt>,
        last_address -> Text,
        last_agent -> Text,
        uses_day -> BigInt,
        uses -> BigInt,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    connections (account_id) {
        account_id -> Text,
        last_success_at -> Nullable<BigInt>,
        last_write_at -> Nullable<BigInt>,
        first_success_at -> Nullable<BigInt>,
        last_failure_at -> Nullable<BigInt>,
        failures -> BigInt,
        last_failure -> Text,
        last_refused_at -> Nullable<BigInt>,
        refused_token -> Text,
        last_address -> Text,
        last_agent -> Text,
        lost -> BigInt,
    }
}

diesel::table! {
    sync_entries (account_id, id) {
        account_id -> Text,
        id -> Text,
        at -> BigInt,
        token_id -> Text,
        method -> Text,
        kind -> Integer,
        action -> Integer,
        resource_id -> Text,
        subject -> Text,
        subject_key -> Text,
        filter -> Text,
        status -> Integer,
        duration_us -> BigInt,
        scim_type -> Text,
        detail -> Text,
        body -> Text,
        agent -> Text,
        address -> Text,
        trace -> Text,
    }
}

diesel::table! {
    sync_log_settings (account_id) {
        account_id -> Text,
        keep_days -> Integer,
    }
}

diesel::table! {
    notice_settings (account_id) {
        account_id -> Text,
        emails -> Text,
        webhook_url -> Text,
        webhook_version -> Integer,
    }
}

diesel::table! {
    notices (account_id, token_id, days, channel) {
        account_id -> Text,
        token_id -> Text,
        days -> Integer,
        channel -> Integer,
        state -> Integer,
        attempts -> Integer,
        attempt_at -> Nullable<BigInt>,
        next_at -> BigInt,
        error -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        hash -> Binary,
        subject -> Text,
        display_name -> Text,
        role -> Integer,
        account_id -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    invitations (id) {
        id -> Text,
        hash -> Binary,
        display_name -> Text,
        role -> Integer,
        account_id -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        redeemed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_entries (account_id, id) {
        account_id -> Text,
        id -> Text,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        target -> Text,
        detail -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(accounts, notice_settings, notices, tokens);
