//! Orders as rows of a table.

use kernel::cell::neutralise;
use kernel::{Fault, Money, Timestamp};
use orders_model::order::Order;

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
];

/// An amount as a decimal number, without its currency.
fn decimal(money: Money) -> String {
    let text = money.to_string();
    let end = text.find(' ').unwrap_or(text.len());
    text[..end].to_owned()
}

fn row(order: &Order) -> Vec<String> {
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
        decimal(order.subtotal),
        decimal(order.discount),
        decimal(order.shipping),
        decimal(order.fee),
        decimal(order.exchange_credit),
        decimal(order.total),
        decimal(order.tax),
        decimal(order.captured),
        decimal(order.refunded),
        decimal(order.exchanged),
    ]
}

fn written<I>(records: impl IntoIterator<Item = I>) -> Result<Vec<u8>, Fault>
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
pub(crate) fn rows(orders: &[Order]) -> Result<Vec<u8>, Fault> {
    written(orders.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Currency;

    #[test]
    fn amounts_are_decimal_numbers() {
        assert_eq!(decimal(Money::new(10_500, Currency::EUR)), "105.00");
        assert_eq!(decimal(Money::new(5, Currency::EUR)), "0.05");
    }
}
