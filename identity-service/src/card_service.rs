//! `rollcall.identity.v1.CardService`.

mod denied;

use prost_types::Timestamp;
use rollcall_proto::identity::{
    AssignDeniedCardRequest, Card, CardSource, CreateCardRequest, DeleteCardRequest,
    DismissDeniedCardRequest, ExplainCardRequest, ExplainCardResponse, GetCardRequest, ListCardsRequest,
    ListCardsResponse, ListDeniedCardsRequest, ListDeniedCardsResponse, ResolveClaimRequest,
    UpdateCardRequest, card_service_server,
};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    store::{
        card_changes::{self, Fields},
        cards::About,
        clock,
        error::Error,
        page::{DEFAULT_PAGE, MAX_PAGE},
    },
};

/// The most characters of kind and label.
const MAX_KIND: usize = 64;
const MAX_LABEL: usize = 128;

/// Cards over gRPC.
pub struct CardService(pub(crate) Directory);

#[tonic::async_trait]
impl card_service_server::CardService for CardService {
    async fn create_card(&self, request: Request<CreateCardRequest>) -> Result<Response<Card>, Status> {
        let CreateCardRequest { parent, card } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let card = card.ok_or_else(|| Error::field("card", "is missing"))?;
        let user = within(&account, "card.user", "users", &card.user)?;
        let about = about(&card)?;
        let source = match CardSource::try_from(card.source) {
            Ok(CardSource::Unspecified) => CardSource::Console,
            Ok(CardSource::Scim) => {
                return Err(
                    Error::field("card.source", "is not SCIM's: the identity provider writes users").into()
                );
            }
            Ok(source) => source,
            Err(_) => return Err(Error::field("card.source", "is not a value of its enum").into()),
        };
        self.change(account, move |c, vault, account| {
            card_changes::create(c, vault, account, &user, (&card.number, source), about)
        })
        .await
    }

    async fn get_card(&self, request: Request<GetCardRequest>) -> Result<Response<Card>, Status> {
        let (account, id) = name::resource("name", "cards", &request.get_ref().name)?;
        let vault = self.0.vault();
        Ok(Response::new(self.0.read(move |c| card_changes::get(c, &vault, &account, &id)).await?))
    }

    async fn list_cards(
        &self,
        request: Request<ListCardsRequest>,
    ) -> Result<Response<ListCardsResponse>, Status> {
        let ListCardsRequest { parent, user, claims, page_size, page_token } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let user = if user.is_empty() { String::new() } else { within(&account, "user", "users", &user)? };
        let vault = self.0.vault();
        let limit = page_size_of(page_size);
        let page = move |c: &mut rollcall_db::Connection| {
            let (cards, next_page_token) =
                card_changes::list(c, &vault, &account, (&user, claims), &page_token, limit)?;
            Ok(ListCardsResponse { cards, next_page_token })
        };
        Ok(Response::new(self.0.read(page).await?))
    }

    async fn update_card(&self, request: Request<UpdateCardRequest>) -> Result<Response<Card>, Status> {
        let UpdateCardRequest { card, update_mask } = request.into_inner();
        let card = card.ok_or_else(|| Error::field("card", "is missing"))?;
        let (account, id) = name::resource("card.name", "cards", &card.name)?;
        let about = about(&card)?;
        let fields = Fields::of(update_mask.map(|mask| mask.paths).unwrap_or_default())?;
        self.change(account, move |c, vault, account| {
            card_changes::update(c, vault, account, &id, &fields, about)
        })
        .await
    }

    async fn delete_card(&self, request: Request<DeleteCardRequest>) -> Result<Response<()>, Status> {
        let (account, id) = name::resource("name", "cards", &request.get_ref().name)?;
        let (in_account, vault) = (account.clone(), self.0.vault());
        self.0.write(&account, move |c| card_changes::delete(c, &vault, &in_account, &id)).await?;
        Ok(Response::new(()))
    }

    async fn resolve_claim(&self, request: Request<ResolveClaimRequest>) -> Result<Response<Card>, Status> {
        let (account, id) = name::resource("name", "cards", &request.get_ref().name)?;
        self.change(account, move |c, vault, account| card_changes::resolve(c, vault, account, &id)).await
    }

    async fn explain_card(
        &self,
        request: Request<ExplainCardRequest>,
    ) -> Result<Response<ExplainCardResponse>, Status> {
        let ExplainCardRequest { parent, number, from_reader } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let vault = self.0.vault();
        let explain = move |c: &mut rollcall_db::Connection| {
            card_changes::explain(c, &vault, &account, &number, from_reader)
        };
        Ok(Response::new(self.0.read(explain).await?))
    }

    async fn list_denied_cards(
        &self,
        request: Request<ListDeniedCardsRequest>,
    ) -> Result<Response<ListDeniedCardsResponse>, Status> {
        Ok(Response::new(self.denied(request.into_inner()).await?))
    }

    async fn assign_denied_card(
        &self,
        request: Request<AssignDeniedCardRequest>,
    ) -> Result<Response<Card>, Status> {
        self.assign(request.into_inner()).await
    }

    async fn dismiss_denied_card(
        &self,
        request: Request<DismissDeniedCardRequest>,
    ) -> Result<Response<()>, Status> {
        self.dismiss(&request.get_ref().name).await?;
        Ok(Response::new(()))
    }
}

impl CardService {
    async fn change(
        &self,
        account: String,
        work: impl FnOnce(&mut rollcall_db::Connection, &crate::vault::Vault, &str) -> Result<Card, Error>
        + Send
        + 'static,
    ) -> Result<Response<Card>, Status> {
        let (in_account, vault) = (account.clone(), self.0.vault());
        Ok(Response::new(self.0.write(&account, move |c| work(c, &vault, &in_account)).await?))
    }
}

/// The id in the name of something in an account that the request names too.
pub(crate) fn within(
    account: &str,
    field: &'static str,
    collection: &str,
    resource: &str,
) -> Result<String, Error> {
    let (of, id) = name::resource(field, collection, resource)?;
    if of == account { Ok(id) } else { Err(Error::field(field, "is in another account than the request")) }
}

pub(crate) fn page_size_of(asked: i32) -> i64 {
    match i64::from(asked) {
        ..=0 => DEFAULT_PAGE,
        size => size.min(MAX_PAGE),
    }
}

/// What a message says of a card besides its number.
fn about(card: &Card) -> Result<About, Error> {
    let text = |field: &'static str, text: &str, most: usize| {
        if text.chars().count() > most || text.chars().any(char::is_control) {
            return Err(Error::field(
                field,
                format!("must have at most {most} characters, and no control characters"),
            ));
        }
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    };
    let (valid_from, valid_until) = (
        time("card.valid_from", card.valid_from.as_ref())?,
        time("card.valid_until", card.valid_until.as_ref())?,
    );
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && until <= from
    {
        return Err(Error::field("card.valid_until", "must be after valid_from"));
    }
    Ok(About {
        kind: text("card.kind", &card.kind, MAX_KIND)?,
        label: text("card.label", &card.label, MAX_LABEL)?,
        valid_from,
        valid_until,
    })
}

fn time(field: &'static str, time: Option<&Timestamp>) -> Result<Option<i64>, Error> {
    time.map(|time| clock::millis(time).ok_or_else(|| Error::field(field, "is no time"))).transpose()
}
