//! Shipments: an order goes out in one or in several parts.

use kernel::{OrderId, OrderLineId, ShipmentId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::aftercare_errors::AftercareError;
use crate::carrier;
use crate::errors::OrdersError;
use crate::order::{FulfilmentState, OrderLine};

/// Where a shipment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// Packed, and not handed over yet.
    Prepared,
    /// Handed over to the carrier.
    Shipped,
    /// With the buyer.
    Delivered,
    /// It never left.
    Canceled,
}

impl ShipmentStatus {
    /// Whether a shipment may go from one state to another. What was handed
    /// over cannot be called back: goods come back as a return.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Prepared, Self::Shipped | Self::Canceled) | (Self::Shipped, Self::Delivered)
        )
    }
}

/// Pieces of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineQuantity {
    /// Which line.
    pub line: OrderLineId,
    /// How many.
    pub quantity: i64,
}

/// How a shipment can be followed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number for it.
    pub number: Option<String>,
    /// Where it can be followed; made for carriers that are known.
    pub url: Option<String>,
}

impl Tracking {
    /// With the address at which a known carrier shows the shipment, unless
    /// another one is given, which must be one of `https`.
    pub fn completed(mut self) -> Result<Self, AftercareError> {
        if let Some(url) = &self.url
            && !is_web_address(url)
        {
            return Err(AftercareError::TrackingUrl);
        }
        if self.url.is_none()
            && let (Some(carrier), Some(number)) = (&self.carrier, &self.number)
        {
            self.url = carrier::tracking_url(carrier, number);
        }
        Ok(self)
    }
}

/// Whether a text looks like an address of the web that may stand in a mail.
fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.contains('.')
        && !host.contains('@')
        && url
            .chars()
            .all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '\'' | '\\'))
}

/// A parcel of an order, or what else goes out at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Which.
    pub id: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Where it stands.
    pub status: ShipmentStatus,
    /// What is in it; each line once.
    pub lines: Vec<LineQuantity>,
    /// How it can be followed.
    pub tracking: Tracking,
    /// When it was packed.
    pub created_at: Timestamp,
    /// When it was handed over.
    pub shipped_at: Option<Timestamp>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
}

impl Shipment {
    fn become_status(&mut self, next: ShipmentStatus) -> Result<(), AftercareError> {
        if !self.status.may_become(next) {
            return Err(AftercareError::ShipmentState {
                is: self.status,
                wanted: next,
            });
        }
        self.status = next;
        Ok(())
    }

    /// The carrier has it. What is said of the tracking replaces what was
    /// known.
    pub fn hand_over(&mut self, tracking: Tracking, now: Timestamp) -> Result<(), AftercareError> {
        self.become_status(ShipmentStatus::Shipped)?;
        let known = std::mem::take(&mut self.tracking);
        let same = tracking.carrier.is_none() && tracking.number.is_none();
        self.tracking = Tracking {
            url: tracking.url.or(known.url.filter(|_| same)),
            carrier: tracking.carrier.or(known.carrier),
            number: tracking.number.or(known.number),
        }
        .completed()?;
        self.shipped_at = Some(now);
        Ok(())
    }

    /// The buyer has it.
    pub fn deliver(&mut self, now: Timestamp) -> Result<(), AftercareError> {
        self.become_status(ShipmentStatus::Delivered)?;
        self.delivered_at = Some(now);
        Ok(())
    }

    /// It does not leave.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), AftercareError> {
        self.become_status(ShipmentStatus::Canceled)?;
        self.canceled_at = Some(now);
        Ok(())
    }

    /// Whether it left.
    pub fn has_left(&self) -> bool {
        matches!(
            self.status,
            ShipmentStatus::Shipped | ShipmentStatus::Delivered
        )
    }

    /// How many pieces of a line are in it.
    pub fn pieces_of(&self, line: OrderLineId) -> i64 {
        let of_line = self.lines.iter().filter(|entry| entry.line == line);
        of_line.map(|entry| entry.quantity).sum()
    }
}

/// How many pieces of a line were handed over.
pub fn handed_over(shipments: &[Shipment], line: OrderLineId) -> i64 {
    let left = shipments.iter().filter(|shipment| shipment.has_left());
    left.map(|shipment| shipment.pieces_of(line)).sum()
}

/// Adds up the entries of each line, in the order of the lines.
pub fn summed(
    lines: &[OrderLine],
    entries: &[LineQuantity],
) -> Result<Vec<LineQuantity>, OrdersError> {
    let known = |entry: &LineQuantity| lines.iter().any(|line| line.id == entry.line);
    if !entries.iter().all(known) {
        return Err(OrdersError::LineNotFound);
    }
    let mut sums = Vec::new();
    for line in lines {
        let mut quantity = 0i64;
        for entry in entries.iter().filter(|entry| entry.line == line.id) {
            quantity = (entry.quantity > 0)
                .then(|| quantity.checked_add(entry.quantity))
                .flatten()
                .ok_or(OrdersError::QuantityOutOfRange)?;
        }
        if quantity > 0 {
            sums.push(LineQuantity {
                line: line.id,
                quantity,
            });
        }
    }
    Ok(sums)
}

/// What goes into a shipment: what is wanted, or all that is in none yet.
/// Never more than was bought less what will not be shipped any more.
pub fn choose(
    lines: &[OrderLine],
    wanted: Option<&[LineQuantity]>,
) -> Result<Vec<LineQuantity>, OrdersError> {
    let chosen = match wanted {
        Some(wanted) => summed(lines, wanted)?,
        None => lines
            .iter()
            .filter(|line| line.open() > 0)
            .map(|line| LineQuantity {
                line: line.id,
                quantity: line.open(),
            })
            .collect(),
    };
    if chosen.is_empty() {
        return Err(OrdersError::NothingToShip);
    }
    for entry in &chosen {
        let line = lines.iter().find(|line| line.id == entry.line);
        let left = line.map_or(0, OrderLine::open);
        if entry.quantity > left {
            return Err(AftercareError::TooManyToShip { left }.into());
        }
    }
    Ok(chosen)
}

/// Where the goods of a paid order stand.
pub fn fulfilment(lines: &[OrderLine], shipments: &[Shipment]) -> FulfilmentState {
    let to_ship: i64 = lines.iter().map(OrderLine::to_ship).sum();
    let pieces = |shipment: &Shipment| -> i64 { shipment.lines.iter().map(|l| l.quantity).sum() };
    let left = shipments.iter().filter(|shipment| shipment.has_left());
    let handed: i64 = left.map(pieces).sum();
    let arrived = shipments
        .iter()
        .filter(|shipment| shipment.status == ShipmentStatus::Delivered);
    let delivered: i64 = arrived.map(pieces).sum();
    let has_goods = lines
        .iter()
        .any(|line| line.pieces.intangible < line.quantity);
    match handed {
        0 if has_goods => FulfilmentState::Unfulfilled,
        handed if handed < to_ship => FulfilmentState::Partial,
        0 => FulfilmentState::Fulfilled,
        handed if delivered >= handed => FulfilmentState::Delivered,
        _ => FulfilmentState::Fulfilled,
    }
}
