//! Several writes in one round trip.

use std::borrow::Cow;
use std::fmt::Write as _;

use kernel::Fault;
use sea_orm::{ConnectionTrait as _, FromQueryResult, Value};

use crate::backend::Backend;
use crate::fault::OrFault as _;
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
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write and its values. As with [`Scoped::sql`], `$1` is the
    /// tenant and the values follow from `$2`.
    pub fn add(&mut self, (sql, values): (impl Into<Cow<'static, str>>, Vec<Value>)) {
        self.statements.push(Write {
            name: None,
            sql: sql.into(),
            values,
        });
    }

    /// Adds a write whose `RETURNING` has a name.
    pub fn add_as(
        &mut self,
        name: &'static str,
        (sql, values): (impl Into<Cow<'static, str>>, Vec<Value>),
    ) {
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
                Some((sql, values)) => {
                    let statement = db.sql(sql, values);
                    db.execute_raw(statement).await.or_fault()?;
                    Ok(())
                }
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
                Some((sql, values)) => {
                    let statement = db.sql(sql, values);
                    let row = db.query_one_raw(statement).await.or_fault()?;
                    row.map(|row| T::from_query_result(&row, "").or_fault())
                        .transpose()
                }
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

/// What of a folded statement is not of its parts, for each at most.
const FRAME: usize = 64;

/// One statement of several, with the placeholders counted on.
fn fold(statements: Vec<Write>) -> Option<(String, Vec<Value>)> {
    let last = statements.len().checked_sub(1)?;
    let length = statements.iter().map(|write| write.sql.len() + FRAME).sum();
    let mut sql = String::with_capacity(length);
    let mut values = Vec::with_capacity(statements.iter().map(|write| write.values.len()).sum());
    for (n, write) in statements.into_iter().enumerate() {
        if n == last {
            shift(&write.sql, values.len(), &mut sql);
        } else {
            sql.push_str(if n == 0 { "WITH " } else { ", " });
            let _ = match write.name {
                Some(name) => write!(sql, "{name} AS ("),
                None => write!(sql, "s{n} AS ("),
            };
            shift(&write.sql, values.len(), &mut sql);
            sql.push_str(if n + 1 == last { ") " } else { ")" });
        }
        values.extend(write.values);
    }
    Some((sql, values))
}

/// Appends a statement with `by` added to the numbers of all placeholders but
/// `$1`.
fn shift(sql: &str, by: usize, out: &mut String) {
    if by == 0 {
        out.push_str(sql);
        return;
    }
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match rest[..digits].parse::<usize>() {
            Ok(number) if number > 1 => {
                let _ = write!(out, "{}", number + by);
            }
            _ => out.push_str(&rest[..digits]),
        }
        rest = &rest[digits..];
    }
    out.push_str(rest);
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
