//! Users in the database.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Text},
};
use prost::Message as _;
use rollcall_db::{Connection, Sql, sql::Value};
use rollcall_proto::identity::{
    Adoption, ChangeAction, GroupMembership, PatchOperation, SecretSource, User, UserSource, UserView,
};
use rollcall_scim::patch;

use super::{
    clock,
    error::Error,
    etag,
    head::{self, Delta, Entry},
    leaver::{self, Going},
    members, memberships,
    page::{List, Page, Row},
    provisioned, secrets, settings,
    tables::{resource_schemas, user_values, users},
    value,
};
use crate::{name, secret::Changes, vault::Vault};

pub(crate) fn user(account: &str, (id, version, created, updated, document): Row) -> Result<User, Error> {
    let stored = User::decode(document.as_slice()).map_err(|_| Error::Corrupt(name::user(account, &id)))?;
    Ok(User {
        name: name::user(account, &id),
        create_time: Some(clock::timestamp(created)),
        update_time: Some(clock::timestamp(updated)),
        etag: etag::of(version),
        source: source_of(stored.source.into()).into(),
        ..stored
    })
}

/// Where a user comes from. Those from before it was recorded all came over SCIM.
pub(crate) fn source_of(number: i64) -> UserSource {
    match i32::try_from(number).map(UserSource::try_from) {
        Ok(Ok(source)) if source != UserSource::Unspecified => source,
        _ => UserSource::Scim,
    }
}

/// The bytes to store: what the columns hold, and what is computed, is left out.
fn document(user: &User) -> Vec<u8> {
    stored(user.clone()).encode_to_vec()
}

fn stored(user: User) -> User {
    User {
        name: String::new(),
        groups: Vec::new(),
        create_time: None,
        update_time: None,
        etag: String::new(),
        print: provisioned::stored(user.print),
        ..user
    }
}

fn taken(error: Error, user: &User) -> Error {
    error.taken("user", ("user_name", "userName", &user.user_name))
}

/// Inserts a user with cards and secrets; none where the unique index finds the userName taken.
pub(crate) fn insert(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    (new, secrets): (&User, &Changes),
) -> Result<Option<User>, Error> {
    let (id, now) = (uuid::Uuid::now_v7().to_string(), clock::now());
    let document = document(new);
    // Unlike a failure, a conflict leaves the transaction usable.
    let inserted = insert_statement(
        [
            ("account_id", account.into()),
            ("id", id.as_str().into()),
            ("version", 1.into()),
            ("created_at", now.into()),
            ("updated_at", now.into()),
            ("document", document.clone().into()),
        ],
        value::columns(new),
    )
    .sql(" ON CONFLICT DO NOTHING")
    .prepared()
    .execute(connection)?;
    if inserted == 0 {
        return Ok(None);
    }
    if rollcall_defect::is("two-transactions") {
        diesel::sql_query("COMMIT").execute(connection)?;
        std::thread::sleep(std::time::Duration::from_millis(50));
        diesel::sql_query("BEGIN").execute(connection)?;
    }
    insert_rows(connection, account, &id, new)?;
    provisioned::write(connection, vault, account, &id, (None, new))?;
    secrets::write(connection, account, &id, secrets, secret_source(new.source()))?;
    log(connection, account, &id, ChangeAction::Created, now, Delta { users: 1, groups: 0 })?;
    let mut inserted = user(account, (id, 1, now, now, document))?;
    provisioned::show(connection, vault, account, std::slice::from_mut(&mut inserted))?;
    Ok(Some(inserted))
}

fn insert_statement(own: [(&'static str, Value); 6], derived: [(&'static str, Value); 26]) -> Sql {
    let columns: Vec<_> = own.into_iter().chain(derived).collect();
    let mut sql = Sql::new("INSERT INTO users (");
    for (index, (column, _)) in columns.iter().enumerate() {
        sql = if index > 0 { sql.sql(", ").sql(column) } else { sql.sql(column) };
    }
    sql.sql(") VALUES (").list(columns.into_iter().map(|(_, value)| value)).sql(")")
}

/// Who set a secret that came with a user.
fn secret_source(source: UserSource) -> SecretSource {
    match source {
        UserSource::Scim => SecretSource::Scim,
        UserSource::Import => SecretSource::Import,
        UserSource::Manual | UserSource::Unspecified => SecretSource::Console,
    }
}

/// Writes into the log that something about a user changed that is no attribute: a card, a secret.
pub(crate) fn note_change(
    connection: &mut Connection,
    account: &str,
    id: &str,
    at: i64,
) -> Result<(), Error> {
    log(connection, account, id, ChangeAction::Updated, at, Delta::default())
}

fn insert_rows(connection: &mut Connection, account: &str, id: &str, new: &User) -> Result<(), Error> {
    if let Some(insert) = value::insert_elements(account, id, new) {
        insert.execute(connection)?;
    }
    if let Some(insert) = value::insert_schemas(account, id, &value::extension_schemas(new)) {
        insert.execute(connection)?;
    }
    Ok(())
}

fn log(
    connection: &mut Connection,
    account: &str,
    id: &str,
    action: ChangeAction,
    at: i64,
    delta: Delta,
) -> Result<(), Error> {
    let resource = name::user(account, id);
    head::log(
        connection,
        Entry { account, at, action, resource: &resource, added: vec![], removed: vec![] },
        delta,
    )
}

/// Reads a user as an answer shows it.
pub(crate) fn get(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
    view: UserView,
) -> Result<User, Error> {
    let mut found = read(connection, account, id)?;
    fill(connection, vault, account, std::slice::from_mut(&mut found), view)?;
    Ok(found)
}

/// Reads a user with the numbers of its cards, for a change: never for an answer.
pub(crate) fn open(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
) -> Result<User, Error> {
    let mut found = read(connection, account, id)?;
    provisioned::open(connection, vault, account, &mut found)?;
    Ok(found)
}

/// Reads a user as the document has it: of cards it says only that there are some.
pub(crate) fn read(connection: &mut Connection, account: &str, id: &str) -> Result<User, Error> {
    let row =
        |of_account: Sql| of_account.sql("id = ").text(id).query::<(Text, BigInt, BigInt, BigInt, Binary)>();
    let select = Sql::new("SELECT id, version, created_at, updated_at, document FROM users WHERE ");
    let of_account = if rollcall_defect::is("account-missing") {
        select
    } else {
        select.sql("account_id = ").text(account).sql(" AND ")
    };
    let row: Option<Row> = row(of_account).get_result(connection).optional()?;
    user(account, row.ok_or_else(|| Error::NotFound(format!("user {id}")))?)
}

/// Fills in what an answer shows and a document lacks.
pub(crate) fn fill(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    users: &mut [User],
    view: UserView,
) -> Result<(), Error> {
    provisioned::show(connection, vault, account, users)?;
    if view != UserView::Basic {
        fill_groups(connection, account, users)?;
    }
    Ok(())
}

/// Fills in the groups of all `users` with one query.
fn fill_groups(connection: &mut Connection, account: &str, users: &mut [User]) -> Result<(), Error> {
    let ids: Vec<String> = users.iter().map(|user| id_of(user).to_owned()).collect();
    let mut groups = memberships::direct_groups(connection, account, &ids)?;
    for user in users {
        user.groups =
            groups.remove(id_of(user)).unwrap_or_default().into_iter().map(GroupMembership::from).collect();
    }
    Ok(())
}

/// The id: the last part of the name.
pub(crate) fn id_of(user: &User) -> &str {
    user.name.rsplit_once('/').map_or("", |(_, id)| id)
}

/// A page of users.
pub(crate) fn list(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    list: &List,
    view: UserView,
) -> Result<Page<User>, Error> {
    let mut page = list.read(connection, account, |row| user(account, row))?;
    fill(connection, vault, account, &mut page.items, view)?;
    Ok(page)
}

/// What to do with a user that exists.
pub(crate) enum Update {
    /// PUT.
    Replace(Box<User>),
    /// PATCH.
    Patch(Vec<PatchOperation>),
}

/// Changes a user. What changes nothing leaves version, time and log alone.
pub(crate) fn update(
    connection: &mut Connection,
    vault: &Vault,
    (account, id): (&str, &str),
    (update, secrets): (Update, &Changes),
    (etags, writer): (&[String], UserSource),
    view: UserView,
) -> Result<User, Error> {
    head::lock(connection, account)?;
    let before = open(connection, vault, account, id)?;
    may_write(writer, before.source(), "user")?;
    etag::check(&before.etag, etags)?;
    let (after, whole) = match update {
        Update::Replace(user) => (*user, true),
        Update::Patch(operations) => (patch::apply_user(&before, &operations)?, false),
    };
    // Whoever changes a user, it comes from where it came from; but an identity provider that looked for a person, found one
    // who was imported, and goes on to change that one, has adopted it. Or the next import would take it back.
    let adopts = writer == UserSource::Scim
        && before.source() == UserSource::Import
        && settings::read(connection, account)?.adoption() != Adoption::Off;
    let source = if adopts { UserSource::Scim.into() } else { before.source };
    let mut after = User { source, ..after };
    provisioned::resolve(connection, account, &before, &mut after, whole)?;
    replace(connection, vault, (account, id), (&before, &after), (secrets, writer))?;
    get(connection, vault, account, id, view)
}

/// Refuses the identity provider what an administrator keeps by hand, and an administrator what comes from the
/// identity provider, whose next change would overwrite it.
pub(crate) fn may_write(writer: UserSource, of: UserSource, resource: &'static str) -> Result<(), Error> {
    match (writer, of) {
        (UserSource::Scim, UserSource::Manual) => Err(Error::KeptByHand { resource }),
        (UserSource::Manual, UserSource::Scim) => Err(Error::KeptByProvider { resource }),
        _ => Ok(()),
    }
}

/// Says whose a user is from now on.
pub(crate) fn set_source(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
    source: UserSource,
) -> Result<User, Error> {
    head::lock(connection, account)?;
    let before = open(connection, vault, account, id)?;
    let after = User { source: source.into(), ..before.clone() };
    replace(connection, vault, (account, id), (&before, &after), (&Changes::default(), source))?;
    get(connection, vault, account, id, UserView::Full)
}

/// Writes `after` over `before`, which is open, if they differ in anything; whether they did. Whoever is no longer active
/// leaves.
pub(crate) fn replace(
    connection: &mut Connection,
    vault: &Vault,
    (account, id): (&str, &str),
    (before, after): (&User, &User),
    (secrets, writer): (&Changes, UserSource),
) -> Result<bool, Error> {
    let cards_changed = provisioned::write(connection, vault, account, id, (Some(before), after))?;
    let secrets_changed = secrets::write(connection, account, id, secrets, secret_source(writer))?;
    let going = (before.active() && !after.active()).then_some(Going::Deactivated);
    let now = clock::now();
    if stored(before.clone()) == stored(after.clone()) && !cards_changed {
        // A secret is no attribute that anybody could read: the version stays.
        if secrets_changed {
            note_change(connection, account, id, now)?;
        }
        return Ok(secrets_changed);
    }
    if let Some(going) = going {
        leaver::leave(connection, vault, account, id, going)?;
    }
    let own = [
        ("version", (etag::version(&before.etag) + 1).into()),
        ("updated_at", now.into()),
        ("document", document(after).into()),
    ];
    Sql::new("UPDATE users SET ")
        .set(own.into_iter().chain(value::columns(after)))
        .sql(" WHERE account_id = ")
        .text(account)
        .sql(" AND id = ")
        .text(id)
        .prepared()
        .execute(connection)
        .map_err(|error| taken(error.into(), after))?;
    delete_rows(connection, account, id)?;
    insert_rows(connection, account, id, after)?;
    note_change(connection, account, id, now)?;
    if let Some(going) = going {
        leaver::record(connection, account, id, now, going)?;
    }
    Ok(true)
}

fn delete_rows(connection: &mut Connection, account: &str, id: &str) -> Result<(), Error> {
    diesel::delete(
        user_values::table.filter(user_values::account_id.eq(account)).filter(user_values::user_id.eq(id)),
    )
    .execute(connection)?;
    diesel::delete(
        resource_schemas::table
            .filter(resource_schemas::account_id.eq(account))
            .filter(resource_schemas::resource_id.eq(id)),
    )
    .execute(connection)?;
    Ok(())
}

/// Deletes a user and takes it out of its groups, whose versions change with that.
pub(crate) fn delete(
    connection: &mut Connection,
    vault: &Vault,
    account: &str,
    id: &str,
    (etags, writer): (&[String], UserSource),
) -> Result<(), Error> {
    head::lock(connection, account)?;
    let before = read(connection, account, id)?;
    may_write(writer, before.source(), "user")?;
    etag::check(&before.etag, etags)?;
    let now = clock::now();
    if !rollcall_defect::is("members-without-user") {
        members::leave_all(connection, account, id, now)?;
    }
    leaver::leave(connection, vault, account, id, Going::Deleted)?;
    delete_rows(connection, account, id)?;
    diesel::delete(users::table.find((account, id))).execute(connection)?;
    log(connection, account, id, ChangeAction::Deleted, now, Delta { users: -1, groups: 0 })?;
    leaver::record(connection, account, id, now, Going::Deleted)
}
