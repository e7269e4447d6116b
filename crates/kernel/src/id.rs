//! Typed identifiers: `UUIDv7` in the database, `TypeID` on the wire.
//!
//! The text form follows the TypeID specification 0.3
//! (<https://github.com/jetify-com/typeid/tree/main/spec>): a lower-case
//! prefix, `_`, and the 128 bits in Crockford's base 32, 26 characters.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::random;
use crate::time::Timestamp;

/// What an id names. One marker type for each kind; the prefixes are unique.
pub trait IdKind: 'static {
    /// What stands before the underscore in the text form.
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// Why a text is not an id of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {expected}_ followed by 26 characters")]
pub struct IdError {
    /// The prefix that was expected.
    pub expected: &'static str,
}

impl<K: IdKind> Id<K> {
    /// A new id whose time part is `now`, so that ids sort by creation.
    pub fn new(now: Timestamp) -> Self {
        Self::from_uuid(random::uuid_v7(now))
    }

    /// A new id that also sorts after `previous`, made in the same millisecond
    /// or not: things of one list keep its order.
    pub fn after(previous: Option<Self>, now: Timestamp) -> Self {
        previous.map_or_else(
            || Self::new(now),
            |last| Self::from_uuid(random::uuid_v7_after(last.0, now)),
        )
    }

    /// The id with exactly these 128 bits, as stored.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The 128 bits, as stored.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: IdKind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX: usize = 26;

/// The 26 characters of the 128 bits, most significant first.
fn encode(bits: u128) -> [u8; SUFFIX] {
    let mut text = [0u8; SUFFIX];
    for (place, slot) in text.iter_mut().enumerate() {
        let shift = 5 * (SUFFIX - 1 - place);
        *slot = ALPHABET[((bits >> shift) & 31) as usize];
    }
    text
}

/// The 128 bits of 26 characters; `None` for any other length, character or
/// a value above 128 bits.
fn decode(text: &str) -> Option<u128> {
    if text.len() != SUFFIX {
        return None;
    }
    let mut bits: u128 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|&letter| letter == byte)?;
        if place == 0 && value > 7 {
            return None;
        }
        bits = (bits << 5) | value as u128;
    }
    Some(bits)
}

impl<K: IdKind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = encode(self.0.as_u128());
        f.write_str(K::PREFIX)?;
        f.write_str("_")?;
        f.write_str(std::str::from_utf8(&suffix).map_err(|_| fmt::Error)?)
    }
}

impl<K: IdKind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .and_then(decode)
            .map(|bits| Self::from_uuid(Uuid::from_u128(bits)))
            .ok_or(IdError {
                expected: K::PREFIX,
            })
    }
}

impl<K: IdKind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: IdKind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

pub use alias::*;

/// Declares the marker types and the registry of their prefixes in one place,
/// so that no kind can be missing from the registry.
macro_rules! kinds {
    ($($(#[$doc:meta])* $marker:ident, $alias:ident = $prefix:literal;)+) => {
        /// The marker types behind the id aliases.
        pub mod kind {
            $($(#[$doc])* pub enum $marker {})+
        }
        $(
            impl IdKind for kind::$marker {
                const PREFIX: &'static str = $prefix;
            }
        )+
        /// The ids, one alias for each kind.
        pub mod alias {
            use super::{Id, kind};
            $($(#[$doc])* pub type $alias = Id<kind::$marker>;)+
        }
        /// Every prefix in use.
        pub const PREFIXES: &[&str] = &[$($prefix),+];
    };
}

kinds! {
    /// A shop, workspace or business; everything belongs to one.
    Tenant, TenantId = "ten";
    /// A person with an account.
    User, UserId = "usr";
    /// A signed-in device of a user: one family of refresh tokens.
    Session, SessionId = "ses";
    /// One of the refresh tokens of a session.
    RefreshToken, RefreshTokenId = "rft";
    /// A token that was mailed and works once.
    OneTimeToken, OneTimeTokenId = "ott";
    /// A key a program uses instead of a session.
    ApiKey, ApiKeyId = "key";
    /// A node of the category tree.
    Category, CategoryId = "cat";
    /// Something that is sold.
    Product, ProductId = "prod";
    /// The concrete form of a product that is bought: a size, a colour.
    Variant, VariantId = "var";
    /// Who sells a product, where a tenant has several sellers.
    Seller, SellerId = "sel";
    /// A pile of stock that one or more variants draw from.
    StockItem, StockItemId = "stk";
    /// One change of a stock item.
    StockMovement, StockMovementId = "smv";
    /// A way to ship and its price.
    ShippingMethod, ShippingMethodId = "shp";
    /// A shopping cart.
    Cart, CartId = "cart";
    /// One line of a cart.
    CartLine, CartLineId = "cli";
    /// An order.
    Order, OrderId = "ord";
    /// One line of an order.
    OrderLine, OrderLineId = "oli";
    /// One attempt to pay an order.
    Payment, PaymentId = "pay";
    /// Money given back for an order.
    Refund, RefundId = "ref";
    /// A unit of background work.
    Job, JobId = "job";
    /// A fact that was published.
    Event, EventId = "evt";
    /// A webhook delivery that was received.
    WebhookEvent, WebhookEventId = "whe";
    /// A stored answer to a repeated request.
    RequestKey, RequestKeyId = "rqk";
    /// A discount the shop gives.
    Promotion, PromotionId = "promo";
    /// A code that lets a buyer use a promotion.
    Coupon, CouponId = "cpn";
    /// A part of the world that is shipped to.
    ShippingZone, ShippingZoneId = "szn";
    /// An address in somebody's address book.
    SavedAddress, SavedAddressId = "adr";
    /// A picture of a product.
    Image, ImageId = "img";
    /// An import of a whole catalog.
    Import, ImportId = "imp";
    /// A parcel of an order, or what else goes out at once.
    Shipment, ShipmentId = "pkg";
    /// Goods of an order that come back.
    Return, ReturnId = "rma";
    /// What somebody wrote about an order.
    OrderNote, OrderNoteId = "note";
    /// A payment that the buyer disputes at their bank.
    Dispute, DisputeId = "dsp";
    /// Prices of variants in a currency.
    PriceList, PriceListId = "prl";
    /// The credit of one person in one currency.
    Wallet, WalletId = "wal";
    /// A transfer of the ledger.
    Transfer, TransferId = "txn";
    /// A part of a wallet's balance.
    Lot, LotId = "lot";
    /// Credit that is promised.
    Hold, HoldId = "hold";
    /// Money that is paid into a wallet.
    TopUp, TopUpId = "top";
    /// Credit that whoever knows a code gets, once.
    GiftCard, GiftCardId = "gift";
    /// What hosted services are sorted by.
    ServiceCategory, ServiceCategoryId = "scat";
    /// A service that is hosted for customers.
    Service, ServiceId = "svc";
    /// What a customer pays for a hosted service.
    Plan, PlanId = "plan";
    /// How much of a plan can be sold.
    Quota, QuotaId = "quo";
    /// A part of a quota that somebody has.
    Allocation, AllocationId = "qal";
    /// A place in a waiting list.
    Waiter, WaiterId = "wait";
    /// A subscription of a hosted service.
    Subscription, SubscriptionId = "sub";
    /// What was charged for a subscription.
    Charge, ChargeId = "chg";
    /// A code that makes subscriptions cheaper.
    SubscriptionCoupon, SubscriptionCouponId = "scpn";
    /// A Kubernetes cluster that is registered.
    Cluster, ClusterId = "clu";
    /// What runs for a customer.
    Instance, InstanceId = "ins";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn prefixes_are_unique_and_lower_case() {
        let unique: BTreeSet<_> = PREFIXES.iter().collect();
        assert_eq!(unique.len(), PREFIXES.len());
        for prefix in PREFIXES {
            assert!(prefix.bytes().all(|b| b.is_ascii_lowercase()), "{prefix}");
        }
    }

    /// Vectors of the TypeID specification, file `valid.json`.
    #[test]
    fn text_form_agrees_with_the_specification() {
        for (uuid, suffix) in [
            (
                "00000000-0000-0000-0000-000000000000",
                "00000000000000000000000000",
            ),
            (
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "7zzzzzzzzzzzzzzzzzzzzzzzzz",
            ),
            (
                "01890a5d-ac96-774b-bcce-b302099a8057",
                "01h455vb4pex5vsknk084sn02q",
            ),
        ] {
            let id = OrderId::from_uuid(uuid.parse().unwrap());
            assert_eq!(id.to_string(), format!("ord_{suffix}"));
            assert_eq!(format!("ord_{suffix}").parse::<OrderId>().unwrap(), id);
        }
    }

    #[test]
    fn other_prefixes_and_malformed_texts_are_refused() {
        for text in [
            "prod_01h455vb4pex5vsknk084sn02q",
            "ord_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "ord_01H455VB4PEX5VSKNK084SN02Q",
            "ord_01h455vb4pex5vsknk084sn02",
            "ord_01h455vb4pex5vsknk084sn02u",
            "ord01h455vb4pex5vsknk084sn02q",
            "01h455vb4pex5vsknk084sn02q",
            "",
        ] {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_value_survives_the_text_form(bits in any::<u128>()) {
            let id = OrderId::from_uuid(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<OrderId>().unwrap(), id);
        }

        #[test]
        fn text_order_is_id_order(a in any::<u128>(), b in any::<u128>()) {
            let (a, b) = (Uuid::from_u128(a), Uuid::from_u128(b));
            prop_assert_eq!(
                a.cmp(&b),
                OrderId::from_uuid(a).to_string().cmp(&OrderId::from_uuid(b).to_string())
            );
        }

        #[test]
        fn parsing_never_panics(text in ".*") {
            let _ = text.parse::<OrderId>();
        }
    }
}
