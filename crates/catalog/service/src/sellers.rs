//! Sellers of a shop, and the people who belong to them.

use accounts_model::user::User;
use catalog_model::seller::{NewSeller, Seller, SellerChange, SellerStatus};
use catalog_model::{CatalogError, SellerError};
use catalog_repository::sellers;
use database::{Once, Transaction};
use kernel::{
    AuditEntry, Audited as _, Expected, Fault, Page, PageRequest, Permission, Scope, SellerId,
    UserId,
};

use crate::Catalog;

impl Catalog {
    /// Sellers, newest first.
    pub async fn sellers(
        &self,
        scope: &Scope,
        status: Option<SellerStatus>,
        page: PageRequest<SellerId>,
    ) -> Result<Page<Seller, SellerId>, CatalogError> {
        scope.require(Permission::SellersRead)?;
        let db = self.database.read(scope).await?;
        Ok(sellers::list(&db, status, page).await?)
    }

    /// One seller.
    pub async fn seller(&self, scope: &Scope, id: SellerId) -> Result<Seller, CatalogError> {
        scope.require(Permission::SellersRead)?;
        let db = self.database.read(scope).await?;
        Ok(sellers::find(&db, id).await?.ok_or(SellerError::NotFound)?)
    }

    /// Makes a seller.
    pub async fn create_seller(
        &self,
        scope: &Scope,
        new: NewSeller,
    ) -> Result<Seller, CatalogError> {
        scope.require(Permission::SellersWrite)?;
        let currency = self.currency(scope).await?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Seller>(scope, "seller.create", now)
            .await?
        {
            Once::Replayed(seller) => return Ok(seller),
            Once::Fresh(tx) => tx,
        };
        let seller = Seller::new(SellerId::new(now), new, currency, now)?;
        sellers::insert(&tx, &seller).await.map_err(name_taken)?;
        let entry = AuditEntry::new("seller.create", seller.id).after(&seller);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(seller).await?)
    }

    /// Changes a seller, if its version is still that one. One who still sells
    /// something is not archived.
    pub async fn change_seller(
        &self,
        scope: &Scope,
        id: SellerId,
        change: SellerChange,
        expected: &Expected,
    ) -> Result<Seller, CatalogError> {
        scope.require(Permission::SellersWrite)?;
        let currency = self.currency(scope).await?;
        let tx = self.database.begin_write(scope, "seller.change").await?;
        let known = sellers::lock(&tx, id).await?;
        let known = known.ok_or(SellerError::NotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(CatalogError::VersionMismatch);
        }
        if change == SellerChange::default() {
            return Ok(known);
        }
        let before = known.snapshot();
        let seller = known.changed(change, currency, self.now())?;
        if seller.status == SellerStatus::Archived && sellers::sells(&tx, id).await? {
            return Err(SellerError::HasProducts.into());
        }
        if !sellers::update(&tx, &seller).await.map_err(name_taken)? {
            return Err(CatalogError::VersionMismatch);
        }
        let entry = AuditEntry::new("seller.change", id);
        self.record(&tx, entry.before(&before).after(&seller))
            .await?;
        tx.commit().await?;
        Ok(seller)
    }

    /// Lets somebody belong to a seller: they and their API keys may do with
    /// what is the seller's what a seller may, and nothing else.
    pub async fn add_seller_person(
        &self,
        scope: &Scope,
        id: SellerId,
        person: UserId,
    ) -> Result<User, CatalogError> {
        scope.require(Permission::UsersWrite)?;
        let tx = match self
            .database
            .begin_once::<User>(scope, "seller.add_person", self.now())
            .await?
        {
            Once::Replayed(user) => return Ok(user),
            Once::Fresh(tx) => tx,
        };
        require_active(&tx, id).await?;
        let joined = self.accounts.join_seller_in_tx(&tx, person, id).await;
        let joined = joined.map_err(SellerError::from)?;
        let entry = AuditEntry::new("seller.add_person", person);
        self.record(&tx, entry.before(&joined.before).after(&joined.user))
            .await?;
        Ok(tx.commit_with(joined.user).await?)
    }

    /// Lets somebody who belongs to a seller be a buyer like others again.
    pub async fn remove_seller_person(
        &self,
        scope: &Scope,
        id: SellerId,
        person: UserId,
    ) -> Result<(), CatalogError> {
        scope.require(Permission::UsersWrite)?;
        let tx = self
            .database
            .begin_write(scope, "seller.remove_person")
            .await?;
        sellers::hold(&tx, id).await?.ok_or(SellerError::NotFound)?;
        let left = self.accounts.leave_seller_in_tx(&tx, person, id).await;
        let left = left.map_err(SellerError::from)?;
        let entry = AuditEntry::new("seller.remove_person", person);
        self.record(&tx, entry.before(&left.before).after(&left.user))
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Refuses a seller who does not exist or sells nothing any more; they stay as
/// they are until the transaction ends.
async fn require_active(tx: &Transaction, id: SellerId) -> Result<(), CatalogError> {
    let seller = sellers::hold(tx, id).await?;
    match seller.ok_or(SellerError::NotFound)?.status {
        SellerStatus::Active => Ok(()),
        SellerStatus::Archived => Err(SellerError::Archived.into()),
    }
}

/// Refuses a product of a seller who does not exist, or of one who sells
/// nothing any more unless it is archived as well.
pub(crate) async fn check_seller(
    tx: &Transaction,
    seller: Option<SellerId>,
    shown: bool,
) -> Result<(), CatalogError> {
    let Some(id) = seller else {
        return Ok(());
    };
    let known = sellers::hold(tx, id).await?.ok_or(SellerError::Unknown)?;
    if shown && known.status == SellerStatus::Archived {
        return Err(SellerError::Archived.into());
    }
    Ok(())
}

fn name_taken(fault: Fault) -> CatalogError {
    if fault.violates(sellers::UNIQUE_NAME) {
        SellerError::NameTaken.into()
    } else {
        fault.into()
    }
}
