//! Where the outside programs are.

use std::path::{Path, PathBuf};

/// The folder that `scripts/tools` fills: `tools` in the target folder this
/// test was built into.
///
/// # Panics
/// When it is not there.
pub fn tools() -> PathBuf {
    let test = std::env::current_exe().expect("a running test");
    // target/debug/deps/test-hash
    let target = test.ancestors().nth(3).expect("a target folder");
    let folder = target.join("tools");
    assert!(
        folder.join("python/complete").exists() && folder.join("node/complete").exists(),
        "{} is not complete; bring the outside programs of the tests with scripts/tools (make test does)",
        folder.display()
    );
    folder
}

/// A program of `tests/tools/python/requirements.in`.
pub fn python_program(name: &str) -> PathBuf {
    tools().join("python/bin").join(name)
}

/// A script of a package of `tests/tools/node/package.json`, to be given to
/// the program `nodejs`.
pub fn node_script(path: &str) -> PathBuf {
    tools().join("node/node_modules").join(path)
}

/// A program of the distribution.
///
/// # Panics
/// When it is not installed.
pub(super) fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path);
    // Debian has servers in sbin, which is not on everybody's path.
    let more = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut found = folders.chain(more).map(|folder| folder.join(name));
    match found.find(|path| Path::is_file(path)) {
        Some(path) => path,
        None => panic!("{name} is not installed; scripts/tools installs it (make test does)"),
    }
}
