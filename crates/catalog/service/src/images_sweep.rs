//! Files without pictures, pictures without files.

use std::collections::HashMap;
use std::time::Duration;

use catalog_model::CatalogError;
use catalog_model::image::{FileName, ImageSize, ImageState, folder};
use catalog_model::ports::StoredFile;
use catalog_repository::images;
use kernel::secret::sha256;
use kernel::{Fault, ImageId, Scope, Timestamp};

use crate::Catalog;

/// How long an upload may take until it counts as broken off.
const BROKEN_OFF: Duration = Duration::from_mins(15);
/// How old a file or a picture must be to be judged; what is younger may be in
/// the middle of an upload.
const SETTLED: Duration = Duration::from_hours(1);
/// How many deleted pictures are tidied up in one run.
const AT_ONCE: i64 = 500;
/// Rows of a page.
const PAGE: i64 = 1_000;
/// How many files without a picture are deleted in one run; the rest comes
/// with the next.
const MOST_STRANGERS: usize = 10_000;
/// A bit for each size: all files are there.
const COMPLETE: u8 = 0b1111;

/// The pictures of a tenant, small enough for millions to be in memory.
#[derive(Default)]
struct Known {
    pictures: HashMap<[u8; 16], Seen>,
}

#[derive(Clone, Copy)]
struct Seen {
    id: ImageId,
    state: ImageState,
    created_at: Timestamp,
    files: u8,
}

fn short(stem: &str) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&sha256(stem.as_bytes())[..16]);
    hash
}

impl Catalog {
    /// Deletes pictures and files that were left behind, and takes pictures
    /// out of sight whose files are gone; called by its job, every hour.
    pub async fn sweep_images(&self, scope: &Scope) -> Result<(), CatalogError> {
        let now = self.now();
        self.database
            .write_one(
                scope,
                "image.give_up",
                images::give_up(now.minus(BROKEN_OFF), now),
            )
            .await?;
        let db = self.database.read(scope).await?;
        let deleted = images::deleted(&db, AT_ONCE).await?;
        drop(db);
        for image in &deleted {
            if let Err(fault) = self.delete_files(scope, image).await {
                tracing::warn!(image = %image.id, cause = fault.chain(), "left for the next sweep");
            }
        }
        self.compare(scope, now).await
    }

    /// Compares pictures and files.
    async fn compare(&self, scope: &Scope, now: Timestamp) -> Result<(), CatalogError> {
        let mut known = self.known(scope).await?;
        let settled = now.minus(SETTLED);
        let own = folder(scope.tenant());
        let mut strangers: Vec<(String, String)> = Vec::new();
        let mut files = 0u64;
        let mut each = |file: StoredFile| {
            let Some(name) = FileName::parse(&file.path) else {
                return;
            };
            files += 1;
            match known.pictures.get_mut(&short(name.stem)) {
                Some(seen) => seen.files |= bit(name.size),
                None if file.written_at < settled && strangers.len() < MOST_STRANGERS => {
                    strangers.push((name.stem.to_owned(), file.path.clone()));
                }
                None => {}
            }
        };
        self.files.list(&own, &mut each).await?;
        self.delete_strangers(scope, strangers).await?;
        let settled_ready = |seen: &&Seen| seen.created_at < settled;
        if files == 0 && known.pictures.values().any(|seen| settled_ready(&seen)) {
            // A folder that is not mounted, a bucket of another name.
            tracing::error!("the store of pictures is empty; no picture is judged by it");
            return Ok(());
        }
        for seen in known.pictures.values().filter(settled_ready) {
            let complete = seen.files == COMPLETE;
            match seen.state {
                ImageState::Ready if !complete => self.set_missing(scope, seen.id, true).await?,
                ImageState::Missing if complete => self.set_missing(scope, seen.id, false).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn known(&self, scope: &Scope) -> Result<Known, Fault> {
        let mut known = Known::default();
        let mut after = None;
        loop {
            let db = self.database.read(scope).await?;
            let page = images::all(&db, after, PAGE).await?;
            drop(db);
            let Some(last) = page.last() else {
                return Ok(known);
            };
            after = Some(last.id);
            known.pictures.extend(page.iter().map(|image| {
                let seen = Seen {
                    id: image.id,
                    state: image.state,
                    created_at: image.created_at,
                    files: 0,
                };
                (short(&image.stem), seen)
            }));
        }
    }

    /// Deletes files of no picture, after asking once more: a picture may have
    /// been added since.
    async fn delete_strangers(
        &self,
        scope: &Scope,
        strangers: Vec<(String, String)>,
    ) -> Result<(), Fault> {
        for some in strangers.chunks(500) {
            let stems: Vec<String> = some.iter().map(|(stem, _)| stem.clone()).collect();
            let db = self.database.read(scope).await?;
            let known = images::known_stems(&db, &stems).await?;
            drop(db);
            for (_, path) in some.iter().filter(|(stem, _)| !known.contains(stem)) {
                tracing::info!(path, "a file of no picture is deleted");
                self.files.delete(path).await?;
            }
        }
        Ok(())
    }

    async fn set_missing(
        &self,
        scope: &Scope,
        id: ImageId,
        missing: bool,
    ) -> Result<(), CatalogError> {
        let tx = self.database.begin_write(scope, "image.missing").await?;
        let Some(product) = images::set_missing(&tx, id, missing, self.now()).await? else {
            return Ok(());
        };
        self.images_changed(&tx, product).await?;
        tx.commit().await?;
        if missing {
            tracing::error!(image = %id, %product, "files of a picture are gone; it is not shown any more");
        } else {
            tracing::info!(image = %id, %product, "the files of a picture are there again");
        }
        Ok(())
    }
}

fn bit(size: ImageSize) -> u8 {
    match size {
        ImageSize::Original => 1,
        ImageSize::Thumb => 2,
        ImageSize::Medium => 4,
        ImageSize::Large => 8,
    }
}
