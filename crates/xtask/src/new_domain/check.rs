//! `cargo xtask check-new-domain`: lays out a domain in a copy of the
//! workspace and holds the lints against it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::edits::insert;
use super::names::Names;
use super::{cargo, files, plan, write};

/// What is laid out: an entity of two words shows the most spellings.
const DOMAIN: &str = "vouchers";
const ENTITY: &str = "loyalty_card";

/// Crates that it adds, and their tests.
const ADDED: &[&str] = &[
    "vouchers-model",
    "vouchers-repository",
    "vouchers-service",
    "vouchers-jobs",
    "tests",
];
/// Crates that it adds lines to.
const EDITED: &[&str] = &["kernel", "migration", "api", "server"];

/// Lays out a domain in a copy and checks it. The copy stays in the target
/// folder, and only what differs is written, so that the next time little is
/// compiled again.
pub(crate) fn check(root: &Path, test: bool) -> Result<()> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let fresh = tempfile::tempdir().context("make a temporary folder")?;
    for file in tracked(root)? {
        copy(&root.join(&file), &fresh.path().join(&file))?;
    }
    set_apart(&fresh.path().join("Cargo.toml"))?;
    let names = Names::new(DOMAIN, ENTITY, None, None)?;
    write(fresh.path(), &plan(fresh.path(), &names, None)?)?;
    let copy = target.join("new-domain");
    mirror(fresh.path(), &copy)?;
    in_copy(
        &copy,
        &target,
        &["run", "--quiet", "--package", "xtask", "--", "layers"],
    )?;
    cargo(&copy, &["fmt", "--all", "--check"])?;
    for (targets, packages) in [("--all-targets", ADDED), ("--lib", EDITED)] {
        let mut clippy = vec!["clippy", "--quiet", targets];
        clippy.extend(packages.iter().flat_map(|package| ["--package", package]));
        clippy.extend(["--", "--deny", "warnings"]);
        in_copy(&copy, &target, &clippy)?;
    }
    if test {
        publish(&copy, &target)?;
        let units = ["vouchers-model", "kernel", "api"];
        let mut tests = vec!["test", "--lib"];
        tests.extend(units.iter().flat_map(|package| ["--package", package]));
        // Its own, and those that compare the guides with the code.
        tests.extend(["--", "loyalty_card", "codes", "permission"]);
        in_copy(&copy, &target, &tests)?;
        let all = ["vouchers::", "schema::", "authorization::"];
        let mut tests = vec!["test", "--package", "tests", "--test", "integration", "--"];
        tests.extend(all);
        in_copy(&copy, &target, &tests)?;
    }
    Ok(())
}

/// Writes the published contract of the copy.
fn publish(copy: &Path, target: &Path) -> Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "server", "--", "openapi"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .context("run sutler openapi")?;
    ensure!(
        output.status.success(),
        "sutler openapi failed in {}: {}",
        copy.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::write(copy.join("openapi/openapi.json"), output.stdout)
        .context("write openapi/openapi.json")
}

/// Gives the copy another version: cargo tells crates of two workspaces in one
/// target folder apart by nothing else, and would build both again and again.
fn set_apart(manifest: &Path) -> Result<()> {
    let text = super::read(manifest)?;
    let begin = "[workspace.package]\nversion = \"";
    let apart = insert("Cargo.toml", &text, begin, "\"", "-new-domain")?;
    std::fs::write(manifest, apart).context("write Cargo.toml")
}

/// What git would commit.
fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("ask git for the files")?;
    ensure!(output.status.success(), "git lists no files");
    let names = String::from_utf8(output.stdout).context("read the names of files")?;
    Ok(names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(|file| root.join(file).is_file())
        .collect())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to).with_context(|| format!("copy {}", from.display()))?;
    Ok(())
}

/// Makes `to` like `from`, touching only what differs.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    let mut kept = BTreeSet::new();
    for file in files(from)? {
        let name = file.strip_prefix(from)?.to_owned();
        let target = to.join(&name);
        let same = std::fs::read(&target)
            .is_ok_and(|old| std::fs::read(&file).is_ok_and(|new| new == old));
        if !same {
            copy(&file, &target)?;
        }
        kept.insert(name);
    }
    for file in files(to)? {
        if !kept.contains(file.strip_prefix(to)?) {
            std::fs::remove_file(&file)?;
        }
    }
    Ok(())
}

/// Runs cargo in the copy, with what is built of the dependencies.
fn in_copy(copy: &Path, target: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target)
        .status()
        .with_context(|| format!("run cargo {}", arguments.join(" ")))?;
    ensure!(
        status.success(),
        "cargo {} failed in {}",
        arguments.join(" "),
        copy.display()
    );
    Ok(())
}
