//! What can go wrong with bundles.

use kernel::{DomainError, ErrorKind, FieldError};
use strum::{EnumDiscriminants, EnumIter};

use crate::bundle::{MAX_BUNDLES, MAX_COMPONENTS, MAX_QUANTITY};

/// Why something about bundles was refused. Texts that errors carry are SKUs;
/// numbers are places in the list that was given.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(BundleErrorCode), derive(EnumIter))]
pub enum BundleError {
    /// There are too many components.
    #[error("a bundle has at most {MAX_COMPONENTS} components")]
    TooManyComponents,
    /// It would be made of itself.
    #[error("a bundle cannot be a component of itself")]
    Itself(usize),
    /// A component is named twice.
    #[error("name each component once, with how many of it are in a bundle")]
    Twice(usize),
    /// A number makes no sense.
    #[error("of each component 1 to {MAX_QUANTITY} are in a bundle")]
    Quantity(usize),
    /// A component is a bundle.
    #[error("bundles cannot be components of others; name the components of {0} instead")]
    Nested(String),
    /// The variant is a component.
    #[error(
        "this variant is a component of bundles, and so cannot be one; take it out of them first"
    )]
    IsComponent,
    /// A component is not sold any more.
    #[error("archived variants, and those of archived products, cannot be components: {0}")]
    Archived(String),
    /// A component is somebody else's.
    #[error("the components of a bundle are of its own seller; these are not: {0}")]
    OtherSeller(String),
    /// A component is in too many bundles.
    #[error("a variant is in at most {MAX_BUNDLES} bundles; take it out of others first: {0}")]
    TooManyBundles(String),
    /// Goods would not be shipped.
    #[error("services and downloads are not shipped, so goods cannot be components of them: {0}")]
    NotShipped(String),
    /// The variant has stock of its own.
    #[error(
        "a bundle has no stock of its own, and this variant has: set it to 0 first, when no order waits for it any more"
    )]
    HasStock,
    /// Somebody asks for the stock of a bundle.
    #[error(
        "a bundle has no stock of its own; its components have, and pieces that are set aside can only be taken away"
    )]
    NoStock,
    /// It is a component of bundles that are sold.
    #[error(
        "it is a component of bundles that are sold; archive these, or take it out, first: {0}"
    )]
    InBundles(String),
    /// Its bundles, or their other components, stay with the seller.
    #[error(
        "the components of a bundle are of its own seller; take these bundles apart before the product changes hands: {0}"
    )]
    KeepsSeller(String),
}

/// How many names stand in a sentence.
const NAMED: usize = 10;

/// Names for a sentence: the first ones, and how many more there are.
pub fn some<T: AsRef<str>>(names: &[T]) -> String {
    let listed: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    let listed = listed.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

impl BundleErrorCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooManyComponents => "bundle.too_many_components",
            Self::Itself => "bundle.itself",
            Self::Twice => "bundle.component_twice",
            Self::Quantity => "bundle.quantity",
            Self::Nested => "bundle.nested",
            Self::IsComponent => "bundle.is_component",
            Self::Archived => "bundle.archived_component",
            Self::OtherSeller => "bundle.other_seller",
            Self::TooManyBundles => "bundle.too_many_bundles",
            Self::NotShipped => "bundle.not_shipped",
            Self::HasStock => "bundle.has_stock",
            Self::NoStock => "stock.bundle",
            Self::InBundles => "variant.in_bundles",
            Self::KeepsSeller => "product.in_bundles",
        }
    }

    /// What kind of failure has the code.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::TooManyComponents
            | Self::Itself
            | Self::Twice
            | Self::Quantity
            | Self::Nested
            | Self::OtherSeller
            | Self::NotShipped => ErrorKind::Unprocessable,
            Self::IsComponent
            | Self::Archived
            | Self::TooManyBundles
            | Self::HasStock
            | Self::NoStock
            | Self::InBundles
            | Self::KeepsSeller => ErrorKind::Conflict,
        }
    }
}

impl DomainError for BundleError {
    fn kind(&self) -> ErrorKind {
        BundleErrorCode::from(self).kind()
    }

    fn code(&self) -> &'static str {
        BundleErrorCode::from(self).code()
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::Itself(n) | Self::Twice(n) => format!("/components/{n}/variant_id"),
            Self::Quantity(n) => format!("/components/{n}/quantity"),
            Self::TooManyComponents
            | Self::Nested(_)
            | Self::Archived(_)
            | Self::OtherSeller(_)
            | Self::TooManyBundles(_)
            | Self::NotShipped(_) => "/components".to_owned(),
            Self::KeepsSeller(_) => "/seller_id".to_owned(),
            Self::IsComponent | Self::HasStock | Self::NoStock | Self::InBundles(_) => {
                return Vec::new();
            }
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stay_short() {
        assert_eq!(some(&["A", "B"]), "A, B");
        let many: Vec<String> = (0..140).map(|n| n.to_string()).collect();
        assert_eq!(some(&many), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 130 more");
    }
}
