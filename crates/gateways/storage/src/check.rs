//! Whether the settings can be used, for `sutler doctor`.

use config::MediaStore;
use kernel::Fault;

/// Whether the settings can be used, without creating or calling anything.
pub fn check_settings(settings: &config::Media) -> Result<(), Fault> {
    match settings.store {
        MediaStore::Local => Ok(()),
        MediaStore::S3 => super::bucket(settings).map(|_| ()),
    }
}
