//! Tenants and their settings.

use kernel::{Audited, Currency, Money, MoneyError, Snapshot, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::AccountsError;
use crate::mails::{FALLBACK, is_language};

/// Whether a tenant may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// It may.
    Active,
    /// The operator closed it: requests are refused, background work rests.
    Suspended,
}

/// A shop, workspace or business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// Which.
    pub id: TenantId,
    /// Its name in URLs and on the command line.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Whether it may be used.
    pub status: TenantStatus,
    /// Whether it gets the requests that name no tenant.
    pub is_default: bool,
    /// What it decides for itself.
    pub settings: TenantSettings,
    /// The host names it is reached at.
    pub hosts: Vec<String>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Tenant {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        // Taken apart, so that no new setting is forgotten here.
        let TenantSettings {
            currency,
            time_zone,
            language,
            support_email,
            platform_fee,
            order_numbers_after,
            return_window_days,
            require_two_factor,
            low_stock_threshold,
            subscriptions,
        } = &self.settings;
        let borne_by: &'static str = platform_fee.borne_by.into();
        let (upgrades, downgrades): (&'static str, &'static str) = (
            subscriptions.upgrades.into(),
            subscriptions.downgrades.into(),
        );
        Snapshot::new()
            .with_public_text("slug", Some(&self.slug))
            .with_public_text("name", Some(&self.name))
            .with("status", status)
            .with_public_texts("hosts", self.hosts.iter().map(String::as_str))
            .with("currency", *currency)
            .with_public_text("time_zone", Some(time_zone))
            .with_public_text("language", Some(language))
            .with_hidden("support_email", support_email.as_deref())
            .with("fee_fixed", platform_fee.fixed)
            .with("fee_basis_points", platform_fee.basis_points)
            .with("fee_borne_by", borne_by)
            .with("order_numbers_after", *order_numbers_after)
            .with("return_window_days", *return_window_days)
            .with("require_two_factor", *require_two_factor)
            .with("low_stock_threshold", *low_stock_threshold)
            .with("subscription_upgrades", upgrades)
            .with("subscription_downgrades", downgrades)
            .with("subscription_grace_days", subscriptions.grace_days)
            .with(
                "subscription_suspension_days",
                subscriptions.suspension_days,
            )
            .with("version", self.version)
    }
}

/// What a tenant decides for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantSettings {
    /// The currency of its prices.
    pub currency: Currency,
    /// The IANA name of its time zone.
    pub time_zone: String,
    /// The language of its mails, for those who wish for no other one.
    #[serde(default = "fallback_language")]
    pub language: String,
    /// Where replies to its mails go.
    pub support_email: Option<String>,
    /// What the platform takes of an order.
    pub platform_fee: PlatformFee,
    /// The number of its first order, less one.
    pub order_numbers_after: i64,
    /// For how many days after they arrived buyers can ask to return goods;
    /// none when they cannot.
    #[serde(default = "return_window")]
    pub return_window_days: u32,
    /// Whether everybody who may do more than use their own account needs a
    /// second factor.
    #[serde(default)]
    pub require_two_factor: bool,
    /// From which number of available pieces on stock is low, where a pile
    /// says nothing else. Statements of the catalog read it by its name.
    #[serde(default = "low_stock_threshold")]
    pub low_stock_threshold: u32,
    /// How subscriptions of hosted services are changed, and what happens to
    /// those that are not paid.
    #[serde(default)]
    pub subscriptions: SubscriptionSettings,
}

/// When subscriptions change to a higher tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum UpgradePolicy {
    /// At once, for the difference.
    Immediate,
    /// When the period that is paid for ends.
    AtPeriodEnd,
    /// Never.
    Refused,
}

/// When subscriptions change to a lower tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DowngradePolicy {
    /// Never.
    Refused,
    /// When the period that is paid for ends.
    AtPeriodEnd,
}

/// How subscriptions are changed, and what happens to those that are not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionSettings {
    /// When they change to a higher tier.
    pub upgrades: UpgradePolicy,
    /// When they change to a lower tier.
    pub downgrades: DowngradePolicy,
    /// For how many days what is not paid runs on.
    pub grace_days: u32,
    /// After how many further days it ends.
    pub suspension_days: u32,
}

impl SubscriptionSettings {
    /// To a higher tier only, a week of grace, two weeks more.
    pub const DEFAULT: Self = Self {
        upgrades: UpgradePolicy::Immediate,
        downgrades: DowngradePolicy::Refused,
        grace_days: 7,
        suspension_days: 14,
    };
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

fn low_stock_threshold() -> u32 {
    5
}

/// What the directive 2011/83/EU gives buyers, and a little more.
fn return_window() -> u32 {
    30
}

/// Who bears the platform fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum FeeBearer {
    /// It is added to what the buyer pays.
    Buyer,
    /// It is kept of what the seller gets; the buyer does not see it.
    Seller,
}

/// What the platform takes of an order: so much, plus a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformFee {
    /// Minor units of the tenant's currency for each order.
    pub fixed: i64,
    /// Of the goods' subtotal, in hundredths of a percent.
    pub basis_points: u32,
    /// Who bears it.
    pub borne_by: FeeBearer,
}

impl PlatformFee {
    /// No fee.
    pub const NONE: Self = Self {
        fixed: 0,
        basis_points: 0,
        borne_by: FeeBearer::Buyer,
    };

    /// The fee of an order with this subtotal; none on an order of nothing.
    pub fn of(self, subtotal: Money) -> Result<Money, MoneyError> {
        if subtotal.is_zero() {
            return Ok(subtotal);
        }
        subtotal
            .basis_points(self.basis_points)?
            .plus(Money::new(self.fixed, subtotal.currency))
    }
}

impl TenantSettings {
    /// What a new tenant starts with.
    pub fn new(currency: Currency) -> Self {
        Self {
            currency,
            time_zone: "UTC".to_owned(),
            language: fallback_language(),
            support_email: None,
            platform_fee: PlatformFee::NONE,
            order_numbers_after: 1000,
            return_window_days: return_window(),
            require_two_factor: false,
            low_stock_threshold: low_stock_threshold(),
            subscriptions: SubscriptionSettings::DEFAULT,
        }
    }

    /// What the platform takes of an order in a currency: in another one than
    /// the tenant's the share alone, because the fixed part has no amount
    /// there.
    pub fn fee_in(&self, currency: Currency) -> PlatformFee {
        let fixed = if currency == self.currency {
            self.platform_fee.fixed
        } else {
            0
        };
        PlatformFee {
            fixed,
            ..self.platform_fee
        }
    }

    /// Refuses settings that make no sense.
    pub fn check(&self) -> Result<(), AccountsError> {
        if !is_time_zone(&self.time_zone) {
            return Err(AccountsError::UnknownTimeZone(self.time_zone.clone()));
        }
        if !is_language(&self.language) {
            return Err(AccountsError::UnknownLanguage(self.language.clone()));
        }
        let fee = self.platform_fee;
        if fee.fixed < 0 || fee.basis_points > 10_000 {
            return Err(AccountsError::FeeOutOfRange);
        }
        Ok(())
    }
}

fn fallback_language() -> String {
    FALLBACK.to_owned()
}

/// Whether a text has the outline of an IANA time zone name.
fn is_time_zone(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok()
}

/// A time zone as the IANA writes it: `Europe/Berlin` for `europe/berlin`. What
/// is none stays as it is.
pub fn time_zone_name(name: String) -> String {
    let zone = jiff::tz::TimeZone::get(&name).ok();
    let written = zone.and_then(|zone| zone.iana_name().map(str::to_owned));
    written.unwrap_or(name)
}

/// A host name as requests carry it: lower case, without port.
pub fn normalise_host(host: &str) -> Result<String, AccountsError> {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    let valid = !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    if valid {
        Ok(host)
    } else {
        Err(AccountsError::InvalidHost(host.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fee_is_a_fixed_part_and_a_share() {
        let fee = PlatformFee {
            fixed: 30,
            basis_points: 290,
            borne_by: FeeBearer::Buyer,
        };
        let eur = |minor| Money::new(minor, Currency::EUR);
        assert_eq!(fee.of(eur(10_000)).unwrap(), eur(320));
        assert_eq!(fee.of(eur(0)).unwrap(), eur(0));
        assert_eq!(PlatformFee::NONE.of(eur(10_000)).unwrap(), eur(0));
    }

    #[test]
    fn hosts_are_normalised() {
        assert_eq!(normalise_host(" Shop.Example. ").unwrap(), "shop.example");
        for bad in [
            "",
            "a b",
            "-a.example",
            "a..b",
            "shop.example:8080",
            "http://x",
        ] {
            assert!(normalise_host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn settings_are_checked() {
        let mut settings = TenantSettings::new(Currency::EUR);
        assert!(settings.check().is_ok());
        settings.time_zone = "Europe/Berlin".to_owned();
        assert!(settings.check().is_ok());
        assert_eq!(time_zone_name("europe/berlin".into()), "Europe/Berlin");
        assert_eq!(time_zone_name("Berlin".into()), "Berlin");
        settings.time_zone = "Berlin".to_owned();
        assert!(settings.check().is_err());
        settings.time_zone = "UTC".to_owned();
        settings.language = "german".to_owned();
        assert!(settings.check().is_err());
    }
}
