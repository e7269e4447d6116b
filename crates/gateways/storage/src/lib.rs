//! Where files are kept: in a folder, or in a bucket that speaks S3's protocol.

mod check;
mod store;

use std::sync::Arc;
use std::time::Duration;

use catalog_model::ports::FileStore;
use config::MediaStore;
use kernel::Fault;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use secrecy::ExposeSecret as _;

use store::ObjectFiles;

pub use check::{check_bucket, check_settings};

/// How long one call of a bucket may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection to it may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call is tried again while the bucket answers 5xx.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// The store that the settings ask for. The folder is made if it is not
/// there.
pub fn from_settings(settings: &config::Media) -> Result<Arc<dyn FileStore>, Fault> {
    Ok(match settings.store {
        MediaStore::Local => Arc::new(ObjectFiles::new(local(settings)?)),
        MediaStore::S3 => Arc::new(ObjectFiles::new(bucket(settings)?)),
    })
}

fn local(settings: &config::Media) -> Result<LocalFileSystem, Fault> {
    let folder = &settings.folder;
    config::create_private_folder(folder)
        .map_err(|error| {
            let folder = folder.display();
            Fault::permanent(format!("create the folder {folder}")).caused_by(error)
        })
        .and_then(|()| {
            LocalFileSystem::new_with_prefix(folder)
                // Folders of deleted pictures go with them.
                .map(|store| store.with_automatic_cleanup(true).with_fsync(true))
                .map_err(|error| {
                    let folder = folder.display();
                    Fault::permanent(format!("open the folder {folder}")).caused_by(error)
                })
        })
}

fn bucket(settings: &config::Media) -> Result<object_store::aws::AmazonS3, Fault> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let secret = settings.secret_access_key.as_ref();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(text(&settings.bucket))
        .with_region(&settings.region)
        .with_access_key_id(text(&settings.access_key_id))
        .with_secret_access_key(secret.map_or("", |secret| secret.expose_secret()))
        .with_client_options(
            ClientOptions::new()
                .with_timeout(TIMEOUT)
                .with_connect_timeout(CONNECT_TIMEOUT)
                .with_allow_http(true),
        )
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: 4,
            retry_timeout: RETRY_TIMEOUT,
        });
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    builder
        .build()
        .map_err(|error| Fault::permanent("open the bucket").caused_by(error))
}
