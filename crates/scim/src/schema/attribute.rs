//! One attribute with its characteristics, and the small language in which the tables are written.

/// What a value is (RFC 7643 section 2.3). No schema here has numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A moment.
    DateTime,
    /// A URI; `reference_types` says of what.
    Reference,
    /// Bytes in Base64.
    Binary,
    /// A set of sub-attributes.
    Complex,
}

/// Who may write a value, and when (RFC 7643 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// Only the service.
    ReadOnly,
    /// Anyone, at any time.
    ReadWrite,
    /// Anyone, once.
    Immutable,
    /// Anyone, but nobody reads it.
    WriteOnly,
}

/// When a value is answered (RFC 7643 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// Always, even when excluded.
    Always,
    /// Never, even when asked for.
    Never,
    /// Unless something else is asked for.
    Default,
    /// Only when asked for.
    Request,
}

/// Among what a value is unique (RFC 7643 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uniqueness {
    /// Not at all.
    None,
    /// Among the resources of one type in one account.
    Server,
    /// Everywhere.
    Global,
}

/// An attribute or sub-attribute with its characteristics (RFC 7643 section 2.2 and section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the characteristics of RFC 7643 section 7 are flags")]
pub struct Attribute {
    /// The name in the case to answer in.
    pub name: &'static str,
    /// What the attribute is for.
    pub description: &'static str,
    /// What a value is.
    pub kind: Kind,
    /// Whether there are several values.
    pub multi_valued: bool,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether case counts when values are compared.
    pub case_exact: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// When it is answered.
    pub returned: Returned,
    /// Among what it is unique.
    pub uniqueness: Uniqueness,
    /// All the values there are; empty where any value is accepted.
    pub canonical_values: &'static [&'static str],
    /// What a reference refers to: resource types, `external` or `uri`.
    pub reference_types: &'static [&'static str],
    /// The most characters of a value, where that is fewer than of any text: what is the key of an index.
    pub max_characters: Option<usize>,
    /// Whether values are kept out of messages and filters: a card number in an error would be one in a log.
    pub secret: bool,
    /// The sub-attributes of a complex attribute.
    pub sub_attributes: &'static [Attribute],
}

impl Attribute {
    /// The sub-attribute of this name, in any case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        super::find(self.sub_attributes, name)
    }

    /// Whether a value is checked and forgotten: nobody signs in here, so a password is of no use.
    pub fn is_forgotten(&self) -> bool {
        self.mutability == Mutability::WriteOnly && !self.secret
    }

    /// Whether it is a set of sub-attributes.
    pub fn is_complex(&self) -> bool {
        self.kind == Kind::Complex
    }

    const fn new(name: &'static str, description: &'static str, kind: Kind) -> Self {
        Self {
            name,
            description,
            kind,
            multi_valued: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            max_characters: None,
            secret: false,
            sub_attributes: &[],
        }
    }

    pub(super) const fn string(name: &'static str, description: &'static str) -> Self {
        Self::new(name, description, Kind::String)
    }

    pub(super) const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(name, description, Kind::Boolean)
    }

    pub(super) const fn date_time(name: &'static str, description: &'static str) -> Self {
        Self::new(name, description, Kind::DateTime)
    }

    /// A reference is always case-exact (RFC 7643 section 2.3.7).
    pub(super) const fn reference(
        name: &'static str,
        description: &'static str,
        to: &'static [&'static str],
    ) -> Self {
        Self { reference_types: to, case_exact: true, ..Self::new(name, description, Kind::Reference) }
    }

    /// Binary is always case-exact (RFC 7643 section 2.3.6).
    pub(super) const fn binary(name: &'static str, description: &'static str) -> Self {
        Self { case_exact: true, ..Self::new(name, description, Kind::Binary) }
    }

    pub(super) const fn complex(
        name: &'static str,
        description: &'static str,
        subs: &'static [Attribute],
    ) -> Self {
        Self { sub_attributes: subs, ..Self::new(name, description, Kind::Complex) }
    }

    pub(super) const fn many(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) const fn case_exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    pub(super) const fn at_most(self, characters: usize) -> Self {
        Self { max_characters: Some(characters), ..self }
    }

    pub(super) const fn unique(self) -> Self {
        Self { uniqueness: Uniqueness::Server, ..self }.at_most(255)
    }

    pub(super) const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    pub(super) const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    pub(super) const fn write_only(self) -> Self {
        Self { mutability: Mutability::WriteOnly, returned: Returned::Never, ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    pub(super) const fn card_number(self) -> Self {
        self.case_exact().secret().at_most(128)
    }

    pub(super) const fn always(self) -> Self {
        Self { returned: Returned::Always, ..self }
    }

    pub(super) const fn on_request(self) -> Self {
        Self { returned: Returned::Request, ..self }
    }

    pub(super) const fn one_of(self, values: &'static [&'static str]) -> Self {
        Self { canonical_values: values, ..self }
    }
}
