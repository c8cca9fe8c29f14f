//! The people that a directory is filled with.

/// A person, known by a number. Of the same size whatever the number is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub(crate) number: usize,
    /// As the server chose it; empty until then.
    pub(crate) id: String,
}

impl Person {
    pub(crate) fn new(number: usize) -> Self {
        Self { number, id: String::new() }
    }

    pub(crate) fn user_name(&self) -> String {
        format!("person{:08}@example.com", self.number)
    }

    pub(crate) fn external_id(&self) -> String {
        format!("e-{:08}", self.number)
    }

    pub(crate) fn email(&self) -> String {
        format!("mail{:08}@example.com", self.number)
    }

    pub(crate) fn quoted_user_name(&self) -> String {
        format!("\"{}\"", self.user_name())
    }

    pub(crate) fn quoted_id(&self) -> String {
        format!("\"{}\"", self.id)
    }

    /// What an identity provider sends for the person.
    pub(crate) fn document(&self, family: &str) -> String {
        let (number, user_name, external_id, email) =
            (self.number, self.user_name(), self.external_id(), self.email());
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{user_name}","externalId":"{external_id}","displayName":"The Person {number:08}","name":{{"givenName":"Given{number:08}","familyName":"{family}"}},"emails":[{{"value":"{email}","type":"work","primary":true}}],"active":true}}"#
        )
    }
}
