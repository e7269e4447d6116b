//! Whether the store can be used, for `sutler doctor`.

use config::MediaStore;
use futures::TryStreamExt as _;
use kernel::Fault;
use object_store::ObjectStore as _;
use object_store::path::Path;

/// Whether the settings can be used, without creating or calling anything.
pub fn check_settings(settings: &config::Media) -> Result<(), Fault> {
    match settings.store {
        MediaStore::Local => Ok(()),
        MediaStore::S3 => super::bucket(settings).map(|_| ()),
    }
}

/// Asks the bucket for one of its files, which needs its name, the keys and
/// the right to list; nothing is written.
pub async fn check_bucket(settings: &config::Media) -> Result<(), Fault> {
    let bucket = super::bucket(settings)?;
    let mut files = bucket.list(Some(&Path::from("doctor")));
    files
        .try_next()
        .await
        .map(|_| ())
        .map_err(|error| Fault::transient("list the bucket").caused_by(error))
}
