//! Mail by SMTP.

use std::time::Duration;

use serde_json::json;
use testkit::programs::{Maildev, ReceivedMail};
use testkit::{App, Backend};

async fn mailing(url: &str) -> App {
    App::with(
        Backend::Sqlite,
        &[
            ("MAIL_TRANSPORT", "smtp"),
            ("SMTP_URL", url),
            ("MAIL_FROM", "The Shop <shop@shop.test>"),
            ("HTTP_APP_URL", "https://shop.test/store/"),
        ],
    )
    .await
}

/// Mails to somebody, by the envelope.
async fn mails_to(server: &Maildev, address: &str) -> Vec<ReceivedMail> {
    let is_to = |mail: &ReceivedMail| mail.envelope["to"][0]["address"] == address;
    server.mails().await.into_iter().filter(is_to).collect()
}

/// The token of the link to a page.
fn token(mail: &ReceivedMail, page: &str) -> String {
    let link = format!("https://shop.test/store/{page}?token=");
    let (_, rest) = mail
        .text
        .split_once(&link)
        .unwrap_or_else(|| panic!("no {link} in {mail:?}"));
    rest.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_arrive_with_links_that_work() {
    let server = Maildev::with(Some(("shop", "an-smtp-password"))).await;
    let app = mailing(&server.url()).await;
    app.register("ada@mail.test", "127.0.0.1").await;
    app.drain().await;
    let mails = mails_to(&server, "ada@mail.test").await;
    let [mail] = &mails[..] else {
        panic!("not one mail: {mails:?}");
    };
    assert_eq!(mail.subject, "Confirm your mail address – My shop");
    assert_eq!(mail.headers["from"], "\"The Shop\" <shop@shop.test>");
    assert_eq!(mail.headers["to"], "ada@mail.test");
    let proof = json!({"token": token(mail, "verify-email")});
    app.client
        .post("/api/auth/verify-email", &proof)
        .expect(204)
        .await;

    let whose = json!({"email": "ada@mail.test"});
    app.client
        .post("/api/auth/password/forgot", &whose)
        .expect(202)
        .await;
    app.drain().await;
    let mails = mails_to(&server, "ada@mail.test").await;
    let reset =
        json!({"token": token(&mails[1], "reset-password"), "password": "quite another one"});
    app.client
        .post("/api/auth/password/reset", &reset)
        .expect(204)
        .await;
    let login = json!({"email": "ada@mail.test", "password": "quite another one"});
    app.client.post("/api/auth/login", &login).expect(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_is_confirmed() {
    let server = Maildev::start().await;
    let app = mailing(&server.url()).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lämp €", 5).await;
    let order = app.order(&shop.first, &[(&item.variants[0], 2)]).await;
    app.pay(&order).await;
    let mails = mails_to(&server, "buyer@mail.test").await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let number = app.see(&order).await["number"].to_string();
    assert!(mails[0].subject.contains(&number), "{mails:?}");
    assert!(mails[0].text.contains("2 x Lämp €"), "{mails:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_waits_for_a_server_that_is_away() {
    let mut server = Maildev::start().await;
    let app = mailing(&server.url()).await;
    server.program.kill();
    app.register("ada@mail.test", "127.0.0.1").await;
    app.drain().await;
    server.program.run().await;
    assert_eq!(server.mails().await.len(), 0);
    app.pass(Duration::from_mins(10), Duration::from_mins(1))
        .await;
    assert_eq!(mails_to(&server, "ada@mail.test").await.len(), 1);
}

/// A password for the server is not sent, and neither is a mail, to somebody
/// who cannot prove to be the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn required_encryption_is_required() {
    let server = Maildev::start().await;
    let app = mailing(&format!("{}?tls=required", server.url())).await;
    app.register("ada@mail.test", "127.0.0.1").await;
    app.drain().await;
    app.pass(Duration::from_mins(10), Duration::from_mins(1))
        .await;
    assert_eq!(server.mails().await.len(), 0);
}

/// What people call themselves cannot add headers or receivers, nor lines to
/// a mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_addresses_cannot_add_headers() {
    let server = Maildev::start().await;
    let app = mailing(&server.url()).await;
    for (name, email) in [
        ("Eve\r\nBcc: victim@mail.test", "eve@mail.test"),
        ("Eve\nWin at https://evil.test", "eve@mail.test"),
        ("Eve", "eve@mail.test\r\nBcc: victim@mail.test"),
        ("Eve", "eve@mail.test, victim@mail.test"),
        ("Eve", "<eve@mail.test> victim@mail.test"),
    ] {
        let body = json!({"email": email, "password": testkit::shop::PASSWORD, "name": name});
        app.client
            .post("/api/auth/register", &body)
            .expect(422)
            .await;
    }
    let shop = app.shop().await;
    for body in [
        json!({"name": "The shop\r\nBcc: victim@mail.test"}),
        json!({"support_email": "help@mail.test\r\nBcc: victim@mail.test"}),
    ] {
        let path = "/api/admin/settings";
        let token = &shop.first.admin.token;
        let before = app.client.get(path).bearer(token).expect(200).await;
        let call = app.client.patch(path, &body).bearer(token);
        call.header("if-match", before.header("etag"))
            .expect(422)
            .await;
    }
    app.drain().await;
    for mail in server.mails().await {
        assert_eq!(mail.headers.get("bcc"), None, "{mail:?}");
        assert_ne!(mail.envelope["to"][0]["address"], "victim@mail.test");
    }
}
