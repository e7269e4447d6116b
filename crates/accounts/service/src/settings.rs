//! What a tenant decides for itself.

use std::sync::Arc;

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::events::TenantChanged;
use accounts_model::tenant::{
    FeeBearer, PlatformFee, SubscriptionSettings, Tenant, time_zone_name,
};
use accounts_repository::{tenants, two_factors};
use database::Transaction;
use kernel::{AuditEntry, Audited as _, Expected, Money, Permission, Scope};

use crate::Accounts;

/// A change of the settings; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SettingsChange {
    /// What the tenant is called.
    pub name: Option<String>,
    /// The IANA name of its time zone.
    pub time_zone: Option<String>,
    /// The language of its mails.
    pub language: Option<String>,
    /// Where replies to its mails go; `Some(None)` removes it.
    pub support_email: Option<Option<String>>,
    /// What the platform takes of an order.
    pub platform_fee: Option<NewPlatformFee>,
    /// For how many days buyers can ask to return goods.
    pub return_window_days: Option<u32>,
    /// Whether those who run the shop need a second factor.
    pub require_two_factor: Option<bool>,
    /// From which number of available pieces on stock is low.
    pub low_stock_threshold: Option<u32>,
    /// How subscriptions are changed, as a whole.
    pub subscriptions: Option<SubscriptionSettings>,
}

/// What the platform is to take of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPlatformFee {
    /// So much for each order.
    pub fixed: Money,
    /// Of the goods' subtotal, in hundredths of a percent.
    pub basis_points: u32,
    /// Who bears it.
    pub borne_by: FeeBearer,
}

impl Accounts {
    /// The settings of the caller's tenant.
    pub async fn settings(&self, scope: &Scope) -> Result<Arc<Tenant>, AccountsError> {
        scope.require(Permission::SettingsRead)?;
        self.tenant(scope).await
    }

    /// Changes the settings of the caller's tenant, if its version is still
    /// that one.
    pub async fn change_settings(
        &self,
        scope: &Scope,
        change: SettingsChange,
        expected: &Expected,
    ) -> Result<Tenant, AccountsError> {
        scope.require(Permission::SettingsWrite)?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "settings.change").await?;
        let mut tenant = tenants::own(&tx).await?;
        if !expected.is_met_by(tenant.version) {
            return Err(AccountsError::VersionMismatch);
        }
        if change == SettingsChange::default() {
            return Ok(tenant);
        }
        let before = tenant.snapshot();
        tenant.name = change.name.unwrap_or(tenant.name);
        let settings = &mut tenant.settings;
        if let Some(time_zone) = change.time_zone {
            settings.time_zone = time_zone_name(time_zone);
        }
        if let Some(language) = change.language {
            settings.language = language;
        }
        if let Some(support) = change.support_email {
            settings.support_email = support
                .map(|address| Email::parse(&address).map(|email| email.to_string()))
                .transpose()?;
        }
        if let Some(fee) = change.platform_fee {
            if fee.fixed.currency != settings.currency {
                return Err(AccountsError::FeeCurrency(settings.currency));
            }
            settings.platform_fee = PlatformFee {
                fixed: fee.fixed.minor,
                basis_points: fee.basis_points,
                borne_by: fee.borne_by,
            };
        }
        if let Some(days) = change.return_window_days {
            settings.return_window_days = days;
        }
        settings.require_two_factor = change
            .require_two_factor
            .unwrap_or(settings.require_two_factor);
        if change.require_two_factor == Some(true) {
            check_own_factor(&tx).await?;
        }
        if let Some(threshold) = change.low_stock_threshold {
            settings.low_stock_threshold = threshold;
        }
        settings.subscriptions = change.subscriptions.unwrap_or(settings.subscriptions);
        settings.check()?;
        tenant.version += 1;
        tenant.updated_at = now;
        let written =
            tenants::update_settings(&tx, &tenant.name, &tenant.settings, tenant.version, now)
                .await?;
        if !written {
            return Err(AccountsError::VersionMismatch);
        }
        let event = TenantChanged { tenant: tenant.id };
        self.queue.publish(&tx, &event).await?;
        let entry = AuditEntry::new("settings.change", tenant.id);
        let entry = entry.before(&before).after(&tenant);
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(tenant)
    }
}

/// Refuses to require of all staff what the caller does not have: they would
/// be shut out by it, and could not take it back.
async fn check_own_factor(tx: &Transaction) -> Result<(), AccountsError> {
    let Some(user) = tx.scope().user() else {
        return Ok(());
    };
    let standing = two_factors::standing(tx, user).await?;
    match standing {
        Some(standing) if standing.confirmed_at.is_some() => Ok(()),
        _ => Err(AccountsError::OwnTwoFactorMissing),
    }
}
