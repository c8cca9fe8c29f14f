//! Deliberate defects, to prove that `tests/faults` notices them.
//!
//! Each stands at the place where somebody could make it, as `if rollcall_defect::is("name")`. Without the feature `on` that is
//! a constant `false`, and the compiler leaves it out. With it, the environment variable `ROLLCALL_DEFECT` names the one that is there.
//! `tests/faults/defects.py` has the list of all, with the case that must catch each.

/// Whether the defect of this name is there.
#[cfg(feature = "on")]
pub fn is(name: &str) -> bool {
    static NAME: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NAME.get_or_init(|| std::env::var("ROLLCALL_DEFECT").unwrap_or_default()) == name
}

/// Whether the defect of this name is there: never, without the feature `on`.
#[cfg(not(feature = "on"))]
#[must_use]
#[inline]
pub const fn is(_name: &str) -> bool {
    false
}
