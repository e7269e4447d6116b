//! What is wrong with something, all of it at once.

use kernel::FieldError;

/// Collects what is wrong, and where.
pub(crate) struct Wrong(Vec<FieldError>);

impl Wrong {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, pointer: String, code: &str, why: impl Into<String>) {
        self.0.push(FieldError::new(pointer, code, why));
    }

    pub(crate) fn rule(&mut self, pointer: String, code: &str, rule: Result<(), &'static str>) {
        if let Err(why) = rule {
            self.add(pointer, code, why);
        }
    }

    pub(crate) fn range(&mut self, pointer: String, value: i64, least: i64, most: i64) {
        if !(least..=most).contains(&value) {
            self.add(
                pointer,
                "range",
                format!("must be between {least} and {most}"),
            );
        }
    }

    pub(crate) fn count(&mut self, pointer: &str, count: usize, most: usize) {
        if count > most {
            self.add(
                pointer.to_owned(),
                "length",
                format!("must have at most {most} entries"),
            );
        }
    }

    pub(crate) fn done(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}
