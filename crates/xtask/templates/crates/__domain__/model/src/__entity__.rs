//! One of the __entities_words__.

use std::time::Duration;

use kernel::{__Entity__Id, Audited, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::__Domain__Error;

/// The longest name, in characters.
pub const MAX_NAME: usize = 200;
/// How long an archived one is kept without being touched.
pub const KEPT: Duration = Duration::from_hours(30 * 24);

/// Whether it is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum __Entity__Status {
    /// It is.
    Active,
    /// Not any more; after a while it is forgotten.
    Archived,
}

/// One of the __entities_words__.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct __Entity__ {
    /// Which.
    pub id: __Entity__Id,
    /// What it is called; the only one of the tenant with this name.
    pub name: String,
    /// Whether it is in use.
    pub status: __Entity__Status,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is needed to make one.
#[derive(Debug, Clone)]
pub struct New__Entity__ {
    /// What it is called.
    pub name: String,
}

/// A change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct __Entity__Change {
    /// What it is called.
    pub name: Option<String>,
    /// Whether it is in use.
    pub status: Option<__Entity__Status>,
}

impl __Entity__ {
    /// The one that a description makes.
    pub fn new(
        id: __Entity__Id,
        new: &New__Entity__,
        now: Timestamp,
    ) -> Result<Self, __Domain__Error> {
        Ok(Self {
            id,
            name: checked_name(&new.name)?,
            status: __Entity__Status::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The same one after a change.
    pub fn changed(
        mut self,
        change: &__Entity__Change,
        now: Timestamp,
    ) -> Result<Self, __Domain__Error> {
        if let Some(name) = &change.name {
            self.name = checked_name(name)?;
        }
        self.status = change.status.unwrap_or(self.status);
        self.version += 1;
        self.updated_at = now;
        Ok(self)
    }

    /// When it is to be forgotten, as it is now.
    pub fn forgotten_at(&self) -> Option<Timestamp> {
        match self.status {
            __Entity__Status::Active => None,
            __Entity__Status::Archived => Some(self.updated_at.plus(KEPT)),
        }
    }
}

impl Audited for __Entity__ {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with_public_text("name", Some(&self.name))
            .with("status", status)
            .with("version", self.version)
    }
}

fn checked_name(name: &str) -> Result<String, __Domain__Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(__Domain__Error::InvalidName);
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str) -> Result<__Entity__, __Domain__Error> {
        let now = Timestamp::from_seconds(0);
        let new = New__Entity__ {
            name: name.to_owned(),
        };
        __Entity__::new(__Entity__Id::new(now), &new, now)
    }

    #[test]
    fn names_are_trimmed_and_checked() {
        assert_eq!(made("  one ").unwrap().name, "one");
        for bad in ["", "   ", &"x".repeat(MAX_NAME + 1)] {
            assert!(made(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_what_is_archived_is_forgotten() {
        let later = Timestamp::from_seconds(60);
        let active = made("one").unwrap();
        assert_eq!(active.forgotten_at(), None);
        let change = __Entity__Change {
            status: Some(__Entity__Status::Archived),
            ..__Entity__Change::default()
        };
        let archived = active.changed(&change, later).unwrap();
        assert_eq!(archived.version, 2);
        assert_eq!(archived.forgotten_at(), Some(later.plus(KEPT)));
    }
}
