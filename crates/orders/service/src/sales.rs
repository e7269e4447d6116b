//! What sellers are told of their business, and the shop of its sellers.

use jiff::civil::Date;
use kernel::{OrderId, Page, PageRequest, Permission, Scope, SellerId};
use orders_model::OrdersError;
use orders_model::sales::{Period, Sales, SalesReport, SellerOrder};
use orders_repository::sales;

use crate::Orders;

/// Which days; the last 30 when none are named.
#[derive(Debug, Clone, Copy, Default)]
pub struct AskedDays {
    /// The first one.
    pub from: Option<Date>,
    /// The last one.
    pub to: Option<Date>,
}

impl Orders {
    /// Orders with something of the caller's seller in them, reduced to that.
    pub async fn seller_orders(
        &self,
        scope: &Scope,
        page: PageRequest<OrderId>,
    ) -> Result<Page<SellerOrder, OrderId>, OrdersError> {
        let seller = scope.require_seller(Permission::OrdersRead)?;
        let db = self.database.read(scope).await?;
        Ok(sales::orders(&db, seller, page).await?)
    }

    /// One of them.
    pub async fn seller_order(
        &self,
        scope: &Scope,
        id: OrderId,
    ) -> Result<SellerOrder, OrdersError> {
        let seller = scope.require_seller(Permission::OrdersRead)?;
        let db = self.database.read(scope).await?;
        sales::find(&db, seller, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)
    }

    /// What the caller's seller sold.
    pub async fn own_sales(
        &self,
        scope: &Scope,
        days: AskedDays,
    ) -> Result<SalesReport, OrdersError> {
        let seller = scope.require_seller(Permission::OrdersRead)?;
        self.report(scope, Some(seller), days).await
    }

    /// What a seller sold, for the shop.
    pub async fn seller_sales(
        &self,
        scope: &Scope,
        seller: SellerId,
        days: AskedDays,
    ) -> Result<SalesReport, OrdersError> {
        self.catalog.seller(scope, seller).await?;
        self.report(scope, Some(seller), days).await
    }

    /// What all sellers and the shop itself sold.
    pub async fn all_sales(
        &self,
        scope: &Scope,
        days: AskedDays,
    ) -> Result<SalesReport, OrdersError> {
        scope.require(Permission::SellersRead)?;
        self.report(scope, None, days).await
    }

    async fn report(
        &self,
        scope: &Scope,
        seller: Option<SellerId>,
        days: AskedDays,
    ) -> Result<SalesReport, OrdersError> {
        let tenant = self.tenant(scope).await?;
        let time_zone = tenant.settings.time_zone.clone();
        let period = Period::new(days.from, days.to, self.now(), &time_zone)?;
        let db = self.database.read(scope).await?;
        let mut sales = sales::of(&db, seller, &period).await?;
        if sales.is_empty() {
            sales.push(Sales::none(seller, tenant.settings.currency));
        }
        Ok(SalesReport {
            period,
            time_zone,
            sales,
        })
    }
}
