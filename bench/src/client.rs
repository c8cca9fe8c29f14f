//! What the scenarios ask for: SCIM over HTTP as an identity provider, and gRPC to fill a directory quickly.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderValue, header::AUTHORIZATION};
use reqwest::{Method, StatusCode};
use rollcall_proto::identity::{
    CreateUserRequest, MultiValue, PersonName, PrintCard, PrintUser, User,
    user_service_client::UserServiceClient,
};
use rollcall_serve::{Channel, channel};
use serde_json::{Value, json};

use crate::{Error, scenarios::Person, target::Target};

/// How many requests are under way at once while a directory is filled.
const WRITERS: usize = 64;

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    authorization: HeaderValue,
    users: UserServiceClient<Channel>,
}

impl Client {
    pub(crate) fn connect(target: &Target) -> Result<Self, Error> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            base: target.endpoint.base(),
            authorization: target.endpoint.authorization.clone(),
            users: UserServiceClient::new(channel::connect(target.grpc()?)?),
        })
    }

    /// Sends a request and reads the whole answer, which must have the status `expected`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        expected: StatusCode,
    ) -> Result<Vec<u8>, Error> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header(AUTHORIZATION, &self.authorization);
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json").body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        if status != expected {
            return Err(format!(
                "{path}: {status} instead of {expected}: {}",
                String::from_utf8_lossy(&body)
            )
            .into());
        }
        Ok(body.to_vec())
    }

    /// Creates users whose names begin with `prefix`; their ids.
    pub(crate) async fn fill(&self, prefix: &str, count: usize) -> Result<Vec<String>, Error> {
        self.fill_with(count, |number| User {
            user_name: format!("{prefix}{number:07}@example.com"),
            ..User::default()
        })
        .await
    }

    /// Creates users with a card each, whose numbers begin with `first`; their ids.
    pub(crate) async fn fill_cards(
        &self,
        prefix: &str,
        count: usize,
        first: &str,
    ) -> Result<Vec<String>, Error> {
        self.fill_with(count, |number| {
            let card = PrintCard { slot: 1, number: format!("{first}{number:09}"), ..PrintCard::default() };
            User {
                user_name: format!("{prefix}{number:07}@example.com"),
                print: Some(PrintUser { cards: vec![card], ..PrintUser::default() }),
                ..User::default()
            }
        })
        .await
    }

    /// Creates people as the scenarios do over SCIM, from this number on.
    pub(crate) async fn fill_people(&self, first: usize, count: usize) -> Result<(), Error> {
        let people = |number: usize| {
            let person = Person::new(first + number);
            let email = MultiValue {
                value: Some(person.email()),
                r#type: Some("work".to_owned()),
                primary: Some(true),
                ..MultiValue::default()
            };
            User {
                user_name: person.user_name(),
                external_id: Some(person.external_id()),
                display_name: Some(format!("The Person {number:08}")),
                person_name: Some(PersonName {
                    given_name: Some(format!("Given{number:08}")),
                    family_name: Some("Person".to_owned()),
                    ..PersonName::default()
                }),
                emails: vec![email],
                ..User::default()
            }
        };
        self.fill_with(count, people).await.map(drop)
    }

    async fn fill_with(&self, count: usize, user: impl Fn(usize) -> User) -> Result<Vec<String>, Error> {
        let create = |number: usize| {
            let (mut users, user) = (self.users.clone(), User { active: Some(true), ..user(number) });
            async move {
                let request = CreateUserRequest {
                    parent: "accounts/default".to_owned(),
                    user: Some(user),
                    ..Default::default()
                };
                let created = users.create_user(request).await?.into_inner();
                let id = created.name.rsplit_once('/').map(|(_, id)| id.to_owned());
                id.ok_or_else(|| Error::from("a user without an id"))
            }
        };
        stream::iter((0..count).map(create)).buffer_unordered(WRITERS).try_collect().await
    }

    /// Creates a group with these members, a few thousand at a time; its path.
    pub(crate) async fn group(&self, display_name: &str, members: &[String]) -> Result<String, Error> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": display_name,
        });
        let created = self.send(Method::POST, "/Groups", Some(&body), StatusCode::CREATED).await?;
        let created: Value = serde_json::from_slice(&created)?;
        let id = created.get("id").and_then(Value::as_str).ok_or("a group without an id")?;
        let path = format!("/Groups/{id}");
        for chunk in members.chunks(5_000) {
            let members = chunk.iter().map(|id| json!({"value": id})).collect();
            self.send(Method::PATCH, &path, Some(&patch("add", members)), StatusCode::NO_CONTENT).await?;
        }
        Ok(path)
    }
}

/// A PATCH of the members of a group.
pub(crate) fn patch(op: &str, members: Vec<Value>) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": op, "path": "members", "value": members}],
    })
}
