//! Signing in by an OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1).

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Form,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use http::{HeaderMap, header};
use openidconnect::{
    AdditionalClaims, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
        CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use rollcall_proto::token::{CreateSessionRequest, Session};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::{Next, count, roles, welcome};
use crate::{Config, Console, StartError, cookie_jar, csrf, error::Error, query::Asked};

/// How long the provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long somebody may take at the provider.
const AT_PROVIDER: cookie::time::Duration = cookie::time::Duration::minutes(10);
/// The most characters of a name.
const MAX_NAME: usize = 255;

/// All claims of a token, known or not.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Claims(Map<String, Value>);

impl AdditionalClaims for Claims {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Claims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The provider that administrators sign in with.
#[derive(Debug)]
pub(crate) struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    scopes: Vec<Scope>,
    name: String,
    http: reqwest::Client,
}

impl Provider {
    /// The provider of the configuration; `None` where there is none. It is asked for what it offers at each sign-in and
    /// not before, so that the console starts without it, and follows when it changes its keys.
    pub(crate) fn new(config: &Config) -> Result<Option<Self>, StartError> {
        let Some(issuer) = &config.console_oidc_issuer else { return Ok(None) };
        let secret = match &config.console_oidc_client_secret_file {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|cause| StartError::SecretFile { path: path.clone(), cause })?;
                Some(ClientSecret::new(text.trim().to_owned()))
            }
        };
        let wrong = |error: url::ParseError| StartError::Provider(error.to_string());
        // The url crate puts a slash behind a host, which is part of no issuer's name.
        let text = if issuer.path() == "/" { issuer.as_str().trim_end_matches('/') } else { issuer.as_str() };
        Ok(Some(Self {
            issuer: IssuerUrl::new(text.to_owned()).map_err(wrong)?,
            client_id: ClientId::new(config.console_oidc_client_id.clone()),
            secret,
            redirect: RedirectUrl::new(format!("{}/sign-in/oidc/callback", config.url())).map_err(wrong)?,
            scopes: config.console_oidc_scopes.iter().map(|scope| Scope::new(scope.clone())).collect(),
            name: config.console_oidc_name.clone(),
            // A provider that answers by sending us elsewhere could send us anywhere.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(PATIENCE)
                .build()
                .map_err(|error| StartError::Provider(error.to_string()))?,
        }))
    }

    /// What the button says.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The origin of the provider, where the sign-in form leads.
    pub(crate) fn origin(&self) -> Option<String> {
        Url::parse(self.issuer.as_str()).ok().map(|url| url.origin().ascii_serialization())
    }

    async fn client(&self) -> Result<Client, Error> {
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http)
            .await
            .map_err(|error| Error::Provider(said(&error, "its discovery document cannot be read")))?;
        let client = Client::from_provider_metadata(metadata, self.client_id.clone(), self.secret.clone());
        Ok(client.set_redirect_uri(self.redirect.clone()))
    }
}

/// Tells the log everything, and people the short of it.
fn said(error: &dyn std::error::Error, short: &str) -> String {
    let mut causes = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    tracing::warn!(error = causes.join(": "), "signing in by the OpenID provider failed");
    short.to_owned()
}

/// What a sign-in under way must remember until the browser comes back, in a cookie of that browser.
#[derive(Deserialize, Serialize)]
struct UnderWay {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
}

impl UnderWay {
    fn to_cookie(&self) -> Option<http::HeaderValue> {
        let json = serde_json::to_vec(self).ok()?;
        cookie_jar::set(cookie_jar::SIGN_IN, &BASE64.encode(json), Some(AT_PROVIDER))
    }

    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = cookie_jar::get(headers, cookie_jar::SIGN_IN)?;
        serde_json::from_slice(&BASE64.decode(text).ok()?).ok()
    }
}

/// `POST /sign-in/oidc`: to the provider.
pub(crate) async fn begin(
    State(console): State<Arc<Console>>,
    peer: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(next): Form<Next>,
) -> Result<Response, Error> {
    let provider = console.provider.as_ref().ok_or(Error::NotFound)?;
    count(&console, peer)?;
    if !csrf::is_from_here(&headers) {
        return Err(Error::Csrf);
    }
    let client = provider.client().await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let (url, state, nonce) =
        request.add_scopes(provider.scopes.iter().cloned()).set_pkce_challenge(challenge).url();
    let under_way = UnderWay {
        state: state.into_secret(),
        nonce: nonce.secret().clone(),
        verifier: verifier.into_secret(),
        next: next.path(),
    };
    let mut response = Redirect::to(url.as_str()).into_response();
    response.headers_mut().extend(under_way.to_cookie().map(|line| (header::SET_COOKIE, line)));
    Ok(response)
}

/// What the provider sends the browser back with.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: Option<String>,
}

/// `GET /sign-in/oidc/callback`: back from the provider.
pub(crate) async fn callback(
    State(console): State<Arc<Console>>,
    peer: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Asked(answer): Asked<Answer>,
) -> Result<Response, Error> {
    let provider = console.provider.as_ref().ok_or(Error::NotFound)?;
    let address = count(&console, peer)?;
    let again = || {
        Error::NotAdmitted(
            "This sign-in was not begun in this browser, or too long ago. Begin again.".to_owned(),
        )
    };
    let under_way = UnderWay::of(&headers).ok_or_else(again)?;
    if !bool::from(under_way.state.as_bytes().ct_eq(answer.state.as_bytes())) {
        return Err(again());
    }
    let Some(code) = answer.code else {
        let error = answer.error.unwrap_or_default();
        tracing::info!(error, "the OpenID provider let nobody in");
        return Err(Error::NotAdmitted("The OpenID provider did not sign you in.".to_owned()));
    };
    let (subject, claims) = claims(provider, code, &under_way).await?;
    let name = display_name(&claims, &subject);
    let Some((role, account)) = roles::judge(&console.config.console_roles, &claims) else {
        tracing::info!(subject, "no rule of the console lets this person in");
        return Err(Error::NotAdmitted(format!(
            "You are signed in as {name}, but nobody has said that you may do anything here. Ask the operator."
        )));
    };
    let session = Session { subject, display_name: name, role: role.into(), account, ..Session::default() };
    let request = CreateSessionRequest { session: Some(session), address };
    let made = console.services.sessions().create_session(request).await?;
    Ok(welcome(&made.into_inner().secret, &Next { next: Some(under_way.next) }.path()))
}

/// Who it is, by issuer and subject, and all that the provider says of them.
async fn claims(
    provider: &Provider,
    code: String,
    under_way: &UnderWay,
) -> Result<(String, Map<String, Value>), Error> {
    let client = provider.client().await?;
    let tokens = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|error| Error::Provider(said(&error, "it has no token endpoint")))?
        .set_pkce_verifier(PkceCodeVerifier::new(under_way.verifier.clone()))
        .request_async(&provider.http)
        .await
        .map_err(|error| Error::Provider(said(&error, "it does not exchange the code")))?;
    let id_token =
        tokens.id_token().ok_or_else(|| Error::Provider("its answer has no ID token".to_owned()))?;
    let verified = id_token
        .claims(&client.id_token_verifier(), &Nonce::new(under_way.nonce.clone()))
        .map_err(|error| Error::Provider(said(&error, "its ID token is not valid")))?;
    let subject = verified.subject().clone();
    let mut all = as_map(verified)?;
    // Many providers say groups and names here only.
    if let Ok(request) = client.user_info(tokens.access_token().clone(), Some(subject.clone())) {
        let info: UserInfoClaims<Claims, CoreGenderClaim> = request
            .request_async(&provider.http)
            .await
            .map_err(|error| Error::Provider(said(&error, "it does not say who you are")))?;
        for (name, value) in as_map(&info)? {
            all.entry(name).or_insert(value);
        }
    }
    Ok((cut(&format!("{}#{}", provider.issuer.as_str(), subject.as_str())), all))
}

fn as_map(claims: &impl Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(Error::Internal),
    }
}

fn display_name(claims: &Map<String, Value>, subject: &str) -> String {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let name = ["name", "preferred_username", "email"].into_iter().find_map(text).unwrap_or(subject);
    cut(name)
}

/// A name that the services take.
fn cut(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_for_people() {
        let name = |claims: Value| display_name(claims.as_object().unwrap(), "sub");
        assert_eq!(name(json!({ "name": "Ann", "email": "a@b" })), "Ann");
        assert_eq!(name(json!({ "name": " ", "email": "a@b" })), "a@b");
        assert_eq!(name(json!({ "name": 7 })), "sub");
        assert_eq!(name(json!({ "name": "\u{1b}[2JAnn\n" })), "[2JAnn");
        assert_eq!(name(json!({ "name": "x".repeat(1000) })).len(), 255);
    }
}
