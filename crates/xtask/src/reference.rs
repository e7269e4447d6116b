//! `cargo xtask docs`.

use std::path::Path;

use anyhow::{Context as _, Result};
use config::Settings;

/// Writes what is generated from the settings.
pub(crate) fn write(root: &Path) -> Result<()> {
    let entries = Settings::entries();
    for (name, text) in [
        (".env.example", config::env_example(&entries)),
        ("docs/configuration.md", config::markdown(&entries)),
    ] {
        let path = root.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, text).with_context(|| format!("write {name}"))?;
    }
    Ok(())
}
