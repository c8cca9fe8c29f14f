//! Style, script and icon, compiled in. The address has a hash of the content, so a browser may keep it for ever.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::header;
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// A file that pages refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asset {
    /// The style of every page.
    Style,
    /// The script of every page; all of them work without it.
    Script,
    /// The icon in the browser's tab.
    Icon,
}

impl Asset {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Style, Self::Script, Self::Icon];

    fn source(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Style => ("style", "css", "text/css; charset=utf-8", include_str!("../assets/style.css")),
            Self::Script => {
                ("script", "js", "text/javascript; charset=utf-8", include_str!("../assets/script.js"))
            }
            Self::Icon => ("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")),
        }
    }

    /// The address, such as `/assets/style-1f3a5c7e9b2d4f60.css`.
    pub(crate) fn url(self) -> &'static str {
        static URLS: LazyLock<Vec<String>> = LazyLock::new(|| Asset::ALL.map(Asset::hashed).to_vec());
        URLS.iter().zip(Self::ALL).find(|(_, asset)| *asset == self).map_or("/", |(url, _)| url)
    }

    fn hashed(self) -> String {
        let (name, extension, _, content) = self.source();
        let mut hash = String::new();
        for byte in &Sha256::digest(content)[..8] {
            let _ = write!(hash, "{byte:02x}");
        }
        format!("/assets/{name}-{hash}.{extension}")
    }
}

/// `GET /assets/{name}`.
pub(crate) async fn serve(Path(name): Path<String>) -> Result<Response, Error> {
    let asset = Asset::ALL
        .into_iter()
        .find(|asset| asset.url().strip_prefix("/assets/") == Some(name.as_str()))
        .ok_or(Error::NotFound)?;
    let (_, _, content_type, content) = asset.source();
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, content).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_an_address_with_its_hash() {
        for asset in Asset::ALL {
            let url = asset.url();
            let (stem, _) = url.rsplit_once('.').unwrap();
            let (_, hash) = stem.rsplit_once('-').unwrap();
            assert!(hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{url}");
        }
    }

    #[tokio::test]
    async fn only_what_has_the_right_hash_is_served() {
        for asset in Asset::ALL {
            let name = asset.url().strip_prefix("/assets/").unwrap().to_owned();
            assert!(serve(Path(name.clone())).await.is_ok());
            assert!(serve(Path(name.replace('-', "-0"))).await.is_err());
        }
        assert!(serve(Path("style.css".to_owned())).await.is_err());
    }
}
