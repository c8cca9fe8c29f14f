//! A request body becomes JSON, or an error that says where it is not.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::{clients::Gateway, error::Error};

/// The most arrays and objects inside each other.
const MAX_DEPTH: usize = 32;

/// A refused body is read to its end up to this size and time: a client that is still sending would otherwise meet a
/// closed connection instead of the answer.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// The JSON object of a request's body. Of a key that occurs twice the last counts.
#[derive(Debug)]
pub(crate) struct Json(pub(crate) Value);

impl FromRequest<Arc<Gateway>> for Json {
    type Rejection = Error;

    async fn from_request(request: Request, gateway: &Arc<Gateway>) -> Result<Self, Error> {
        let limit = gateway.config.scim_max_body_bytes;
        if let Err(error) = check_headers(request.headers(), limit) {
            drain(request).await;
            return Err(error);
        }
        parse(&read(request.into_body(), limit).await?).map(Self)
    }
}

/// Checks that `schemas` names this message, in any case.
pub(crate) fn check_schema(body: &Value, urn: &str) -> Result<(), Error> {
    let schemas = body.get("schemas").and_then(Value::as_array);
    let named = |schema: &Value| schema.as_str().is_some_and(|schema| schema.eq_ignore_ascii_case(urn));
    if schemas.is_some_and(|schemas| schemas.iter().any(named)) {
        Ok(())
    } else {
        Err(Error::Syntax(format!("schemas must be an array of URNs that has \"{urn}\"")))
    }
}

/// What can be refused before the body is read.
fn check_headers(headers: &HeaderMap, limit: usize) -> Result<(), Error> {
    check_content_type(headers)?;
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(Error::MediaType("send the body without a Content-Encoding".to_owned()));
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if usize::try_from(length).is_ok_and(|length| length <= limit) => Ok(()),
        Some(_) => Err(Error::TooLarge { limit }),
        None => Ok(()),
    }
}

/// `application/scim+json`, or `application/json`, which Google sends (RFC 7644 section 3.1); a body without a
/// Content-Type is taken for JSON.
fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    let refuse =
        |problem: &str| Err(Error::MediaType(format!("{problem}; send application/scim+json in UTF-8")));
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let Ok(text) = value.to_str() else { return refuse("the Content-Type is not text") };
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    if media_type.is_empty() {
        return Ok(());
    }
    let known = ["application/scim+json", "application/json"];
    if !known.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
        return refuse("the Content-Type is not supported");
    }
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let charset = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset")
            && !["utf-8", "utf8"].iter().any(|utf8| charset.eq_ignore_ascii_case(utf8))
        {
            return refuse("the charset is not supported");
        }
    }
    Ok(())
}

async fn read(mut body: Body, limit: usize) -> Result<Bytes, Error> {
    let mut buffer = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::Syntax("the body ended before its end".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        if buffer.len() + data.len() > limit {
            discard(body).await;
            return Err(Error::TooLarge { limit });
        }
        buffer.extend_from_slice(&data);
    }
    Ok(buffer.freeze())
}

/// Takes the body off a request that is refused, unless the client waits to hear whether to send it.
pub(crate) async fn drain(request: Request) {
    if !request.headers().contains_key(header::EXPECT) {
        discard(request.into_body()).await;
    }
}

/// Reads on and forgets, within bounds.
async fn discard(mut body: Body) {
    let rest = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DRAIN_BYTES {
                break;
            }
        }
    };
    // Out of time is as good as at the end.
    let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
}

fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::Syntax(format!("the body is not UTF-8: the byte at offset {} is wrong", error.valid_up_to()))
    })?;
    // Some libraries put a byte order mark before it, which RFC 8259 section 8.1 lets a reader ignore.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Error::Syntax("the body is empty; a JSON object is required".to_owned()));
    }
    check_depth(text)?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(Value::Object(object)),
        Ok(_) => Err(Error::Syntax("the body must be a JSON object".to_owned())),
        Err(error) => Err(Error::Syntax(format!("the body is not JSON: {error}"))),
    }
}

/// Counts brackets outside of strings, before a recursive parser sees them.
fn check_depth(text: &str) -> Result<(), Error> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Error::Syntax(format!(
                "the body nests deeper than {MAX_DEPTH} levels at byte offset {offset}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn json_in_utf8_is_taken_under_either_name() {
        for (content_type, taken) in [
            ("application/scim+json", true),
            ("application/json", true),
            ("Application/SCIM+JSON; charset=utf-8", true),
            ("application/scim+json;charset=\"UTF-8\"", true),
            ("application/json ; Charset = utf8 ; odata=verbose", true),
            ("application/json;", true),
            ("", true),
            ("application/json; charset=iso-8859-1", false),
            ("application/json; charset=", false),
            ("application/jsonp", false),
            ("text/json", false),
            ("text/plain; application/json", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
        ] {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap())]);
            assert_eq!(check_headers(&headers, 0).is_ok(), taken, "{content_type}");
        }
        assert!(check_headers(&HeaderMap::new(), 0).is_ok());
        let gzip = HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
        assert!(matches!(check_headers(&gzip, 0), Err(Error::MediaType(_))));
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_reading() {
        for (length, taken) in [("10", true), ("11", false), ("99999999999999999999999", true)] {
            let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, HeaderValue::from_static(length))]);
            assert_eq!(check_headers(&headers, 10).is_ok(), taken, "{length}");
        }
    }

    #[test]
    fn what_is_not_a_json_object_is_refused_with_its_place() {
        let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
        let abyss = "[".repeat(1_000_000);
        for (body, part) in [
            (&b""[..], "empty"),
            (b" \n", "empty"),
            (b"nonsense", "line 1 column"),
            (b"{\"a\":1,}", "line 1 column 8"),
            (b"{\n\"a\" 1}", "line 2 column"),
            (b"{\"a\":1} x", "trailing characters"),
            (b"{\"a\":1", "EOF"),
            (b"{\"a\":\"\\ud800\"}", "hex escape at line 1"),
            (b"{\"a\":\"\xff\"}", "offset 6"),
            (b"[]", "object"),
            (b"null", "object"),
            (b"\"text\"", "object"),
            (b"{\"a\":NaN}", "line 1"),
            (deep.as_bytes(), "deeper than 32 levels at byte offset 32"),
            (abyss.as_bytes(), "deeper"),
        ] {
            match parse(body) {
                Err(Error::Syntax(detail)) => assert!(detail.contains(part), "{detail}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_is_one_is_taken() {
        let brackets = format!("{{\"a\":\"\\\"{}\\\\\"}}", "[".repeat(100));
        let at_limit = format!("{{\"a\":{}{}}}", "[".repeat(31), "]".repeat(31));
        for body in ["{}", "\u{feff}{}", " {} ", "{\"__proto__\":{}}", &brackets, &at_limit] {
            assert!(parse(body.as_bytes()).is_ok(), "{body}");
        }
        assert_eq!(parse(br#"{"a":1,"a":2}"#).unwrap(), json!({"a": 2}));
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_cut_at_the_limit() {
        assert_eq!(read(Body::from("1234"), 4).await.unwrap(), "1234");
        assert!(matches!(read(Body::from("12345"), 4).await, Err(Error::TooLarge { limit: 4 })));
    }
}
