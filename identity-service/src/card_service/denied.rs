//! The inbox of cards that were refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_proto::identity::{
    AssignDeniedCardRequest, Card, CardSource, DenialReason, ListDeniedCardsRequest, ListDeniedCardsResponse,
};
use tonic::{Response, Status};

use super::{CardService, page_size_of, within};
use crate::{
    name,
    store::{card_changes, cards, cards::About, denied_cards, error::Error, head},
};

impl CardService {
    pub(super) async fn denied(
        &self,
        request: ListDeniedCardsRequest,
    ) -> Result<ListDeniedCardsResponse, Error> {
        let ListDeniedCardsRequest { parent, station, unknown, page_size, page_token } = request;
        let account = name::account("parent", &parent)?;
        name::optional_station(&station)?;
        let before = if page_token.is_empty() { None } else { Some(place(&page_token)?) };
        let limit = page_size_of(page_size);
        let reason = unknown.then_some(i64::from(DenialReason::Unknown as i32));
        let vault = self.0.vault();
        let page = move |c: &mut rollcall_db::Connection| {
            // One more than the page holds, to know whether there is one.
            let mut rows = denied_cards::list(c, &account, (&station, reason), before.clone(), limit + 1)?;
            let size = usize::try_from(limit).unwrap_or_default();
            let more = rows.len() > size;
            rows.truncate(size);
            let next_page_token = match rows.last() {
                Some(last) if more => URL_SAFE_NO_PAD.encode(format!("{}/{}", last.denied_at, last.id)),
                _ => String::new(),
            };
            let denied_cards = rows.iter().map(|row| row.message(&vault)).collect::<Result<_, _>>()?;
            Ok(ListDeniedCardsResponse { denied_cards, next_page_token })
        };
        self.0.read(page).await
    }

    pub(super) async fn assign(&self, request: AssignDeniedCardRequest) -> Result<Response<Card>, Status> {
        let AssignDeniedCardRequest { name, user, label } = request;
        let (account, id) = name::resource("name", "deniedCards", &name)?;
        let user = within(&account, "user", "users", &user)?;
        let about = super::about(&Card { label, ..Card::default() })?;
        self.change(account, move |c, vault, account| {
            head::lock(c, account)?;
            let number = denied_cards::get(c, account, &id)?.number(vault)?;
            let card = card_changes::create(
                c,
                vault,
                account,
                &user,
                (&number, CardSource::Console),
                About { ..about },
            )?;
            let tags = cards::tags(c, vault, account, &number)?;
            denied_cards::dismiss_number(c, account, &tags.0)?;
            Ok(card)
        })
        .await
    }

    pub(super) async fn dismiss(&self, name: &str) -> Result<(), Error> {
        let (account, id) = name::resource("name", "deniedCards", name)?;
        let in_account = account.clone();
        let gone = move |c: &mut rollcall_db::Connection| {
            if denied_cards::dismiss(c, &in_account, &id)? {
                return Ok(());
            }
            Err(Error::NotFound(format!("denied card {id}")))
        };
        self.0.write_quietly(&account, gone).await
    }
}

/// Time and id in a page token.
fn place(token: &str) -> Result<(i64, String), Error> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or(Error::PageToken)?;
    let (at, id) = text.split_once('/').ok_or(Error::PageToken)?;
    Ok((at.parse().map_err(|_| Error::PageToken)?, id.to_owned()))
}
