//! The installation's secret.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

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
        None => development_secret(&settings.data_dir.join("secret_key"))?,
    };
    Ok(KeyRing::new(
        current.as_bytes(),
        settings
            .secret_key_previous
            .iter()
            .map(|secret| secret.expose_secret().as_bytes()),
    ))
}

fn development_secret(path: &Path) -> Result<String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("create the data directory {}", folder.display()))?;
    }
    let made = base64url(&random::bytes::<48>());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Two processes may start at once; one of them makes it.
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(made.as_bytes())
                .with_context(|| format!("write {}", path.display()))?;
            Ok(made)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let known = std::fs::read_to_string(path)
                .with_context(|| format!("read {}", path.display()))?;
            anyhow::ensure!(
                known.len() >= kernel::secret::MIN_SECRET,
                "{} is too short; delete it and start again",
                path.display()
            );
            Ok(known)
        }
        Err(error) => Err(error).with_context(|| format!("create {}", path.display())),
    }
}
