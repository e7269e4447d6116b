//! Pictures of products: adding, changing, ordering, deleting.
//!
//! A row is there before its files are, and goes after them. So whatever
//! breaks off in between leaves a row that says what is to be done.

use bytes::Bytes;
use catalog_model::CatalogError;
use catalog_model::events::ProductChanged;
use catalog_model::image::{
    FileName, Image, ImageChange, ImageSize, ImageState, MAX_IMAGES, NewImage, stem,
};
use catalog_repository::{images, products};
use database::{Once, Transaction};
use kernel::secret::sha256;
use kernel::{
    AuditEntry, Audited as _, Expected, Fact, Fault, ImageId, Permission, ProductId, Scope,
    Snapshot,
};

use crate::Catalog;
use crate::pictures::{Picture, UploadPlace};

/// What is uploaded.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The file.
    pub file: Bytes,
    /// What is read out in its place.
    pub alt: String,
}

impl Catalog {
    /// Whether an upload may come, and a place for it.
    pub fn upload_place(&self, scope: &Scope) -> Result<UploadPlace, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        self.pictures.place()
    }

    /// Adds a picture to a product, behind those it has.
    pub async fn add_image(
        &self,
        scope: &Scope,
        product: ProductId,
        upload: Upload,
        _place: UploadPlace,
    ) -> Result<Image, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        let db = self.database.read(scope).await?;
        let sku = images::sku_of(&db, product).await?;
        let sku = sku.ok_or(CatalogError::ProductNotFound)?;
        drop(db);
        let source_hash = sha256(&upload.file).to_vec();
        let picture = self.pictures.make(upload.file).await?;
        let new = new_image(product, &sku, source_hash, upload.alt, &picture, self.now());
        let image = match self
            .database
            .begin_once::<Image>(scope, "image.add", self.now())
            .await?
        {
            Once::Fresh(tx) => {
                let image = insert(&tx, &new).await?;
                tx.commit_with(image).await?
            }
            Once::Replayed(known) if known.state == ImageState::Ready => return Ok(known),
            Once::Replayed(known) => self.resume(scope, known.id, &new).await?,
        };
        if image.state != ImageState::Storing {
            return Ok(image);
        }
        if let Err(fault) = self.store_files(scope, &image, picture).await {
            self.undo(scope, image.id).await;
            return Err(fault.into());
        }
        let shown = self.show(scope, product, image.id).await?;
        self.database.amend_once(scope, &shown).await?;
        Ok(shown)
    }

    /// The row of a request that came before and broke off: as it is, or anew
    /// when it was given up in the meantime.
    async fn resume(
        &self,
        scope: &Scope,
        id: ImageId,
        new: &NewImage,
    ) -> Result<Image, CatalogError> {
        let tx = self.database.begin_write(scope, "image.resume").await?;
        match images::find(&tx, id).await? {
            Some(known) if known.state != ImageState::Deleting => Ok(known),
            _ => {
                let image = insert(&tx, new).await?;
                tx.commit().await?;
                Ok(image)
            }
        }
    }

    async fn store_files(
        &self,
        scope: &Scope,
        image: &Image,
        picture: Picture,
    ) -> Result<(), Fault> {
        for (size, content) in picture.files {
            let path = image.path(scope.tenant(), size);
            let content_type = image.format.content_type();
            self.files.put(&path, content_type, content).await?;
        }
        Ok(())
    }

    /// Lets the sweep delete what was written of a picture. If this fails, the
    /// sweep finds it later.
    async fn undo(&self, scope: &Scope, id: ImageId) {
        let now = self.now();
        let result = async {
            let tx = self.database.begin_write(scope, "image.undo").await?;
            images::set_deleting(&tx, id, now).await?;
            tx.commit().await
        };
        if let Err(fault) = result.await {
            tracing::warn!(image = %id, cause = fault.chain(), "left for the sweep");
        }
    }

    async fn show(
        &self,
        scope: &Scope,
        product: ProductId,
        id: ImageId,
    ) -> Result<Image, CatalogError> {
        let tx = self.database.begin_write(scope, "image.show").await?;
        // In the order of all others: who adds the same picture holds the
        // product, and waits for what becomes of this row.
        products::lock(&tx, product).await?;
        if !images::set_ready(&tx, id, self.now()).await? {
            return Err(CatalogError::ImageNotFound);
        }
        self.images_changed(&tx, product).await?;
        let shown = images::find(&tx, id).await?;
        let shown = shown.ok_or(CatalogError::ImageNotFound)?;
        let entry = AuditEntry::new("image.add", id).after(&shown);
        self.record(&tx, entry).await?;
        tx.commit().await?;
        Ok(shown)
    }

    /// Changes a picture, if its version is still that one.
    pub async fn change_image(
        &self,
        scope: &Scope,
        product: ProductId,
        id: ImageId,
        change: ImageChange,
        expected: &Expected,
    ) -> Result<Image, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "image.change").await?;
        // So that two moves at once see each other.
        products::lock(&tx, product).await?;
        let mut all = images::of_product(&tx, product).await?;
        let known = all.iter().position(|image| image.id == id);
        let from = known.ok_or(CatalogError::ImageNotFound)?;
        if !expected.is_met_by(all[from].version) {
            return Err(CatalogError::VersionMismatch);
        }
        if change == ImageChange::default() {
            return Ok(all.swap_remove(from));
        }
        let version = all[from].version;
        let before = all[from].snapshot();
        if let Some(place) = change.position {
            let image = all.remove(from);
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            all.insert(place.min(all.len()), image);
            let ids: Vec<ImageId> = all.iter().map(|image| image.id).collect();
            images::set_order(&tx, &ids, now).await?;
        }
        if let Some(alt) = &change.alt {
            // The move may have raised the version.
            let moved = images::find(&tx, id).await?;
            let version = moved.map_or(version, |image| image.version);
            images::set_alt(&tx, id, alt, version, now).await?;
        }
        self.images_changed(&tx, product).await?;
        let changed = images::find(&tx, id).await?;
        let changed = changed.ok_or(CatalogError::ImageNotFound)?;
        let entry = AuditEntry::new("image.change", id);
        self.record(&tx, entry.before(&before).after(&changed))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Puts the pictures of a product into an order that names each of them
    /// once.
    pub async fn order_images(
        &self,
        scope: &Scope,
        product: ProductId,
        ids: &[ImageId],
    ) -> Result<Vec<Image>, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        let tx = self.database.begin_write(scope, "image.order").await?;
        products::lock(&tx, product).await?;
        images::sku_of(&tx, product)
            .await?
            .ok_or(CatalogError::ProductNotFound)?;
        let known = images::of_product(&tx, product).await?;
        let mut wanted = ids.to_vec();
        let mut there: Vec<ImageId> = known.iter().map(|image| image.id).collect();
        wanted.sort_unstable();
        there.sort_unstable();
        if wanted != there {
            return Err(CatalogError::ImageOrder);
        }
        if ids.is_empty() {
            return Ok(known);
        }
        images::set_order(&tx, ids, self.now()).await?;
        self.images_changed(&tx, product).await?;
        let ordered = images::of_product(&tx, product).await?;
        let entry = AuditEntry::new("image.order", product);
        let entry = entry.before(&order_of(&known)).after(&order_of(&ordered));
        self.record(&tx, entry).await?;
        tx.commit().await?;
        Ok(ordered)
    }

    /// Deletes a picture: at once for everybody, and then its files. What
    /// fails there is left for the sweep.
    pub async fn delete_image(
        &self,
        scope: &Scope,
        product: ProductId,
        id: ImageId,
    ) -> Result<(), CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        let tx = self.database.begin_write(scope, "image.delete").await?;
        products::lock(&tx, product).await?;
        let known = images::of_product(&tx, product).await?;
        let image = known.into_iter().find(|image| image.id == id);
        let image = image.ok_or(CatalogError::ImageNotFound)?;
        if !images::set_deleting(&tx, id, self.now()).await? {
            return Err(CatalogError::ImageNotFound);
        }
        self.images_changed(&tx, product).await?;
        let entry = AuditEntry::new("image.delete", id).before(&image);
        self.record(&tx, entry).await?;
        tx.commit().await?;
        if let Err(fault) = self.delete_files(scope, &image).await {
            tracing::warn!(image = %id, cause = fault.chain(), "left for the sweep");
        }
        Ok(())
    }

    /// Deletes the files of a picture that was deleted, and then its row.
    pub(crate) async fn delete_files(&self, scope: &Scope, image: &Image) -> Result<(), Fault> {
        for size in ImageSize::ALL {
            self.files.delete(&image.path(scope.tenant(), size)).await?;
        }
        self.database
            .write_one(scope, "image.forget", images::forget(image.id))
            .await
            .map(|_| ())
    }

    /// A file of a picture, for whoever knows its name; none for anything
    /// else that is in the store.
    pub async fn image_file(&self, path: &str) -> Result<Option<Bytes>, CatalogError> {
        if FileName::parse(path).is_none() {
            return Ok(None);
        }
        Ok(self.files.get(path).await?)
    }

    /// Raises the version of the product and tells everybody.
    pub(crate) async fn images_changed(
        &self,
        tx: &Transaction,
        product: ProductId,
    ) -> Result<(), CatalogError> {
        products::touch(tx, product, self.now()).await?;
        self.queue.publish(tx, &ProductChanged { product }).await?;
        Ok(())
    }
}

/// The order of pictures, for the audit log.
fn order_of(images: &[Image]) -> Snapshot {
    let ids: Fact = images.iter().map(|image| image.id).collect();
    Snapshot::new().with("images", ids)
}

fn new_image(
    product: ProductId,
    sku: &str,
    source_hash: Vec<u8>,
    alt: String,
    picture: &Picture,
    now: kernel::Timestamp,
) -> NewImage {
    let id = ImageId::new(now);
    let (_, original) = &picture.files[0];
    // With the id in it, no two uploads ever share a name.
    let hash = sha256(&[id.uuid().as_bytes().as_slice(), original].concat());
    let hash = hex::encode(&hash[..10]);
    NewImage {
        id,
        product,
        source_hash,
        stem: stem(sku, &hash),
        format: picture.format,
        alt,
        width: picture.width,
        height: picture.height,
        now,
    }
}

async fn insert(tx: &Transaction, new: &NewImage) -> Result<Image, CatalogError> {
    // So that two at once neither exceed the limit nor share a place.
    products::lock(tx, new.product).await?;
    if images::sku_of(tx, new.product).await?.is_none() {
        return Err(CatalogError::ProductNotFound);
    }
    if images::of_product(tx, new.product).await?.len() >= MAX_IMAGES {
        return Err(CatalogError::TooManyImages);
    }
    images::insert(tx, new).await.map_err(|fault| {
        if fault.violates(images::UNIQUE_SOURCE) {
            CatalogError::ImageDuplicate
        } else {
            fault.into()
        }
    })?;
    images::find(tx, new.id)
        .await?
        .ok_or(CatalogError::ImageNotFound)
}
