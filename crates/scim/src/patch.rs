//! To be written.

use crate::ScimType;

/// Why it was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {}

impl Error {
    /// The `scimType` of the SCIM error to answer.
    pub fn scim_type(&self) -> ScimType {
        match *self {}
    }
}
