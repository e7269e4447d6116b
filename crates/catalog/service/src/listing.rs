//! What the public reads.

use catalog_model::CatalogError;
use catalog_model::listing::{ProductFilter, ProductPosition, ProductRef, ProductSort};
use catalog_model::offer::{Offer, ProductDetail, ProductSummary};
use catalog_model::product::ProductStatus;
use catalog_model::search::Wanted;
use catalog_repository::detail::Audience;
use catalog_repository::{detail, listing, offers};
use database::Scoped;
use kernel::{Page, PageRequest, Permission, Scope, VariantId};

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
    ) -> Result<Found, CatalogError> {
        let filter = ProductFilter {
            status: Some(ProductStatus::Active),
            ..filter
        };
        if is_search(&filter, wanted) {
            return self.search(scope, &filter, sort, page, wanted).await;
        }
        let db = self.database.read(scope).await?;
        let rows = listing::list(&db, &filter, sort, &page, true).await?;
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
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        let rows = listing::list(&db, &filter, sort, &page, false).await?;
        Ok(paged(rows, sort, page.limit))
    }

    /// A product that is sold, with all that belongs to it.
    pub async fn product(
        &self,
        scope: &Scope,
        product: &ProductRef,
    ) -> Result<ProductDetail, CatalogError> {
        let db = self.database.read(scope).await?;
        let mut found = detail::find(&db, product, Audience::Public)
            .await?
            .ok_or(CatalogError::ProductNotFound)?;
        let now = self.now();
        for variant in &mut found.variants {
            variant.stock = variant.stock.map(|pile| pile.at(now));
        }
        Ok(found)
    }

    /// What carts and orders need to know about variants, with the supply that
    /// holds now; unknown ones are left out.
    pub async fn offers_in_tx(
        &self,
        db: &Scoped,
        variants: &[VariantId],
    ) -> Result<Vec<Offer>, CatalogError> {
        let mut offers = offers::find(db, variants).await?;
        let now = self.now();
        for offer in &mut offers {
            offer.supply = offer.supply.at(now);
        }
        Ok(offers)
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
