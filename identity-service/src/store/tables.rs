//! The tables, as the migrations make them.

diesel::table! {
    heads (account_id) {
        account_id -> Text,
        revision -> BigInt,
        user_count -> BigInt,
        group_count -> BigInt,
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
    }
}

diesel::allow_tables_to_appear_in_same_query!(users, user_values, groups, members);
