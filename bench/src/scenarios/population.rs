//! Who is in a directory, so that each request can name somebody and each answer be held against it.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use http::Method;

use super::{Operation, Person, create_group, ensure};
use crate::{
    Error,
    load::{self, Length},
    target::Target,
    wire::Wire,
};

/// Groups of a directory, and the members of each.
const GROUPS: usize = 10;
const MEMBERS: usize = 20;
/// Members of a group in a first cycle.
const PROVISIONED: usize = 100;
/// Clients that fill a directory.
const WRITERS: usize = 16;
/// The most claims that are looked at.
const CLAIMS: usize = 8;
/// A number that has no factor in common with any size, for an order that looks like none.
const STRIDE: usize = 104_729;

/// What a later GET must show: a path, the status, and a member with its value.
type Claim = (String, u16, Option<(&'static str, String)>);

/// The people of one directory.
#[derive(Default)]
pub(crate) struct Population {
    /// Who is there for the whole run.
    people: Vec<Person>,
    groups: usize,
    /// The number of the next one to come.
    next: AtomicUsize,
    turn: AtomicUsize,
    switched: AtomicUsize,
    renamed: AtomicUsize,
    joined: AtomicUsize,
    growing: Mutex<String>,
    /// Who came later, and may go.
    newcomers: Mutex<Vec<Person>>,
    claims: Mutex<Vec<Claim>>,
}

/// What a panicking client left is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Population {
    /// A directory of one, who answers to every question.
    pub(crate) fn of_one(person: Person) -> Self {
        Self { people: vec![person], ..Self::default() }
    }

    /// Creates so many people over SCIM.
    pub(crate) fn fill(target: &Target, size: usize) -> Result<Self, Error> {
        let mut filled = Self::default();
        filled.all(target, Operation::Create, size)?;
        filled.settle();
        Ok(filled)
    }

    /// The first cycle of an identity provider: looks everybody up, creates them, then the groups. Also the users and groups a second.
    pub(crate) fn provision(target: &Target, users: usize, groups: usize) -> Result<(Self, f64), Error> {
        let mut filled = Self::default();
        let mut seconds = filled.all(target, Operation::Provision, users)?;
        filled.settle();
        seconds += filled.all(target, Operation::ProvisionGroup, groups)?;
        Ok((filled, (users + groups) as f64 / seconds))
    }

    /// Does it so many times, a few more where that does not divide; the seconds it took.
    fn all(&self, target: &Target, operation: Operation, count: usize) -> Result<f64, Error> {
        let turns = count.div_ceil(WRITERS);
        let sample = load::run(target, self, operation, WRITERS, Length::Turns(turns))?;
        ensure(sample.wrong == 0, || sample.first_wrong.clone().unwrap_or_default())?;
        Ok(sample.seconds * count as f64 / sample.done as f64)
    }

    /// Creates so many people who may go, unless there are.
    pub(crate) fn replenish(&self, target: &Target, count: usize) -> Result<(), Error> {
        let missing = count.saturating_sub(lock(&self.newcomers).len());
        if missing > 0 {
            self.all(target, Operation::Create, missing)?;
        }
        Ok(())
    }

    /// Whoever came is there to stay.
    pub(crate) fn settle(&mut self) {
        self.people.append(&mut lock(&self.newcomers));
        self.people.sort_unstable_by_key(|person| person.number);
    }

    /// Creates the groups that are listed.
    pub(crate) async fn gather(&mut self, target: &Target) -> Result<(), Error> {
        let mut wire = Wire::open(&target.endpoint).await?;
        for number in 0..GROUPS {
            let members = self.members(number, MEMBERS);
            create_group(&mut wire, &format!("Group {number:04}"), &members).await?;
            self.groups += 1;
        }
        Ok(())
    }

    /// Makes an empty group that is to grow.
    pub(crate) async fn begin_group(&self, target: &Target, name: &str) -> Result<(), Error> {
        let mut wire = Wire::open(&target.endpoint).await?;
        let id = create_group(&mut wire, name, "").await?;
        self.joined.store(0, Ordering::Relaxed);
        *lock(&self.growing) = format!("/Groups/{id}");
        Ok(())
    }

    /// The group must have all who joined.
    pub(crate) async fn end_group(&self, target: &Target) -> Result<(), Error> {
        let mut wire = Wire::open(&target.endpoint).await?;
        let (path, joined) = (lock(&self.growing).clone(), self.joined.load(Ordering::Relaxed));
        let answer = wire.send(Method::GET, &path, None).await?;
        let group: serde_json::Value = serde_json::from_str(&answer.body)?;
        let members = group.get("members").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
        ensure(members == joined, || format!("the group has {members} members instead of {joined}"))
    }

    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// Some people as JSON, without brackets.
    fn members(&self, group: usize, count: usize) -> String {
        let members = (0..count.min(self.people.len()))
            .map(|place| format!(r#"{{"value":{}}}"#, self.at(group * count + place).quoted_id()));
        members.collect::<Vec<_>>().join(",")
    }

    /// A group that is not there yet, and its members.
    pub(super) fn next_group(&self) -> (String, String) {
        let number = self.turn.fetch_add(1, Ordering::Relaxed);
        (format!("Group {number:08}"), format!("[{}]", self.members(number, PROVISIONED)))
    }

    fn at(&self, place: usize) -> Person {
        self.people.get(place % self.people.len().max(1)).cloned().unwrap_or_default()
    }

    /// Somebody.
    pub(super) fn any(&self) -> Person {
        self.at(self.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(STRIDE))
    }

    /// A name that nobody has.
    pub(super) fn stranger(&self) -> String {
        format!("nobody{:08}@example.com", self.turn.fetch_add(1, Ordering::Relaxed))
    }

    /// Somebody new, who has no id yet.
    pub(super) fn newcomer(&self) -> Person {
        Person::new(self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn created(&self, person: Person) {
        if person.number.is_multiple_of(16) {
            let claim = ("userName", person.quoted_user_name());
            self.claim(format!("/Users/{}", person.id), 200, Some(claim));
        }
        lock(&self.newcomers).push(person);
    }

    pub(super) fn next_to_delete(&self) -> Option<Person> {
        lock(&self.newcomers).pop()
    }

    /// Somebody, and the state that is not the one before.
    pub(super) fn next_to_switch(&self) -> (Person, bool) {
        let turn = self.switched.fetch_add(1, Ordering::Relaxed);
        (self.at(turn), turn / self.people.len().max(1) % 2 == 1)
    }

    /// Somebody, and a name that is not the one before.
    pub(super) fn next_to_rename(&self) -> (Person, String) {
        let turn = self.renamed.fetch_add(1, Ordering::Relaxed);
        (self.at(turn), format!("Family{:04}", turn / self.people.len().max(1)))
    }

    /// The group that grows, and its next member.
    pub(super) fn next_to_join(&self) -> Result<(String, Person), Error> {
        let turn = self.joined.fetch_add(1, Ordering::Relaxed);
        ensure(turn < self.people.len(), || "everybody is in the group".to_owned())?;
        Ok((lock(&self.growing).clone(), self.at(turn)))
    }

    /// What a later GET must show.
    pub(super) fn claim(&self, path: String, status: u16, says: Option<(&'static str, String)>) {
        let mut claims = lock(&self.claims);
        if claims.len() > 4 * CLAIMS {
            claims.drain(..3 * CLAIMS);
        }
        claims.push((path, status, says));
    }

    /// Reads the last of what was claimed.
    pub(crate) async fn hold(&self, target: &Target) -> Result<(), Error> {
        let claims = std::mem::take(&mut *lock(&self.claims));
        let mut wire = Wire::open(&target.endpoint).await?;
        for (path, status, says) in claims.into_iter().rev().take(CLAIMS) {
            let answer = wire.send(Method::GET, &path, None).await?;
            let right = answer.status == status && says.is_none_or(|(key, value)| answer.says(key, &value));
            ensure(right, || answer.wrong(&format!("{path} is not what was acknowledged")))?;
        }
        Ok(())
    }
}
