//! SQL that is put together once.

use std::sync::OnceLock;

use crate::backend::Backend;

/// A statement that is put together from pieces when it is first needed, once
/// for each database, and stays the same from then on.
pub struct Sql {
    build: fn(Backend) -> String,
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Sql {
    /// A statement that is put together like that.
    pub const fn new(build: fn(Backend) -> String) -> Self {
        Self {
            build,
            sqlite: OnceLock::new(),
            postgres: OnceLock::new(),
        }
    }

    /// The statement as a database takes it.
    pub fn on(&self, backend: Backend) -> &str {
        let text = match backend {
            Backend::Sqlite => &self.sqlite,
            Backend::Postgres => &self.postgres,
        };
        text.get_or_init(|| (self.build)(backend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_has_its_own_text() {
        static NAME: Sql = Sql::new(|backend| format!("{backend:?}"));
        assert_eq!(NAME.on(Backend::Postgres), "Postgres");
        assert_eq!(NAME.on(Backend::Sqlite), "Sqlite");
        assert!(std::ptr::eq(
            NAME.on(Backend::Sqlite),
            NAME.on(Backend::Sqlite)
        ));
    }
}
