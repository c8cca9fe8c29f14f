//! All SQL of a copy.

mod apply;
mod read;
mod tables;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::prelude::*;
use rollcall_db::{Address, Connection};

use self::tables::{cards, groups, state, users};
pub(crate) use self::{
    apply::{Batch, apply, contact},
    read::{by_name, card, effective_groups, groups_of, keys, user},
};
use crate::edge::Error;

/// Where a copy is.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct Head {
    pub(crate) account: String,
    pub(crate) station: String,
    pub(crate) revision: i64,
    pub(crate) generation: i64,
    pub(crate) complete: bool,
    pub(crate) contact_at: i64,
}

type Columns =
    (state::account, state::station, state::revision, state::generation, state::complete, state::contact_at);

const COLUMNS: Columns =
    (state::account, state::station, state::revision, state::generation, state::complete, state::contact_at);

/// Writes into a new file whose copy it is; what it says. Blocks.
pub(crate) fn begin(address: &Address, account: &str, station: &str) -> Result<Head, Error> {
    let mut connection = Connection::open_writer(address)?;
    if let Some(head) = state::table.find(1).select(COLUMNS).first(&mut connection).optional()? {
        return Ok(head);
    }
    diesel::insert_into(state::table)
        .values((
            state::id.eq(1),
            state::account.eq(account),
            state::station.eq(station),
            state::revision.eq(0),
            state::generation.eq(0),
            state::complete.eq(false),
            state::contact_at.eq(0),
        ))
        .execute(&mut connection)?;
    head(&mut connection)
}

pub(crate) fn head(connection: &mut Connection) -> Result<Head, Error> {
    Ok(state::table.find(1).select(COLUMNS).first(connection)?)
}

/// Where the copy is, and how many people, cards and groups it has.
pub(crate) fn counts(connection: &mut Connection) -> Result<(Head, [i64; 3]), Error> {
    let counts = [
        users::table.count().get_result(connection)?,
        cards::table.count().get_result(connection)?,
        groups::table.count().get_result(connection)?,
    ];
    Ok((head(connection)?, counts))
}

/// A tag as the text of a key column.
pub(crate) fn encoded(tag: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(tag)
}
