//! The id of a request.

use actix_web::dev::ServiceRequest;
use kernel::random;
use kernel::secret::base64url;

/// The header it is taken from and returned in.
pub(crate) const HEADER: &str = "x-request-id";

/// The caller's id, if it is one that can stand in a log line, else a new one.
pub(crate) fn of(request: &ServiceRequest) -> String {
    request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_usable(text))
        .map_or_else(
            || format!("req_{}", base64url(&random::id_bytes::<15>())),
            str::to_owned,
        )
}

fn is_usable(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::is_usable;

    #[test]
    fn what_could_forge_a_log_line_is_not_taken() {
        assert!(is_usable("8f3a-22.b_c:1"));
        for bad in ["", "a b", "a\nb", "a\"b", "a{b", &"x".repeat(129)] {
            assert!(!is_usable(bad), "{bad}");
        }
    }
}
