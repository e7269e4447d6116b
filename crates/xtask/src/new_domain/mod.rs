//! `cargo xtask new-domain`: lays out a new domain, from table to route.
//!
//! What is written is under `templates/`, in the tree of the workspace; which
//! files get lines added is in `edits.rs`. Nothing is written before all of
//! it is known to fit.

mod check;
mod edits;
mod names;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::layers::DOMAINS;
use edits::{DEPENDENTS, EDITS, depend, insert};
use names::Names;

pub(crate) use check::check;

/// Lay out a new domain.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The domain, one lower-case word: `wishes`.
    name: String,
    /// Its first entity, in snake case: `wish`.
    #[arg(long)]
    entity: String,
    /// Several of the entity, where English would not say so.
    #[arg(long)]
    plural: Option<String>,
    /// What its ids begin with; the first letters of the entity otherwise.
    #[arg(long)]
    prefix: Option<String>,
    /// The domain after which it stands: it may use the services of that one
    /// and of those before, and is used by those after. The last otherwise.
    #[arg(long)]
    after: Option<String>,
    /// Do it although there are changes that are not committed.
    #[arg(long)]
    allow_dirty: bool,
}

/// The new text of every file that is made or edited.
#[derive(Default)]
struct Plan {
    made: BTreeMap<PathBuf, String>,
    edited: BTreeMap<PathBuf, String>,
}

/// Lays out the domain, formats it, and writes the published contract anew.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let names = Names::new(
        &arguments.name,
        &arguments.entity,
        arguments.plural.as_deref(),
        arguments.prefix.as_deref(),
    )?;
    if !arguments.allow_dirty {
        ensure_clean(root)?;
    }
    let plan = plan(root, &names, arguments.after.as_deref())?;
    write(root, &plan)?;
    report(&names, &plan);
    finish(root)
}

fn ensure_clean(root: &Path) -> Result<()> {
    let output = Command::new("git")
        .args(["status", "--porcelain"])
        .current_dir(root)
        .output()
        .context("ask git for changes; pass --allow-dirty to go on without git")?;
    ensure!(
        output.status.success(),
        "git knows nothing of {}; pass --allow-dirty to go on without it",
        root.display()
    );
    let changes = String::from_utf8_lossy(&output.stdout);
    ensure!(
        changes.is_empty(),
        "commit or stash these changes first, so that what is laid out can be told from them \
         (or pass --allow-dirty):\n{changes}"
    );
    Ok(())
}

fn plan(root: &Path, names: &Names, after: Option<&str>) -> Result<Plan> {
    ensure!(
        !root.join("crates").join(&names.domain).exists(),
        "crates/{} exists already",
        names.domain
    );
    let migration = format!("m{:04}_{}", last_migration(root)? + 1, names.domain);
    let fill = |template: &str| names.fill(template, &migration);
    let mut plan = Plan::default();
    let templates = root.join("crates/xtask/templates");
    for template in files(&templates)? {
        let relative = template.strip_prefix(&templates)?;
        let target = PathBuf::from(fill(&relative.display().to_string()));
        ensure!(
            !root.join(&target).exists(),
            "{} exists already; choose another name",
            target.display()
        );
        plan.made.insert(target, fill(&read(&template)?));
    }
    for edit in EDITS {
        edited(root, &mut plan, edit.file, |old| {
            insert(edit.file, old, edit.after, edit.before, &fill(edit.text))
        })?;
    }
    for (file, crates) in DEPENDENTS {
        for name in *crates {
            edited(root, &mut plan, file, |old| depend(file, old, &fill(name)))?;
        }
    }
    if !DOMAINS.contains(&names.domain.as_str()) {
        place(root, &mut plan, &names.domain, after)?;
    }
    ensure_free(root, names)?;
    Ok(plan)
}

/// Puts the domain into the order of domains.
fn place(root: &Path, plan: &mut Plan, domain: &str, after: Option<&str>) -> Result<()> {
    let last = DOMAINS.last().copied().unwrap_or_default();
    let after = after.unwrap_or(last);
    ensure!(
        DOMAINS.contains(&after),
        "there is no domain {after:?} to stand after; there are {}",
        DOMAINS.join(", ")
    );
    let file = "crates/xtask/src/layers.rs";
    let line = format!("    \"{after}\",\n");
    edited(root, plan, file, |old| {
        insert(file, old, &line, "", &format!("    \"{domain}\",\n"))
    })
}

/// Refuses names that are in use where no compiler would notice.
fn ensure_free(root: &Path, names: &Names) -> Result<()> {
    let (entities, prefix) = (&names.entities, &names.prefix);
    let ids = read(&root.join("crates/kernel/src/id.rs"))?;
    ensure!(
        !ids.contains(&format!(" = \"{prefix}\";")),
        "ids that begin with {prefix:?} exist already; choose with --prefix"
    );
    for migration in files(&root.join("migration/src"))? {
        ensure!(
            !read(&migration)?.contains(&format!("CREATE TABLE {entities} (")),
            "a table {entities:?} exists already"
        );
    }
    let document = read(&root.join("openapi/openapi.json"))?;
    let schema = names.fill("\"__Entity__\": {", "");
    let path = names.fill("\"/api/admin/__entities_path__\"", "");
    for taken in [&schema, &path] {
        ensure!(
            !document.contains(taken.as_str()),
            "the API knows {taken} already; choose another entity"
        );
    }
    Ok(())
}

fn edited(
    root: &Path,
    plan: &mut Plan,
    file: &str,
    change: impl FnOnce(&str) -> Result<String>,
) -> Result<()> {
    let path = PathBuf::from(file);
    let old = match plan.edited.remove(&path) {
        Some(text) => text,
        None => read(&root.join(file))?,
    };
    plan.edited.insert(path, change(&old)?);
    Ok(())
}

fn last_migration(root: &Path) -> Result<u32> {
    let numbers = files(&root.join("migration/src"))?
        .into_iter()
        .filter_map(|file| {
            let name = file.file_name()?.to_str()?.to_owned();
            name.strip_prefix('m')?.get(..4)?.parse::<u32>().ok()
        });
    numbers.max().context("there is no migration to follow")
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// All files in a folder and below, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn write(root: &Path, plan: &Plan) -> Result<()> {
    for (path, text) in plan.made.iter().chain(&plan.edited) {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    cargo(root, &["fmt", "--all"])
}

/// Builds what was laid out, which also brings Cargo.lock up to date, and
/// writes the published contract.
fn finish(root: &Path) -> Result<()> {
    let status = Command::new("make")
        .arg("openapi")
        .current_dir(root)
        .status()
        .context("run make")?;
    ensure!(status.success(), "make openapi failed");
    Ok(())
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root)
        .status()
        .with_context(|| format!("run cargo {}", arguments.join(" ")))?;
    if !status.success() {
        bail!("cargo {} failed in {}", arguments.join(" "), root.display());
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the chore says")]
fn report(names: &Names, plan: &Plan) {
    for path in plan.made.keys() {
        println!("made    {}", path.display());
    }
    for path in plan.edited.keys() {
        println!("edited  {}", path.display());
    }
    let text = "\n\
        The domain `__domain__` is laid out, with GET, POST and PATCH at /api/admin/__entities_path__,\n\
        the permissions __domain__:read and __domain__:write, ids of the form __prefix___…,\n\
        an event, a job and tests. openapi/openapi.json is being written.\n\n\
        Next:\n\
        \x20 1. give the table its columns in migration/src/__migration__.rs, and follow them through\n\
        \x20    crates/__domain__/model, repository and service to crates/api/src/routes/admin/__entities__.rs\n\
        \x20    (docs/adding-a-domain.md shows the way)\n\
        \x20 2. make format openapi check test\n\
        \x20 3. commit\n";
    let migration = plan
        .made
        .keys()
        .find(|path| path.starts_with("migration"))
        .and_then(|path| path.file_stem()?.to_str())
        .unwrap_or_default();
    println!("{}", names.fill(text, migration));
}

#[cfg(test)]
mod tests;
