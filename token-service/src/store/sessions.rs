//! Who is signed in to the console, and who is invited to.
//!
//! The only tables whose key does not begin with an account: whose session a secret is must be found out before an
//! account is known, and operators belong to none.

use diesel::prelude::*;
use rollcall_db::Connection;

use super::schema::{invitations as i, sessions as s};
use crate::{clock::Millis, error::Error};

/// A session as it is stored, without its hash.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) display_name: String,
    /// As `rollcall.token.v1.Role`.
    pub(crate) role: i32,
    /// Empty for operators.
    pub(crate) account_id: String,
    pub(crate) created_at: Millis,
    pub(crate) seen_at: Millis,
    pub(crate) ended_at: Option<Millis>,
}

/// An invitation as it is stored, without its hash.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) role: i32,
    pub(crate) account_id: String,
    pub(crate) created_at: Millis,
    pub(crate) expires_at: Millis,
    pub(crate) redeemed_at: Option<Millis>,
}

/// Adds a session.
pub(crate) fn insert(c: &mut Connection, session: &Session, hash: &[u8]) -> Result<(), Error> {
    diesel::insert_into(s::table)
        .values((
            s::id.eq(&session.id),
            s::hash.eq(hash),
            s::subject.eq(&session.subject),
            s::display_name.eq(&session.display_name),
            s::role.eq(session.role),
            s::account_id.eq(&session.account_id),
            s::created_at.eq(session.created_at),
            s::seen_at.eq(session.seen_at),
            s::ended_at.eq(session.ended_at),
        ))
        .execute(c)?;
    Ok(())
}

/// Reads a session by its hash.
pub(crate) fn find(c: &mut Connection, hash: &[u8]) -> Result<Option<Session>, Error> {
    let row = s::table.filter(s::hash.eq(hash)).select((
        s::id,
        s::subject,
        s::display_name,
        s::role,
        s::account_id,
        s::created_at,
        s::seen_at,
        s::ended_at,
    ));
    Ok(row.first(c).optional()?)
}

/// Whether anybody has ever signed in.
pub(crate) fn any(c: &mut Connection) -> Result<bool, Error> {
    let used = i::table.filter(i::redeemed_at.is_not_null()).select(i::id).first::<String>(c).optional()?;
    Ok(used.is_some() || s::table.select(s::id).first::<String>(c).optional()?.is_some())
}

/// Notes that a session was seen.
pub(crate) fn note_seen(c: &mut Connection, id: &str, at: Millis) -> Result<(), Error> {
    diesel::update(s::table.find(id).filter(s::seen_at.lt(at))).set(s::seen_at.eq(at)).execute(c)?;
    Ok(())
}

/// Ends a session; `false` when it had ended.
pub(crate) fn end(c: &mut Connection, id: &str, at: Millis) -> Result<bool, Error> {
    let open = s::table.find(id).filter(s::ended_at.is_null());
    Ok(diesel::update(open).set(s::ended_at.eq(at)).execute(c)? == 1)
}

/// Adds an invitation.
pub(crate) fn insert_invitation(
    c: &mut Connection,
    invitation: &Invitation,
    hash: &[u8],
) -> Result<(), Error> {
    diesel::insert_into(i::table)
        .values((
            i::id.eq(&invitation.id),
            i::hash.eq(hash),
            i::display_name.eq(&invitation.display_name),
            i::role.eq(invitation.role),
            i::account_id.eq(&invitation.account_id),
            i::created_at.eq(invitation.created_at),
            i::expires_at.eq(invitation.expires_at),
            i::redeemed_at.eq(invitation.redeemed_at),
        ))
        .execute(c)?;
    Ok(())
}

/// Takes an invitation that nobody has taken and that has not ended at `now`. Of several at once one gets it: each
/// changes the row, and only the first finds it open.
pub(crate) fn redeem(c: &mut Connection, hash: &[u8], now: Millis) -> Result<Option<Invitation>, Error> {
    let open =
        i::table.filter(i::hash.eq(hash)).filter(i::redeemed_at.is_null()).filter(i::expires_at.gt(now));
    if diesel::update(open).set(i::redeemed_at.eq(now)).execute(c)? != 1 {
        return Ok(None);
    }
    let row = i::table.filter(i::hash.eq(hash)).select((
        i::id,
        i::display_name,
        i::role,
        i::account_id,
        i::created_at,
        i::expires_at,
        i::redeemed_at,
    ));
    Ok(row.first(c).optional()?)
}

/// Deletes sessions that began before `began`, and invitations that ended before then and were not used. The newest
/// session and the used invitations stay: that somebody has signed in is known by them.
pub(crate) fn purge(c: &mut Connection, began: Millis) -> Result<(), Error> {
    let newest: Option<String> = s::table.order(s::id.desc()).select(s::id).first(c).optional()?;
    let Some(newest) = newest else { return purge_invitations(c, began) };
    diesel::delete(s::table.filter(s::created_at.lt(began)).filter(s::id.ne(newest))).execute(c)?;
    purge_invitations(c, began)
}

fn purge_invitations(c: &mut Connection, began: Millis) -> Result<(), Error> {
    diesel::delete(i::table.filter(i::expires_at.lt(began)).filter(i::redeemed_at.is_null())).execute(c)?;
    Ok(())
}
