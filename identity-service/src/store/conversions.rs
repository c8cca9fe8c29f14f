//! The conversions of card numbers of accounts.

use diesel::prelude::*;
use prost::Message as _;
use rollcall_db::{Connection, Sql};
use rollcall_proto::identity::CardConversion;

use super::{clock, error::Error, tables::conversions};

/// Which conversion an account has; 0 for none, and another for each after that, those of an account that was erased and made again
/// included.
pub(crate) fn version(connection: &mut Connection, account: &str) -> Result<i64, Error> {
    let found: Option<i64> =
        conversions::table.find(account).select(conversions::version).first(connection).optional()?;
    Ok(found.unwrap_or_default())
}

/// The conversion of an account.
pub(crate) fn read(connection: &mut Connection, account: &str) -> Result<CardConversion, Error> {
    let found: Option<Vec<u8>> =
        conversions::table.find(account).select(conversions::steps).first(connection).optional()?;
    let Some(steps) = found else { return Ok(CardConversion::default()) };
    CardConversion::decode(steps.as_slice())
        .map_err(|_| Error::Corrupt(format!("the card number conversion of {account}")))
}

/// Writes another conversion of an account.
pub(crate) fn write(connection: &mut Connection, account: &str, steps: &CardConversion) -> Result<(), Error> {
    Sql::new("INSERT INTO conversions (account_id, version, steps) VALUES (")
        .text(account)
        .sql(", ")
        .number(clock::now())
        .sql(", '') ON CONFLICT DO NOTHING")
        .execute(connection)?;
    diesel::update(conversions::table.find(account))
        .set((
            conversions::version.eq(conversions::version + 1),
            conversions::steps.eq(steps.encode_to_vec()),
        ))
        .execute(connection)?;
    Ok(())
}
