//! Any text as the path of a PATCH operation: a path or an error within it, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_scim::{
    path::{Error, PatchPath},
    schema::ResourceType,
};

fuzz_target!(|text: &str| {
    for resource_type in ResourceType::ALL {
        match PatchPath::parse(text, resource_type) {
            // What would be created for want of a match must match, or the next PATCH would create it again.
            Ok(PatchPath { filter: Some(filter), seed: Some(seed), .. }) => {
                assert!(filter.matches_element(&seed), "{filter:?} {seed:?}");
            }
            Ok(_) => {}
            Err(Error::Path(error) | Error::Filter(error)) => {
                assert!((1..=text.chars().count() + 1).contains(&error.column), "{error}");
            }
        }
    }
});
