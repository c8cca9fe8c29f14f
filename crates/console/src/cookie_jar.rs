//! The cookies of the console. Their `__Host-` names bind them to this host, to all of its paths and to secure
//! connections: no other host can set or read them, whatever its name.

use cookie::{Cookie, SameSite, time::Duration};
use http::{HeaderMap, HeaderValue, header};

/// The cookie that holds the secret of a session.
pub(crate) const SESSION: &str = "__Host-rollcall";
/// The cookie that holds what belongs to a sign-in under way.
pub(crate) const SIGN_IN: &str = "__Host-rollcall-sign-in";

/// The value of a cookie; `None` where there is none, or several.
pub(crate) fn get(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines.flat_map(|line| Cookie::split_parse(line.to_owned()).flatten().collect::<Vec<_>>());
    let value = found.find(|cookie| cookie.name() == name)?.value().to_owned();
    found.all(|cookie| cookie.name() != name).then_some(value)
}

/// The header that sets a cookie; until the browser ends where `age` is none.
pub(crate) fn set(name: &'static str, value: &str, age: Option<Duration>) -> Option<HeaderValue> {
    let mut cookie = Cookie::build((name, value.to_owned()))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax);
    if let Some(age) = age {
        cookie = cookie.max_age(age);
    }
    HeaderValue::from_str(&cookie.build().to_string()).ok()
}

/// The header that removes a cookie.
pub(crate) fn remove(name: &'static str) -> Option<HeaderValue> {
    set(name, "", Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies() {
        let line = |text: &'static str| (header::COOKIE, HeaderValue::from_static(text));
        let get = |lines: &[&'static str]| get(&lines.iter().map(|text| line(text)).collect(), SESSION);
        assert_eq!(get(&["a=b; __Host-rollcall=x"]).as_deref(), Some("x"));
        assert_eq!(get(&["a=b", "__Host-rollcall=x"]).as_deref(), Some("x"));
        assert_eq!(get(&["__Host-rollcall=x; __Host-rollcall=y"]), None);
        assert_eq!(get(&["rollcall=x"]), None);
        assert_eq!(get(&[]), None);
        let set = set(SESSION, "x", None).unwrap();
        assert_eq!(set, "__Host-rollcall=x; HttpOnly; SameSite=Lax; Secure; Path=/");
        assert!(remove(SESSION).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }
}
