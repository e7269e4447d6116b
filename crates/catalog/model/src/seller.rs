//! Who sells in a shop where several do.

use accounts_model::tenant::PlatformFee;
use kernel::{Audited, Currency, Money, SellerId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::seller_errors::SellerError;

/// Whether a seller sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum SellerStatus {
    /// They do.
    Active,
    /// Not any more: none of their products is shown.
    Archived,
}

/// What the shop takes of what a seller sells, instead of the tenant's
/// platform fee. Who bears it is the tenant's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerFee {
    /// Minor units of the tenant's currency, for each order with something of
    /// the seller in it.
    pub fixed: i64,
    /// Of what their goods cost after discounts, in hundredths of a percent.
    pub basis_points: u32,
}

impl SellerFee {
    /// The policy that takes the place of the tenant's.
    #[must_use]
    pub fn instead_of(self, tenant: PlatformFee) -> PlatformFee {
        PlatformFee {
            fixed: self.fixed,
            basis_points: self.basis_points,
            ..tenant
        }
    }
}

/// Somebody who sells in the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// Which.
    pub id: SellerId,
    /// What they are called; no two of a tenant alike.
    pub name: String,
    /// Where they get mail.
    pub contact_email: Option<String>,
    /// Their postal address, as lines.
    pub contact_address: Option<String>,
    /// What payouts to them are named by: an account, a contract.
    pub payout_reference: Option<String>,
    /// Their fee; the tenant's when none.
    pub fee: Option<SellerFee>,
    /// Whether they sell.
    pub status: SellerStatus,
    /// Grows with every change.
    pub version: i64,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub updated_at: Timestamp,
}

/// How they are reached, and where their money goes, stays out.
impl Audited for Seller {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with_public_text("name", Some(&self.name))
            .with("status", status)
            .with("fee_fixed", self.fee.map(|fee| fee.fixed))
            .with("fee_basis_points", self.fee.map(|fee| fee.basis_points))
            .with("has_payout_reference", self.payout_reference.is_some())
            .with("version", self.version)
    }
}

/// A fee as it was given, with a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenFee {
    /// For each order.
    pub fixed: Money,
    /// In hundredths of a percent.
    pub basis_points: u32,
}

impl GivenFee {
    /// The fee, if it is in the currency of the shop.
    pub fn checked(self, currency: Currency) -> Result<SellerFee, SellerError> {
        if self.fixed.currency != currency {
            return Err(SellerError::FeeCurrency(currency));
        }
        Ok(SellerFee {
            fixed: self.fixed.minor,
            basis_points: self.basis_points,
        })
    }
}

/// A seller to make.
#[derive(Debug, Clone)]
pub struct NewSeller {
    /// What they are called.
    pub name: String,
    /// Where they get mail.
    pub contact_email: Option<String>,
    /// Their postal address.
    pub contact_address: Option<String>,
    /// What payouts to them are named by.
    pub payout_reference: Option<String>,
    /// Their fee.
    pub fee: Option<GivenFee>,
}

/// A change of a seller; what is `None` stays, `Some(None)` removes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SellerChange {
    /// What they are called.
    pub name: Option<String>,
    /// Where they get mail.
    pub contact_email: Option<Option<String>>,
    /// Their postal address.
    pub contact_address: Option<Option<String>>,
    /// What payouts to them are named by.
    pub payout_reference: Option<Option<String>>,
    /// Their fee.
    pub fee: Option<Option<GivenFee>>,
    /// Whether they sell.
    pub status: Option<SellerStatus>,
}

impl Seller {
    /// The seller that a description makes.
    pub fn new(
        id: SellerId,
        new: NewSeller,
        currency: Currency,
        now: Timestamp,
    ) -> Result<Self, SellerError> {
        Ok(Self {
            id,
            name: new.name,
            contact_email: new.contact_email.map(address),
            contact_address: new.contact_address,
            payout_reference: new.payout_reference,
            fee: new.fee.map(|fee| fee.checked(currency)).transpose()?,
            status: SellerStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The seller after a change.
    pub fn changed(
        mut self,
        change: SellerChange,
        currency: Currency,
        now: Timestamp,
    ) -> Result<Self, SellerError> {
        self.name = change.name.unwrap_or(self.name);
        if let Some(email) = change.contact_email {
            self.contact_email = email.map(address);
        }
        self.contact_address = change.contact_address.unwrap_or(self.contact_address);
        self.payout_reference = change.payout_reference.unwrap_or(self.payout_reference);
        if let Some(fee) = change.fee {
            self.fee = fee.map(|fee| fee.checked(currency)).transpose()?;
        }
        self.status = change.status.unwrap_or(self.status);
        self.version += 1;
        self.updated_at = now;
        Ok(self)
    }
}

/// A mail address in the form that all are stored in.
fn address(email: String) -> String {
    kernel::email::normal(&email).unwrap_or(email)
}
