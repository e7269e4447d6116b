//! What mails say: templates of the shop, languages, previews.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{PASSWORD, Tenant, address};

const CONFIRMATION: &str = "/api/admin/mail-templates/order_confirmation";

fn own(subject: &str) -> Value {
    json!({
        "subject": subject,
        "text": "{% for line in order.lines %}{{ line.quantity }} of {{ line.name }}{% endfor %} for {{ order.paid }}",
        "html": "<p>{{ shop.name }}: {% for line in order.lines %}{{ line.name }}{% endfor %}</p>",
    })
}

/// Buys something, in a language; the buyer's last mail.
async fn bought(
    app: &App,
    tenant: &Tenant,
    variant: &str,
    language: &str,
) -> (String, String, String) {
    let client = &app.client;
    let mut call = client
        .post("/api/carts", &Value::Null)
        .header("host", tenant.host);
    if !language.is_empty() {
        call = call.header("accept-language", language);
    }
    let cart = call.expect(201).await;
    let (id, token) = (cart.text_at("/id"), cart.text_at("/token"));
    let line = json!({"variant_id": variant, "quantity": 2});
    client
        .post(&format!("/api/carts/{id}/lines"), &line)
        .header("host", tenant.host)
        .header("x-cart-token", &token)
        .expect(200)
        .await;
    let body = json!({"cart_id": id, "email": "buyer@mail.test", "shipping_method": "standard", "shipping_address": address()});
    let placed = client
        .post("/api/checkout", &body)
        .header("host", tenant.host)
        .header("x-cart-token", &token)
        .expect(201)
        .await;
    app.pay(&testkit::shop::placed(&placed)).await;
    let mails = app.mails.to("buyer@mail.test");
    let mail = mails.last().expect("a mail").clone();
    (mail.subject, mail.text, mail.html.unwrap_or_default())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_writes_its_own_mails_and_goes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, second) = (&shop.first, &shop.second);
    let lamp = app.simple(first, "Lamp <b>", 50).await;
    let other = app.simple(second, "Lamp", 50).await;
    let path = format!("{CONFIRMATION}/en");

    let before = app.client.get(&path).bearer(&first.key).expect(200).await;
    assert_eq!(before.body["customized"], false);
    assert_eq!(before.header("etag"), "\"0\"");
    let put = |body: &Value, version: &str| {
        let call = app.client.put(&path, body).bearer(&first.key);
        call.header("if-match", version)
    };
    put(&own("x"), "\"1\"")
        .refused(412, "version_mismatch")
        .await;
    // Of two who write at once, one is told to read again.
    let (a, b) = (
        own("First: {{ order.number }}"),
        own("Second: {{ order.number }}"),
    );
    let (a, b) = tokio::join!(put(&a, "\"0\"").send(), put(&b, "\"0\"").send());
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let written = put(&own("Danke {{ order.number }}"), "\"1\"")
        .expect(200)
        .await;
    assert_eq!(written.number_at("/version"), 2);

    let (subject, text, html) = bought(&app, first, &lamp.variants[0], "").await;
    assert_eq!(subject, "Danke 1001");
    assert!(
        text.starts_with("2 of Lamp <b> (40) for 55.00 EUR"),
        "{text}"
    );
    assert!(html.contains("Lamp &lt;b&gt;"), "{html}");
    // What one shop wrote is its own.
    let (subject, ..) = bought(&app, second, &other.variants[0], "").await;
    assert_eq!(subject, "Your order 1001 – The other shop");

    let list = app.client.get("/api/admin/mail-templates");
    let list = list.bearer(&first.key).expect(200).await;
    let mails = list.body["data"].as_array().cloned().unwrap_or_default();
    let of = |name: &str| mails.iter().find(|mail| mail["name"] == name).cloned();
    let confirmation = of("order_confirmation").expect("the mail");
    assert_eq!(
        confirmation["languages"],
        json!([
            {"language": "de", "customized": false},
            {"language": "en", "customized": true},
            {"language": "id", "customized": false},
        ])
    );
    for name in [
        "verify_email",
        "password_reset",
        "new_sign_in",
        "two_factor_enabled",
        "two_factor_disabled",
        "order_shipped",
        "order_refunded",
    ] {
        assert!(of(name).is_some(), "{name}");
    }

    let reset = |version: &str| {
        let call = app.client.delete(&path).bearer(&first.key);
        call.header("if-match", version)
    };
    reset("\"1\"").refused(412, "version_mismatch").await;
    reset("\"2\"").expect(204).await;
    let (subject, ..) = bought(&app, first, &lamp.variants[0], "").await;
    assert_eq!(subject, "Your order 1002 – My shop");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_in_the_language_of_their_reader(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let variant = &lamp.variants[0];
    let (subject, text, html) = bought(&app, tenant, variant, "de-AT,de;q=0.9,en;q=0.8").await;
    assert_eq!(subject, "Ihre Bestellung 1001 – My shop");
    assert!(text.contains("2 x Lamp"), "{text}");
    assert!(html.contains("<html lang=\"de\">"), "{html}");
    let (subject, ..) = bought(&app, tenant, variant, "id").await;
    assert!(subject.starts_with("Pesanan Anda 1002"), "{subject}");
    // Nobody speaks French here, so it is the language of the shop.
    let (subject, ..) = bought(&app, tenant, variant, "fr").await;
    assert!(subject.starts_with("Your order 1003"), "{subject}");
    let settings = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let etag = settings.expect(200).await.header("etag").to_owned();
    let change = |language: &str| {
        let body = json!({"language": language});
        let call = app.client.patch("/api/admin/settings", &body);
        call.bearer(&tenant.key).header("if-match", &etag)
    };
    change("german")
        .refused(422, "settings.unknown_language")
        .await;
    change("id").expect(200).await;
    let (subject, ..) = bought(&app, tenant, variant, "fr").await;
    assert!(subject.starts_with("Pesanan Anda 1004"), "{subject}");
    // Until the shop writes it in French.
    let path = format!("{CONFIRMATION}/fr-FR");
    let draft = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    assert_eq!(draft.header("etag"), "\"0\"");
    app.client
        .put(
            &format!("{CONFIRMATION}/fr"),
            &own("Merci {{ order.number }}"),
        )
        .bearer(&tenant.key)
        .header("if-match", "\"0\"")
        .expect(200)
        .await;
    let (subject, ..) = bought(&app, tenant, variant, "fr-CA").await;
    assert_eq!(subject, "Merci 1005");

    // Who registers is written to in the language of their browser.
    let body = json!({"email": "ada@mail.test", "password": PASSWORD, "name": "Ada"});
    let made = app.client.post("/api/auth/register", &body);
    let made = made.header("accept-language", "de").expect(201).await;
    assert_eq!(made.body["user"]["locale"], "de");
    app.drain().await;
    let mail = &app.mails.to("ada@mail.test")[0];
    assert_eq!(mail.subject, "Bestätigen Sie Ihre E-Mail-Adresse – My shop");
    assert!(
        mail.html
            .as_deref()
            .unwrap_or_default()
            .contains("Guten Tag Ada")
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_are_tried_before_they_are_stored(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let preview = |mail: &str, body: &Value| {
        let path = format!("/api/admin/mail-templates/{mail}/preview");
        app.client.post(&path, body).bearer(&tenant.key)
    };
    let seen = preview("order_shipped/en", &Value::Null).expect(200).await;
    assert_eq!(
        seen.text_at("/subject"),
        "Your order 1001 is on its way – My shop"
    );
    assert!(seen.text_at("/text").contains("Carrier: DHL"));
    let draft = json!({"subject": "{{ order.number }} left", "html": "<i>{{ shop.name }}</i>"});
    let seen = preview("order_shipped/en", &draft).expect(200).await;
    assert_eq!(seen.text_at("/subject"), "1001 left");
    assert_eq!(seen.text_at("/html"), "<i>My shop</i>");

    for (field, text, why) in [
        (
            "text",
            "{{ order.numbr }}",
            "line 1: there is no \"order.numbr\"",
        ),
        ("html", "<p>\n{% if order %}", "html line 2: syntax error"),
        (
            "html",
            "{% include '/etc/passwd' %}",
            "`include` cannot be used",
        ),
        ("subject", "{{ 'x' * 100000000 }}", "'*' cannot be used"),
        ("text", "{{ order.number|safe }}", "there are `upper`"),
    ] {
        let mut body = json!({"subject": "a", "text": "b", "html": "c"});
        body[field] = json!(text);
        let refused = preview("order_shipped/en", &body);
        let refused = refused.refused(422, "mail.template_invalid").await;
        assert!(refused.text_at("/detail").contains(why), "{}", refused.text);
        assert_eq!(refused.text_at("/errors/0/pointer"), format!("/{field}"));
        let path = "/api/admin/mail-templates/order_shipped/en";
        app.client
            .put(path, &body)
            .bearer(&tenant.key)
            .header("if-match", "\"0\"")
            .refused(422, "mail.template_invalid")
            .await;
    }
    preview("no_such_mail/en", &Value::Null)
        .refused(404, "mail.not_found")
        .await;
    preview("order_shipped/english", &Value::Null)
        .refused(422, "settings.unknown_language")
        .await;

    let test = app
        .client
        .post(
            "/api/admin/mail-templates/order_shipped/de/send-test",
            &Value::Null,
        )
        .bearer(&tenant.manager.token)
        .send()
        .await;
    assert_eq!(test.status, 403, "{}", test.describe());
    for _ in 0..2 {
        app.client
            .post(
                "/api/admin/mail-templates/order_shipped/de/send-test",
                &Value::Null,
            )
            .bearer(&tenant.admin.token)
            .once("one-test")
            .expect(202)
            .await;
    }
    app.drain().await;
    let mails = app.mails.to(&tenant.admin.email);
    let tests: Vec<&str> = mails
        .iter()
        .map(|mail| mail.subject.as_str())
        .filter(|subject| subject.starts_with("Ihre Bestellung 1001 ist unterwegs"))
        .collect();
    assert_eq!(tests.len(), 1, "{mails:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_told_by_mail_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 5).await;
    let order = app.order(tenant, &[(&lamp.variants[0], 2)]).await;
    app.pay(&order).await;
    let body = json!({"reason": "broken", "amount": {"amount": 1000, "currency": "EUR"}});
    app.client
        .post(&format!("/api/admin/orders/{}/refund", order.id), &body)
        .bearer(&tenant.key)
        .expect(200)
        .await;
    app.drain().await;
    let mails = app.mails.to("buyer@mail.test");
    let refunds: Vec<_> = mails
        .iter()
        .filter(|mail| mail.subject.starts_with("Your refund for order"))
        .collect();
    assert_eq!(refunds.len(), 1, "{mails:?}");
    assert!(refunds[0].text.contains("10.00 EUR"), "{:?}", refunds[0]);
    assert!(refunds[0].text.contains("token="), "{:?}", refunds[0]);
}
