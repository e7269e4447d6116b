//! People who belong to a seller.

use accounts_model::AccountsError;
use accounts_model::events::AccessChanged;
use accounts_model::user::User;
use accounts_repository::users;
use database::Transaction;
use kernel::{Audited as _, Permission, Role, SellerId, Snapshot, UserId};

use crate::Accounts;

/// Somebody as they were, for the audit log, and as they are.
pub struct Moved {
    /// As they were.
    pub before: Snapshot,
    /// As they are.
    pub user: User,
}

impl Accounts {
    /// Lets somebody belong to a seller from now on; the caller holds the lock
    /// of the seller. Those who may do more in the shop cannot, because they
    /// would lose it unasked.
    pub async fn join_seller_in_tx(
        &self,
        tx: &Transaction,
        id: UserId,
        seller: SellerId,
    ) -> Result<Moved, AccountsError> {
        let user = self.movable(tx, id).await?;
        if ![Role::User, Role::Seller].contains(&user.role) {
            return Err(AccountsError::HasRole(user.role));
        }
        self.moved(tx, user, Some(seller)).await
    }

    /// Lets somebody who belongs to a seller be a buyer like others again.
    pub async fn leave_seller_in_tx(
        &self,
        tx: &Transaction,
        id: UserId,
        seller: SellerId,
    ) -> Result<Moved, AccountsError> {
        let user = self.movable(tx, id).await?;
        if user.seller != Some(seller) {
            return Err(AccountsError::UserNotFound);
        }
        self.moved(tx, user, None).await
    }

    async fn movable(&self, tx: &Transaction, id: UserId) -> Result<User, AccountsError> {
        tx.scope().require(Permission::UsersWrite)?;
        if tx.scope().user() == Some(id) {
            return Err(AccountsError::OwnAccount);
        }
        let known = users::lock(tx, id).await?;
        Ok(known.ok_or(AccountsError::UserNotFound)?.user)
    }

    async fn moved(
        &self,
        tx: &Transaction,
        mut user: User,
        seller: Option<SellerId>,
    ) -> Result<Moved, AccountsError> {
        let before = user.snapshot();
        user.seller = seller;
        user.role = seller.map_or(Role::User, |_| Role::Seller);
        user.version += 1;
        user.updated_at = self.now();
        if !users::update(tx, &user).await? {
            return Err(AccountsError::VersionMismatch);
        }
        let event = AccessChanged { user: user.id };
        self.queue.publish(tx, &event).await?;
        Ok(Moved { before, user })
    }
}
