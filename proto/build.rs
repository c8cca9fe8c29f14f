//! Compiles the protos with protox, so that no `protoc` is needed on the machine.

use std::{env, fs, path::PathBuf};

use prost::Message as _;

const FILES: [&str; 21] = [
    "rollcall/identity/v1/card_service.proto",
    "rollcall/identity/v1/change_service.proto",
    "rollcall/identity/v1/conversion.proto",
    "rollcall/identity/v1/conversion_service.proto",
    "rollcall/identity/v1/diagnosis_service.proto",
    "rollcall/identity/v1/directory_service.proto",
    "rollcall/identity/v1/group.proto",
    "rollcall/identity/v1/group_service.proto",
    "rollcall/identity/v1/import_service.proto",
    "rollcall/identity/v1/lookup_service.proto",
    "rollcall/identity/v1/pin_service.proto",
    "rollcall/identity/v1/settings_service.proto",
    "rollcall/identity/v1/station_service.proto",
    "rollcall/identity/v1/user_service.proto",
    "rollcall/token/v1/account_service.proto",
    "rollcall/token/v1/audit_service.proto",
    "rollcall/token/v1/connection_service.proto",
    "rollcall/token/v1/notice_service.proto",
    "rollcall/token/v1/session_service.proto",
    "rollcall/token/v1/sync_log_service.proto",
    "rollcall/token/v1/token_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("rollcall.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    println!("cargo:rerun-if-changed=rollcall");
    Ok(())
}
