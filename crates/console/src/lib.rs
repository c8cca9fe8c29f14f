//! The web console: where the administrator of an account lives.
//!
//! It is a client of the identity and token services, and has no power of its own: what a page does is a call that
//! `rollcall` on the command line can make as well. Pages are made on the server; a small script adds local times,
//! copying and a line that follows the connection, and everything else works without it.
//!
//! | module | holds |
//! |---|---|
//! | [`router`](router()) | every route, and the layers around them |
//! | `signin`, `session`, `place` | who is looking, and at which account |
//! | `policy`, `guard` | what a role may call |
//! | `csrf`, `cookie_jar`, `rate`, `headers` | what keeps others out |
//! | `page`, `component`, `icon`, `text`, `assets` | what every page looks like, and how it says times and numbers |
//! | `sync`, `guide`, `notices`, `users`, `groups`, `log`, `rules`, `audit`, `accounts` | a file per page |
//! | `error` | every failure, and its page |

mod accounts;
mod assets;
mod audit;
mod cards;
mod clients;
mod component;
mod config;
mod conversion;
mod cookie_jar;
mod csrf;
pub mod csv;
mod denied;
mod diagnosis;
pub mod directory;
mod error;
mod groups;
mod guard;
mod guide;
mod headers;
mod icon;
mod import;
mod log;
mod notices;
mod page;
mod place;
mod policy;
mod query;
mod rate;
mod router;
mod rules;
mod session;
mod signin;
mod source;
mod stations;
mod sync;
mod text;
mod users;

use std::{path::PathBuf, sync::Arc};

pub use clients::Services;
pub use config::{Config, Listen};
pub use router::{router, routes};
pub use signin::Rule;

/// What every handler has at hand.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) services: Services,
    pub(crate) config: Config,
    /// The address by which identity providers reach the gateway: the Tenant URL begins with it.
    pub(crate) scim_url: String,
    pub(crate) provider: Option<signin::Provider>,
    pub(crate) attempts: rate::Attempts,
    pub(crate) answers: sync::Answers,
    pub(crate) imports: import::Imports,
}

impl Console {
    fn new(services: Services, config: Config, scim_url: String) -> Result<Arc<Self>, StartError> {
        let provider = signin::Provider::new(&config)?;
        Ok(Arc::new(Self {
            services,
            config,
            scim_url,
            provider,
            attempts: rate::Attempts::new(),
            answers: sync::Answers::default(),
            imports: import::Imports::default(),
        }))
    }
}

/// Why the console cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file of the client secret cannot be read.
    #[error("cannot read the client secret in {}: {cause}", path.display())]
    SecretFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The OpenID provider cannot be used.
    #[error("the OpenID provider: {0}")]
    Provider(String),
}
