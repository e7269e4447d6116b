//! Postal addresses.

use crate::extract::line;
use orders_model::address::{Address, is_country};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// A postal address.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = Address)]
pub(crate) struct AddressDto {
    /// Who.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: String,
    /// The firm.
    #[validate(custom(function = "line"), length(max = 200))]
    #[schema(max_length = 200)]
    company: Option<String>,
    /// Street and number.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Unter den Linden 1")]
    line1: String,
    /// Staircase, flat.
    #[validate(custom(function = "line"), length(max = 200))]
    #[schema(max_length = 200)]
    line2: Option<String>,
    /// The place.
    #[validate(custom(function = "line"), length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, example = "Berlin")]
    city: String,
    /// The postal code, where there are any.
    #[validate(custom(function = "line"), length(max = 20))]
    #[schema(max_length = 20, example = "10117")]
    postal_code: Option<String>,
    /// State, province or county.
    #[validate(custom(function = "line"), length(max = 120))]
    #[schema(max_length = 120)]
    region: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[validate(custom(function = country))]
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    country: String,
    /// For the carrier.
    #[validate(custom(function = "line"), length(max = 40))]
    #[schema(max_length = 40)]
    phone: Option<String>,
}

fn country(code: &str) -> Result<(), ValidationError> {
    if is_country(code) {
        Ok(())
    } else {
        Err(ValidationError::new("country")
            .with_message("must be an ISO 3166-1 alpha-2 code such as DE".into()))
    }
}

impl From<AddressDto> for Address {
    fn from(dto: AddressDto) -> Self {
        Self {
            name: dto.name,
            company: dto.company,
            line1: dto.line1,
            line2: dto.line2,
            city: dto.city,
            postal_code: dto.postal_code,
            region: dto.region,
            country: dto.country,
            phone: dto.phone,
        }
    }
}

impl From<Address> for AddressDto {
    fn from(address: Address) -> Self {
        Self {
            name: address.name,
            company: address.company,
            line1: address.line1,
            line2: address.line2,
            city: address.city,
            postal_code: address.postal_code,
            region: address.region,
            country: address.country,
            phone: address.phone,
        }
    }
}
