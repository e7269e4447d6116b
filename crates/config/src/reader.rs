//! Reads settings and, by the same calls, writes down what settings there are.

use std::collections::BTreeSet;
use std::fmt;

use crate::sources::Sources;
use crate::values::Value;

/// What the reference says about one setting.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key in the file, such as `database.url`.
    pub key: &'static str,
    /// The environment variable, such as `DATABASE_URL`.
    pub variable: String,
    /// What applies when it is not set; none when nothing does.
    pub default: Option<&'static str>,
    /// A value that would be accepted.
    pub example: Option<&'static str>,
    /// Which values are accepted.
    pub expected: String,
    /// Whether it must never be shown.
    pub secret: bool,
    /// What it does.
    pub doc: &'static str,
}

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The variable, or the key and the file.
    pub name: String,
    /// What was found; hidden for secrets.
    pub found: String,
    /// What would be accepted.
    pub expected: String,
}

impl Mistake {
    pub(crate) fn new(name: &str, found: &str, expected: &str) -> Self {
        Self {
            name: name.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: found {}, expected {}",
            self.name, self.found, self.expected
        )
    }
}

/// All that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.len();
        let plural = if number == 1 { "" } else { "s" };
        writeln!(f, "{number} mistake{plural} in the configuration:")?;
        for mistake in &self.0 {
            writeln!(f, "  {mistake}")?;
        }
        f.write_str("docs/configuration.md lists every setting.")
    }
}

/// Reads one setting after the other, going on after mistakes.
pub(crate) struct Reader {
    sources: Sources,
    pub(crate) entries: Vec<Entry>,
    mistakes: Vec<Mistake>,
}

const HIDDEN: &str = "a value that is hidden because it is secret";

impl Reader {
    pub(crate) fn new(mut sources: Sources) -> Self {
        let mistakes = std::mem::take(&mut sources.mistakes);
        Self {
            sources,
            entries: Vec::new(),
            mistakes,
        }
    }

    /// A setting that always has a value.
    pub(crate) fn value<T: Value>(
        &mut self,
        key: &'static str,
        default: &'static str,
        doc: &'static str,
    ) -> T {
        self.declare::<T>(key, Some(default), None, doc);
        self.find(key).unwrap_or_else(|| {
            T::read(default).unwrap_or_else(|| panic!("the default of {key} is not valid"))
        })
    }

    /// A setting whose default follows from another setting; `shown` is what
    /// that comes to where neither is set.
    pub(crate) fn following<T: Value>(
        &mut self,
        key: &'static str,
        shown: &'static str,
        default: T,
        doc: &'static str,
    ) -> T {
        self.declare::<T>(key, Some(shown), None, doc);
        self.find(key).unwrap_or(default)
    }

    /// A setting that may be absent.
    pub(crate) fn optional<T: Value>(
        &mut self,
        key: &'static str,
        example: &'static str,
        doc: &'static str,
    ) -> Option<T> {
        self.declare::<T>(key, None, Some(example), doc);
        self.find(key)
    }

    fn declare<T: Value>(
        &mut self,
        key: &'static str,
        default: Option<&'static str>,
        example: Option<&'static str>,
        doc: &'static str,
    ) {
        self.entries.push(Entry {
            key,
            variable: variable(key),
            default,
            example,
            expected: T::expected(),
            secret: T::SECRET,
            doc,
        });
    }

    fn find<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let (text, place) = self.sources.find(key, &variable(key))?;
        let value = T::read(&text);
        if value.is_none() {
            let found = if T::SECRET {
                HIDDEN.to_owned()
            } else {
                format!("{text:?}")
            };
            self.mistakes
                .push(Mistake::new(&place, &found, &T::expected()));
        }
        value
    }

    /// Notes a mistake that only several settings together show.
    pub(crate) fn mistake(&mut self, key: &'static str, found: &str, expected: &str) {
        self.mistakes
            .push(Mistake::new(&variable(key), found, expected));
    }

    /// Variables that look like settings but are none.
    pub(crate) fn suspicious(&self) -> Vec<String> {
        let known = self
            .entries
            .iter()
            .map(|entry| entry.variable.clone())
            .collect();
        self.sources.suspicious_variables(&known)
    }

    /// The end: all mistakes, or none.
    pub(crate) fn finish(mut self) -> Result<Vec<Entry>, Mistakes> {
        let known: BTreeSet<_> = self.entries.iter().map(|entry| entry.key).collect();
        self.mistakes.extend(self.sources.unknown_file_keys(&known));
        self.mistakes.append(&mut self.sources.mistakes);
        if self.mistakes.is_empty() {
            Ok(self.entries)
        } else {
            Err(Mistakes(self.mistakes))
        }
    }
}

/// The variable of a key: upper case, dots as underscores.
pub(crate) fn variable(key: &str) -> String {
    key.replace('.', "_").to_uppercase()
}
