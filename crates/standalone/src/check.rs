//! `rollcall check`.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use reqwest::{Certificate, Client, StatusCode, header};
use serde_json::Value;
use url::Url;

use crate::{error::Error, output};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Look whether what was set up can be reached
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Ask a SCIM 2.0 service provider what it is, as an identity provider would
    ///
    /// With a token, the token must work. Without one, being asked for a token is the proof that it is there.
    #[command(after_long_help = "\
Examples:
  rollcall check scim --url https://scim.example.com/acme/scim/v2 --token-file token
  rollcall check scim --url http://127.0.0.1:7400/default/scim/v2")]
    Scim(Scim),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Scim {
    /// The Tenant URL
    #[arg(long, value_name = "URL")]
    url: Url,
    /// File with the token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// File with the CA that its certificate comes from, PEM; the system's by default
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca: Option<PathBuf>,
    /// Take any certificate: for a look from within, where it is known by another name. A token is not sent then
    #[arg(long, conflicts_with = "token_file")]
    insecure: bool,
    /// How long to wait for it, in seconds
    #[arg(long, default_value_t = 0, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    wait_seconds: u64,
}

pub(crate) async fn run(command: Command) -> Result<(), Error> {
    let Command::Scim(options) = command;
    let end = Instant::now() + Duration::from_secs(options.wait_seconds);
    loop {
        match scim(&options).await {
            Err(Error::NoAnswer { .. }) if Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            result => return output::print(&result?),
        }
    }
}

/// One look, and what was found.
async fn scim(options: &Scim) -> Result<String, Error> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| Error::Input { what: path.display().to_string(), source })
    };
    let token = options.token_file.as_ref().map(read).transpose()?;
    let mut builder = Client::builder().timeout(PATIENCE).danger_accept_invalid_certs(options.insecure);
    if let Some(path) = &options.ca {
        let root = Certificate::from_pem(&read(path)?)
            .map_err(|_| Error::Refused(format!("{} holds no certificate in PEM", path.display())))?;
        builder = builder.add_root_certificate(root);
    }
    let url = format!("{}/ServiceProviderConfig", options.url.as_str().trim_end_matches('/'));
    let no_answer = |error: reqwest::Error| Error::NoAnswer { url: url.clone(), cause: causes(&error) };
    let client = builder.build().map_err(no_answer)?;
    let mut request = client.get(&url).header(header::ACCEPT, "application/scim+json");
    if let Some(token) = &token {
        request = request.bearer_auth(String::from_utf8_lossy(token.trim_ascii()));
    }
    let answer = request.send().await.map_err(no_answer)?;
    let status = answer.status();
    let wants_bearer = answer.headers().get(header::WWW_AUTHENTICATE).is_some_and(|challenge| {
        challenge.to_str().is_ok_and(|challenge| challenge.to_ascii_lowercase().starts_with("bearer"))
    });
    let body = answer.bytes().await.map_err(no_answer)?;
    let refused = |what: String| Err(Error::Refused(format!("{url}: {what}")));
    match (status, token.is_some()) {
        (StatusCode::UNAUTHORIZED, false) if wants_bearer => {
            Ok(format!("{url}: a service provider that asks for a token"))
        }
        (StatusCode::UNAUTHORIZED, true) => refused("the token is not accepted".to_owned()),
        (StatusCode::OK, _) => match serde_json::from_slice::<Value>(&body) {
            Ok(config) if is_configuration(&config) => {
                Ok(format!("{url}: a SCIM 2.0 service provider; the token works"))
            }
            _ => refused("what answers is not a SCIM 2.0 service provider".to_owned()),
        },
        (status, _) => refused(format!("it answers {status}")),
    }
}

fn is_configuration(body: &Value) -> bool {
    let schemas = body.get("schemas").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    schemas.iter().any(|schema| schema == "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig")
}

/// What went wrong, down to its cause: the outermost says no more than that something did.
fn causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
