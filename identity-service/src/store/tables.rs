//! The tables, as the migrations make them.

diesel::table! {
    heads (account_id) {
        account_id -> Text,
        revision -> BigInt,
        user_count -> BigInt,
        group_count -> BigInt,
        oldest_revision -> BigInt,
    }
}

diesel::table! {
    users (account_id, id) {
        account_id -> Text,
        id -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        document -> Binary,
        user_name -> Text,
        external_id -> Nullable<Text>,
        active -> Nullable<Bool>,
        display_name -> Nullable<Text>,
        nick_name -> Nullable<Text>,
        profile_url -> Nullable<Text>,
        title -> Nullable<Text>,
        user_type -> Nullable<Text>,
        preferred_language -> Nullable<Text>,
        locale -> Nullable<Text>,
        timezone -> Nullable<Text>,
        formatted_name -> Nullable<Text>,
        family_name -> Nullable<Text>,
        given_name -> Nullable<Text>,
        middle_name -> Nullable<Text>,
        honorific_prefix -> Nullable<Text>,
        honorific_suffix -> Nullable<Text>,
        employee_number -> Nullable<Text>,
        cost_center -> Nullable<Text>,
        organization -> Nullable<Text>,
        division -> Nullable<Text>,
        department -> Nullable<Text>,
        manager -> Nullable<Text>,
        manager_display_name -> Nullable<Text>,
        source -> BigInt,
        local_user_name -> Nullable<Text>,
    }
}

diesel::table! {
    user_values (account_id, user_id, attribute, position) {
        account_id -> Text,
        user_id -> Text,
        attribute -> BigInt,
        position -> BigInt,
        value -> Nullable<Text>,
    }
}

diesel::table! {
    groups (account_id, id) {
        account_id -> Text,
        id -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        document -> Binary,
        display_name -> Text,
        external_id -> Nullable<Text>,
    }
}

diesel::table! {
    resource_schemas (account_id, resource_id, urn) {
        account_id -> Text,
        resource_id -> Text,
        urn -> Text,
    }
}

diesel::table! {
    members (account_id, group_id, member_id) {
        account_id -> Text,
        group_id -> Text,
        member_id -> Text,
        kind -> BigInt,
    }
}

diesel::table! {
    changes (account_id, revision) {
        account_id -> Text,
        revision -> BigInt,
        changed_at -> BigInt,
        action -> BigInt,
        resource -> Text,
        detail -> Binary,
    }
}

diesel::table! {
    settings (account_id) {
        account_id -> Text,
        reactivation -> BigInt,
        unknown_members -> BigInt,
        adoption -> BigInt,
        card_visibility -> BigInt,
        leaver_cards -> BigInt,
        pin_use -> BigInt,
        pin_min_length -> BigInt,
    }
}

diesel::table! {
    conversions (account_id) {
        account_id -> Text,
        version -> BigInt,
        steps -> Binary,
    }
}

diesel::table! {
    cards (account_id, id) {
        account_id -> Text,
        id -> Text,
        user_id -> Text,
        tag -> Text,
        key_id -> Text,
        sealed -> Binary,
        kind -> Nullable<Text>,
        label -> Nullable<Text>,
        source -> BigInt,
        place -> Nullable<BigInt>,
        claim -> Bool,
        valid_from -> Nullable<BigInt>,
        valid_until -> Nullable<BigInt>,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    secrets (account_id, user_id, kind) {
        account_id -> Text,
        user_id -> Text,
        kind -> BigInt,
        source -> BigInt,
        key_id -> Text,
        salt -> Binary,
        hash -> Binary,
        tag -> Nullable<Text>,
        updated_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        failures -> BigInt,
        locked_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    guesses (account_id, station) {
        account_id -> Text,
        station -> Text,
        failures -> BigInt,
        since -> BigInt,
        locked_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    denied_cards (account_id, id) {
        account_id -> Text,
        id -> Text,
        station -> Text,
        tag -> Text,
        key_id -> Text,
        sealed -> Binary,
        denied_at -> BigInt,
        times -> BigInt,
        reason -> BigInt,
        user_id -> Nullable<Text>,
    }
}

diesel::table! {
    stations (account_id, station) {
        account_id -> Text,
        station -> Text,
        revision -> BigInt,
        acknowledged_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    removals (account_id, revision) {
        account_id -> Text,
        revision -> BigInt,
        user_id -> Text,
        removed_at -> BigInt,
        deleted -> Bool,
    }
}

diesel::table! {
    confirmations (account_id, revision, station) {
        account_id -> Text,
        revision -> BigInt,
        station -> Text,
        confirmed_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(users, user_values, groups, members, cards);
