//! Documents about orders, as they are printed: packing slips and receipts.
//! What stands in them is decided here; how they look is the printer's.

use kernel::{Fault, Money, MoneyError, Timestamp};

use crate::address::Address;
use crate::order::{OrderDetail, OrderLine, OrderStatus};
use crate::shipment::{Shipment, ShipmentStatus};

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is and of which order.
    pub title: String,
    /// Who gives it.
    pub shop: String,
    /// Where questions go.
    pub contact: Option<String>,
    /// Facts: what, and its value.
    pub facts: Vec<(String, String)>,
    /// Addresses: what they are for, and their lines.
    pub addresses: Vec<(String, Vec<String>)>,
    /// The heads of the columns; the first is wide, the others hold figures.
    pub columns: Vec<String>,
    /// The rows of the table, with as many texts as there are columns.
    pub rows: Vec<Vec<String>>,
    /// What the table adds up to; the last one counts most.
    pub totals: Vec<(String, String)>,
    /// What is said at the end.
    pub remarks: Vec<String>,
}

/// Turns documents into files.
pub trait Printer: Send + Sync {
    /// The file of a document. It takes a few milliseconds of computing.
    fn print(&self, document: &Document) -> Result<Vec<u8>, Fault>;
}

/// Who gives a document.
#[derive(Debug, Clone, Copy)]
pub struct Issuer<'a> {
    /// The name of the shop.
    pub name: &'a str,
    /// Where questions go.
    pub contact: Option<&'a str>,
    /// The IANA name of its time zone, in which dates are.
    pub date: fn(Timestamp, &str) -> String,
    /// The zone.
    pub time_zone: &'a str,
}

fn address_lines(address: &Address) -> Vec<String> {
    let city = match &address.postal_code {
        Some(code) => format!("{code} {}", address.city),
        None => address.city.clone(),
    };
    let company = address.company.clone();
    let parts = [
        Some(address.name.clone()),
        company,
        Some(address.line1.clone()),
        address.line2.clone(),
        Some(city),
        address.region.clone(),
        Some(address.country.clone()),
    ];
    parts
        .into_iter()
        .flatten()
        .filter(|line| !line.is_empty())
        .collect()
}

fn document(detail: &OrderDetail, issuer: Issuer<'_>, title: &str) -> Document {
    let order = &detail.order;
    let date = |at| (issuer.date)(at, issuer.time_zone);
    Document {
        title: format!("{title} {}", order.number),
        shop: issuer.name.to_owned(),
        contact: issuer.contact.map(str::to_owned),
        facts: vec![
            ("Order".to_owned(), order.number.to_string()),
            ("Ordered on".to_owned(), date(order.placed_at)),
        ],
        addresses: Vec::new(),
        columns: Vec::new(),
        rows: Vec::new(),
        totals: Vec::new(),
        remarks: Vec::new(),
    }
}

/// What goes into the parcels: what, how many, where to, and no prices. Of a
/// shipment what is in it, else what is to be sent in all.
pub fn packing_slip(
    detail: &OrderDetail,
    shipment: Option<&Shipment>,
    issuer: Issuer<'_>,
) -> Document {
    let order = &detail.order;
    let mut slip = document(detail, issuer, "Packing slip");
    if let Some(address) = &order.shipping_address {
        slip.addresses
            .push(("Ship to".to_owned(), address_lines(address)));
    }
    if let Some(method) = &order.shipping_method_name {
        slip.facts.push(("Shipping".to_owned(), method.clone()));
    }
    slip.columns = ["Item", "SKU", "Quantity"].map(str::to_owned).to_vec();
    let pieces = |line: &OrderLine| match shipment {
        Some(shipment) => shipment.pieces_of(line.id),
        None => line.to_ship(),
    };
    let lines = detail.lines.iter().map(|line| (line, pieces(line)));
    let packed = lines.filter(|(_, pieces)| *pieces > 0);
    slip.rows = packed
        .flat_map(|(line, pieces)| rows_of(line, pieces))
        .collect();
    if let Some(tracking) = shipment.and_then(|shipment| shipment.tracking.number.clone()) {
        slip.facts.push(("Tracking number".to_owned(), tracking));
    }
    let canceled = shipment.is_some_and(|one| one.status == ShipmentStatus::Canceled);
    match order.status {
        OrderStatus::Pending => slip.remarks.push("Not paid yet: do not send.".to_owned()),
        _ if canceled => slip.remarks.push("Canceled: do not send.".to_owned()),
        OrderStatus::Canceled => slip.remarks.push("Canceled: do not send.".to_owned()),
        OrderStatus::Paid | OrderStatus::Shipped => {}
    }
    slip
}

/// What is packed for a line, and below a bundle what is in it.
fn rows_of(line: &OrderLine, pieces: i64) -> Vec<Vec<String>> {
    let row = |name: String, sku: &str, pieces: i64| vec![name, sku.to_owned(), pieces.to_string()];
    let mut rows = vec![row(line.name.clone(), &line.sku, pieces)];
    rows.extend(line.components.iter().map(|one| {
        let pieces = one.quantity.saturating_mul(pieces);
        row(format!("– {}", one.name), &one.sku, pieces)
    }));
    rows
}

/// What was bought and paid, or is to be. It is no invoice: taxes are those the
/// gateway computed. The last total is what counts: what is to be paid, was
/// paid, or is left of that after refunds.
pub fn receipt(detail: &OrderDetail, issuer: Issuer<'_>) -> Result<Document, MoneyError> {
    let order = &detail.order;
    let title = match order.paid_at {
        Some(_) => "Receipt",
        None => "Order",
    };
    let mut receipt = document(detail, issuer, title);
    if order.status == OrderStatus::Canceled {
        receipt.remarks.push("This order was canceled.".to_owned());
    } else if order.paid_at.is_none() {
        receipt
            .remarks
            .push("This order is not paid yet.".to_owned());
    }
    if let Some(paid) = order.paid_at {
        let paid = (issuer.date)(paid, issuer.time_zone);
        receipt.facts.push(("Paid on".to_owned(), paid));
    }
    if let Some(address) = &order.billing_address {
        receipt
            .addresses
            .push(("Bill to".to_owned(), address_lines(address)));
    }
    let discounted = !order.discount.is_zero();
    let columns = ["Item", "Quantity", "Price", "Discount", "Sum"];
    let columns = columns.iter().filter(|c| discounted || **c != "Discount");
    receipt.columns = columns.map(|&column| column.to_owned()).collect();
    receipt.rows = detail
        .lines
        .iter()
        .map(|line| priced(line, discounted))
        .collect::<Result<_, _>>()?;
    let mut total = |what: &str, amount: Money, always: bool| {
        if always || amount.minor != 0 {
            receipt.totals.push((what.to_owned(), amount.to_string()));
        }
    };
    total("Goods", order.subtotal.minus(order.discount)?, true);
    total("Shipping", order.shipping, false);
    total("Service fee", order.fee_of_buyer()?, false);
    let credit = Money::new(-order.exchange_credit.minor, order.currency);
    total("Paid by what came back", credit, false);
    total("Taxes", order.tax, false);
    if order.paid_at.is_none() && order.captured.is_zero() {
        total("Total", order.total, true);
        return Ok(receipt);
    }
    total("Paid", order.captured, true);
    if !order.refunded.is_zero() {
        let refunded = Money::new(-order.refunded.minor, order.currency);
        total("Refunded", refunded, true);
        total(
            "Paid after refunds",
            order.captured.minus(order.refunded)?,
            true,
        );
    }
    Ok(receipt)
}

/// A line with what one piece cost, what was taken off all of them where any
/// line has a discount, and what was paid for them.
fn priced(line: &OrderLine, discounted: bool) -> Result<Vec<String>, MoneyError> {
    let mut row = vec![
        line.name.clone(),
        line.quantity.to_string(),
        line.unit_price.to_string(),
    ];
    if discounted {
        row.push(Money::new(-line.discount.minor, line.discount.currency).to_string());
    }
    row.push(line.paid()?.to_string());
    Ok(row)
}
