//! Parts of the world that are shipped to.

use kernel::{Audited, Fact, ShippingZoneId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};

use crate::address::{Address, is_country};
use crate::delivery::DeliveryError;
use crate::errors::OrdersError;

/// Zones a shop may have.
pub const MAX_ZONES: usize = 200;
/// Areas a zone may have.
pub const MAX_AREAS: usize = 250;
/// Regions and postal codes an area may name, of each kind.
pub const MAX_NAMES: usize = 500;

/// A part of a country, or all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// The country, as ISO 3166-1 alpha-2 code.
    pub country: String,
    /// States, provinces or counties as addresses name them, capital letters
    /// aside; all when empty.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Postal codes; all when empty. `10115` is one, `10*` are those that
    /// begin so, `10115..10999` are those from the first to the last.
    #[serde(default)]
    pub postal_codes: Vec<String>,
    /// Postal codes that are left out of these.
    #[serde(default)]
    pub except_postal_codes: Vec<String>,
}

/// A part of the world that is shipped to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingZone {
    /// Which.
    pub id: ShippingZoneId,
    /// What it is called.
    pub name: String,
    /// What belongs to it.
    pub areas: Vec<Area>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for ShippingZone {
    fn snapshot(&self) -> Snapshot {
        let areas: Fact = self.areas.iter().map(Area::snapshot).collect();
        Snapshot::new()
            .with_public_text("name", Some(&self.name))
            .with("areas", areas)
            .with("version", self.version)
    }
}

impl Audited for Area {
    fn snapshot(&self) -> Snapshot {
        let texts = |texts: &'static str, of: &[String], into: Snapshot| {
            if of.is_empty() {
                return into;
            }
            into.with_public_texts(texts, of.iter().map(String::as_str))
        };
        let area = Snapshot::new().with_public_text("country", Some(&self.country));
        let area = texts("regions", &self.regions, area);
        let area = texts("postal_codes", &self.postal_codes, area);
        texts("except_postal_codes", &self.except_postal_codes, area)
    }
}

/// A zone to make.
#[derive(Debug, Clone)]
pub struct NewShippingZone {
    /// What it is called.
    pub name: String,
    /// What belongs to it.
    pub areas: Vec<Area>,
}

/// A change of a zone; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShippingZoneChange {
    /// What it is called.
    pub name: Option<String>,
    /// What belongs to it, all of it.
    pub areas: Option<Vec<Area>>,
}

/// Refuses areas that are none.
pub fn check_areas(areas: &[Area]) -> Result<(), OrdersError> {
    let refuse = |why| Err(DeliveryError::InvalidArea(why).into());
    if !(1..=MAX_AREAS).contains(&areas.len()) {
        return refuse("a zone has 1 to 250 areas");
    }
    for area in areas {
        if !is_country(&area.country) {
            let code = area.country.chars().take(8).collect();
            return Err(OrdersError::InvalidCountry(code));
        }
        let lists = [&area.regions, &area.postal_codes, &area.except_postal_codes];
        if lists.iter().any(|list| list.len() > MAX_NAMES) {
            return refuse("it names at most 500 regions and 500 postal codes");
        }
        if area.regions.iter().any(|region| plain(region).is_empty()) {
            return refuse("a region has a name");
        }
        let mut patterns = area.postal_codes.iter().chain(&area.except_postal_codes);
        if !patterns.all(|pattern| Pattern::read(pattern).is_some()) {
            return refuse(
                "a postal code is one such as 10115, a beginning such as 10*, or a range of codes of the same length such as 10115..10999",
            );
        }
    }
    Ok(())
}

impl Area {
    /// Whether an address lies in it. An address without a region or postal
    /// code lies in no area that asks for one.
    pub fn holds(&self, address: &Address) -> bool {
        if self.country != address.country {
            return false;
        }
        let region = address.region.as_deref().map(plain);
        let in_region = self.regions.is_empty()
            || region.is_some_and(|own| self.regions.iter().any(|one| plain(one) == own));
        let code = address.postal_code.as_deref().map(bare);
        let any = |patterns: &[String]| {
            let code = code.as_deref().unwrap_or_default();
            !code.is_empty() && patterns.iter().any(|pattern| matches(pattern, code))
        };
        in_region
            && (self.postal_codes.is_empty() || any(&self.postal_codes))
            && !any(&self.except_postal_codes)
    }
}

/// A text as names are compared.
fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A postal code as codes are compared: `1017 AB` and `1017ab` are the same.
fn bare(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    kept.flat_map(char::to_uppercase).collect()
}

/// Which postal codes are meant.
enum Pattern {
    One(String),
    Beginning(String),
    Range(String, String),
}

impl Pattern {
    fn read(text: &str) -> Option<Self> {
        let known = |code: &str| {
            (1..=20).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric())
        };
        if let Some((first, last)) = text.split_once("..") {
            let (first, last) = (bare(first), bare(last));
            let in_order = first.len() == last.len() && first <= last;
            return (known(&first) && known(&last) && in_order).then_some(Self::Range(first, last));
        }
        if let Some(beginning) = text.trim().strip_suffix('*') {
            let beginning = bare(beginning);
            return known(&beginning).then_some(Self::Beginning(beginning));
        }
        let code = bare(text);
        known(&code).then_some(Self::One(code))
    }
}

fn matches(pattern: &str, code: &str) -> bool {
    match Pattern::read(pattern) {
        Some(Pattern::One(one)) => one == code,
        Some(Pattern::Beginning(beginning)) => code.starts_with(&beginning),
        Some(Pattern::Range(first, last)) => {
            code.len() == first.len() && *first <= *code && *code <= *last
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(country: &str, region: Option<&str>, postal_code: Option<&str>) -> Address {
        Address {
            name: "A".into(),
            company: None,
            line1: "B".into(),
            line2: None,
            city: "C".into(),
            postal_code: postal_code.map(Into::into),
            region: region.map(Into::into),
            country: country.into(),
            phone: None,
        }
    }

    fn area(country: &str, regions: &[&str], codes: &[&str], except: &[&str]) -> Area {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Area {
            country: country.into(),
            regions: texts(regions),
            postal_codes: texts(codes),
            except_postal_codes: texts(except),
        }
    }

    #[test]
    fn postal_codes_are_compared_without_spaces_and_hyphens() {
        let cases: [(&str, &str, bool); 11] = [
            ("10115", "10115", true),
            ("10*", "10999", true),
            ("10*", "11000", false),
            ("10115..10999", "10500", true),
            ("10115..10999", "11000", false),
            ("10115..10999", "105001", false),
            ("1017 AB", "1017ab", true),
            ("00-950", "00950", true),
            ("SW1A*", "sw1a 1aa", true),
            ("100-0001..100-9999", "1000500", true),
            ("10*", "", false),
        ];
        for (pattern, code, holds) in cases {
            let area = area("DE", &[], &[pattern], &[]);
            check_areas(std::slice::from_ref(&area)).unwrap();
            let own = address("DE", None, Some(code));
            assert_eq!(area.holds(&own), holds, "{pattern} {code}");
        }
        for bad in [
            "",
            "*",
            "1..22",
            "9..1",
            "Düne",
            "1**",
            "12..",
            &"1".repeat(21),
        ] {
            let area = area("DE", &[], &[bad], &[]);
            assert!(check_areas(&[area]).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_and_exceptions_narrow_a_country() {
        let mainland = area("DE", &[], &[], &["27498", "18565"]);
        assert!(mainland.holds(&address("DE", None, Some("10115"))));
        assert!(mainland.holds(&address("DE", None, None)));
        assert!(!mainland.holds(&address("DE", None, Some("27498"))));
        assert!(!mainland.holds(&address("AT", None, Some("1010"))));
        let west = area("US", &["CA", "Oregon"], &[], &[]);
        assert!(west.holds(&address("US", Some(" ca "), Some("94016"))));
        assert!(west.holds(&address("US", Some("OREGON"), None)));
        assert!(!west.holds(&address("US", Some("NY"), None)));
        assert!(!west.holds(&address("US", None, None)));
        assert!(check_areas(&[area("XX", &[], &[], &[])]).is_err());
        assert!(check_areas(&[area("DE", &[" "], &[], &[])]).is_err());
        assert!(check_areas(&[]).is_err());
    }
}
