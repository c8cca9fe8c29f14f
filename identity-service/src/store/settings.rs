//! The settings of accounts.

use diesel::prelude::*;
use rollcall_db::Connection;
use rollcall_proto::identity::{Adoption, Reactivation, Settings, UnknownMembers};

use super::{error::Error, head, sql::Sql, tables::settings};
use crate::name;

/// The settings of an account; the defaults where nothing was ever set.
pub(crate) fn read(connection: &mut Connection, account: &str) -> Result<Settings, Error> {
    let row: Option<(i64, i64, i64)> = settings::table
        .find(account)
        .select((settings::reactivation, settings::unknown_members, settings::adoption))
        .first(connection)
        .optional()?;
    let (reactivation, unknown_members, adoption) = row.unwrap_or_default();
    Ok(complete(Settings {
        name: name::settings(account),
        reactivation: number(reactivation),
        unknown_members: number(unknown_members),
        adoption: number(adoption),
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
    Settings {
        reactivation: reactivation.into(),
        unknown_members: unknown_members.into(),
        adoption: adoption.into(),
        ..settings
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
    Sql::new("INSERT INTO settings (account_id, reactivation, unknown_members, adoption) VALUES (")
        .text(account)
        .sql(", ")
        .number(changed.reactivation.into())
        .sql(", ")
        .number(changed.unknown_members.into())
        .sql(", ")
        .number(changed.adoption.into())
        .sql(") ON CONFLICT (account_id) DO UPDATE SET reactivation = excluded.reactivation, ")
        .sql("unknown_members = excluded.unknown_members, adoption = excluded.adoption")
        .execute(connection)?;
    Ok(changed)
}
