//! A conversion in a hidden field.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use prost::Message as _;
use rollcall_proto::identity::CardConversion;

use crate::error::Error;

/// As a field has it.
pub(super) fn write(conversion: &CardConversion) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(conversion.encode_to_vec())
}

/// Of a field. The service checks what it says.
pub(super) fn read(field: &str) -> Result<CardConversion, Error> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(field).ok();
    let conversion = bytes.and_then(|bytes| CardConversion::decode(bytes.as_slice()).ok());
    conversion.ok_or_else(|| Error::BadInput("The conversion cannot be read.".to_owned()))
}
