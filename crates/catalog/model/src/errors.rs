//! What can go wrong with the catalog.

use std::time::Duration;

use kernel::{
    AccessDenied, Currency, DomainError, ErrorKind, Fault, FieldError, OnceError, StockItemId,
};
use strum::{EnumDiscriminants, EnumIter};

use crate::bundle_errors::BundleError;
use crate::category::MAX_DEPTH;
use crate::image::MAX_IMAGES;
use crate::price_list::MAX_LISTS;
use crate::seller_errors::SellerError;
use crate::stock::MAX_ON_HAND;
use crate::variant::MAX_PER_PRODUCT;

/// Why a use case of the catalog was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(CatalogErrorCode), derive(EnumIter))]
pub enum CatalogError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// The text is no slug.
    #[error(
        "a slug has 1 to 120 lower-case letters, digits and single hyphens; give one where the name has no such characters"
    )]
    InvalidSlug,
    /// No such category.
    #[error("there is no such category")]
    CategoryNotFound,
    /// The slug is taken.
    #[error("there is a category with this slug already")]
    CategorySlugTaken,
    /// No such parent.
    #[error("the parent category does not exist")]
    ParentNotFound,
    /// It would lie below itself.
    #[error("a category cannot lie below itself")]
    CategoryCycle,
    /// Too many levels.
    #[error("the category tree has at most {MAX_DEPTH} levels")]
    CategoryTooDeep,
    /// A product names a category that does not exist.
    #[error("one of the categories does not exist")]
    UnknownCategory,
    /// No such product.
    #[error("there is no such product")]
    ProductNotFound,
    /// The slug is taken.
    #[error("there is a product with this slug already")]
    ProductSlugTaken,
    /// No such variant.
    #[error("there is no such variant")]
    VariantNotFound,
    /// The SKU is taken.
    #[error("there is a variant with this SKU already")]
    SkuTaken,
    /// Too many variants.
    #[error("a product has at most {MAX_PER_PRODUCT} variants")]
    TooManyVariants,
    /// No such price list.
    #[error("there is no such price list")]
    PriceListNotFound,
    /// A list would end before it begins.
    #[error("`ends_at` must be later than `starts_at`")]
    PriceListTimes,
    /// Too many lists count at once.
    #[error("at most {MAX_LISTS} price lists are active; archive one first")]
    TooManyPriceLists,
    /// Prices of a list make no sense.
    #[error("some of the prices cannot be set; `errors` says which and why")]
    ListPrices(Vec<FieldError>),
    /// Nothing is sold in a currency.
    #[error("nothing is sold in {asked} here; there are prices in {}", listed(.known))]
    CurrencyNotSold {
        /// The one that was asked for.
        asked: Currency,
        /// Those there are prices in.
        known: Vec<Currency>,
    },
    /// Search knows the prices of the shop's own currency only.
    #[error(
        "`q`, `attribute` and `facets` go by prices in the shop's own currency; leave them out, or leave out `currency`"
    )]
    SearchCurrency,
    /// No variant has the values that were chosen.
    #[error("{0}")]
    NoSuchChoice(String),
    /// Lists of options make no sense.
    #[error("{0}")]
    MatrixOptions(&'static str),
    /// No good SKUs come of a pattern.
    #[error("{0}")]
    SkuPattern(String),
    /// The price is in a currency that the tenant does not use.
    #[error("prices of this tenant are in {0}")]
    WrongCurrency(Currency),
    /// So is the compare-at price.
    #[error("prices of this tenant are in {0}, and so are the prices they are compared with")]
    CompareAtCurrency(Currency),
    /// The compare-at price is no more than the price.
    #[error("a compare-at price is above the price; raise it, or remove it by null")]
    CompareAtTooLow,
    /// The variant has nothing to count.
    #[error("this variant has no stock to adjust: services and downloads are not counted")]
    NotCounted,
    /// The variants share one pile.
    #[error(
        "the variants of this product share one pile; leave out `on_hand` and adjust the stock of any of them"
    )]
    SharedPile,
    /// A number makes no sense.
    #[error("a quantity is at least 1, and stock between 0 and {MAX_ON_HAND}")]
    QuantityOutOfRange(&'static str),
    /// More was to be taken away than there is.
    #[error("only {0} are there; take away less, or say by `to` how many there are")]
    TakesTooMany(i64),
    /// The pile would be smaller than what is promised of it.
    #[error("stock cannot go below what is reserved for orders")]
    BelowReserved,
    /// There is not enough.
    #[error("there is not enough stock")]
    OutOfStock(Vec<StockItemId>),
    /// What was sold before it was there is not there yet.
    #[error("what was sold before it was there is not there yet")]
    NotThereYet(Vec<StockItemId>),
    /// Only what is there is sold, and more at the same time.
    #[error(
        "`backorder_limit` and `available_at` belong to `supply` `backorder` or `preorder`; give one of these, or leave them out"
    )]
    SupplyIsStock,
    /// More is sold than there is, without a limit.
    #[error(
        "say by `backorder_limit` how many may be sold beyond what is there: 1 to {MAX_ON_HAND}"
    )]
    SupplyLimit,
    /// Stock was never compared with its reservations.
    #[error("stock was not compared with its reservations yet; a job does it every hour")]
    NoSyncYet,
    /// A preorder needs a day.
    #[error("say by `available_at` when it is out: a time in the future")]
    PreorderDay,
    /// Somebody else changed it.
    #[error(
        "it was changed by somebody else in the meantime; read it again and repeat your change"
    )]
    VersionMismatch,
    /// No such picture.
    #[error("there is no such picture of this product")]
    ImageNotFound,
    /// It is no picture that we take.
    #[error(
        "this is no JPEG, PNG or WebP picture; what it is called does not matter, only what is in it"
    )]
    ImageType,
    /// It cannot be decoded.
    #[error(
        "the picture is damaged or of a kind that is not understood; save it anew and send it again"
    )]
    ImageBroken,
    /// It has too many pixels.
    #[error(
        "the picture has {width} x {height} pixels; at most {max} in all are taken, and {side} on a side"
    )]
    ImagePixels {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// How many it may have.
        max: usize,
        /// How long a side may be.
        side: u32,
    },
    /// It has too many bytes.
    #[error("a picture may have at most {0} bytes; save it smaller and send it again")]
    ImageBytes(usize),
    /// The product has enough of them.
    #[error("a product has at most {MAX_IMAGES} pictures; delete one first")]
    TooManyImages,
    /// The product has this very picture.
    #[error("the product has this very picture already")]
    ImageDuplicate,
    /// Too many pictures are being worked at.
    #[error("other pictures are being worked at; send it again in a moment")]
    ImagesBusy,
    /// The order is not one of the product's pictures.
    #[error("name each picture of the product once, in the order in which they are to be shown")]
    ImageOrder,
    /// No such import.
    #[error("there is no such import")]
    ImportNotFound,
    /// Another import is going on.
    #[error("another import is going on; wait for its end or cancel it")]
    ImportGoingOn,
    /// The import is over.
    #[error("this import is over; there is nothing to cancel")]
    ImportOver,
    /// The file is not text in UTF-8.
    #[error("line {0} is not text in UTF-8; save the file as \"CSV UTF-8\" and send it again")]
    ImportEncoding(u64),
    /// The file is too large.
    #[error("a file may have at most {0} bytes; send it in parts")]
    ImportTooLarge(usize),
    /// The file is empty.
    #[error("the file is empty")]
    ImportEmpty,
    /// The file broke off.
    #[error("the file did not come to its end; send it again")]
    ImportBroken,
    /// The catalog has more properties than a table has columns.
    #[error(
        "the products have more than {0} different attributes and options, which are columns of a table; name them alike"
    )]
    ExportTooWide(usize),
    /// Something about bundles was refused.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Something about sellers was refused.
    #[error(transparent)]
    Seller(#[from] SellerError),
    /// A repeated request stands in the way.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

fn listed(currencies: &[Currency]) -> String {
    let codes: Vec<&str> = currencies.iter().map(|one| one.code()).collect();
    codes.join(", ")
}

impl DomainError for CatalogError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Bundle(inner) => inner.kind(),
            Self::Seller(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => CatalogErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Bundle(inner) => inner.code(),
            Self::Seller(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => CatalogErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::InvalidSlug | Self::CategorySlugTaken | Self::ProductSlugTaken => "/slug",
            Self::ParentNotFound | Self::CategoryCycle | Self::CategoryTooDeep => "/parent_id",
            Self::UnknownCategory => "/category_ids",
            Self::SkuTaken => "/sku",
            Self::ListPrices(wrong) => return wrong.clone(),
            Self::PriceListTimes => "/ends_at",
            Self::CurrencyNotSold { .. } | Self::SearchCurrency => "/currency",
            Self::MatrixOptions(_) => "/options",
            Self::SkuPattern(_) => "/sku_pattern",
            Self::WrongCurrency(_) => "/price/currency",
            Self::CompareAtCurrency(_) => "/compare_at_price/currency",
            Self::CompareAtTooLow => "/compare_at_price",
            Self::SharedPile => "/on_hand",
            Self::QuantityOutOfRange(pointer) => pointer,
            Self::TakesTooMany(_) => "/by",
            Self::SupplyIsStock => "/supply",
            Self::SupplyLimit => "/backorder_limit",
            Self::PreorderDay => "/available_at",
            Self::ImageType
            | Self::ImageBroken
            | Self::ImagePixels { .. }
            | Self::ImageBytes(_) => "/file",
            Self::ImageOrder => "/image_ids",
            Self::Bundle(inner) => return inner.fields(),
            Self::Seller(inner) => return inner.fields(),
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Once(inner) => inner.retry_after(),
            Self::Fault(inner) => inner.retry_after(),
            Self::Seller(inner) => inner.retry_after(),
            Self::ImagesBusy => Some(Duration::from_secs(2)),
            _ => None,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Once(inner) => inner.fault(),
            Self::Fault(fault) => Some(fault),
            Self::Seller(inner) => inner.fault(),
            _ => None,
        }
    }
}
