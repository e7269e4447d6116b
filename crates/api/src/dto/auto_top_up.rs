//! Automatic top-ups.

use credits_model::auto_top_up::{AutoTopUp, AutoTopUpStatus};
use credits_service::OwnAutoTopUp;
use kernel::{Money, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::money::MoneyDto;

/// Whether a wallet tops itself up.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AutoTopUpStatus)]
pub(crate) enum AutoTopUpStatusDto {
    /// It was not turned on.
    Off,
    /// It does.
    Active,
    /// It failed three times in a row; turn it on again.
    Stopped,
}

impl From<AutoTopUpStatus> for AutoTopUpStatusDto {
    fn from(status: AutoTopUpStatus) -> Self {
        match status {
            AutoTopUpStatus::Off => Self::Off,
            AutoTopUpStatus::Active => Self::Active,
            AutoTopUpStatus::Stopped => Self::Stopped,
        }
    }
}

/// A way of paying that a gateway keeps.
#[derive(Serialize, ToSchema)]
#[schema(as = SavedPaymentMethod)]
pub(crate) struct SavedMethodDto {
    /// Which gateway keeps it.
    #[schema(example = "stripe")]
    gateway: String,
    /// What you know it by.
    #[schema(example = "visa 4242")]
    label: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    saved_at: Timestamp,
}

/// How a wallet tops itself up.
#[derive(Serialize, ToSchema)]
#[schema(as = AutoTopUp)]
pub(crate) struct AutoTopUpDto {
    /// Whether it does.
    status: AutoTopUpStatusDto,
    /// What is charged; null while none is saved.
    payment_method: Option<SavedMethodDto>,
    /// Below which balance.
    threshold: Option<MoneyDto>,
    /// How much is paid in then.
    amount: Option<MoneyDto>,
    /// How often in 24 hours at most.
    #[schema(example = 3)]
    max_per_day: Option<i64>,
    /// How often it failed since it went well last.
    #[schema(example = 0)]
    failures: i64,
    /// Why it failed last.
    failure: Option<String>,
    /// Until when it waits: after a failure, or because that is enough for a
    /// day.
    #[schema(value_type = Option<String>, format = DateTime)]
    not_before: Option<Timestamp>,
}

impl From<OwnAutoTopUp> for AutoTopUpDto {
    fn from(own: OwnAutoTopUp) -> Self {
        let Some(auto) = own.auto else {
            return Self {
                status: AutoTopUpStatusDto::Off,
                payment_method: None,
                threshold: None,
                amount: None,
                max_per_day: None,
                failures: 0,
                failure: None,
                not_before: None,
            };
        };
        let AutoTopUp { terms, .. } = auto;
        let money = |minor| MoneyDto::from(Money::new(minor, own.currency));
        Self {
            status: auto.status.into(),
            payment_method: Some(SavedMethodDto {
                gateway: auto.gateway,
                label: auto.method.label,
                saved_at: auto.saved_at,
            }),
            threshold: terms.map(|terms| money(terms.threshold)),
            amount: terms.map(|terms| money(terms.amount)),
            max_per_day: terms.map(|terms| terms.max_per_day),
            failures: auto.failures,
            failure: auto.failure,
            not_before: auto.not_before,
        }
    }
}
