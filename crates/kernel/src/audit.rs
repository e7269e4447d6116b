//! What an administrative action leaves in the audit log.
//!
//! Snapshots hold facts, not records: a [`Snapshot`] takes ids, numbers, words
//! of our own and texts that the shop shows to everybody. A person's name,
//! address or anything they typed has no way in, because there is no
//! conversion from such a text to a [`Fact`].

use serde_json::{Map, Value};

use crate::id::{Id, IdKind};
use crate::money::{Currency, Money};
use crate::permission::{Permission, Role};
use crate::secret::{hex, sha256};
use crate::time::Timestamp;

/// The longest text of a snapshot, in characters.
const MAX_TEXT: usize = 200;

/// A value that says nothing about a person: an id, a number, an instant, an
/// amount, or one of the words a state is called by.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact(Value);

impl From<bool> for Fact {
    fn from(value: bool) -> Self {
        Self(value.into())
    }
}
impl From<i64> for Fact {
    fn from(value: i64) -> Self {
        Self(value.into())
    }
}
impl From<u32> for Fact {
    fn from(value: u32) -> Self {
        Self(value.into())
    }
}
impl From<usize> for Fact {
    fn from(value: usize) -> Self {
        Self(value.into())
    }
}
/// Only words of the program itself live that long.
impl From<&'static str> for Fact {
    fn from(word: &'static str) -> Self {
        Self(word.into())
    }
}
impl<K: IdKind> From<Id<K>> for Fact {
    fn from(id: Id<K>) -> Self {
        Self(id.to_string().into())
    }
}
impl From<Timestamp> for Fact {
    fn from(at: Timestamp) -> Self {
        Self(at.to_string().into())
    }
}
impl From<Currency> for Fact {
    fn from(currency: Currency) -> Self {
        Self(currency.code().into())
    }
}
impl From<Money> for Fact {
    fn from(money: Money) -> Self {
        let mut amount = Map::new();
        amount.insert("amount".to_owned(), money.minor.into());
        amount.insert("currency".to_owned(), money.currency.code().into());
        Self(amount.into())
    }
}
impl From<Role> for Fact {
    fn from(role: Role) -> Self {
        role.name().into()
    }
}
impl From<Permission> for Fact {
    fn from(permission: Permission) -> Self {
        permission.name().into()
    }
}
/// Facts about a part of a thing, such as the step of a table.
impl From<Snapshot> for Fact {
    fn from(part: Snapshot) -> Self {
        Self(part.0.into())
    }
}
impl<T: Into<Fact>> From<Option<T>> for Fact {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self(Value::Null), Into::into)
    }
}
impl<T: Into<Fact>> FromIterator<T> for Fact {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(|value| value.into().0).collect())
    }
}

/// How a thing was before an action, or is after it: named facts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot(Map<String, Value>);

impl Snapshot {
    /// A snapshot without facts.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a fact.
    #[must_use]
    pub fn with(self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.set(name, fact.into().0)
    }

    /// With a text that the shop shows to everybody: the name of a product, a
    /// code, a host. Never one that a person is known by or typed for a few
    /// eyes only, such as a reason.
    #[must_use]
    pub fn with_public_text(self, name: &'static str, text: Option<&str>) -> Self {
        self.set(name, text.map(shortened).into())
    }

    /// With several texts of that kind.
    #[must_use]
    pub fn with_public_texts<'a>(
        self,
        name: &'static str,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let texts: Vec<String> = texts.into_iter().map(shortened).collect();
        self.set(name, texts.into())
    }

    /// With what tells whether a long public text changed, and not what it
    /// says: the first 16 hexadecimal digits of its SHA-256.
    #[must_use]
    pub fn with_digest(self, name: &'static str, text: &str) -> Self {
        let digest = hex(&sha256(text.as_bytes())[..8]);
        self.set(name, digest.into())
    }

    /// With whether there is a text that must not be in the log, such as an
    /// address.
    #[must_use]
    pub fn with_hidden(self, name: &'static str, text: Option<&str>) -> Self {
        self.set(name, text.map(|_| "(hidden)").into())
    }

    fn set(mut self, name: &'static str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// The JSON text that is stored and hashed: one object, names in order,
    /// also in the objects inside.
    pub fn text(&self) -> String {
        in_order(&self.0)
    }
}

/// An object with its names in order. Sorted here and not left to the map,
/// whose order is a feature flag that any dependency can turn on.
fn in_order(object: &Map<String, Value>) -> String {
    let mut pairs: Vec<(&String, &Value)> = object.iter().collect();
    pairs.sort_unstable_by_key(|(name, _)| *name);
    let members: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), text_of(value)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Object(object) => in_order(object),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().map(text_of).collect();
            format!("[{}]", texts.join(","))
        }
        plain => plain.to_string(),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// What can say how it stands without naming a person.
pub trait Audited {
    /// The facts about it.
    fn snapshot(&self) -> Snapshot;
}

impl Audited for Snapshot {
    fn snapshot(&self) -> Snapshot {
        self.clone()
    }
}

/// An administrative action that happened to a thing. Who did it, when and in
/// which request is known from the transaction it is recorded in.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// What was done, such as `product.change`.
    pub action: &'static str,
    /// To what: an id as on the wire.
    pub object: String,
    /// How it was; none when it was not there.
    pub before: Option<Snapshot>,
    /// How it is; none when it is gone.
    pub after: Option<Snapshot>,
}

impl AuditEntry {
    /// An action on a thing.
    pub fn new<K: IdKind>(action: &'static str, object: Id<K>) -> Self {
        Self {
            action,
            object: object.to_string(),
            before: None,
            after: None,
        }
    }

    /// With how it was before.
    #[must_use]
    pub fn before(mut self, thing: &impl Audited) -> Self {
        self.before = Some(thing.snapshot());
        self
    }

    /// With how it is now.
    #[must_use]
    pub fn after(mut self, thing: &impl Audited) -> Self {
        self.after = Some(thing.snapshot());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OrderId;

    #[test]
    fn a_snapshot_is_one_text_whatever_the_order_of_its_facts() {
        let id = OrderId::new(Timestamp::from_seconds(0));
        let one = Snapshot::new()
            .with("id", id)
            .with("count", 3i64)
            .with("total", Money::new(500, Currency::EUR))
            .with("gone", None::<i64>)
            .with(
                "roles",
                [Role::User, Role::Admin].into_iter().collect::<Fact>(),
            );
        let other = Snapshot::new()
            .with(
                "roles",
                [Role::User, Role::Admin].into_iter().collect::<Fact>(),
            )
            .with("gone", None::<i64>)
            .with("total", Money::new(500, Currency::EUR))
            .with("count", 3i64)
            .with("id", id);
        assert_eq!(one.text(), other.text());
        assert_eq!(
            one.text(),
            format!(
                r#"{{"count":3,"gone":null,"id":"{id}","roles":["user","admin"],"total":{{"amount":500,"currency":"EUR"}}}}"#
            )
        );
        assert!(serde_json::from_str::<Value>(&one.text()).is_ok());
    }

    #[test]
    fn parts_have_their_names_in_order_too() {
        let part = |first: &'static str, second: &'static str| {
            let part = Snapshot::new().with(first, 1i64).with(second, 1i64);
            Snapshot::new().with("parts", [part].into_iter().collect::<Fact>())
        };
        assert_eq!(part("b", "a").text(), r#"{"parts":[{"a":1,"b":1}]}"#);
        assert_eq!(part("b", "a").text(), part("a", "b").text());
    }

    #[test]
    fn texts_are_shortened_hidden_or_digested() {
        let long = "ä".repeat(500);
        let made = Snapshot::new()
            .with_public_text("name", Some(&long))
            .with_hidden("email", Some("ada@example.com"))
            .with_hidden("phone", None)
            .with_digest("description", "a long story");
        let text = made.text();
        assert!(text.contains(&"ä".repeat(MAX_TEXT)) && !text.contains(&"ä".repeat(MAX_TEXT + 1)));
        assert!(!text.contains("ada"), "{text}");
        assert!(text.contains(r#""email":"(hidden)""#) && text.contains(r#""phone":null"#));
        assert!(!text.contains("story"));
    }
}
