//! A SCIM client that says what it does in one line and fails with the whole exchange.

use std::{fmt, ops::Index, time::Duration};

use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const PRINT: &str = "urn:ietf:params:scim:schemas:extension:rollcall:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
pub(crate) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(crate) const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// An identity provider, signed in to one account.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// The Tenant URL, without a slash at its end.
    pub(crate) base: String,
    headers: HeaderMap,
}

impl Client {
    pub(crate) fn new(base: String, token: &str) -> Self {
        // The server ends connections that are silent; a client that takes one at that moment gets no answer.
        let http = reqwest::Client::builder().pool_idle_timeout(Duration::from_secs(5)).build().unwrap();
        let anonymous = Self { http, base, headers: HeaderMap::new() };
        anonymous.header("authorization", &format!("Bearer {token}"))
    }

    /// The same client, sending one header more, or another value of it.
    pub(crate) fn header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client
            .headers
            .insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        client
    }

    /// The same client, not signed in.
    pub(crate) fn signed_out(&self) -> Self {
        let mut client = self.clone();
        client.headers.remove("authorization");
        client
    }

    /// The same client with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The same client, at another account's URL.
    pub(crate) fn at(&self, other: &Client) -> Self {
        Self { base: other.base.clone(), ..self.clone() }
    }

    /// A request with a body as it is. `path` may hold a query, encoded by the caller.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let said = format!("{method} {}", path.chars().take(300).collect::<String>());
        self.try_send(method, path, body).await.unwrap_or_else(|cause| panic!("{said}: no answer: {cause:?}"))
    }

    /// The same where an answer may not come.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, reqwest::Error> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let mut request = self.http.request(method.clone(), &url).headers(self.headers.clone());
        let mut said = format!("{method} {}", path.chars().take(300).collect::<String>());
        if let Some(body) = body {
            said.push(' ');
            said.extend(String::from_utf8_lossy(&body).chars().take(2000));
            if !self.headers.contains_key("content-type") {
                request = request.header("content-type", "application/scim+json; charset=utf-8");
            }
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { request: said, status, headers, text, body })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// GET with query parameters, encoded here.
    pub(crate) async fn query(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.base)).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        self.get(url.as_str()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes())).await
    }

    /// PATCH with these operations, in the envelope that RFC 7644 section 3.5.2 asks for.
    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send(Method::PATCH, path, Some(body.to_string().into_bytes())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Creates a user who has nothing but a name, and answers with the id.
    pub(crate) async fn new_user(&self, user_name: &str) -> String {
        self.post("/Users", &json!({ "schemas": [USER], "userName": user_name, "active": true }))
            .await
            .created()
            .id()
    }

    /// Creates a group, and answers with its id.
    pub(crate) async fn new_group(&self, display_name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": display_name, "members": members });
        self.post("/Groups", &body).await.created().id()
    }

    pub(crate) async fn user(&self, id: &str) -> Answer {
        self.get(&format!("/Users/{id}")).await.ok()
    }

    /// The ids of a group's members, sorted.
    pub(crate) async fn members(&self, group: &str) -> Vec<String> {
        let group = self.get(&format!("/Groups/{group}")).await.ok();
        let mut ids: Vec<String> = group["members"]
            .as_array()
            .map(|members| {
                members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
            })
            .unwrap_or_default();
        ids.sort();
        ids
    }

    /// The ids that a filter finds, in the order of the answer.
    pub(crate) async fn find(&self, path: &str, filter: &str) -> Vec<String> {
        self.query(path, &[("filter", filter)]).await.list().iter().map(id).collect()
    }

    /// Everything there is in the account, to see whether a request changed something.
    pub(crate) async fn listing(&self) -> (Value, Value) {
        (self.get("/Users?count=1000").await.ok().body, self.get("/Groups?count=1000").await.ok().body)
    }
}

/// The id of a resource.
#[track_caller]
pub(crate) fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_else(|| panic!("no id in {resource}")).to_owned()
}

/// What the server said, with the request it said it to.
#[derive(Debug)]
pub(crate) struct Answer {
    request: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    /// Fails unless the status is this one.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// 200 with a body of the right content type.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        let answer = self.is(200);
        assert!(answer.body.is_object(), "200 without an object: {answer}");
        answer.content_type();
        answer
    }

    /// 201 with the resource, its `Location`, and no attribute without a value.
    #[track_caller]
    pub(crate) fn created(self) -> Self {
        let answer = self.is(201);
        answer.content_type();
        assert_eq!(
            answer.header("location"),
            answer["meta"]["location"],
            "Location is meta.location: {answer}"
        );
        assert_eq!(answer.header("etag"), answer["meta"]["version"], "ETag is meta.version: {answer}");
        assert!(!answer.text.contains(":null"), "an answer has no nulls: {answer}");
        answer
    }

    /// 204 without a body.
    #[track_caller]
    pub(crate) fn no_content(self) -> Self {
        let answer = self.is(204);
        assert_eq!(answer.text, "", "{answer}");
        answer
    }

    /// Fails unless this is a whole SCIM error (RFC 7644 section 3.12), and answers with its `detail`.
    #[track_caller]
    pub(crate) fn error(&self, status: u16, scim_type: Option<&str>) -> &str {
        assert_eq!(self.status, status, "{self}");
        self.content_type();
        assert_eq!(self["schemas"], json!([ERROR]), "{self}");
        assert_eq!(self["status"], json!(status.to_string()), "status is a string: {self}");
        assert_eq!(self["scimType"].as_str(), scim_type, "{self}");
        let detail = self["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty(), "an error says what was wrong: {self}");
        detail
    }

    /// The resources of a ListResponse.
    #[track_caller]
    pub(crate) fn list(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{self}");
        self.content_type();
        assert_eq!(self["schemas"], json!([LIST]), "{self}");
        for number in ["totalResults", "startIndex", "itemsPerPage"] {
            assert!(self[number].is_u64(), "{number} is an integer: {self}");
        }
        let resources = self["Resources"].as_array().cloned().unwrap_or_default();
        assert_eq!(self["itemsPerPage"], json!(resources.len()), "{self}");
        resources
    }

    /// Fails unless the query found nothing, which is a success.
    #[track_caller]
    pub(crate) fn is_empty_list(&self) {
        assert!(self.list().is_empty(), "{self}");
        assert_eq!(self["totalResults"], json!(0), "{self}");
    }

    /// The only resource of a ListResponse.
    #[track_caller]
    pub(crate) fn only(&self) -> Value {
        let resources = self.list();
        assert_eq!(resources.len(), 1, "{self}");
        resources[0].clone()
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        id(&self.body)
    }

    #[track_caller]
    pub(crate) fn version(&self) -> String {
        self["meta"]["version"].as_str().unwrap_or_else(|| panic!("no version: {self}")).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    fn content_type(&self) {
        let essence = self.header("content-type").split(';').next().unwrap_or_default();
        assert_eq!(essence, "application/scim+json", "{self}");
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.body[name]
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\n  {}\n  -> {} {}\n", self.request, self.status, self.text)
    }
}
