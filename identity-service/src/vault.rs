//! How card numbers and secrets become what is stored, and back.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rollcall_card::{conversion::Conversion, keyring::Keyring};
use rollcall_db::Connection;
use rollcall_proto::identity::CardConversion;

use crate::store::{conversions, error::Error};

/// The keys of the installation and the compiled conversions of the accounts.
pub(crate) struct Vault {
    ring: Keyring,
    conversions: RwLock<HashMap<String, (i64, Arc<Conversion>)>>,
}

/// A number as it is compared: its tag by each key, the current one first.
pub(crate) struct Tags(pub(crate) Vec<String>);

impl Tags {
    /// The tag to store.
    pub(crate) fn current(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    pub(crate) fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|known| known == tag)
    }
}

impl Vault {
    pub(crate) fn new(ring: Keyring) -> Self {
        Self { ring, conversions: RwLock::default() }
    }

    pub(crate) fn ring(&self) -> &Keyring {
        &self.ring
    }

    /// The conversion of an account, as it is in this transaction.
    pub(crate) fn conversion(
        &self,
        connection: &mut Connection,
        account: &str,
    ) -> Result<Arc<Conversion>, Error> {
        let version = conversions::version(connection, account)?;
        let cached = self.conversions.read().unwrap_or_else(PoisonError::into_inner).get(account).cloned();
        if let Some((of, conversion)) = cached
            && of == version
        {
            return Ok(conversion);
        }
        let steps =
            if version == 0 { CardConversion::default() } else { conversions::read(connection, account)? };
        let compiled = Arc::new(Conversion::compile(&steps)?);
        let mut all = self.conversions.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(account.to_owned(), (version, Arc::clone(&compiled)));
        Ok(compiled)
    }

    /// The tags of a converted number.
    pub(crate) fn tags(&self, account: &str, converted: &str) -> Tags {
        Tags(self.ring.tags(account, converted).iter().map(|tag| encoded(tag)).collect())
    }

    /// The number of a card, given to an account under an id.
    pub(crate) fn seal(&self, account: &str, id: &str, number: &str) -> Result<(String, Vec<u8>), Error> {
        let sealed = self.ring.seal(&place(account, id), number)?;
        Ok((sealed.key, sealed.bytes))
    }

    /// The number that was sealed under an id.
    pub(crate) fn open(&self, account: &str, id: &str, key: &str, bytes: &[u8]) -> Result<String, Error> {
        Ok(self.ring.open(&place(account, id), key, bytes)?)
    }
}

fn place(account: &str, id: &str) -> String {
    format!("{account}/{id}")
}

/// Bytes as the text of a key column.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
