//! A card that its person registers at a device.

use rollcall_db::Connection;
use rollcall_proto::identity::{CardSource, SecretKind, User, UserView};

use super::{
    cards::{self, About, Give, Given},
    clock,
    error::Error,
    head, secrets, users,
};
use crate::vault::Vault;

/// Gives a person a card for a code that was right: its hash says which, since it is good once.
pub(crate) fn register(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    user: &str,
    (number, code): (&str, &[u8]),
) -> Result<(String, User), Error> {
    head::lock(connection, account)?;
    let kind = SecretKind::RegistrationCode;
    let current = secrets::find(connection, account, user, kind)?;
    if current.is_none_or(|row| row.hash != code || row.is_over(clock::now())) {
        return Err(Error::WrongSecret);
    }
    let tags = cards::tags(connection, vault, account, number)?;
    if cards::with_number(connection, account, &tags)?.iter().any(|row| !row.claim && row.user_id != user) {
        return Err(Error::CardHeld("somebody else holds this card"));
    }
    let give = Give { user, number, source: CardSource::Device, place: None, about: About::default() };
    let (Given::New(row) | Given::Had(row)) = cards::give_tagged(connection, vault, account, give, &tags)?;
    secrets::clear(connection, account, user, kind)?;
    users::note_change(connection, account, user, clock::now())?;
    Ok((row.id, users::get(connection, vault, account, user, UserView::Basic)?))
}
