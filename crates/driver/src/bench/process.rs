//! What processes cost, from `/proc`.

use std::fs;

use anyhow::{Context as _, Result};
use sqlx::{PgConnection, Row as _};

/// Clock ticks a second; fixed in Linux's interface to programs.
const TICKS: f64 = 100.0;

/// Of a process: parent, and CPU seconds of itself and of children it waited
/// for.
struct Stat {
    parent: u32,
    own: f64,
    children: f64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let seconds = |n: usize| -> Option<f64> { Some(fields.get(n)?.parse::<f64>().ok()? / TICKS) };
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: seconds(11)? + seconds(12)?,
        children: seconds(13)? + seconds(14)?,
    })
}

/// CPU seconds a process has used.
pub(super) fn cpu(pid: u32) -> Result<f64> {
    Ok(stat(pid).context("the process is gone")?.own)
}

/// CPU seconds that all of PostgreSQL's processes have used.
pub(super) fn cpu_with_children(pid: u32) -> Result<f64> {
    let parent = stat(pid).context("the process is gone")?;
    let mut sum = parent.own + parent.children;
    for entry in fs::read_dir("/proc").context("read /proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(stat) = stat(child).filter(|stat| stat.parent == pid) {
            sum += stat.own;
        }
    }
    Ok(sum)
}

/// A field of `/proc/…/status` in kB, as MB.
pub(super) fn memory(pid: u32, field: &str) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).context("read /proc")?;
    let kilobytes: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("no {field}"))?;
    Ok(kilobytes / 1024.0)
}

/// The process that all of PostgreSQL's processes come from. It must run on
/// this machine.
pub(super) async fn postmaster(admin: &mut PgConnection) -> Result<u32> {
    let text: String = sqlx::query("SELECT pg_read_file('postmaster.pid')")
        .fetch_one(admin)
        .await?
        .try_get(0)?;
    let line = text.lines().next().unwrap_or_default();
    line.parse().context("the process id of PostgreSQL")
}
