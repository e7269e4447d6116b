//! Orders as rows of a table.

use std::collections::BTreeMap;

use kernel::cell::neutralise;
use kernel::{Fault, OrderId, Timestamp};
use orders_model::order::{ListedOrder, Order, OrderLine};

/// The heads of the columns.
const HEAD: &[&str] = &[
    "number",
    "id",
    "placed_at",
    "paid_at",
    "shipped_at",
    "canceled_at",
    "status",
    "payment_status",
    "fulfilment_status",
    "dispute",
    "email",
    "name",
    "company",
    "line1",
    "line2",
    "postal_code",
    "city",
    "region",
    "country",
    "shipping_method",
    "carrier",
    "tracking_number",
    "currency",
    "subtotal",
    "discount",
    "shipping",
    "fee",
    "exchange_credit",
    "total",
    "tax",
    "captured",
    "refunded",
    "exchanged",
    "pieces",
];

/// The heads of the columns where each line of an order has a row: what is of
/// the order first, then what is of the line.
const HEAD_OF_LINES: &[&str] = &[
    "number",
    "id",
    "placed_at",
    "paid_at",
    "status",
    "payment_status",
    "fulfilment_status",
    "email",
    "name",
    "country",
    "line_id",
    "product_id",
    "variant_id",
    "seller_id",
    "sku",
    "product",
    "options",
    "quantity",
    "currency",
    "unit_price",
    "discount",
    "line_total",
    "shipped",
    "returned",
];

fn row(listed: &ListedOrder) -> Vec<String> {
    let order = &listed.order;
    let at = |instant: Option<Timestamp>| instant.map(|at| at.to_string()).unwrap_or_default();
    let word = |word: &'static str| word.to_owned();
    let given = |text: Option<&String>| {
        text.map(|text| neutralise(text).into_owned())
            .unwrap_or_default()
    };
    let address = order
        .shipping_address
        .as_ref()
        .or(order.billing_address.as_ref());
    let of_address = |part: fn(&orders_model::address::Address) -> Option<&String>| {
        given(address.and_then(part))
    };
    vec![
        order.number.to_string(),
        order.id.to_string(),
        order.placed_at.to_string(),
        at(order.paid_at),
        at(order.shipped_at),
        at(order.canceled_at),
        word(order.status.into()),
        word(order.payment_status.into()),
        word(order.fulfilment_status.into()),
        order
            .dispute
            .map(|outcome| word(outcome.into()))
            .unwrap_or_default(),
        neutralise(&order.email).into_owned(),
        of_address(|address| Some(&address.name)),
        of_address(|address| address.company.as_ref()),
        of_address(|address| Some(&address.line1)),
        of_address(|address| address.line2.as_ref()),
        of_address(|address| address.postal_code.as_ref()),
        of_address(|address| Some(&address.city)),
        of_address(|address| address.region.as_ref()),
        of_address(|address| Some(&address.country)),
        given(order.shipping_method.as_ref()),
        given(order.carrier.as_ref()),
        given(order.tracking_number.as_ref()),
        order.currency.code().to_owned(),
        order.subtotal.decimal(),
        order.discount.decimal(),
        order.shipping.decimal(),
        order.fee.decimal(),
        order.exchange_credit.decimal(),
        order.total.decimal(),
        order.tax.decimal(),
        order.captured.decimal(),
        order.refunded.decimal(),
        order.exchanged.decimal(),
        listed.pieces.to_string(),
    ]
}

fn row_of_line(order: &Order, line: &OrderLine) -> Result<Vec<String>, Fault> {
    let word = |word: &'static str| word.to_owned();
    let safe = |text: &str| neutralise(text).into_owned();
    let address = order
        .shipping_address
        .as_ref()
        .or(order.billing_address.as_ref());
    let options: Vec<String> = line
        .options
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let total = line.unit_price.times(line.quantity);
    let total = total.and_then(|whole| whole.minus(line.discount));
    let total =
        total.map_err(|error| Fault::permanent("add up a line of an order").caused_by(error))?;
    Ok(vec![
        order.number.to_string(),
        order.id.to_string(),
        order.placed_at.to_string(),
        order.paid_at.map(|at| at.to_string()).unwrap_or_default(),
        word(order.status.into()),
        word(order.payment_status.into()),
        word(order.fulfilment_status.into()),
        safe(&order.email),
        safe(order.customer_name().unwrap_or_default()),
        address
            .map(|address| safe(&address.country))
            .unwrap_or_default(),
        line.id.to_string(),
        line.product.to_string(),
        line.variant.to_string(),
        line.seller
            .map(|seller| seller.to_string())
            .unwrap_or_default(),
        safe(&line.sku),
        safe(&line.name),
        safe(&options.join(", ")),
        line.quantity.to_string(),
        order.currency.code().to_owned(),
        line.unit_price.decimal(),
        line.discount.decimal(),
        total.decimal(),
        line.pieces.shipped.to_string(),
        line.pieces.returned.to_string(),
    ])
}

/// Records as RFC 4180 has them.
pub(crate) fn written<I>(records: impl IntoIterator<Item = I>) -> Result<Vec<u8>, Fault>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for record in records {
        writer
            .write_record(record)
            .map_err(|error| Fault::permanent("write a row").caused_by(error))?;
    }
    writer
        .into_inner()
        .map_err(|_| Fault::permanent("write a table"))
}

/// The first line.
pub(crate) fn head() -> Result<Vec<u8>, Fault> {
    written([HEAD])
}

/// A line for each order.
pub(crate) fn rows(orders: &[ListedOrder]) -> Result<Vec<u8>, Fault> {
    written(orders.iter().map(row))
}

/// The first line where each line of an order has one.
pub(crate) fn head_of_lines() -> Result<Vec<u8>, Fault> {
    written([HEAD_OF_LINES])
}

/// A line for each line of each order.
pub(crate) fn rows_of_lines(
    orders: &[ListedOrder],
    lines: &BTreeMap<OrderId, Vec<OrderLine>>,
) -> Result<Vec<u8>, Fault> {
    let mut rows = Vec::new();
    for ListedOrder { order, .. } in orders {
        for line in lines.get(&order.id).into_iter().flatten() {
            rows.push(row_of_line(order, line)?);
        }
    }
    written(rows)
}
