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
    }
}

diesel::allow_tables_to_appear_in_same_query!(accounts, tokens);
