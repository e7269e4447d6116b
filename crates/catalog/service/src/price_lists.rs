//! Making price lists, and setting what is in them.

use std::collections::BTreeSet;

use catalog_model::CatalogError;
use catalog_model::events::PriceListsChanged;
use catalog_model::jobs::RefreshPrices;
use catalog_model::price_list::{
    ListPrice, MAX_AT_ONCE, NewPriceList, PriceList, PriceListChange, PriceListStatus, PriceSetting,
};
use catalog_model::variant::check_compare_at;
use catalog_repository::{price_lists, prices};
use database::{Once, Scoped, Transaction};
use kernel::{
    AuditEntry, Audited as _, Currency, DomainError as _, Expected, FieldError, Page, PageRequest,
    Permission, PriceListId, ProductId, Scope, Snapshot, VariantId,
};

use crate::Catalog;
use crate::index::index;

pub use catalog_repository::price_lists::Filter as PriceListFilter;

/// How many products are worked out in one transaction.
const AT_ONCE: usize = 100;

impl Catalog {
    /// The price lists of the tenant, newest first.
    pub async fn price_lists(
        &self,
        scope: &Scope,
        filter: &PriceListFilter,
        page: PageRequest<PriceListId>,
    ) -> Result<Page<PriceList, PriceListId>, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        Ok(price_lists::list(&db, filter, page).await?)
    }

    /// One price list.
    pub async fn price_list(
        &self,
        scope: &Scope,
        id: PriceListId,
    ) -> Result<PriceList, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        known(&db, id).await
    }

    /// What is in a list, in order of the variants.
    pub async fn list_prices(
        &self,
        scope: &Scope,
        id: PriceListId,
        page: PageRequest<VariantId>,
    ) -> Result<Page<ListPrice, VariantId>, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        let list = known(&db, id).await?;
        Ok(price_lists::prices(&db, &list, page).await?)
    }

    /// Makes a price list with nothing in it.
    pub async fn create_price_list(
        &self,
        scope: &Scope,
        new: NewPriceList,
    ) -> Result<PriceList, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<PriceList>(scope, "price_list.create", now)
            .await?
        {
            Once::Replayed(list) => return Ok(list),
            Once::Fresh(tx) => tx,
        };
        let list = PriceList::new(new, now)?;
        price_lists::insert(&tx, &list).await?;
        if price_lists::too_many(&tx).await? {
            return Err(CatalogError::TooManyPriceLists);
        }
        self.queue.publish(&tx, &PriceListsChanged {}).await?;
        self.refresh_when_it_turns(&tx, &list).await?;
        let entry = AuditEntry::new("price_list.create", list.id).after(&list);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(list).await?)
    }

    /// Changes a price list, if its version is still that one. What lists of
    /// products show follows by a job.
    pub async fn change_price_list(
        &self,
        scope: &Scope,
        id: PriceListId,
        change: PriceListChange,
        expected: &Expected,
    ) -> Result<PriceList, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let tx = self
            .database
            .begin_write(scope, "price_list.change")
            .await?;
        let list = price_lists::lock(&tx, id)
            .await?
            .ok_or(CatalogError::PriceListNotFound)?;
        if !expected.is_met_by(list.version) {
            return Err(CatalogError::VersionMismatch);
        }
        if change == PriceListChange::default() {
            return Ok(list);
        }
        let before = list.snapshot();
        let list = list.changed(change, self.now())?;
        if !price_lists::update(&tx, &list).await? {
            return Err(CatalogError::VersionMismatch);
        }
        if list.status == PriceListStatus::Active && price_lists::too_many(&tx).await? {
            return Err(CatalogError::TooManyPriceLists);
        }
        self.queue.publish(&tx, &PriceListsChanged {}).await?;
        self.queue.enqueue(&tx, &RefreshPrices { list: id }).await?;
        self.refresh_when_it_turns(&tx, &list).await?;
        let entry = AuditEntry::new("price_list.change", id);
        self.record(&tx, entry.before(&before).after(&list)).await?;
        tx.commit().await?;
        Ok(list)
    }

    /// Works out lists of products anew when a list begins and when it ends.
    async fn refresh_when_it_turns(
        &self,
        tx: &Transaction,
        list: &PriceList,
    ) -> Result<(), CatalogError> {
        for at in list.turns_after(self.now()) {
            let job = RefreshPrices { list: list.id };
            self.queue.enqueue_at(tx, &job, at).await?;
        }
        Ok(())
    }

    /// Sets prices of a list, and takes variants out of it: all or nothing.
    /// Answers how many prices were set and taken away.
    pub async fn set_list_prices(
        &self,
        scope: &Scope,
        id: PriceListId,
        settings: Vec<PriceSetting>,
    ) -> Result<usize, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "price_list.set").await?;
        let list = price_lists::lock(&tx, id)
            .await?
            .ok_or(CatalogError::PriceListNotFound)?;
        let variants: Vec<VariantId> = settings.iter().map(|one| one.variant).collect();
        let owners = price_lists::products_of(&tx, &variants).await?;
        let is_known = |variant| owners.iter().any(|(known, _)| *known == variant);
        check_settings(&list, &settings, is_known)?;
        let products: BTreeSet<ProductId> = owners.iter().map(|(_, product)| *product).collect();
        let products: Vec<ProductId> = products.into_iter().collect();
        prices::lock(&tx, &products).await?;
        price_lists::set(&tx, id, &settings, now).await?;
        self.show_prices(&tx, &products).await?;
        let removed = settings.iter().filter(|one| one.price.is_none()).count();
        let after = Snapshot::new()
            .with("set", settings.len() - removed)
            .with("removed", removed)
            .with(
                "variants",
                variants.iter().copied().collect::<kernel::Fact>(),
            )
            .with(
                "prices",
                settings
                    .iter()
                    .map(|one| one.price.map_or(0, |price| price.minor))
                    .collect::<kernel::Fact>(),
            );
        let entry = AuditEntry::new("price_list.set_prices", id).after(&after);
        self.record(&tx, entry).await?;
        tx.commit().await?;
        Ok(settings.len())
    }

    /// Works out what lists of products and search show of some that are
    /// locked.
    async fn show_prices(
        &self,
        tx: &Transaction,
        products: &[ProductId],
    ) -> Result<(), CatalogError> {
        prices::refresh(tx, products, self.now()).await?;
        index(tx, products.iter().copied(), self.now()).await?;
        self.queue.publish(tx, &PriceListsChanged {}).await?;
        Ok(())
    }

    /// Works out what lists of products show of all products in a price list;
    /// called by its job when the list was changed, begins or ends. Again does
    /// no harm.
    pub async fn refresh_prices(
        &self,
        scope: &Scope,
        list: PriceListId,
    ) -> Result<(), CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let mut after = None;
        loop {
            let tx = self
                .database
                .begin_write(scope, "price_list.refresh")
                .await?;
            let some = price_lists::products_in(&tx, list, after, AT_ONCE).await?;
            let some = prices::lock(&tx, &some).await?;
            self.show_prices(&tx, &some).await?;
            tx.commit().await?;
            match some.last() {
                Some(last) => after = Some(*last),
                None => return Ok(()),
            }
        }
    }

    /// The currencies the tenant sells in: its own first, then those of active
    /// price lists.
    pub async fn currencies(&self, scope: &Scope) -> Result<Vec<Currency>, CatalogError> {
        let own = self.currency(scope).await?;
        let db = self.database.read(scope).await?;
        let others = prices::currencies(&db).await?;
        let others = others.into_iter().filter(|other| *other != own);
        Ok(std::iter::once(own).chain(others).collect())
    }

    /// Refuses a currency the tenant does not sell in. Nothing is asked about
    /// its own.
    pub async fn check_currency(
        &self,
        scope: &Scope,
        currency: Currency,
    ) -> Result<(), CatalogError> {
        if currency == self.currency(scope).await? {
            return Ok(());
        }
        let known = self.currencies(scope).await?;
        if known.contains(&currency) {
            return Ok(());
        }
        Err(CatalogError::CurrencyNotSold {
            asked: currency,
            known,
        })
    }
}

async fn known(db: &Scoped, id: PriceListId) -> Result<PriceList, CatalogError> {
    price_lists::find(db, id)
        .await?
        .ok_or(CatalogError::PriceListNotFound)
}

/// Refuses prices that cannot be set, and says of each what is wrong.
fn check_settings(
    list: &PriceList,
    settings: &[PriceSetting],
    is_known: impl Fn(VariantId) -> bool,
) -> Result<(), CatalogError> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (n, one) in settings.iter().enumerate() {
        let mut refuse = |field: &str, code: &str, why: String| {
            wrong.push(FieldError::new(format!("/prices/{n}/{field}"), code, why));
        };
        if !is_known(one.variant) {
            let why = CatalogError::VariantNotFound;
            refuse("variant_id", why.code(), why.to_string());
        }
        if !seen.insert(one.variant) {
            let why = "name each variant once";
            refuse("variant_id", "twice", why.to_owned());
        }
        match one.price {
            Some(price) if price.currency != list.currency => {
                let why = format!("the prices of this list are in {}", list.currency);
                refuse("price/currency", "variant.wrong_currency", why);
            }
            Some(price) => {
                if let Err(why) = check_compare_at(price, one.compare_at) {
                    refuse("compare_at_price", why.code(), why.to_string());
                }
            }
            None if one.compare_at.is_some() => {
                let why = "there is nothing to compare without a price";
                refuse("compare_at_price", "value", why.to_owned());
            }
            None => {}
        }
    }
    if settings.is_empty() || settings.len() > MAX_AT_ONCE {
        let why = format!("must have 1 to {MAX_AT_ONCE} entries");
        wrong.push(FieldError::new("/prices", "length", why));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(CatalogError::ListPrices(wrong))
    }
}
