//! Midtrans' own client libraries against the stand-in, and our calls against
//! those they make.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::midtrans::{Midtrans, SERVER_KEY};
use testkit::{node, python};

use Library::{Npm, PyPi};

/// Which library.
#[derive(Debug, Clone, Copy)]
enum Library {
    /// `midtrans-client` of npm.
    Npm,
    /// `midtransclient` of `PyPI`.
    PyPi,
}

impl Library {
    async fn calls(self, midtrans: &Midtrans, key: &str, commands: &[Value]) -> Vec<Value> {
        let input = json!({"port": midtrans.port(), "key": key, "commands": commands});
        let answer = match self {
            Npm => node::run("midtrans", "oracle.cjs", &input).await,
            PyPi => python::run("midtrans.py", &input).await,
        };
        answer.as_array().expect("a list").clone()
    }
}

/// The status of a refusal: a number when the answer had it, a text when it
/// was in the body.
fn status_of(answer: &Value) -> String {
    answer["error"]["status"].to_string().replace('"', "")
}

fn page(order: &str, amount: i64) -> Value {
    json!({"do": "page", "with": {"transaction_details": {"order_id": order, "gross_amount": amount},
        "item_details": [{"id": "1", "name": "Top-up", "price": amount, "quantity": 1}]}})
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_opened_paid_and_given_back(#[values(Npm, PyPi)] library: Library) {
    let midtrans = Midtrans::start();
    let opened = library
        .calls(&midtrans, SERVER_KEY, &[page("one", 150_000)])
        .await;
    assert!(opened[0]["done"]["token"].is_string(), "{opened:?}");
    assert!(opened[0]["done"]["redirect_url"].is_string());
    let status = json!({"do": "status", "id": "one"});
    let missing = library
        .calls(&midtrans, SERVER_KEY, std::slice::from_ref(&status))
        .await;
    assert_eq!(status_of(&missing[0]), "404", "{missing:?}");
    midtrans.choose("one", "bank_transfer");
    let refund =
        json!({"do": "refund", "id": "one", "with": {"refund_key": "r1", "amount": 50_000}});
    let early = library
        .calls(&midtrans, SERVER_KEY, &[status.clone(), refund.clone()])
        .await;
    assert_eq!(early[0]["done"]["transaction_status"], "pending");
    assert_eq!(status_of(&early[1]), "412", "{early:?}");
    midtrans.settle("one");
    let notification = json!({"do": "notification", "with": midtrans.notification("one")});
    let commands = [
        notification,
        refund.clone(),
        refund,
        status,
        json!({"do": "expire", "id": "one"}),
        page("one", 150_000),
    ];
    let done = library.calls(&midtrans, SERVER_KEY, &commands).await;
    assert_eq!(done[0]["done"]["transaction_status"], "settlement");
    assert_eq!(done[1]["done"]["status_code"], "200", "{done:?}");
    assert_eq!(status_of(&done[2]), "406", "{done:?}");
    assert_eq!(done[3]["done"]["transaction_status"], "partial_refund");
    assert_eq!(done[3]["done"]["refunds"][0]["refund_amount"], "50000.00");
    assert_eq!(status_of(&done[4]), "412", "{done:?}");
    assert!(done[5]["error"].is_object(), "{done:?}");
    let denied = library.calls(&midtrans, "wrong", &[page("two", 1)]).await;
    assert!(denied[0]["error"].is_object(), "{denied:?}");
}

/// What the gateway sends is what Midtrans' library sends: the same paths, the
/// same authorization.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_calls_are_those_of_the_library(#[values(Npm, PyPi)] library: Library) {
    let midtrans = Midtrans::start();
    let commands = [
        page("one", 150_000),
        json!({"do": "status", "id": "one"}),
        json!({"do": "expire", "id": "one"}),
        json!({"do": "refund", "id": "one", "with": {"refund_key": "r1", "amount": 50_000}}),
    ];
    library.calls(&midtrans, SERVER_KEY, &commands).await;
    let theirs = midtrans.calls();
    let ours = super::every_call().await;
    let shape = |call: &testkit::midtrans::Call| {
        let parts: Vec<&str> = call.path.split('/').collect();
        let path = match parts.as_slice() {
            ["", "v2", _, what] => format!("/v2/{{id}}/{what}"),
            _ => call.path.clone(),
        };
        (call.method.clone(), path, call.authorization.clone())
    };
    for call in &theirs {
        let same = ours.iter().find(|own| shape(own) == shape(call));
        let own = same.unwrap_or_else(|| panic!("{call:?} is not among {ours:?}"));
        // Of each field that the library sends, ours is of the same kind.
        for (name, value) in call.body.as_object().into_iter().flatten() {
            let mine = &own.body[name];
            assert_eq!(
                std::mem::discriminant(mine),
                std::mem::discriminant(value),
                "{name} of {}",
                call.path
            );
        }
    }
}
