//! Amounts of money.

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// An amount of money in minor units: 1299 in EUR is 12.99 €.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = Money, example = json!({"amount": 1299, "currency": "EUR"}))]
pub(crate) struct MoneyDto {
    /// Minor units: cents for EUR, yen for JPY.
    pub(crate) amount: i64,
    /// ISO 4217.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$")]
    pub(crate) currency: Currency,
}

impl From<Money> for MoneyDto {
    fn from(money: Money) -> Self {
        Self {
            amount: money.minor,
            currency: money.currency,
        }
    }
}

impl From<MoneyDto> for Money {
    fn from(dto: MoneyDto) -> Self {
        Self::new(dto.amount, dto.currency)
    }
}

/// For amounts that must be above zero.
pub(crate) fn some_money(amount: &MoneyDto) -> Result<(), ValidationError> {
    if amount.amount > 0 {
        return Ok(());
    }
    Err(ValidationError::new("range").with_message("must be at least 1".into()))
}

/// For amounts that must not be zero.
pub(crate) fn not_nothing(amount: &MoneyDto) -> Result<(), ValidationError> {
    if amount.amount != 0 {
        return Ok(());
    }
    Err(ValidationError::new("range").with_message("must not be 0".into()))
}
