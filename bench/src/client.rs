//! What the scenarios ask for: SCIM over HTTP as an identity provider, and gRPC to fill a directory quickly.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Method, StatusCode};
use rollcall_proto::{
    identity::{CreateUserRequest, PrintCard, PrintUser, User, user_service_client::UserServiceClient},
    token::{GenerateTokenRequest, token_service_client::TokenServiceClient},
};
use rollcall_serve::{Channel, channel};
use serde_json::{Value, json};

use crate::{Error, server::Server};

/// How many requests are under way at once while a directory is filled.
const WRITERS: usize = 64;

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    users: UserServiceClient<Channel>,
}

impl Client {
    pub(crate) async fn connect(server: &Server) -> Result<Self, Error> {
        let mut tokens = TokenServiceClient::new(channel::connect(&server.token)?);
        let request = GenerateTokenRequest { parent: "accounts/default".to_owned(), ..Default::default() };
        let token = tokens.generate_token(request).await?.into_inner().secret;
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            base: format!("{}/default/scim/v2", server.scim),
            token,
            users: UserServiceClient::new(channel::connect(&server.identity)?),
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
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
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
        let create = |number: usize| {
            let mut users = self.users.clone();
            let user_name = format!("{prefix}{number:07}@example.com");
            async move {
                let user = User { user_name, active: Some(true), ..User::default() };
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

    /// Creates users with a card each, whose numbers begin with `first`.
    pub(crate) async fn fill_cards(&self, prefix: &str, count: usize, first: &str) -> Result<(), Error> {
        let create = |number: usize| {
            let mut users = self.users.clone();
            let user_name = format!("{prefix}{number:07}@example.com");
            let card = PrintCard { slot: 1, number: format!("{first}{number:09}"), ..PrintCard::default() };
            async move {
                let print = PrintUser { cards: vec![card], ..PrintUser::default() };
                let user = User { user_name, active: Some(true), print: Some(print), ..User::default() };
                let request = CreateUserRequest {
                    parent: "accounts/default".to_owned(),
                    user: Some(user),
                    ..Default::default()
                };
                users.create_user(request).await.map(drop).map_err(Error::from)
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
