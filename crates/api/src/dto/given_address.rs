//! Addresses that are given as they are, or by their id in an address book.

use kernel::SavedAddressId;
use orders_model::DeliveryError;
use orders_service::GivenAddress;

use super::address::AddressDto;
use crate::problem::ApiError;

/// The address that is given in one of two ways; both at once are refused.
pub(crate) fn given(
    field: &'static str,
    address: Option<AddressDto>,
    saved: Option<SavedAddressId>,
) -> Result<Option<GivenAddress>, ApiError> {
    match (address, saved) {
        (Some(_), Some(_)) => Err(DeliveryError::AddressTwice(field).into()),
        (Some(address), None) => Ok(Some(GivenAddress::Itself(address.into()))),
        (None, Some(id)) => Ok(Some(GivenAddress::Saved(id))),
        (None, None) => Ok(None),
    }
}

/// The same where null removes the address.
pub(crate) fn removable(
    field: &'static str,
    address: Option<Option<AddressDto>>,
    saved: Option<SavedAddressId>,
) -> Result<Option<Option<GivenAddress>>, ApiError> {
    match (address, saved) {
        (Some(None), None) => Ok(Some(None)),
        (Some(None), Some(_)) => Err(DeliveryError::AddressTwice(field).into()),
        (address, saved) => Ok(given(field, address.flatten(), saved)?.map(Some)),
    }
}
