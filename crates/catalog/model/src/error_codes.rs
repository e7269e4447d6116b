//! The codes of what can go wrong with the catalog, and what kind each is.

use kernel::ErrorKind;

use crate::errors::CatalogErrorCode;

impl CatalogErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidSlug => "catalog.invalid_slug",
            Self::CategoryNotFound => "category.not_found",
            Self::CategorySlugTaken => "category.slug_taken",
            Self::ParentNotFound => "category.parent_not_found",
            Self::CategoryCycle => "category.cycle",
            Self::CategoryTooDeep => "category.too_deep",
            Self::UnknownCategory => "product.unknown_category",
            Self::ProductNotFound => "product.not_found",
            Self::ProductSlugTaken => "product.slug_taken",
            Self::VariantNotFound => "variant.not_found",
            Self::SkuTaken => "variant.sku_taken",
            Self::TooManyVariants => "variant.too_many",
            Self::PriceListNotFound => "price_list.not_found",
            Self::PriceListTimes => "price_list.times",
            Self::TooManyPriceLists => "price_list.too_many",
            Self::ListPrices => "price_list.invalid_prices",
            Self::CurrencyNotSold => "catalog.currency_not_sold",
            Self::SearchCurrency => "catalog.search_currency",
            Self::NoSuchChoice => "variant.no_match",
            Self::MatrixOptions => "variant.matrix_options",
            Self::SkuPattern => "variant.sku_pattern",
            Self::WrongCurrency | Self::CompareAtCurrency => "variant.wrong_currency",
            Self::CompareAtTooLow => "variant.compare_at_too_low",
            Self::NotCounted => "stock.not_counted",
            Self::SharedPile => "stock.shared",
            Self::QuantityOutOfRange => "stock.quantity_out_of_range",
            Self::BelowReserved => "stock.below_reserved",
            Self::TakesTooMany | Self::OutOfStock => "stock.not_enough",
            Self::NotThereYet => "stock.not_there_yet",
            Self::SupplyIsStock => "stock.supply_is_stock",
            Self::SupplyLimit => "stock.supply_limit",
            Self::PreorderDay => "stock.preorder_day",
            Self::NoSyncYet => "stock.no_sync_yet",
            Self::VersionMismatch => "version_mismatch",
            Self::ImageNotFound => "image.not_found",
            Self::ImageType => "image.unsupported_type",
            Self::ImageBroken => "image.broken",
            Self::ImagePixels => "image.too_many_pixels",
            Self::ImageBytes => "image.too_large",
            Self::TooManyImages => "image.too_many",
            Self::ImageDuplicate => "image.already_there",
            Self::ImagesBusy => "image.busy",
            Self::ImageOrder => "image.order",
            Self::ImportNotFound => "import.not_found",
            Self::ImportGoingOn => "import.going_on",
            Self::ImportOver => "import.over",
            Self::ImportEncoding => "import.encoding",
            Self::ImportTooLarge => "import.too_large",
            Self::ImportEmpty => "import.empty",
            Self::ImportBroken => "import.broken_off",
            Self::ExportTooWide => "export.too_wide",
            Self::Access | Self::Bundle | Self::Seller | Self::Once | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::InvalidSlug
            | Self::ParentNotFound
            | Self::CategoryCycle
            | Self::CategoryTooDeep
            | Self::UnknownCategory
            | Self::PriceListTimes
            | Self::ListPrices
            | Self::CurrencyNotSold
            | Self::SearchCurrency
            | Self::MatrixOptions
            | Self::SkuPattern
            | Self::WrongCurrency
            | Self::CompareAtCurrency
            | Self::CompareAtTooLow
            | Self::SharedPile
            | Self::QuantityOutOfRange
            | Self::SupplyIsStock
            | Self::SupplyLimit
            | Self::PreorderDay
            | Self::ImageBroken
            | Self::ImagePixels
            | Self::ImageOrder
            | Self::ImportEncoding
            | Self::ExportTooWide
            | Self::ImportEmpty => K::Unprocessable,
            Self::CategoryNotFound
            | Self::ProductNotFound
            | Self::VariantNotFound
            | Self::NoSuchChoice
            | Self::PriceListNotFound
            | Self::NoSyncYet
            | Self::ImageNotFound
            | Self::ImportNotFound => K::NotFound,
            Self::ImageType => K::UnsupportedMediaType,
            Self::ImageBytes | Self::ImportTooLarge => K::TooLarge,
            Self::ImportBroken => K::Malformed,
            Self::ImagesBusy => K::Unavailable,
            Self::CategorySlugTaken
            | Self::ProductSlugTaken
            | Self::SkuTaken
            | Self::TooManyVariants
            | Self::NotCounted
            | Self::BelowReserved
            | Self::TakesTooMany
            | Self::OutOfStock
            | Self::NotThereYet
            | Self::TooManyImages
            | Self::TooManyPriceLists
            | Self::ImageDuplicate
            | Self::ImportGoingOn
            | Self::ImportOver => K::Conflict,
            Self::VersionMismatch => K::PreconditionFailed,
            Self::Access | Self::Bundle | Self::Seller | Self::Once | Self::Fault => K::Internal,
        }
    }
}
