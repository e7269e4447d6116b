//! Tables that are read both as rows and, where they belong to something, as
//! JSON.

use std::fmt::Write as _;

use database::Backend;

/// How a column gets into JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it is.
    Plain,
    /// SQLite stores the bytes.
    Uuid,
    /// SQLite stores the text.
    Json,
}

/// A table and its columns, as they are read.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
}

impl Table {
    /// The query of the tenant's rows; further conditions follow.
    pub(crate) fn select(&self) -> String {
        let columns: Vec<&str> = self.columns.iter().map(|(column, _)| *column).collect();
        format!(
            "SELECT {} FROM {} WHERE tenant_id = $1",
            columns.join(", "),
            self.name
        )
    }

    /// A subquery: the rows that belong to the order `o`, as a JSON array of
    /// objects. PostgreSQL has NULL for none.
    pub(crate) fn array_of_order(&self, backend: Backend, sort: &str) -> String {
        self.some_of_order(backend, sort, "")
    }

    /// The same of those rows `x` for which more holds: ` AND …`.
    pub(crate) fn some_of_order(&self, backend: Backend, sort: &str, more: &str) -> String {
        let mut pairs = String::new();
        for (n, (column, kind)) in self.columns.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            let value = match (backend, kind) {
                (Backend::Sqlite, Kind::Uuid) => format!("nullif(lower(hex(x.{column})), '')"),
                (Backend::Sqlite, Kind::Json) => format!("json(x.{column})"),
                _ => format!("x.{column}"),
            };
            let _ = write!(pairs, "{comma}'{column}', {value}");
        }
        let (group, object) = match backend {
            Backend::Postgres => ("json_agg", "json_build_object"),
            Backend::Sqlite => ("json_group_array", "json_object"),
        };
        format!(
            "(SELECT {group}({object}({pairs}) ORDER BY x.{sort}) FROM {} x \
             WHERE x.tenant_id = $1 AND x.order_id = o.id{more})",
            self.name
        )
    }
}
