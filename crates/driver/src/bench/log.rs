//! The statements that a request really makes, from PostgreSQL's log.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// A statement with the values it ran with; `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) values: Vec<Option<String>>,
}

/// What marks the transactions of background work.
const BACKGROUND: &[&str] = &[
    "DELETE FROM events",
    "UPDATE jobs",
    "FROM schedules",
    "FROM jobs",
    "DELETE FROM jobs",
];

/// Lets PostgreSQL log all statements, or only what it did before.
pub(super) async fn enable(admin: &mut PgConnection, on: bool) -> Result<()> {
    let value = if on { "'all'" } else { "'none'" };
    let sql = format!("ALTER SYSTEM SET log_statement = {value}");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *admin).await?;
    sqlx::query("SELECT pg_reload_conf()")
        .execute(admin)
        .await?;
    // Processes see it when they are idle again.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    Ok(())
}

/// The whole log; `scripts/with-postgres` has it beside the data.
pub(super) async fn read(admin: &mut PgConnection) -> Result<String> {
    sqlx::query("SELECT pg_read_file(current_setting('data_directory') || '/../log')")
        .fetch_one(admin)
        .await
        .context("read PostgreSQL's log; start it with scripts/with-postgres")?
        .try_get(0)
        .context("read PostgreSQL's log")
}

/// The statements of an application in the order in which they began, without
/// those of background work and without the ones that only name the tenant.
pub(super) fn statements(log: &str) -> Vec<Statement> {
    let mut all: Vec<(u32, Statement)> = Vec::new();
    for line in log.lines() {
        let Some((pid, kind, text)) = parts(line) else {
            continue;
        };
        if kind == "DETAIL" {
            if let (Some(values), Some((_, last))) = (
                text.strip_prefix("parameters: "),
                all.iter_mut().rev().find(|(of, _)| *of == pid),
            ) {
                last.values = parameters(values);
            }
        } else if let Some(sql) = text.strip_prefix("statement: ").or_else(|| {
            text.strip_prefix("execute ")?
                .split_once(": ")
                .map(|(_, sql)| sql)
        }) {
            let sql = sql.to_owned();
            all.push((
                pid,
                Statement {
                    sql,
                    values: Vec::new(),
                },
            ));
        }
    }
    foreground(all)
}

/// The process, what kind of line it is, and its text.
fn parts(line: &str) -> Option<(u32, &str, &str)> {
    let (head, rest) = line.split_once("] ")?;
    let pid = head.rsplit_once('[')?.1.parse().ok()?;
    let (kind, text) = rest.split_once(":  ")?;
    Some((pid, kind, text))
}

fn foreground(all: Vec<(u32, Statement)>) -> Vec<Statement> {
    // Which transaction of its process a statement is in.
    let mut open: HashMap<u32, usize> = HashMap::new();
    let mut next = 0;
    let mut background = Vec::new();
    let mut marked = Vec::new();
    for (pid, statement) in all {
        let begins = statement.sql.starts_with("BEGIN");
        if begins || !open.contains_key(&pid) {
            open.insert(pid, next);
            next += 1;
        }
        let transaction = open[&pid];
        let ends = matches!(statement.sql.as_str(), "COMMIT" | "ROLLBACK");
        if BACKGROUND.iter().any(|mark| statement.sql.contains(mark)) {
            background.push(transaction);
        }
        if ends {
            open.remove(&pid);
        }
        marked.push((transaction, statement));
    }
    marked
        .into_iter()
        .filter(|(transaction, statement)| {
            !background.contains(transaction) && !statement.sql.starts_with("SELECT set_config")
        })
        .map(|(_, statement)| statement)
        .collect()
}

/// The values of `$1 = 'a', $2 = NULL`.
fn parameters(text: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        if let Some(after) = value.strip_prefix("NULL") {
            values.push(None);
            rest = after;
            continue;
        }
        let mut out = String::new();
        let mut letters = value.char_indices().skip(1).peekable();
        let mut end = value.len();
        while let Some((at, letter)) = letters.next() {
            if letter != '\'' {
                out.push(letter);
            } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
                out.push('\'');
            } else {
                end = at + 1;
                break;
            }
        }
        values.push(Some(out));
        rest = &value[end..];
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gives_the_statements_of_requests_only() {
        let log = "\
2026-01-01 00:00:00.000 UTC [7] LOG:  statement: BEGIN; SELECT set_config('app.tenant', 'x', true)
2026-01-01 00:00:00.000 UTC [9] LOG:  statement: BEGIN
2026-01-01 00:00:00.001 UTC [7] LOG:  execute sqlx_s_1: SELECT $1, $2, $3
2026-01-01 00:00:00.001 UTC [7] DETAIL:  parameters: $1 = 'it''s, $9 = ''no''', $2 = NULL, $3 = '4'
2026-01-01 00:00:00.002 UTC [9] LOG:  execute sqlx_s_2: DELETE FROM events WHERE id = $1
2026-01-01 00:00:00.002 UTC [9] DETAIL:  parameters: $1 = '5'
2026-01-01 00:00:00.003 UTC [9] LOG:  statement: COMMIT
2026-01-01 00:00:00.003 UTC [7] LOG:  statement: COMMIT
2026-01-01 00:00:00.004 UTC [7] LOG:  checkpoint starting: time
";
        let found = statements(log);
        let texts: Vec<&str> = found.iter().map(|s| s.sql.as_str()).collect();
        assert_eq!(
            texts,
            [
                "BEGIN; SELECT set_config('app.tenant', 'x', true)",
                "SELECT $1, $2, $3",
                "COMMIT"
            ]
        );
        assert_eq!(
            found[1].values,
            [
                Some("it's, $9 = 'no'".to_owned()),
                None,
                Some("4".to_owned())
            ]
        );
    }
}
