//! Several writes in one round trip.

use std::fmt::Write as _;

use kernel::Fault;
use sea_orm::{FromQueryResult, Value};

use crate::backend::Backend;
use crate::scoped::Scoped;

/// Independent writes of one transaction. On PostgreSQL they become one
/// statement (`WITH a AS (INSERT …), b AS (INSERT …) UPDATE …`), because each
/// round trip costs more than the write itself; on SQLite, where there are no
/// round trips, they run one after the other.
///
/// No write may depend on another one's effect, nor touch the same row: on
/// PostgreSQL all see the state before. What a write with a name returns can
/// be selected there from that name by later ones.
#[derive(Default)]
pub struct Batch {
    statements: Vec<Write>,
}

struct Write {
    name: Option<&'static str>,
    sql: String,
    values: Vec<Value>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write and its values. As with [`Scoped::sql`], `$1` is the
    /// tenant and the values follow from `$2`.
    pub fn add(&mut self, (sql, values): (impl Into<String>, Vec<Value>)) {
        self.statements.push(Write {
            name: None,
            sql: sql.into(),
            values,
        });
    }

    /// Adds a write whose `RETURNING` has a name.
    pub fn add_as(&mut self, name: &'static str, (sql, values): (impl Into<String>, Vec<Value>)) {
        self.add((sql, values));
        if let Some(last) = self.statements.last_mut() {
            last.name = Some(name);
        }
    }

    /// Runs all writes.
    pub async fn run(self, db: &Scoped) -> Result<(), Fault> {
        match db.backend() {
            Backend::Sqlite => self.run_all(db).await,
            Backend::Postgres => match fold(self.statements) {
                Some((sql, values)) => db.run(&sql, values).await.map(|_| ()),
                None => Ok(()),
            },
        }
    }

    /// Runs all writes; what the last one returns.
    pub async fn run_for<T: FromQueryResult>(mut self, db: &Scoped) -> Result<Option<T>, Fault> {
        match db.backend() {
            Backend::Sqlite => {
                let Some(last) = self.statements.pop() else {
                    return Ok(None);
                };
                self.run_all(db).await?;
                db.one(&last.sql, last.values).await
            }
            Backend::Postgres => match fold(self.statements) {
                Some((sql, values)) => db.one(&sql, values).await,
                None => Ok(None),
            },
        }
    }

    async fn run_all(self, db: &Scoped) -> Result<(), Fault> {
        for write in self.statements {
            db.run(&write.sql, write.values).await?;
        }
        Ok(())
    }
}

/// One statement of several, with the placeholders counted on.
fn fold(statements: Vec<Write>) -> Option<(String, Vec<Value>)> {
    let last = statements.len().checked_sub(1)?;
    let mut sql = String::new();
    let mut values = Vec::new();
    for (n, write) in statements.into_iter().enumerate() {
        let text = shift(&write.sql, values.len());
        values.extend(write.values);
        if n == last {
            sql.push_str(&text);
        } else {
            sql.push_str(if n == 0 { "WITH " } else { ", " });
            let _ = match write.name {
                Some(name) => write!(sql, "{name} AS ({text})"),
                None => write!(sql, "s{n} AS ({text})"),
            };
            if n + 1 == last {
                sql.push(' ');
            }
        }
    }
    Some((sql, values))
}

/// Adds `by` to the numbers of all placeholders but `$1`.
fn shift(sql: &str, by: usize) -> String {
    if by == 0 {
        return sql.to_owned();
    }
    let mut out = String::with_capacity(sql.len() + 16);
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match rest[..digits].parse::<usize>() {
            Ok(number) if number > 1 => out.push_str(&(number + by).to_string()),
            _ => out.push_str(&rest[..digits]),
        }
        rest = &rest[digits..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_fold_into_one() {
        let mut batch = Batch::new();
        let first = "INSERT INTO a VALUES ($1, $2, $3)";
        batch.add((first, vec![1.into(), 2.into()]));
        batch.add_as("b", ("INSERT INTO b VALUES ($1, $2)", vec![3.into()]));
        let last = "UPDATE c SET x = $2 WHERE t = $1 AND y = $10";
        batch.add((last, vec![]));
        let (sql, values) = fold(batch.statements).unwrap();
        assert_eq!(
            sql,
            "WITH s0 AS (INSERT INTO a VALUES ($1, $2, $3)), b AS (INSERT INTO b VALUES ($1, $4)) \
             UPDATE c SET x = $5 WHERE t = $1 AND y = $13"
        );
        assert_eq!(values.len(), 3);
        assert!(fold(vec![]).is_none());
        let mut batch = Batch::new();
        batch.add(("DELETE FROM a WHERE t = $1", vec![]));
        let (single, _) = fold(batch.statements).unwrap();
        assert_eq!(single, "DELETE FROM a WHERE t = $1");
    }
}
