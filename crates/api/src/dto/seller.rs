//! Sellers, what they sold, and orders as they see them.

use std::collections::BTreeMap;

use catalog_model::seller::{GivenFee, Seller, SellerFee, SellerStatus};
use jiff::civil::Date;
use kernel::{
    Currency, Money, MoneyError, OrderId, OrderLineId, ProductId, SellerId, Timestamp, VariantId,
};
use orders_model::order::OrderLine;
use orders_model::sales::{Sales, SalesReport, SellerOrder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::address::AddressDto;
use super::choices::StatusDto;
use super::money::MoneyDto;
use super::order_parts::LineComponentDto;
use super::order_states::{FulfilmentStateDto, OrderStatusDto};

/// What the shop takes of what a seller sells, instead of its platform fee.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = SellerFee)]
pub(crate) struct SellerFeeDto {
    /// So much for each order with something of the seller in it, in the
    /// currency of the shop.
    #[validate(nested, custom(function = not_negative))]
    fixed: MoneyDto,
    /// Of what their goods cost after discounts, in hundredths of a percent.
    #[validate(range(max = 10_000))]
    #[schema(minimum = 0, maximum = 10_000, example = 1500)]
    basis_points: u32,
}

fn not_negative(money: &MoneyDto) -> Result<(), validator::ValidationError> {
    if money.amount >= 0 {
        Ok(())
    } else {
        Err(validator::ValidationError::new("range").with_message("must be at least 0".into()))
    }
}

impl SellerFeeDto {
    fn new(fee: SellerFee, currency: Currency) -> Self {
        Self {
            fixed: Money::new(fee.fixed, currency).into(),
            basis_points: fee.basis_points,
        }
    }
}

impl From<SellerFeeDto> for GivenFee {
    fn from(dto: SellerFeeDto) -> Self {
        Self {
            fixed: dto.fixed.into(),
            basis_points: dto.basis_points,
        }
    }
}

/// Somebody who sells in the shop.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Seller)]
pub(crate) struct SellerDto {
    /// Which.
    #[schema(value_type = String, example = "sel_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: SellerId,
    /// What they are called.
    #[schema(example = "Oak & Sons")]
    name: String,
    /// Where they get mail.
    contact_email: Option<String>,
    /// Their postal address, as lines.
    contact_address: Option<String>,
    /// What payouts to them are named by.
    payout_reference: Option<String>,
    /// Their fee; null when they pay the platform fee of the shop.
    fee: Option<SellerFeeDto>,
    /// Whether they sell.
    status: StatusDto,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When they were made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When they were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl SellerDto {
    pub(crate) fn new(seller: Seller, currency: Currency) -> Self {
        Self {
            id: seller.id,
            name: seller.name,
            contact_email: seller.contact_email,
            contact_address: seller.contact_address,
            payout_reference: seller.payout_reference,
            fee: seller.fee.map(|fee| SellerFeeDto::new(fee, currency)),
            status: seller.status.into(),
            version: seller.version,
            created_at: seller.created_at,
            updated_at: seller.updated_at,
        }
    }
}

impl From<SellerStatus> for StatusDto {
    fn from(status: SellerStatus) -> Self {
        match status {
            SellerStatus::Active => Self::Active,
            SellerStatus::Archived => Self::Archived,
        }
    }
}

impl From<StatusDto> for SellerStatus {
    fn from(dto: StatusDto) -> Self {
        match dto {
            StatusDto::Active => Self::Active,
            StatusDto::Archived => Self::Archived,
        }
    }
}

/// What was sold in one currency. Sales count on the day the order was paid,
/// what goes back on the day it was promised.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sales)]
pub(crate) struct SalesDto {
    /// Who sold it; null for the shop's own goods.
    #[schema(value_type = Option<String>)]
    pub(crate) seller_id: Option<SellerId>,
    /// The currency.
    #[schema(value_type = String, example = "EUR")]
    pub(crate) currency: Currency,
    /// Orders with something of it.
    pub(crate) orders: i64,
    /// Pieces.
    pub(crate) pieces: i64,
    /// What it cost before discounts.
    pub(crate) gross: MoneyDto,
    /// What promotions took off.
    pub(crate) discounts: MoneyDto,
    /// What went back, or paid for an exchange.
    pub(crate) refunds: MoneyDto,
    /// What the shop takes, less what of that went back.
    pub(crate) platform_fees: MoneyDto,
    /// What of that buyers paid on top of the goods.
    pub(crate) platform_fees_from_buyers: MoneyDto,
    /// What is the seller's: gross less discounts, refunds and the fees that
    /// buyers did not pay.
    pub(crate) payable: MoneyDto,
}

impl TryFrom<Sales> for SalesDto {
    type Error = MoneyError;

    fn try_from(sales: Sales) -> Result<Self, MoneyError> {
        Ok(Self {
            seller_id: sales.seller,
            currency: sales.gross.currency,
            orders: sales.orders,
            pieces: sales.pieces,
            gross: sales.gross.into(),
            discounts: sales.discounts.into(),
            refunds: sales.refunds.into(),
            platform_fees: sales.fees.into(),
            platform_fees_from_buyers: sales.fees_from_buyers.into(),
            payable: sales.payable()?.into(),
        })
    }
}

/// What was sold on some days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SalesReport)]
pub(crate) struct SalesReportDto {
    /// The first day.
    #[schema(value_type = String, format = Date, example = "2026-03-01")]
    pub(crate) from: Date,
    /// The last day.
    #[schema(value_type = String, format = Date, example = "2026-03-31")]
    pub(crate) to: Date,
    /// The time zone of the days.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// Each seller and currency once.
    pub(crate) sales: Vec<SalesDto>,
}

impl TryFrom<SalesReport> for SalesReportDto {
    type Error = MoneyError;

    fn try_from(report: SalesReport) -> Result<Self, MoneyError> {
        Ok(Self {
            from: report.period.from,
            to: report.period.to,
            time_zone: report.time_zone,
            sales: report
                .sales
                .into_iter()
                .map(SalesDto::try_from)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// What of an order is a seller's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SellerOrderLine)]
pub(crate) struct SellerOrderLineDto {
    /// Which.
    #[schema(value_type = String, example = "oli_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: OrderLineId,
    /// Of which product.
    #[schema(value_type = String)]
    product_id: ProductId,
    /// Which variant.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// The stock keeping unit.
    sku: String,
    /// What it was called.
    name: String,
    /// Size and other options.
    options: BTreeMap<String, String>,
    /// What the bundle was made of when it was bought; empty for all others.
    components: Vec<LineComponentDto>,
    /// What one cost.
    unit_price: MoneyDto,
    /// How many.
    quantity: i64,
    /// What promotions took off all of them together.
    discount: MoneyDto,
    /// What the shop takes of it, whoever bears it.
    fee: MoneyDto,
    /// How many are still to be packed.
    to_ship: i64,
    /// How many are in shipments, packed or sent.
    shipped: i64,
    /// How many are in returns that are open.
    returning: i64,
    /// How many came back after they were sent.
    returned: i64,
    /// How many were not there when they were bought, and are waited for.
    backordered: i64,
    /// When these are expected; null when none is waited for or nobody knows.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
}

impl From<OrderLine> for SellerOrderLineDto {
    fn from(line: OrderLine) -> Self {
        Self {
            to_ship: line.open(),
            fee: Money::new(line.fee, line.unit_price.currency).into(),
            id: line.id,
            product_id: line.product,
            variant_id: line.variant,
            sku: line.sku,
            name: line.name,
            options: line.options,
            components: line.components.into_iter().map(Into::into).collect(),
            unit_price: line.unit_price.into(),
            quantity: line.quantity,
            discount: line.discount.into(),
            shipped: line.pieces.shipped,
            returning: line.pieces.returning,
            returned: line.pieces.returned,
            backordered: line.pieces.backordered,
            expected_at: line.expected_at.filter(|_| line.pieces.backordered > 0),
        }
    }
}

/// An order, reduced to what a seller sold with it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SellerOrder)]
pub(crate) struct SellerOrderDto {
    /// Which.
    #[schema(value_type = String, example = "ord_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: OrderId,
    /// Its number in the shop.
    #[schema(example = 1001)]
    number: i64,
    /// Where it stands.
    status: OrderStatusDto,
    /// Where all of its goods stand.
    fulfilment_status: FulfilmentStateDto,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
    /// When it was paid.
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
    /// Where the goods go; there while the order is paid and not canceled.
    shipping_address: Option<AddressDto>,
    /// How they go.
    shipping_method: Option<String>,
    /// The seller's lines.
    lines: Vec<SellerOrderLineDto>,
}

impl From<SellerOrder> for SellerOrderDto {
    fn from(order: SellerOrder) -> Self {
        Self {
            id: order.id,
            number: order.number,
            status: order.status.into(),
            fulfilment_status: order.fulfilment_status.into(),
            placed_at: order.placed_at,
            paid_at: order.paid_at,
            shipping_address: order.shipping_address.map(Into::into),
            shipping_method: order.shipping_method,
            lines: order.lines.into_iter().map(Into::into).collect(),
        }
    }
}
