//! Spending from wallets, against pgbench with the same statements, one after
//! the other: how much it brings that they are folded into one.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::customers::{self, ENTRIES, LOTS, VERSION};
use super::log::Statement;
use super::pgbench::{self, Runner, computed};
use super::table::Table;
use super::{Bench, CONNECTIONS, Options, log, median};
use crate::spender::WALLETS;

/// Rates have to be better than those of one statement after the other.
const AIM: f64 = 1.5;

/// Measures.
pub(super) async fn measure(bench: &mut Bench, options: &Options, table: &mut Table) -> Result<()> {
    customers::fill(bench).await?;
    let statements = one_by_one(&captured(bench).await?)?;
    for (what, wallets) in [("one wallet", 1), ("10,000 wallets", customers::MANY)] {
        let script = script(bench, &statements, wallets)?;
        let runner = Runner::new(bench, &format!("spending-{wallets}"), &script)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..options.repeats {
            ours.push(spend(bench, wallets, options.seconds, u64::MAX)?);
            theirs.push(runner.for_seconds_from(options.seconds, next_turn())?);
        }
        let count = statements.len();
        let row = format!("spend of {what} / pgbench ({count} statements one by one)");
        table.ratio(&row, median(ours), median(theirs), AIM);
    }
    Ok(())
}

/// A number of a transaction that no run before had.
fn next_turn() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(100_000);
    NEXT.fetch_add(20_000, Ordering::Relaxed)
}

/// Spends from wallets in a process of its own; how often in a second.
fn spend(bench: &Bench, wallets: u32, seconds: u32, most: u64) -> Result<f64> {
    let program = std::env::current_exe().context("where this program is")?;
    let mut command: Command = bench.installation.command(&program);
    let output = command
        .args(["spend", &bench.tenant])
        .args([wallets.to_string(), CONNECTIONS.to_string()])
        .args([seconds.to_string(), most.to_string()])
        .output()
        .context("start a spender")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said
        .lines()
        .find_map(|line| line.strip_prefix("SPENT ")?.parse().ok());
    rate.with_context(|| format!("{said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// The statements of one spend, as PostgreSQL saw them.
async fn captured(bench: &mut Bench) -> Result<Vec<Statement>> {
    log::enable(&mut bench.admin, true).await?;
    let before = log::read(&mut bench.admin).await?.len();
    spend(bench, 1, 1, 50)?;
    let text = log::read(&mut bench.admin).await?;
    log::enable(&mut bench.admin, false).await?;
    let all = log::statements(&text[before..]);
    let booked = |statement: &&Statement| statement.sql.contains("INSERT INTO ledger_transfers ");
    let first = all.iter().find(booked).context("nothing was spent")?;
    let reference = first.values.get(3).cloned().flatten();
    // Those of other connections stand between.
    let of_it = |statement: &&Statement| statement.values.contains(&reference);
    let found: Vec<Statement> = all.iter().filter(of_it).cloned().collect();
    ensure!(found.len() == 2, "a spend has other statements: {found:?}");
    Ok(found)
}

/// The parts of a statement that was folded, `WITH s0 AS (…), s1 AS (…) …`.
/// The values are those of the whole.
fn one_by_one(statements: &[Statement]) -> Result<Vec<Statement>> {
    let mut all = Vec::new();
    for statement in statements {
        let mut rest = statement.sql.as_str();
        while let Some((_, after)) = rest
            .strip_prefix("WITH ")
            .or_else(|| rest.strip_prefix(", "))
            .and_then(|from| from.split_once(" AS ("))
        {
            let end = closing(after).context("a part that does not end")?;
            all.push(Statement {
                sql: after[..end].to_owned(),
                values: statement.values.clone(),
            });
            rest = &after[end + 1..];
        }
        all.push(Statement {
            sql: rest.trim_start().to_owned(),
            values: statement.values.clone(),
        });
    }
    Ok(all)
}

/// Where the bracket closes that was opened before.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().find_map(|(at, letter)| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })
}

/// The script of one spend of one of so many wallets. What the model computes
/// in between is taken from the row that is locked.
fn script(bench: &Bench, statements: &[Statement], wallets: u32) -> Result<String> {
    let locked = statements.first().context("a spend has statements")?;
    let wallet = locked.values.get(1).cloned().flatten();
    let lot = statements
        .iter()
        .find(|statement| statement.sql.starts_with("UPDATE credit_lots"))
        .context("a spend changes a lot")?;
    let place: usize = lot
        .sql
        .rsplit_once("id = $")
        .and_then(|(_, place)| place.trim().parse().ok())
        .context("a spend names its lot")?;
    let lot = lot.values.get(place - 1).cloned().flatten();
    let known = [
        (
            wallet.context("a spend names its wallet")?,
            computed(&format!("({WALLETS} + :w)")),
        ),
        (
            lot.context("a spend names its lot")?,
            computed(&format!("({LOTS} + :w)")),
        ),
    ];
    let mut known = known.to_vec();
    // Those that were captured are some spends later than what was filled in.
    for more in 0..1000 {
        known.push((
            (ENTRIES + more).to_string(),
            "(:w_entries + 1)::bigint".to_owned(),
        ));
        known.push((
            (VERSION + more).to_string(),
            ":w_version::bigint".to_owned(),
        ));
    }
    let text = pgbench::script(&bench.tenant, statements, &known)?;
    let mut out = format!("\\set w random(1, {wallets})\n");
    let mut begun = false;
    for line in text.lines() {
        if !begun && !line.starts_with('\\') {
            out.push_str("BEGIN;\n");
            begun = true;
            out.push_str(line.trim_end_matches(';'));
            out.push_str(" \\gset w_\n");
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.push_str("COMMIT;\n");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_folded_is_taken_apart() {
        let folded = Statement {
            sql: "WITH s0 AS (INSERT INTO a VALUES ($1, (2))), s1 AS (UPDATE b SET c = $2) UPDATE d SET e = $3".to_owned(),
            values: vec![None, None, None],
        };
        let parts = one_by_one(&[folded]).expect("parts");
        let texts: Vec<&str> = parts.iter().map(|part| part.sql.as_str()).collect();
        assert_eq!(
            texts,
            [
                "INSERT INTO a VALUES ($1, (2))",
                "UPDATE b SET c = $2",
                "UPDATE d SET e = $3"
            ]
        );
    }
}
