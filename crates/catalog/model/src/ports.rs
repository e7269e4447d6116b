//! What the catalog needs from the outside.

use bytes::Bytes;
use kernel::{Fault, Timestamp};

/// A file as a list of files has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its path in the store.
    pub path: String,
    /// When it was written.
    pub written_at: Timestamp,
}

/// Keeps files under paths such as `ten_…/products/lamp/product-lamp-….jpg`.
/// A path is written once, always with the same content.
#[async_trait::async_trait]
pub trait FileStore: Send + Sync {
    /// Writes a file, whole or not at all.
    async fn put(
        &self,
        path: &str,
        content_type: &'static str,
        content: Bytes,
    ) -> Result<(), Fault>;

    /// A file's content; none when there is no such file.
    async fn get(&self, path: &str) -> Result<Option<Bytes>, Fault>;

    /// Deletes a file. One that is not there is no fault.
    async fn delete(&self, path: &str) -> Result<(), Fault>;

    /// Gives all files below a folder to `each`, in no order, as they come.
    async fn list(
        &self,
        folder: &str,
        each: &mut (dyn FnMut(StoredFile) + Send),
    ) -> Result<(), Fault>;
}
