//! One keep-alive connection of HTTP/1.1, on hyper's low level: it must cost little beside the server that it measures.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Error;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a SCIM endpoint is, and the token it takes.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// `host:port`.
    authority: String,
    /// What every path begins with.
    prefix: String,
    pub(crate) authorization: HeaderValue,
}

impl Endpoint {
    /// The address that paths are added to.
    pub(crate) fn base(&self) -> String {
        format!("http://{}{}", self.authority, self.prefix)
    }

    pub(crate) fn new(base: &str, token: &str) -> Result<Self, Error> {
        let rest = base.strip_prefix("http://").ok_or_else(|| format!("`{base}` is not http://"))?;
        let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Ok(Self {
            authority: authority.to_owned(),
            prefix: prefix.trim_end_matches('/').to_owned(),
            authorization: HeaderValue::from_str(&format!("Bearer {token}"))?,
        })
    }
}

/// A connection, made anew where the server closed it between two requests.
pub(crate) struct Wire {
    endpoint: Endpoint,
    host: HeaderValue,
    sender: SendRequest<Full<Bytes>>,
}

impl Wire {
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self, Error> {
        let host = HeaderValue::from_str(&endpoint.authority)?;
        Ok(Self { sender: connect(&endpoint.authority).await?, host, endpoint: endpoint.clone() })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<Answer, Error> {
        if self.sender.ready().await.is_err() {
            self.sender = connect(&self.endpoint.authority).await?;
        }
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint.prefix))
            .header(HOST, &self.host)
            .header(AUTHORIZATION, &self.endpoint.authorization);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/scim+json");
        }
        let request = request.body(Full::new(body.map_or_else(Bytes::new, Bytes::from)))?;
        let answered = async {
            let answer = self.sender.send_request(request).await?;
            let status = answer.status().as_u16();
            Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
        };
        let (status, body) = tokio::time::timeout(PATIENCE, answered).await??;
        Ok(Answer { status, body: String::from_utf8(body.into())? })
    }
}

async fn connect(authority: &str) -> Result<SendRequest<Full<Bytes>>, Error> {
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // A failure reaches whoever waits for an answer.
    tokio::spawn(connection);
    Ok(sender)
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// Whether a member `key` has a value that begins with `value`, however the JSON is spaced. It looks at the text,
    /// since to parse every answer would cost more than to send it.
    pub(crate) fn says(&self, key: &str, value: &str) -> bool {
        let quoted = format!("\"{key}\"");
        let mut rest = self.body.as_str();
        while let Some((_, after)) = rest.split_once(quoted.as_str()) {
            let found = after.trim_start().strip_prefix(':').map(str::trim_start);
            if found.is_some_and(|found| found.starts_with(value)) {
                return true;
            }
            rest = after;
        }
        false
    }

    /// How many members are called `key`.
    pub(crate) fn count(&self, key: &str) -> usize {
        self.body.matches(&format!("\"{key}\"")).count()
    }

    /// The id of the resource that was answered.
    pub(crate) fn id(&self) -> Result<String, Error> {
        let resource: serde_json::Value = serde_json::from_str(&self.body)?;
        let id = resource.get("id").and_then(serde_json::Value::as_str);
        Ok(id.ok_or_else(|| self.wrong("no id"))?.to_owned())
    }

    /// A sentence about what is wrong with it.
    pub(crate) fn wrong(&self, problem: &str) -> String {
        let start: String = self.body.chars().take(200).collect();
        format!("{problem}: {} {start}", self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_however_it_is_spaced() {
        for body in [r#"{"totalResults":0,"active" : false}"#, "{\"totalResults\": 0,\n\"active\":\n false}"]
        {
            let answer = Answer { status: 200, body: body.to_owned() };
            assert!(answer.says("totalResults", "0") && answer.says("active", "false"), "{body}");
            assert!(!answer.says("active", "true") && !answer.says("results", "0"), "{body}");
        }
    }

    #[test]
    fn a_base_is_an_authority_and_a_prefix() {
        for (base, authority, prefix) in [
            ("http://127.0.0.1:7400/default/scim/v2", "127.0.0.1:7400", "/default/scim/v2"),
            ("http://127.0.0.1:1", "127.0.0.1:1", ""),
            ("http://h:1/v2/", "h:1", "/v2"),
        ] {
            let endpoint = Endpoint::new(base, "t").unwrap();
            assert_eq!((endpoint.authority.as_str(), endpoint.prefix.as_str()), (authority, prefix));
        }
        assert!(Endpoint::new("https://h", "t").is_err());
    }
}
