//! A file comes in.

use axum::{
    extract::{FromRequest as _, Multipart, Request, multipart::Field},
    response::Redirect,
};
use rollcall_proto::identity::{AbsentUsers, ImportEncoding, ImportMode, ImportOptions};
use tokio::io::AsyncWriteExt as _;

use super::{ABSENT, MODES, is_connected, job::broken};
use crate::{csrf, error::Error, place::Place};

/// The most bytes of a field that is no file.
const MAX_FIELD: usize = 4096;
/// The most bytes of a file.
const MAX_FILE: usize = 512 * 1024 * 1024;
/// The most bytes of the whole form.
pub(crate) const MAX_BODY: usize = MAX_FILE + 64 * 1024;

/// What the form says.
#[derive(Default)]
struct Form {
    cards_only: bool,
    anyway: bool,
    all_or_nothing: bool,
    mode: ImportMode,
    absent: AbsentUsers,
    encoding: ImportEncoding,
}

/// `POST /accounts/{account}/import`.
pub(crate) async fn upload(place: Place, request: Request) -> Result<Redirect, Error> {
    place.demand("ImportService/ImportUsers")?;
    let headers = request.headers().clone();
    let bad = |_| Error::BadInput("The form did not arrive whole.".to_owned());
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| Error::BadInput("This form must be sent with its file.".to_owned()))?;
    let mut form = Form::default();
    let mut checked = false;
    while let Some(part) = parts.next_field().await.map_err(bad)? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "csrf" {
            csrf::check(&headers, &text(part).await?)?;
            checked = true;
            continue;
        }
        if !checked {
            return Err(Error::Csrf);
        }
        if name == "file" {
            return received(&place, form, part).await;
        }
        let value = text(part).await?;
        match name.as_str() {
            "cards_only" => form.cards_only = value == "1",
            "anyway" => form.anyway = value == "1",
            "all_or_nothing" => form.all_or_nothing = value == "1",
            "mode" => {
                form.mode = MODES
                    .iter()
                    .find(|(name, ..)| *name == value)
                    .map_or(ImportMode::Upsert, |(.., mode)| *mode);
            }
            "absent" => {
                form.absent = ABSENT
                    .iter()
                    .find(|(name, ..)| *name == value)
                    .map_or(AbsentUsers::Keep, |(.., absent)| *absent);
            }
            "encoding" if value == "windows-1252" => form.encoding = ImportEncoding::Windows1252,
            _ => {}
        }
    }
    Err(if checked { Error::BadInput("Choose a file.".to_owned()) } else { Error::Csrf })
}

async fn text(part: Field<'_>) -> Result<String, Error> {
    let text = part.text().await.ok().filter(|text| text.len() <= MAX_FIELD);
    text.ok_or_else(|| Error::BadInput("A field of the form is too long or cannot be read.".to_owned()))
}

/// Writes the file where it has no name, and begins to look at it.
async fn received(place: &Place, form: Form, mut part: Field<'_>) -> Result<Redirect, Error> {
    let Form { cards_only, anyway, all_or_nothing, mode, absent, encoding } = form;
    if !cards_only && !anyway && is_connected(place).await? {
        return Err(Error::Conflict(
            "An identity provider keeps the people of this account. Import cards only, or say that you import people all the same."
                .to_owned(),
        ));
    }
    let synchronises = mode == ImportMode::Synchronise && !cards_only;
    let options = ImportOptions {
        mode: mode.into(),
        absent: if synchronises { absent } else { AbsentUsers::Keep }.into(),
        cards_only,
        all_or_nothing,
        encoding: encoding.into(),
        ..ImportOptions::default()
    };
    let file_name: String =
        part.file_name().unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect();
    let file = tempfile::tempfile().map_err(|error| broken(&error))?;
    let mut writing = tokio::fs::File::from_std(file);
    let mut size = 0;
    while let Some(piece) =
        part.chunk().await.map_err(|_| Error::BadInput("The file did not arrive whole.".to_owned()))?
    {
        size += piece.len();
        if size > MAX_FILE {
            return Err(Error::BadInput(
                "The file is larger than 512 MiB: use the command line, or split it.".to_owned(),
            ));
        }
        writing.write_all(&piece).await.map_err(|error| broken(&error))?;
    }
    if size == 0 {
        return Err(Error::BadInput("Choose a file that is not empty.".to_owned()));
    }
    writing.flush().await.map_err(|error| broken(&error))?;
    let file = writing.into_std().await;
    let job = place.viewer.console.imports.begin(place, (file, file_name), options)?;
    job.run(place.viewer.clients.imports.clone(), true);
    Ok(Redirect::to(&place.url(&format!("import/{}", job.ticket))))
}
