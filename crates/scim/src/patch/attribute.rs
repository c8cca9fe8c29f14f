//! A change to one attribute of a document: RFC 7644 sections 3.5.2.1 to 3.5.2.3, rule by rule.
//!
//! A complex attribute is worked on as a list of elements; one with a single value has at most one.

use serde_json::{Map, Value};

use super::{
    Problem,
    apply::{Change, Verb},
};
use crate::{
    quirks,
    resource::{self, value},
    schema::Attribute,
};

type Element = Map<String, Value>;

/// Changes the attribute in the object that holds it.
pub(super) fn change(
    holder: &mut Map<String, Value>,
    attribute: &'static Attribute,
    change: Change<'_>,
) -> Result<(), Problem> {
    let current = holder.shift_remove(attribute.name);
    let changed = if attribute.is_complex() {
        let elements = elements(current);
        let selected: Vec<bool> = match &change.path.filter {
            None => vec![true; elements.len()],
            Some(filter) => elements.iter().map(|element| filter.matches_element(element)).collect(),
        };
        Complex { attribute, change, elements, selected }.apply()?
    } else {
        simple(attribute, change, current)?
    };
    if let Some(changed) = changed {
        holder.insert(attribute.name.to_owned(), changed);
    }
    Ok(())
}

/// Whether an element says already what a new one would.
fn holds(old: &Element, new: &Element) -> bool {
    old == new || new.contains_key("value") && new.iter().all(|(name, part)| old.get(name) == Some(part))
}

/// Whether two elements are one by RFC 7643 section 2.4: the same `value` and `type`.
fn is_same(old: &Element, new: &Element) -> bool {
    old.contains_key("value") && ["value", "type"].iter().all(|name| old.get(*name) == new.get(*name))
}

fn simple(
    attribute: &Attribute,
    change: Change<'_>,
    current: Option<Value>,
) -> Result<Option<Value>, Problem> {
    match change.verb {
        Verb::Remove => Ok(None),
        Verb::Add => Ok(value::scalar(attribute, change.value()?)?.or(current)),
        Verb::Replace => Ok(value::scalar(attribute, change.value()?)?),
    }
}

fn elements(current: Option<Value>) -> Vec<Element> {
    let values = match current {
        Some(Value::Array(values)) => values,
        Some(single) => vec![single],
        None => Vec::new(),
    };
    let element = |value| match value {
        Value::Object(element) => Some(element),
        _ => None,
    };
    values.into_iter().filter_map(element).collect()
}

struct Complex<'a> {
    attribute: &'static Attribute,
    change: Change<'a>,
    elements: Vec<Element>,
    /// For each element, whether the path selects it; later, whether it was written to.
    selected: Vec<bool>,
}

impl Complex<'_> {
    fn apply(mut self) -> Result<Option<Value>, Problem> {
        let filtered = self.change.path.filter.is_some();
        match (self.change.verb, self.change.path.sub) {
            (Verb::Remove, None) => self.remove_elements()?,
            (Verb::Remove, Some(sub)) => self.remove_part(sub)?,
            (_, Some(sub)) => self.set_part(sub)?,
            (_, None) if filtered => self.set_selected()?,
            (Verb::Add, None) if self.attribute.multi_valued => self.add_elements()?,
            (Verb::Replace, None) if self.attribute.multi_valued => {
                self.elements = value::list(self.attribute, self.change.value()?)?;
                self.selected = vec![true; self.elements.len()];
            }
            (_, None) => self.merge()?,
        }
        self.settle()
    }

    /// 3.5.2.2: without a filter all values go, with one those it matches. To remove what is not there is a success:
    /// the section asks for `noTarget` only where there is no path, and what was asked for is so already.
    fn remove_elements(&mut self) -> Result<(), Problem> {
        let named = match self.change.value.filter(|_| self.attribute.multi_valued) {
            Some(value) => Some(self.named(value)?),
            None => None,
        };
        let mut selected = self.selected.iter();
        self.elements.retain(|element| {
            let selected = selected.next().copied().unwrap_or_default();
            let is_named =
                |named: &Vec<value::Parts>| named.iter().any(|one| quirks::is_named_by(element, one));
            !(selected && named.as_ref().is_none_or(is_named))
        });
        self.selected.clear();
        Ok(())
    }

    fn named(&self, value: &Value) -> Result<Vec<value::Parts>, Problem> {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            single => std::slice::from_ref(single),
        };
        if values.len() > value::ELEMENTS {
            let problem = resource::Problem::TooMany { limit: value::ELEMENTS };
            return Err(resource::Error::new(self.attribute.name, problem).into());
        }
        let parts = values.iter().map(|value| value::parts(self.attribute, value));
        Ok(parts.collect::<Result<_, _>>()?)
    }

    fn remove_part(&mut self, sub: &Attribute) -> Result<(), Problem> {
        if sub.required {
            return Err(Problem::Required { path: self.change.path_text() });
        }
        let multi_valued = self.attribute.multi_valued;
        let mut selected = self.selected.iter();
        self.elements.retain_mut(|element| {
            let removed =
                selected.next().copied().unwrap_or_default() && element.shift_remove(sub.name).is_some();
            !(removed && multi_valued && quirks::is_husk(element))
        });
        self.selected.clear();
        Ok(())
    }

    /// Sets a sub-attribute of each selected element, or of a new one.
    fn set_part(&mut self, sub: &Attribute) -> Result<(), Problem> {
        let value = self.change.value()?;
        if sub.name == "value" && quirks::removes_manager(self.attribute, value) {
            self.elements.clear();
            return Ok(());
        }
        let value = value::scalar(sub, value).map_err(|error| error.within(self.attribute.name))?;
        let none_selected = !self.selected.contains(&true);
        match value {
            Some(value) if none_selected => {
                let mut element = self.new_element()?;
                element.insert(sub.name.to_owned(), value);
                self.push(element)?;
            }
            Some(value) => {
                for element in self.selected_elements() {
                    element.insert(sub.name.to_owned(), value.clone());
                }
            }
            None if self.change.verb == Verb::Replace => self.remove_part(sub)?,
            None => {}
        }
        Ok(())
    }

    fn new_element(&self) -> Result<Element, Problem> {
        if self.change.path.filter.is_none() {
            return Ok(Element::new());
        }
        let Some(seed) = quirks::seed(self.change.path) else {
            return Err(Problem::NoMatch { path: self.change.path_text() });
        };
        Ok(value::element(self.attribute, &Value::Object(seed.clone()))?.unwrap_or_default())
    }

    /// 3.5.2.3: the elements that the filter matches are replaced, and none matched is `noTarget`. What the filter
    /// says by `eq` stays true of the new element unless the value says otherwise. `add` merges instead.
    fn set_selected(&mut self) -> Result<(), Problem> {
        let value = self.change.value()?;
        if !self.selected.contains(&true) {
            return Err(Problem::NoMatch { path: self.change.path_text() });
        }
        let Some(new) = value::element(self.attribute, quirks::sole_element(value))? else {
            if self.change.verb == Verb::Replace {
                self.change.value = None;
                self.remove_elements()?;
            }
            return Ok(());
        };
        let mut new_element = Element::new();
        if self.change.verb == Verb::Replace {
            let seed = self.change.path.seed.clone().unwrap_or_default();
            new_element = value::element(self.attribute, &Value::Object(seed))?.unwrap_or_default();
        }
        new_element.extend(new);
        let verb = self.change.verb;
        for element in self.selected_elements() {
            match verb {
                Verb::Replace => element.clone_from(&new_element),
                Verb::Add | Verb::Remove => element.extend(new_element.clone()),
            }
        }
        Ok(())
    }

    /// 3.5.2.1: new values are appended. One with the `value` and `type` of an element that is there is that element
    /// (RFC 7643 section 2.4), so that to add what there is changes nothing.
    fn add_elements(&mut self) -> Result<(), Problem> {
        self.selected.fill(false);
        for new in value::list(self.attribute, self.change.value()?)? {
            if self.elements.iter().any(|old| holds(old, &new)) {
                continue;
            }
            let mut elements = self.elements.iter_mut().zip(&mut self.selected);
            match elements.find(|(old, _)| is_same(old, &new)) {
                Some((old, written)) => {
                    old.extend(new);
                    *written = true;
                }
                None => self.push(new)?,
            }
        }
        Ok(())
    }

    /// 3.5.2.1 and 3.5.2.3: a complex attribute takes over the sub-attributes of the value and keeps the others.
    fn merge(&mut self) -> Result<(), Problem> {
        let value = quirks::sole_element(self.change.value()?);
        let replaces = self.change.verb == Verb::Replace;
        if quirks::removes_manager(self.attribute, value) || value.is_null() {
            if replaces || !value.is_null() {
                self.elements.clear();
            }
            return Ok(());
        }
        let mut element = self.elements.pop().unwrap_or_default();
        for (sub, value) in value::parts(self.attribute, value)? {
            match value {
                Some(value) => _ = element.insert(sub.name.to_owned(), value),
                None if replaces => _ = element.shift_remove(sub.name),
                None => {}
            }
        }
        self.elements = vec![element];
        Ok(())
    }

    fn push(&mut self, element: Element) -> Result<(), Problem> {
        if self.elements.len() >= value::ELEMENTS {
            let problem = resource::Problem::TooMany { limit: value::ELEMENTS };
            return Err(resource::Error::new(self.attribute.name, problem).into());
        }
        self.elements.push(element);
        self.selected.push(true);
        Ok(())
    }

    fn selected_elements(&mut self) -> impl Iterator<Item = &mut Element> {
        self.elements
            .iter_mut()
            .zip(&self.selected)
            .filter(|(_, selected)| **selected)
            .map(|(element, _)| element)
    }

    /// 3.5.2: when an element is made primary, the one that was is so no longer.
    fn settle(mut self) -> Result<Option<Value>, Problem> {
        let made_primary = self.selected_elements().filter(|element| value::is_primary(element)).count();
        if made_primary > 1 {
            return Err(resource::Error::new(self.attribute.name, resource::Problem::Primaries).into());
        }
        if made_primary == 1 {
            for (element, written) in self.elements.iter_mut().zip(&self.selected) {
                if !written && value::is_primary(element) {
                    element.insert("primary".to_owned(), Value::Bool(false));
                }
            }
        }
        let mut values = self.elements.into_iter().filter(|element| !element.is_empty()).map(Value::Object);
        if !self.attribute.multi_valued {
            return Ok(values.next());
        }
        let values: Vec<Value> = values.collect();
        Ok((!values.is_empty()).then_some(Value::Array(values)))
    }
}
