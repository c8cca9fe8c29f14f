//! Any HTTP request to the whole of Rollcall, gateway to database: an answer that the protocol has, never a panic, never a
//! failure of the server.
//!
//! The input is `METHOD TARGET`, headers a line each, an empty line, and the body. `$USER` and `$GROUP` stand for ids that
//! exist.
#![no_main]

use std::cell::RefCell;

use axum::{Router, body::{Body, to_bytes}};
use clap::Parser as _;
use http::{Request, Response, StatusCode, header};
use libfuzzer_sys::fuzz_target;
use rollcall_db::test::TestDb;
use rollcall_proto::token::{
    CreateAccountRequest, GenerateTokenRequest, account_service_client::AccountServiceClient,
    token_service_client::TokenServiceClient,
};
use rollcall_scim_gateway::{Clients, Options, router};
use rollcall_serve::channel;
use rollcall_token_service::{Clock, Options as TokenOptions, Service};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// Inputs until the directory is a new one: it should not grow for ever.
const INPUTS: usize = 2_000;

struct Rollcall {
    runtime: Runtime,
    router: Router,
    token: String,
    user: String,
    group: String,
    left: usize,
    _databases: [TestDb; 2],
}

thread_local! {
    static ROLLCALL: RefCell<Option<Rollcall>> = const { RefCell::new(None) };
}

fuzz_target!(|input: &str| {
    ROLLCALL.with_borrow_mut(|rollcall| {
        if rollcall.as_ref().is_none_or(|rollcall| rollcall.left == 0) {
            *rollcall = None;
            *rollcall = Some(Rollcall::start());
        }
        if let Some(rollcall) = rollcall {
            rollcall.left -= 1;
            rollcall.try_input(input);
        }
    });
});

impl Rollcall {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let databases = [TestDb::sqlite(), TestDb::sqlite()];
        let [identity, token] = &databases;
        let identity = identity.open(rollcall_identity_service::migrations()).expect("an identity database");
        let token = token.open(rollcall_token_service::migrations()).expect("a token database");
        let keys = rollcall_key::Keys::generate().expect("keys");
        let identity = rollcall_identity_service::Service::new(identity, &keys);
        let identity = channel::in_process(identity.routes().expect("routes"));
        let tokens = Service::new(token, Clock::system(), TokenOptions::default());
        let tokens = channel::in_process(tokens.routes().expect("routes"));
        let token = runtime.block_on(async {
            let request = CreateAccountRequest { account_id: "a".to_owned(), account: None, actor: String::new() };
            AccountServiceClient::new(tokens.clone()).create_account(request).await.expect("an account");
            let request = GenerateTokenRequest { parent: "accounts/a".to_owned(), ..Default::default() };
            TokenServiceClient::new(tokens.clone()).generate_token(request).await.expect("a token").into_inner().secret
        });
        // What it records is counted once the queue is full; nobody reads it.
        let (router, _) = router(Clients::new(identity, tokens), Options::parse_from(["fuzz"]).config);
        let mut rollcall = Self {
            runtime,
            router,
            token,
            user: String::new(),
            group: String::new(),
            left: INPUTS,
            _databases: databases,
        };
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "first"});
        rollcall.user = rollcall.create("Users", &user);
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "first",
            "members": [{"value": rollcall.user}]});
        rollcall.group = rollcall.create("Groups", &group);
        rollcall
    }

    fn create(&self, endpoint: &str, body: &Value) -> String {
        let (status, body) = self.send(&format!("POST /a/scim/v2/{endpoint}\n\n{body}")).expect("a request");
        assert_eq!(status, StatusCode::CREATED);
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        body["id"].as_str().expect("an id").to_owned()
    }

    fn try_input(&self, input: &str) {
        let input = input.replace("$USER", &self.user).replace("$GROUP", &self.group);
        let Some((status, body)) = self.send(&input) else { return };
        assert!(!status.is_server_error() || status == StatusCode::NOT_IMPLEMENTED, "{status}\n{input}");
        if status.is_client_error() && !input.starts_with("HEAD") {
            let error: Value = serde_json::from_slice(&body).expect("a SCIM error");
            assert_eq!(error["status"], json!(status.as_str()), "{input}");
        }
    }

    /// Status and body of the answer; none where the input is no request that HTTP could carry.
    fn send(&self, input: &str) -> Option<(StatusCode, Vec<u8>)> {
        let (head, body) = input.split_once("\n\n").unwrap_or((input, ""));
        let mut lines = head.split('\n');
        let (method, target) = lines.next()?.split_once(' ')?;
        let mut request = Request::builder().method(method).uri(target);
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body.to_owned())).ok()?;
        self.runtime.block_on(async {
            let answer: Response<Body> = match self.router.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            let status = answer.status();
            Some((status, to_bytes(answer.into_body(), usize::MAX).await.expect("a whole body").to_vec()))
        })
    }
}
