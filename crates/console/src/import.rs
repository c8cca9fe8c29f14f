//! Imports: a file is looked at first, and then taken.

mod job;
mod result;
mod upload;

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use rollcall_proto::{
    identity::{AbsentUsers, ImportMode, ImportOptions},
    token::GetConnectionRequest,
};

pub(crate) use self::{
    job::Imports,
    result::{csv, show},
    upload::{MAX_BODY, upload},
};
use crate::{
    component::{Tone, alert, card, field, heading},
    csrf::{Checked, Nothing},
    error::Error,
    page::{Tab, page},
    place::Place,
};

/// The modes, as the form has them.
const MODES: [(&str, &str, ImportMode); 4] = [
    ("both", "Create people who are not here, and update those who are", ImportMode::Upsert),
    ("add", "Create people who are not here, and leave those who are", ImportMode::Add),
    ("update", "Update people who are here; rows of anybody else fail", ImportMode::Update),
    (
        "synchronise",
        "Create and update, and deal with imported people who are not in the file",
        ImportMode::Synchronise,
    ),
];

/// What to do with people who are not in the file.
const ABSENT: [(&str, &str, AbsentUsers); 3] = [
    ("keep", "nothing", AbsentUsers::Keep),
    ("deactivate", "deactivate them", AbsentUsers::Deactivate),
    ("delete", "delete them", AbsentUsers::Delete),
];

/// `GET /accounts/{account}/import`.
pub(crate) async fn ask(place: Place) -> Result<Response, Error> {
    place.demand("ImportService/ImportUsers")?;
    let connected = is_connected(&place).await?;
    let body = html! {
        (heading(&[], "Import", html! {}))
        @if connected {
            (alert(Tone::Advice, "Your identity provider keeps the people of this account", html! {
                p {
                    "Importing people as well is advised against: the two would write over each other. What an import may add is cards: it "
                    "finds people by user name, e-mail address or external id, and creates nobody."
                }
            }))
        }
        (card("A file of comma-separated values", html! {}, form(&place, connected)))
        (card("What the columns are called", html! {}, html! {
            p {
                "Columns are known by name, in any case: " code { "userName" } ", " code { "email" } ", " code { "externalId" } ", "
                code { "givenName" } ", " code { "familyName" } ", " code { "displayName" } ", " code { "department" } ", "
                code { "active" } ", " code { "localUserName" } ", " code { "cardNumber" } ", " code { "cardLabel" } ", "
                code { "cardValidUntil" } ", " code { "pin" } ", and what Entra ID, Okta, Google Workspace and the usual print products call them."
            }
            p { "A column that is not there changes nothing; an empty cell removes what there was. Nothing is changed before you have seen what would happen." }
        }))
    };
    Ok(page(&place, Tab::Import, "Import", body).into_response())
}

fn form(place: &Place, connected: bool) -> Markup {
    html! {
        // The token comes first: nothing of a file is read before it is seen.
        form.form method="post" action=(place.url("import")) enctype="multipart/form-data" {
            (place.viewer.csrf.field())
            div.field.check {
                input type="checkbox" id="cards_only" name="cards_only" value="1" checked[connected];
                label for="cards_only" { "Only cards and PINs, for people who are here" }
            }
            @if connected {
                div.field.check {
                    input type="checkbox" id="anyway" name="anyway" value="1";
                    label for="anyway" { "Import people all the same: I know that the identity provider keeps them" }
                }
            }
            (field("mode", "People", "", html! {
                select id="mode" name="mode" { @for (value, words, _) in MODES { option value=(value) { (words) } } }
            }))
            (field("absent", "With imported people who are not in the file", "Only when synchronising. People of the identity provider, and those kept by hand, are never touched by it.", html! {
                select id="absent" name="absent" aria-describedby="absent-hint" { @for (value, words, _) in ABSENT { option value=(value) { (words) } } }
            }))
            (field("encoding", "Encoding", "", html! {
                select id="encoding" name="encoding" {
                    option value="" { "Unicode (CSV UTF-8)" }
                    option value="windows-1252" { "Windows-1252 (CSV of Excel in western Europe)" }
                }
            }))
            div.field.check {
                input type="checkbox" id="all_or_nothing" name="all_or_nothing" value="1";
                label for="all_or_nothing" { "All or nothing: one row that fails undoes all (at most 20,000 rows)" }
            }
            (field("file", "File", "", html! { input type="file" id="file" name="file" accept=".csv,.txt,.tsv,text/csv" required; }))
            div.actions { button.primary type="submit" { "Look at it" } }
        }
    }
}

/// Whether an identity provider has ever acted here.
async fn is_connected(place: &Place) -> Result<bool, Error> {
    let request = GetConnectionRequest { name: format!("{}/connection", place.name()) };
    let connection = place.viewer.clients.connections.clone().get_connection(request).await?.into_inner();
    Ok(connection.last_access_time.is_some())
}

/// What an import does, in words, for the page and the audit.
fn words(options: &ImportOptions) -> String {
    let mode = MODES.iter().find(|(.., mode)| *mode == options.mode()).map_or("", |(value, ..)| value);
    let absent =
        ABSENT.iter().find(|(.., absent)| *absent == options.absent()).map_or("", |(value, ..)| value);
    let what = if options.cards_only { "cards only" } else { mode };
    let removes = options.mode() == ImportMode::Synchronise && !options.cards_only;
    let absent = if removes { format!(", absent: {absent}") } else { String::new() };
    let whole = if options.all_or_nothing { ", all or nothing" } else { "" };
    format!("{what}{absent}{whole}")
}

/// `POST /accounts/{account}/import/{ticket}/apply`: a second click finds that it was begun.
pub(crate) async fn apply(
    place: Place,
    Path((_, ticket)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Redirect, Error> {
    place.demand("ImportService/ImportUsers")?;
    let job = place.viewer.console.imports.find(&place, &ticket)?;
    if job.begin() {
        place.record("import", &place.name(), format!("{}: {}", job.file_name, words(&job.options))).await?;
        job.run(place.viewer.clients.imports.clone(), false);
    }
    Ok(Redirect::to(&place.url(&format!("import/{ticket}"))))
}

/// `POST /accounts/{account}/import/{ticket}/stop`.
pub(crate) async fn stop(
    place: Place,
    Path((_, ticket)): Path<(String, String)>,
    Checked(Nothing {}): Checked<Nothing>,
) -> Result<Redirect, Error> {
    place.demand("ImportService/ImportUsers")?;
    place.viewer.console.imports.find(&place, &ticket)?.stop();
    Ok(Redirect::to(&place.url(&format!("import/{ticket}"))))
}
