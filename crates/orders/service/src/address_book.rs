//! The addresses an account keeps, and carts that use them.

use database::{Once, Scoped};
use kernel::{Expected, SavedAddressId, Scope};
use orders_model::address::Address;
use orders_model::address_book::{NewSavedAddress, SavedAddress, SavedAddressChange};
use orders_model::cart::Cart;
use orders_model::{DeliveryError, OrdersError};
use orders_repository::address_books;

use crate::Orders;

/// An address that somebody gives: itself, or one of their book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenAddress {
    /// The address.
    Itself(Address),
    /// The one in the caller's book, as it is now.
    Saved(SavedAddressId),
}

impl Orders {
    /// The caller's addresses, oldest first.
    pub async fn addresses(&self, scope: &Scope) -> Result<Vec<SavedAddress>, OrdersError> {
        let user = scope.require_user()?;
        let db = self.database.read(scope).await?;
        Ok(address_books::of(&db, user).await?)
    }

    /// One address of the caller.
    pub async fn address(
        &self,
        scope: &Scope,
        id: SavedAddressId,
    ) -> Result<SavedAddress, OrdersError> {
        let user = scope.require_user()?;
        let db = self.database.read(scope).await?;
        Ok(address_books::find(&db, user, id)
            .await?
            .ok_or(DeliveryError::AddressNotFound)?)
    }

    /// Keeps an address. The first one is the default for both.
    pub async fn save_address(
        &self,
        scope: &Scope,
        new: NewSavedAddress,
    ) -> Result<SavedAddress, OrdersError> {
        let user = scope.require_user()?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<SavedAddress>(scope, "address.save", now)
            .await?
        {
            Once::Replayed(saved) => return Ok(saved),
            Once::Fresh(tx) => tx,
        };
        if !address_books::make_room(&tx, user).await? {
            return Err(DeliveryError::TooManyAddresses.into());
        }
        // The book's row is locked now.
        let is_first = address_books::of(&tx, user).await?.is_empty();
        let saved = SavedAddress {
            id: SavedAddressId::new(now),
            user,
            label: new.label,
            address: new.address,
            default_shipping: new.default_shipping || is_first,
            default_billing: new.default_billing || is_first,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        address_books::insert(&tx, &saved).await?;
        Ok(tx.commit_with(saved).await?)
    }

    /// Changes an address of the caller, if its version is still that one.
    /// Carts and orders keep what they have.
    pub async fn change_address(
        &self,
        scope: &Scope,
        id: SavedAddressId,
        change: SavedAddressChange,
        expected: &Expected,
    ) -> Result<SavedAddress, OrdersError> {
        let user = scope.require_user()?;
        let tx = self.database.begin_write(scope, "address.change").await?;
        let known = address_books::find(&tx, user, id)
            .await?
            .ok_or(DeliveryError::AddressNotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(OrdersError::VersionMismatch);
        }
        if change == SavedAddressChange::default() {
            return Ok(known);
        }
        let changed = known.changed(change, self.now());
        if !address_books::update(&tx, &changed).await? {
            return Err(OrdersError::VersionMismatch);
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Forgets an address of the caller. Carts and orders keep what they have.
    pub async fn delete_address(
        &self,
        scope: &Scope,
        id: SavedAddressId,
    ) -> Result<(), OrdersError> {
        let user = scope.require_user()?;
        let tx = self.database.begin_write(scope, "address.delete").await?;
        if !address_books::delete(&tx, user, id).await? {
            return Err(DeliveryError::AddressNotFound.into());
        }
        tx.commit().await?;
        Ok(())
    }

    /// The address that was given. One of a book is its owner's only.
    pub(crate) async fn resolve_address(
        &self,
        scope: &Scope,
        db: &Scoped,
        given: GivenAddress,
    ) -> Result<Address, OrdersError> {
        match given {
            GivenAddress::Itself(address) => Ok(address),
            GivenAddress::Saved(id) => {
                let user = scope.user().ok_or(DeliveryError::AddressNotFound)?;
                let saved = address_books::find(db, user, id).await?;
                Ok(saved.ok_or(DeliveryError::AddressNotFound)?.address)
            }
        }
    }

    /// Gives a new cart of an account the addresses that are its defaults.
    pub(crate) async fn prefill(&self, db: &Scoped, cart: &mut Cart) -> Result<(), OrdersError> {
        let Some(user) = cart.user else { return Ok(()) };
        let defaults = address_books::defaults(db, user).await?;
        let of = |is: fn(&SavedAddress) -> bool| {
            let found = defaults.iter().find(|saved| is(saved));
            found.map(|saved| saved.address.clone())
        };
        cart.shipping_address = of(|saved| saved.default_shipping);
        cart.billing_address = of(|saved| saved.default_billing);
        Ok(())
    }
}
