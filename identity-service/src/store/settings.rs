//! The settings of accounts.

use diesel::prelude::*;
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::{
    Adoption, CardVisibility, LeaverCards, PinUse, Reactivation, Settings, UnknownMembers,
};

use super::{error::Error, head, tables::settings};
use crate::name;

/// The fewest digits of a PIN where an account says nothing.
const DEFAULT_PIN_LENGTH: i32 = 4;

/// The settings of an account; the defaults where nothing was ever set.
pub(crate) fn read(connection: &mut Connection, account: &str) -> Result<Settings, Error> {
    let row: Option<(i64, i64, i64, i64, i64, i64, i64)> = settings::table
        .find(account)
        .select((
            settings::reactivation,
            settings::unknown_members,
            settings::adoption,
            settings::card_visibility,
            settings::leaver_cards,
            settings::pin_use,
            settings::pin_min_length,
        ))
        .first(connection)
        .optional()?;
    let (reactivation, unknown_members, adoption, card_visibility, leaver_cards, pin_use, pin_min_length) =
        row.unwrap_or_default();
    Ok(complete(Settings {
        name: name::settings(account),
        reactivation: number(reactivation),
        unknown_members: number(unknown_members),
        adoption: number(adoption),
        card_visibility: number(card_visibility),
        leaver_cards: number(leaver_cards),
        pin_use: number(pin_use),
        pin_min_length: number(pin_min_length),
    }))
}

fn number(column: i64) -> i32 {
    i32::try_from(column).unwrap_or_default()
}

/// The settings with the default for whatever is unspecified.
pub(crate) fn complete(settings: Settings) -> Settings {
    let reactivation = match settings.reactivation() {
        Reactivation::Unspecified => Reactivation::Reactivate,
        set => set,
    };
    let unknown_members = match settings.unknown_members() {
        UnknownMembers::Unspecified => UnknownMembers::Ignore,
        set => set,
    };
    let adoption = match settings.adoption() {
        Adoption::Unspecified => Adoption::ByName,
        set => set,
    };
    let card_visibility = match settings.card_visibility() {
        CardVisibility::Unspecified => CardVisibility::Masked,
        set => set,
    };
    let leaver_cards = match settings.leaver_cards() {
        LeaverCards::Unspecified => LeaverCards::Keep,
        set => set,
    };
    let pin_use = match settings.pin_use() {
        PinUse::Unspecified => PinUse::WithName,
        set => set,
    };
    let pin_min_length = match settings.pin_min_length {
        0 => DEFAULT_PIN_LENGTH,
        set => set,
    };
    Settings {
        name: settings.name,
        reactivation: reactivation.into(),
        unknown_members: unknown_members.into(),
        adoption: adoption.into(),
        card_visibility: card_visibility.into(),
        leaver_cards: leaver_cards.into(),
        pin_use: pin_use.into(),
        pin_min_length,
    }
}

/// Changes the settings of an account, in its turn among the writers.
pub(crate) fn update(
    connection: &mut Connection,
    account: &str,
    change: impl FnOnce(&mut Settings),
) -> Result<Settings, Error> {
    head::lock(connection, account)?;
    let mut changed = read(connection, account)?;
    change(&mut changed);
    let changed = complete(changed);
    Sql::new("INSERT INTO settings (account_id, reactivation, unknown_members, adoption, card_visibility, ")
        .sql("leaver_cards, pin_use, pin_min_length) VALUES (")
        .text(account)
        .sql(", ")
        .number(changed.reactivation.into())
        .sql(", ")
        .number(changed.unknown_members.into())
        .sql(", ")
        .number(changed.adoption.into())
        .sql(", ")
        .number(changed.card_visibility.into())
        .sql(", ")
        .number(changed.leaver_cards.into())
        .sql(", ")
        .number(changed.pin_use.into())
        .sql(", ")
        .number(changed.pin_min_length.into())
        .sql(") ON CONFLICT (account_id) DO UPDATE SET reactivation = excluded.reactivation, ")
        .sql("unknown_members = excluded.unknown_members, adoption = excluded.adoption, ")
        .sql("card_visibility = excluded.card_visibility, leaver_cards = excluded.leaver_cards, ")
        .sql("pin_use = excluded.pin_use, pin_min_length = excluded.pin_min_length")
        .execute(connection)?;
    Ok(changed)
}
