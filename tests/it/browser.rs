//! Somebody at a browser, by bare HTTP: it keeps the cookie of the console, and follows nowhere.

use reqwest::{Method, RequestBuilder, StatusCode, header, redirect::Policy};
use rollcall_proto::token::{
    CreateSessionRequest, Role, Session, session_service_client::SessionServiceClient,
};
use tonic::transport::Channel;

use crate::server::Server;

/// The name of the session's cookie.
pub(crate) const COOKIE: &str = "__Host-rollcall";

#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    console: String,
    session: Option<String>,
}

/// What a browser was answered.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// Where it sends on to.
    pub(crate) fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The value that forms carry.
    pub(crate) fn csrf(&self) -> &str {
        let (_, rest) = self.text.split_once("name=\"csrf\" value=\"").expect("a page with a form");
        rest.split_once('"').unwrap().0
    }

    /// The value of a cookie that is set.
    pub(crate) fn cookie(&self, name: &str) -> Option<(String, String)> {
        let lines = self.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        let set = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).next_back()?;
        let (value, attributes) = set.split_once("; ").unwrap();
        Some((value.to_owned(), attributes.to_owned()))
    }
}

impl Browser {
    /// Somebody who is not signed in.
    pub(crate) fn new(console: &str) -> Self {
        // A page that refuses a form before it has read it closes the connection: a browser takes another, and so does this.
        let http =
            reqwest::Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap();
        Self { http, console: console.to_owned(), session: None }
    }

    /// Somebody who has signed in with a role, in an account where it is not an operator.
    pub(crate) async fn signed_in(server: &Server, role: Role, account: &str) -> Self {
        let session = Session {
            subject: format!("test#{role:?}"),
            display_name: "Ann Ott".to_owned(),
            role: role.into(),
            account: if role == Role::Operator { String::new() } else { format!("accounts/{account}") },
            ..Session::default()
        };
        let request = CreateSessionRequest { session: Some(session), address: "192.0.2.7".to_owned() };
        let made = sessions(server).await.create_session(request).await.unwrap().into_inner();
        Self::new(&server.console).with_session(&made.secret)
    }

    /// The same with this secret in its cookie.
    pub(crate) fn with_session(&self, secret: &str) -> Self {
        Self { session: Some(secret.to_owned()), ..self.clone() }
    }

    /// The secret of the session.
    pub(crate) fn secret(&self) -> &str {
        self.session.as_deref().unwrap()
    }

    /// A request with the cookie, to be finished.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.console));
        match &self.session {
            Some(secret) => request.header("cookie", format!("other=1; {COOKIE}={secret}")),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        page(self.request(Method::GET, path)).await
    }

    /// Sends a form as a page of the session would.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let start = self.start().await;
        let mut fields = fields.to_vec();
        fields.push(("csrf", start.csrf()));
        page(self.request(Method::POST, path).form(&fields)).await
    }

    /// The page that `/` leads to.
    pub(crate) async fn start(&self) -> Page {
        let start = self.get("/").await;
        self.get(start.location()).await
    }
}

pub(crate) async fn page(request: RequestBuilder) -> Page {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    Page { status, headers, text: answer.text().await.unwrap() }
}

pub(crate) async fn sessions(server: &Server) -> SessionServiceClient<Channel> {
    SessionServiceClient::connect(server.token.clone()).await.unwrap()
}
