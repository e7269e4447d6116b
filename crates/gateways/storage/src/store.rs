//! Any object store as the port of the catalog.

use bytes::Bytes;
use catalog_model::ports::{FileStore, StoredFile};
use futures::TryStreamExt as _;
use kernel::{Fault, Timestamp};
use object_store::path::Path;
use object_store::{Attribute, Attributes, Error, ObjectStore, ObjectStoreExt as _, PutOptions};

/// What browsers and caches may do with a picture whose name never comes
/// again; for those who serve the bucket to the public.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Files in an object store.
pub(crate) struct ObjectFiles<S> {
    store: S,
    /// Whether the store keeps headers beside the content.
    attributes: bool,
}

impl<S: ObjectStore> ObjectFiles<S> {
    pub(crate) fn new(store: S) -> Self {
        let attributes = !store.to_string().starts_with("LocalFileSystem");
        Self { store, attributes }
    }

    fn options(&self, content_type: &'static str) -> PutOptions {
        let mut options = PutOptions::default();
        if self.attributes {
            options.attributes = Attributes::from_iter([
                (Attribute::ContentType, content_type),
                (Attribute::CacheControl, FOR_EVER),
            ]);
        }
        options
    }
}

/// The path as the store has it. What is no path is no file.
fn parse(path: &str) -> Result<Path, Fault> {
    Path::parse(path)
        .map_err(|error| Fault::permanent("the path of a file has a wrong form").caused_by(error))
}

/// A store that refuses us, or has no such bucket, does so again; everything
/// else may pass.
fn fault(what: &'static str, error: Error) -> Fault {
    let permanent = matches!(
        error,
        Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::InvalidPath { .. }
            | Error::NotSupported { .. }
            | Error::NotImplemented { .. }
            | Error::UnknownConfigurationKey { .. }
    );
    if permanent {
        Fault::permanent(what).caused_by(error)
    } else {
        Fault::transient(what).caused_by(error)
    }
}

#[async_trait::async_trait]
impl<S: ObjectStore> FileStore for ObjectFiles<S> {
    async fn put(
        &self,
        path: &str,
        content_type: &'static str,
        content: Bytes,
    ) -> Result<(), Fault> {
        let path = parse(path)?;
        self.store
            .put_opts(&path, content.into(), self.options(content_type))
            .await
            .map(|_| ())
            .map_err(|error| fault("write a file", error))
    }

    async fn get(&self, path: &str) -> Result<Option<Bytes>, Fault> {
        let Ok(path) = Path::parse(path) else {
            return Ok(None);
        };
        let result = async { self.store.get(&path).await?.bytes().await };
        match result.await {
            Ok(content) => Ok(Some(content)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fault("read a file", error)),
        }
    }

    async fn delete(&self, path: &str) -> Result<(), Fault> {
        match self.store.delete(&parse(path)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault("delete a file", error)),
        }
    }

    async fn list(
        &self,
        folder: &str,
        each: &mut (dyn FnMut(StoredFile) + Send),
    ) -> Result<(), Fault> {
        let folder = parse(folder.trim_end_matches('/'))?;
        let mut files = self.store.list(Some(&folder));
        while let Some(file) = files
            .try_next()
            .await
            .map_err(|error| fault("list files", error))?
        {
            each(StoredFile {
                path: file.location.to_string(),
                written_at: Timestamp::from_micros(file.last_modified.timestamp_micros()),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::local::LocalFileSystem;

    #[tokio::test]
    async fn a_folder_keeps_files_and_nothing_outside_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("media");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        let files = ObjectFiles::new(LocalFileSystem::new_with_prefix(&inside).unwrap());
        let content = Bytes::from_static(b"abc");
        files
            .put("a/b/c.jpg", "image/jpeg", content.clone())
            .await
            .unwrap();
        assert_eq!(files.get("a/b/c.jpg").await.unwrap(), Some(content.clone()));
        for bad in [
            "../secret",
            "a/../../secret",
            "/etc/passwd",
            "a/%2e%2e/%2e%2e/secret",
            "a//b",
        ] {
            assert_eq!(files.get(bad).await.unwrap(), None, "{bad}");
        }
        assert!(files.put("../x", "image/jpeg", content).await.is_err());
        let mut seen = Vec::new();
        files
            .list("a/", &mut |file| seen.push(file.path))
            .await
            .unwrap();
        assert_eq!(seen, ["a/b/c.jpg"]);
        files
            .list("nobody/", &mut |_| panic!("nothing is there"))
            .await
            .unwrap();
        files.delete("a/b/c.jpg").await.unwrap();
        files.delete("a/b/c.jpg").await.unwrap();
        assert_eq!(files.get("a/b/c.jpg").await.unwrap(), None);
    }
}
