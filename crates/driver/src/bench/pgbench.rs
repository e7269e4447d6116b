//! Scripts for pgbench from captured statements, and running them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};

use super::log::Statement;
use super::{Bench, CONNECTIONS, PRODUCTS};

/// Ids of one transaction, at most.
const IDS: usize = 100;

/// Writes a script that makes the statements with other ids each time.
///
/// `known` are ids that exist, as (captured id, expression for the one of this
/// transaction). All other ids but the tenant's are new in each transaction:
/// they are computed from a number, which costs less than a microsecond each.
/// All other values are constants, which costs less than binding them.
pub(super) fn script(
    tenant: &str,
    statements: &[Statement],
    known: &[(String, String)],
) -> Result<String> {
    let mut writer = Writer {
        tenant,
        known,
        fresh: HashMap::new(),
    };
    let mut body = String::new();
    for statement in statements {
        // The tenant is set for the session, which spares pgbench the rest.
        let sql = if statement.sql.starts_with("BEGIN") {
            "BEGIN".to_owned()
        } else {
            writer.fill(statement)?
        };
        writeln!(body, "{sql};")?;
    }
    if writer.fresh.len() > IDS {
        bail!("a transaction has {} ids", writer.fresh.len());
    }
    let mut head = format!("\\set item random(1, {PRODUCTS})\n");
    if !writer.fresh.is_empty() {
        writeln!(head, "\\set turn :turn + 1")?;
        writeln!(head, "\\set base (:client_id * 1000000 + :turn) * {IDS}")?;
        for n in 0..writer.fresh.len() {
            writeln!(head, "\\set u{n} :base + {n}")?;
        }
    }
    Ok(head + &body)
}

/// One of an array of ids, another one in each transaction.
pub(super) fn drawn(array: &str) -> String {
    format!("({array})[:item]")
}

/// The id that the script computes for the `n`th new id of a transaction.
pub(super) fn computed(number: &str) -> String {
    format!("lpad(to_hex({number}::bigint), 32, '0')::uuid")
}

struct Writer<'a> {
    tenant: &'a str,
    known: &'a [(String, String)],
    fresh: HashMap<String, usize>,
}

impl Writer<'_> {
    /// The statement with its values in it.
    fn fill(&mut self, statement: &Statement) -> Result<String> {
        let mut out = String::new();
        let mut rest = statement.sql.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let place: usize = after[..digits].parse().context("a placeholder")?;
            let value = statement
                .values
                .get(place - 1)
                .with_context(|| format!("${place} has no value in {}", statement.sql))?;
            out.push_str(&self.value(value.as_deref()));
            rest = &after[digits..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&mut self, value: Option<&str>) -> String {
        let Some(value) = value else {
            return "NULL".to_owned();
        };
        if value == self.tenant {
            return format!("'{value}'::uuid");
        }
        if let Some((_, expression)) = self.known.iter().find(|(id, _)| id == value) {
            return expression.clone();
        }
        if is_uuid(value) {
            let next = self.fresh.len();
            let n = *self.fresh.entry(value.to_owned()).or_insert(next);
            return computed(&format!(":u{n}"));
        }
        let is_number = value
            .trim_start_matches('-')
            .bytes()
            .all(|b| b.is_ascii_digit());
        if is_number && value.starts_with('-') {
            // A sign before it would begin a comment.
            format!("({value})::bigint")
        } else if is_number && !value.is_empty() {
            format!("{value}::bigint")
        } else if ["t", "f"].contains(&value) {
            // As PostgreSQL logs a boolean.
            format!("'{value}'::boolean")
        } else if value.starts_with(['{', '[']) {
            format!("{}::jsonb", literal(value))
        } else if value.starts_with("\\x") {
            format!("{}::bytea", literal(value))
        } else if let Some((head, tail)) = named(value).and_then(|word| value.split_once(word)) {
            format!("({} || :base || {})", literal(head), literal(tail))
        } else {
            format!("{}::text", literal(value))
        }
    }
}

/// A string in which pgbench finds no variable.
fn literal(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('\'', "\\'")
        .replace(':', "\\x3a");
    format!("E'{escaped}'")
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The part of a text that names one thing, such as `pay_01j9…` or `tcs_…`.
fn named(value: &str) -> Option<&str> {
    value
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .find(|word| word.len() > 24 && word.contains('_'))
}

/// With which number a script is tried next: those of the same statements
/// compute the same ids.
static TRIED: AtomicUsize = AtomicUsize::new(900_000);

/// Runs a script.
pub(super) struct Runner {
    file: PathBuf,
    url: String,
    options: String,
}

impl Runner {
    /// Writes the script and tries it once.
    pub(super) fn new(bench: &Bench, name: &str, script: &str) -> Result<Self> {
        let file = bench.installation.folder().join(format!("{name}.sql"));
        std::fs::write(&file, script).context("write a script for pgbench")?;
        let runner = Self {
            file,
            url: bench.installation.database_url()?.to_owned(),
            options: format!(
                "-c app.tenant={} -c plan_cache_mode=force_generic_plan",
                bench.tenant
            ),
        };
        let turn = TRIED.fetch_add(1, Ordering::Relaxed);
        runner.run(&["--client=1", "--transactions=1"], turn)?;
        Ok(runner)
    }

    /// Transactions a second over some seconds.
    pub(super) fn for_seconds(&self, seconds: u32) -> Result<f64> {
        self.for_seconds_from(seconds, 0)
    }

    /// The same, with transactions whose numbers begin after `first`.
    pub(super) fn for_seconds_from(&self, seconds: u32, first: usize) -> Result<f64> {
        self.run(
            &[
                &format!("--client={CONNECTIONS}"),
                "--jobs=2",
                &format!("--time={seconds}"),
            ],
            first,
        )
    }

    /// Transactions a second over so many, whose numbers begin after `first`.
    pub(super) fn for_count(&self, each: usize, first: usize) -> Result<f64> {
        self.run(
            &[
                &format!("--client={CONNECTIONS}"),
                "--jobs=2",
                &format!("--transactions={each}"),
            ],
            first,
        )
    }

    fn run(&self, arguments: &[&str], first: usize) -> Result<f64> {
        let output = Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--max-tries=1"])
            .arg(format!("--define=turn={first}"))
            .args(arguments)
            .arg("--file")
            .arg(&self.file)
            .arg(&self.url)
            .env("PGOPTIONS", &self.options)
            .output()
            .context("run pgbench; is it installed?")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        let failed = complaints.contains("ERROR") || complaints.contains("aborted");
        if !output.status.success() || failed {
            bail!("pgbench {} failed: {complaints}", self.file.display());
        }
        text.lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
            .with_context(|| format!("pgbench said {text}"))
    }
}
