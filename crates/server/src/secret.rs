//! The installation's secret.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use config::Settings;
use kernel::random;
use kernel::secret::{KeyRing, base64url};
use secrecy::ExposeSecret as _;

/// The keys of the process: from `SECRET_KEY`, or in development from a file
/// in the data directory that is made at the first start.
pub fn key_ring(settings: &Settings) -> Result<KeyRing> {
    let current = match &settings.secret_key {
        Some(secret) => secret.expose_secret().to_owned(),
        None => development_secret(&file(settings))?,
    };
    Ok(ring(settings, &current))
}

/// The same keys, or none when the file was not made yet; creates nothing.
pub fn existing(settings: &Settings) -> Result<Option<KeyRing>> {
    let path = file(settings);
    let current = match &settings.secret_key {
        Some(secret) => secret.expose_secret().to_owned(),
        None if path.exists() => read(&path)?,
        None => return Ok(None),
    };
    Ok(Some(ring(settings, &current)))
}

/// Where the secret of development is kept.
pub fn file(settings: &Settings) -> PathBuf {
    settings.data_dir.join("secret_key")
}

fn ring(settings: &Settings, current: &str) -> KeyRing {
    KeyRing::new(
        current.as_bytes(),
        settings
            .secret_key_previous
            .iter()
            .map(|secret| secret.expose_secret().as_bytes()),
    )
}

fn development_secret(path: &Path) -> Result<String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    config::create_private_folder(folder)
        .with_context(|| format!("create the data directory {}", folder.display()))?;
    if !path.exists() {
        // It appears with its content or not at all: two processes may start
        // at once, and one may be killed here.
        let mut made = tempfile::NamedTempFile::new_in(folder)
            .with_context(|| format!("create a file in {}", folder.display()))?;
        made.write_all(base64url(&random::bytes::<48>()).as_bytes())
            .and_then(|()| made.as_file().sync_all())
            .with_context(|| format!("write {}", path.display()))?;
        if let Err(refused) = made.persist_noclobber(path)
            && refused.error.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(refused.error).with_context(|| format!("create {}", path.display()));
        }
    }
    read(path)
}

fn read(path: &Path) -> Result<String> {
    let known =
        std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    anyhow::ensure!(
        known.len() >= kernel::secret::MIN_SECRET,
        "{} is too short; delete it and start again",
        path.display()
    );
    Ok(known)
}
