//! What the public reads.

use std::collections::BTreeMap;

use catalog_model::CatalogError;
use catalog_model::choice::{Choice, choose};
use catalog_model::listing::{ProductFilter, ProductPosition, ProductRef, ProductSort};
use catalog_model::offer::{Offer, ProductDetail, ProductSummary};
use catalog_model::product::ProductStatus;
use catalog_model::search::Wanted;
use catalog_repository::detail::Audience;
use catalog_repository::prices::Pricing;
use catalog_repository::{detail, listing, offers};
use database::Scoped;
use kernel::{Currency, Page, PageRequest, Permission, ProductId, Scope, VariantId};

use crate::Catalog;
use crate::search::{Found, is_search};

type ProductPage = Page<ProductSummary, ProductPosition>;

impl Catalog {
    /// Products that are sold, and how many there are of what is wanted. Words
    /// and facets are answered by search, anything else by a single statement.
    pub async fn products(
        &self,
        scope: &Scope,
        filter: ProductFilter,
        sort: ProductSort,
        page: PageRequest<ProductPosition>,
        wanted: Wanted,
        currency: Option<Currency>,
    ) -> Result<Found, CatalogError> {
        let pricing = self.pricing(scope, currency).await?;
        let filter = ProductFilter {
            status: Some(ProductStatus::Active),
            ..filter
        };
        if is_search(&filter, wanted) {
            if pricing.currency.is_some() {
                return Err(CatalogError::SearchCurrency);
            }
            return self.search(scope, &filter, sort, page, wanted).await;
        }
        let db = self.database.read(scope).await?;
        let rows = listing::list(&db, &filter, sort, &page, true, &pricing).await?;
        Ok(Found {
            page: paged(rows, sort, page.limit),
            counted: None,
        })
    }

    /// Products with any status.
    pub async fn all_products(
        &self,
        scope: &Scope,
        filter: ProductFilter,
        sort: ProductSort,
        page: PageRequest<ProductPosition>,
    ) -> Result<ProductPage, CatalogError> {
        scope.require_within(Permission::CatalogRead)?;
        let own = Pricing::own(self.now());
        let db = self.database.read(scope).await?;
        let rows = listing::list(&db, &filter, sort, &page, false, &own).await?;
        Ok(paged(rows, sort, page.limit))
    }

    /// In which currency prices are read: that of the shop unless it is
    /// another one that it sells in.
    async fn pricing(
        &self,
        scope: &Scope,
        currency: Option<Currency>,
    ) -> Result<Pricing, CatalogError> {
        let mut pricing = Pricing::own(self.now());
        if let Some(currency) = currency
            && currency != self.currency(scope).await?
        {
            self.check_currency(scope, currency).await?;
            pricing.currency = Some(currency);
        }
        Ok(pricing)
    }

    /// A product that is sold, with all that belongs to it: its variants that
    /// are sold in a currency, with what they cost in it.
    pub async fn product(
        &self,
        scope: &Scope,
        product: &ProductRef,
        currency: Option<Currency>,
    ) -> Result<ProductDetail, CatalogError> {
        let pricing = self.pricing(scope, currency).await?;
        let db = self.database.read(scope).await?;
        let mut detail = detail::find(&db, product, Audience::Public, pricing)
            .await?
            .ok_or(CatalogError::ProductNotFound)?;
        let currency = pricing.currency.unwrap_or(detail.product.currency);
        let variants = detail.variants.into_iter();
        let now = self.now();
        detail.variants = variants
            .filter_map(|variant| variant.in_currency(currency))
            .map(|variant| variant.at(now))
            .collect();
        Ok(detail)
    }

    /// The variant of a product that is sold with all chosen values, and what
    /// remains to be chosen.
    pub async fn choose(
        &self,
        scope: &Scope,
        product: &ProductRef,
        chosen: &BTreeMap<String, String>,
        currency: Option<Currency>,
    ) -> Result<(ProductId, Choice), CatalogError> {
        let detail = self.product(scope, product, currency).await?;
        Ok((detail.product.id, choose(&detail.variants, chosen)?))
    }

    /// What carts and orders need to know about variants, with what they cost
    /// in a currency and the supply that holds now; unknown ones are left out.
    /// What is not sold in the currency has a price in another one.
    pub async fn offers_in_tx(
        &self,
        db: &Scoped,
        variants: &[VariantId],
        currency: Currency,
    ) -> Result<Vec<Offer>, CatalogError> {
        let now = self.now();
        let offers = offers::find(db, variants, currency, now).await?;
        Ok(offers.into_iter().map(|offer| offer.at(now)).collect())
    }
}

fn paged(rows: Vec<ProductSummary>, sort: ProductSort, limit: u64) -> ProductPage {
    Page::from_rows(rows, limit, |product| match sort {
        ProductSort::Newest | ProductSort::Relevance => ProductPosition::Newest(product.id),
        ProductSort::Name => ProductPosition::Name(product.sort_name.clone(), product.id),
        ProductSort::Price | ProductSort::PriceDesc => {
            ProductPosition::Price(product.price_min.unwrap_or(0), product.id)
        }
    })
}
