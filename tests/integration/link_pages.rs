//! What the links of mails lead to where there is no front end.

use rstest::rstest;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_of_mails_lead_somewhere(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    for (link, shown) in [
        ("/orders/ord_1?token=ott_1", "X-Order-Token: ott_1"),
        ("/verify-email?token=ott_2", "/auth/verify-email"),
        ("/reset-password?token=ott_3", "/auth/password/reset"),
        ("/cart/restore?token=ott_4", "/abandoned-carts/restore"),
    ] {
        let page = app.client.get(link).expect(200).await;
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{link}"
        );
        assert!(page.text.contains(shown), "{}", page.text);
        assert!(page.text.contains("HTTP_APP_URL"), "{}", page.text);
    }
    let forged = app
        .client
        .get("/orders/ord_1?token=%3Cscript%3E")
        .expect(200)
        .await;
    assert!(!forged.text.contains("<script>"), "{}", forged.text);
}
