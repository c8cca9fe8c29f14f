//! The form of a person who is kept by hand. Pure, but for the markup.

use maud::{Markup, html};
use rollcall_proto::identity::{EnterpriseUser, MultiValue, PersonName, User};
use serde::Deserialize;

use super::main_email;
use crate::{component::field, error::Error};

/// The most characters of a field.
const MAX: usize = 255;

/// What is typed. A box that is not ticked is not sent.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Fields {
    user_name: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    given_name: String,
    #[serde(default)]
    family_name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    active: String,
    /// The version that the form was made from; empty for a new person.
    #[serde(default)]
    pub(super) etag: String,
}

impl Fields {
    /// What a person has.
    pub(super) fn of(user: &User) -> Self {
        let name = user.person_name.clone().unwrap_or_default();
        let department = user.enterprise.as_ref().and_then(|work| work.department.clone());
        Self {
            user_name: user.user_name.clone(),
            display_name: user.display_name.clone().unwrap_or_default(),
            given_name: name.given_name.unwrap_or_default(),
            family_name: name.family_name.unwrap_or_default(),
            email: main_email(user).unwrap_or_default().to_owned(),
            title: user.title.clone().unwrap_or_default(),
            department: department.unwrap_or_default(),
            active: if user.active == Some(true) { "yes".to_owned() } else { String::new() },
            etag: user.etag.clone(),
        }
    }

    /// A new person: active, and nothing else.
    pub(super) fn new() -> Self {
        Self { active: "yes".to_owned(), ..Self::default() }
    }

    /// The person with what was typed; what the form does not show stays.
    pub(super) fn apply(&self, mut user: User) -> Result<User, Error> {
        for (label, text) in self.labelled() {
            if text.chars().count() > MAX || text.chars().any(char::is_control) {
                return Err(Error::BadInput(format!(
                    "{label} must have at most {MAX} characters, and none that cannot be seen."
                )));
            }
        }
        let Self {
            user_name,
            display_name,
            given_name,
            family_name,
            email,
            title,
            department,
            active,
            etag: _,
        } = self;
        if user_name.trim().is_empty() {
            return Err(Error::BadInput("The user name must not be empty.".to_owned()));
        }
        user_name.trim().clone_into(&mut user.user_name);
        user.display_name = some(display_name);
        user.title = some(title);
        user.active = Some(active == "yes");
        let name = user.person_name.take().unwrap_or_default();
        let name = PersonName { given_name: some(given_name), family_name: some(family_name), ..name };
        user.person_name = (name != PersonName::default()).then_some(name);
        let work = user.enterprise.take().unwrap_or_default();
        let work = EnterpriseUser { department: some(department), ..work };
        user.enterprise = (work != EnterpriseUser::default()).then_some(work);
        set_email(&mut user, some(email));
        Ok(user)
    }

    fn labelled(&self) -> [(&'static str, &str); 7] {
        [
            ("The user name", &self.user_name),
            ("The display name", &self.display_name),
            ("The given name", &self.given_name),
            ("The family name", &self.family_name),
            ("The e-mail address", &self.email),
            ("The title", &self.title),
            ("The department", &self.department),
        ]
    }

    /// The controls of the form.
    pub(super) fn controls(&self) -> Markup {
        let text = |id: &str, label: &str, hint: &str, value: &str, required: bool, complete: &str| {
            let control = html! {
                input type="text" id=(id) name=(id) value=(value) maxlength=(MAX) required[required] autocomplete=(complete);
            };
            field(id, label, hint, control)
        };
        html! {
            input type="hidden" name="etag" value=(self.etag);
            (text("user_name", "User name", "What the person signs in with. Nobody else may have it.", &self.user_name, true, "off"))
            (text("display_name", "Display name", "What devices show.", &self.display_name, false, "off"))
            (text("given_name", "Given name", "", &self.given_name, false, "off"))
            (text("family_name", "Family name", "", &self.family_name, false, "off"))
            (text("email", "E-mail address", "", &self.email, false, "off"))
            (text("title", "Title", "", &self.title, false, "off"))
            (text("department", "Department", "", &self.department, false, "off"))
            div.field.check {
                input type="checkbox" id="active" name="active" value="yes" checked[self.active == "yes"];
                label for="active" { "Active: may print" }
            }
        }
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Sets the address that counts, and leaves the others.
fn set_email(user: &mut User, email: Option<String>) {
    let main = user.emails.iter().position(|one| one.primary == Some(true));
    let main = main.or_else(|| (!user.emails.is_empty()).then_some(0));
    match (main, email) {
        (Some(main), None) => {
            user.emails.remove(main);
        }
        (Some(main), email) => {
            if let Some(one) = user.emails.get_mut(main) {
                one.value = email;
            }
        }
        (None, None) => {}
        (None, email) => user.emails.push(MultiValue {
            value: email,
            r#type: Some("work".to_owned()),
            primary: Some(true),
            ..MultiValue::default()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(user_name: &str, email: &str) -> Fields {
        Fields { user_name: user_name.to_owned(), email: email.to_owned(), ..Fields::new() }
    }

    #[test]
    fn what_the_form_does_not_show_stays() {
        let mut before = typed(" ann ", "a@example.com").apply(User::default()).unwrap();
        assert_eq!((before.user_name.as_str(), before.active), ("ann", Some(true)));
        assert_eq!(before.emails[0].primary, Some(true));
        before.nick_name = Some("A".to_owned());
        before.emails.push(MultiValue { value: Some("b@example.com".to_owned()), ..MultiValue::default() });
        let same = Fields::of(&before).apply(before.clone()).unwrap();
        assert_eq!(same, before);
        let without = Fields { email: String::new(), active: String::new(), ..Fields::of(&before) };
        let after = without.apply(before).unwrap();
        assert_eq!(
            (after.emails.len(), after.active, after.nick_name.as_deref()),
            (1, Some(false), Some("A"))
        );
    }

    #[test]
    fn what_cannot_be_a_person_is_refused() {
        for fields in [typed(" ", ""), typed(&"x".repeat(256), ""), typed("a\u{1b}", ""), typed("a", "b\nc")]
        {
            assert!(matches!(fields.apply(User::default()), Err(Error::BadInput(_))));
        }
    }
}
