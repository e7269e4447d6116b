//! What can go wrong with orders that are paid: shipments, returns, exchanges,
//! disputes.

use kernel::ErrorKind;
use strum::{EnumDiscriminants, EnumIter};

use crate::returns::ReturnStatus;
use crate::sales::MAX_DAYS;
use crate::shipment::ShipmentStatus;

/// That something cannot go from where it stands to where it was to go.
pub(crate) fn stuck(what: &str, is: &str, wanted: &str) -> String {
    if is == wanted {
        format!("this {what} is {is} already")
    } else {
        format!("this {what} is {is}, and so cannot become {wanted}")
    }
}

/// Why something about a paid order was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(AftercareErrorCode), derive(EnumIter))]
pub enum AftercareError {
    /// No such shipment.
    #[error("there is no such shipment")]
    ShipmentNotFound,
    /// The shipment is not in the right state.
    #[error("{}", stuck("shipment", (*.is).into(), (*.wanted).into()))]
    ShipmentState {
        /// What it is.
        is: ShipmentStatus,
        /// What it was to become.
        wanted: ShipmentStatus,
    },
    /// More was to be shipped than is left.
    #[error("at most {left} pieces of this line are left to ship")]
    TooManyToShip {
        /// What is left.
        left: i64,
    },
    /// What was bought before it was there is not there yet.
    #[error(
        "{0}: some pieces were bought before they were there and are not there yet; leave them out, or book their arrival as a stock adjustment first"
    )]
    NotThereYet(String),
    /// Not an address that may stand in a mail.
    #[error("tracking_url must be an address that begins with https://")]
    TrackingUrl,
    /// Something is packed or on its way.
    #[error(
        "something of this order is in a shipment; cancel what was not handed over, and take back the rest as a return"
    )]
    PartlyShipped,
    /// The buyer disputes a payment.
    #[error(
        "a payment of this order is disputed, and the bank may give the money back itself; repeat with `despite_dispute` set to give it back all the same"
    )]
    Disputed,
    /// No such return, or not this caller's.
    #[error("there is no such return")]
    ReturnNotFound,
    /// The return is not in the right state.
    #[error("{}", stuck("return", (*.is).into(), (*.wanted).into()))]
    ReturnState {
        /// What it is.
        is: ReturnStatus,
        /// What it was to become.
        wanted: ReturnStatus,
    },
    /// More was to come back than the buyer has.
    #[error("{}", too_many_returned(*.left, *.sent))]
    TooManyReturned {
        /// What is left.
        left: i64,
        /// How many were sent at all.
        sent: i64,
    },
    /// More came than was to come.
    #[error("at most {left} pieces of this line were to come back")]
    TooManyReceived {
        /// What is left.
        left: i64,
    },
    /// Nothing came.
    #[error("nothing came back; cancel the return instead")]
    NothingReceived,
    /// The buyer took too long.
    #[error("{}", window_over(*.days))]
    WindowOver {
        /// How many.
        days: u32,
    },
    /// The buyer has something else instead.
    #[error(
        "the order of what the buyer gets instead is neither canceled nor unpaid any more; cancel it first"
    )]
    ExchangeUnderWay,
    /// The days make no period.
    #[error("a period has 1 to {MAX_DAYS} days, and its first one comes first")]
    InvalidPeriod,
    /// There is no money to give back.
    #[error(
        "nothing was paid for this order, so there is nothing to refund; an order that nobody paid is canceled"
    )]
    NothingPaid,
    /// There are too many notes.
    #[error("an order has at most {0} notes")]
    TooManyNotes(i64),
}

fn window_over(days: u32) -> String {
    if days == 0 {
        return "returns cannot be asked for here; ask the shop".to_owned();
    }
    format!("returns can be asked for within {days} days after the goods arrived; ask the shop")
}

fn too_many_returned(left: i64, sent: i64) -> String {
    if sent == 0 {
        return "nothing of this line was sent yet, so nothing can come back; cancel the order or refund it"
            .to_owned();
    }
    if left == 0 {
        return "all that was sent of this line came back, or is in other returns".to_owned();
    }
    format!("at most {left} pieces of this line can be returned")
}

impl AftercareErrorCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::ShipmentNotFound => "shipment.not_found",
            Self::ShipmentState => "shipment.wrong_state",
            Self::TooManyToShip => "shipment.too_many",
            Self::NotThereYet => "shipment.not_there_yet",
            Self::TrackingUrl => "shipment.tracking_url",
            Self::PartlyShipped => "order.partly_shipped",
            Self::Disputed => "order.disputed",
            Self::ReturnNotFound => "return.not_found",
            Self::ReturnState => "return.wrong_state",
            Self::TooManyReturned => "return.too_many",
            Self::TooManyReceived => "return.too_many_received",
            Self::NothingReceived => "return.nothing_received",
            Self::WindowOver => "return.window_over",
            Self::ExchangeUnderWay => "return.exchange_under_way",
            Self::InvalidPeriod => "report.invalid_period",
            Self::NothingPaid => "refund.not_paid",
            Self::TooManyNotes => "order.too_many_notes",
        }
    }

    /// What kind of failure has the code.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::ShipmentNotFound | Self::ReturnNotFound => ErrorKind::NotFound,
            Self::TrackingUrl | Self::NothingReceived | Self::InvalidPeriod => {
                ErrorKind::Unprocessable
            }
            Self::ShipmentState
            | Self::TooManyToShip
            | Self::NotThereYet
            | Self::PartlyShipped
            | Self::Disputed
            | Self::ReturnState
            | Self::TooManyReturned
            | Self::TooManyReceived
            | Self::WindowOver
            | Self::ExchangeUnderWay
            | Self::NothingPaid
            | Self::TooManyNotes => ErrorKind::Conflict,
        }
    }
}

impl AftercareError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        AftercareErrorCode::from(self).code()
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        AftercareErrorCode::from(self).kind()
    }

    /// Which part of a request it is about, if it is one.
    pub(crate) fn pointer(&self) -> Option<&'static str> {
        match self {
            Self::TooManyToShip { .. }
            | Self::NotThereYet(_)
            | Self::TooManyReturned { .. }
            | Self::TooManyReceived { .. }
            | Self::NothingReceived => Some("/lines"),
            Self::TrackingUrl => Some("/tracking_url"),
            Self::InvalidPeriod => Some("/from"),
            Self::Disputed => Some("/despite_dispute"),
            _ => None,
        }
    }
}
