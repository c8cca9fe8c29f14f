//! The tables, as the migration makes them.

diesel::table! {
    state (id) {
        id -> BigInt,
        account -> Text,
        station -> Text,
        revision -> BigInt,
        generation -> BigInt,
        complete -> Bool,
        contact_at -> BigInt,
    }
}

diesel::table! {
    keys (generation) {
        generation -> BigInt,
        station_key -> Binary,
        conversion -> Binary,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        generation -> BigInt,
        active -> Bool,
        document -> Binary,
    }
}

diesel::table! {
    names (name, kind, user_id) {
        name -> Text,
        kind -> BigInt,
        user_id -> Text,
    }
}

diesel::table! {
    cards (tag, user_id) {
        tag -> Text,
        user_id -> Text,
        valid_from -> Nullable<BigInt>,
        valid_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    groups (id) {
        id -> Text,
        generation -> BigInt,
        display_name -> Text,
    }
}

diesel::table! {
    members (group_id, member_id) {
        group_id -> Text,
        member_id -> Text,
        generation -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(users, names, cards, groups, members);
