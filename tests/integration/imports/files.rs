//! Files of other shops, and files that are none.

use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{counts, import, mistakes, product, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_be_read_are_refused() {
    let app = App::with(
        Sqlite,
        &[("IMPORTS_MAX_BYTES", "2000"), ("IMPORTS_MAX_ROWS", "20")],
    )
    .await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    send(&app, tenant, "", "")
        .refused(422, "import.empty")
        .await;
    let latin = b"handle,name\nlamp,L\xE4mp\n".to_vec();
    let refused = send(&app, tenant, "", latin)
        .refused(422, "import.encoding")
        .await;
    assert!(
        refused.text_at("/detail").contains("line 2"),
        "{}",
        refused.describe()
    );
    let wide: Vec<u8> = "handle,name\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    send(&app, tenant, "", [b"\xFF\xFE".to_vec(), wide].concat())
        .refused(422, "import.encoding")
        .await;
    send(&app, tenant, "", "x".repeat(2_001))
        .refused(413, "import.too_large")
        .await;
    let json = app
        .client
        .post("/api/admin/imports", &json!({}))
        .bearer(&tenant.key);
    json.refused(415, "request.unsupported_media_type").await;
    for (file, column, code) in [
        ("handle,colour\na,b\n", "colour", "unknown_column"),
        ("sku,price\na,1\n", "", "missing_column"),
        ("a\n", "a", "unknown_column"),
        ("handle,sku,on_hand\na,b,1.5\n", "on_hand", "range"),
        ("handle,sku,price\na,b,1.\n", "price", "price"),
        ("handle,sku,supply\na,b,maybe\n", "supply", "choice"),
        (
            "handle,sku,available_at\na,b,soon\n",
            "available_at",
            "time",
        ),
        (
            &format!("handle,name\n{}", "a,b\n".repeat(21)),
            "",
            "too_many_rows",
        ),
    ] {
        let failed = import(&app, tenant, "", file).await;
        let found = mistakes(&failed);
        assert_eq!(
            (found[0].1.as_str(), found[0].2.as_str()),
            (column, code),
            "{}",
            failed.describe()
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shopify_export_is_read_as_it_is(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let file = "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option1 Linked To,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Status\n\
        example-t-shirt,Example T-Shirt,\"<p>A <b>shirt</b>, with a comma</p>\",Acme,Apparel & Accessories > Clothing,Shirts,\"mens, t-shirt\",true,Size,Small,,Color,Green,,,'0016144381,110.0,shopify,10,deny,manual,25.00,,true,true,,https://burst.shopifycdn.com/photos/green.jpg,1,Green,false,,,,g,,,active\n\
        example-t-shirt,,,,,,,,,Medium,,,Green,,,,110,shopify,-2,continue,manual,25.00,30.00,true,true,,,,,,,,https://burst.shopifycdn.com/photos/m.jpg,g,,,\n\
        example-t-shirt,,,,,,,,,,,,,,,,,,,,,,,,,,https://burst.shopifycdn.com/photos/back.jpg,2,,,,,,,,,\n\
        gift-card,Gift Card,,Acme,,,,true,Title,Default Title,,,,,,,0.0,,,deny,gift_card,10.00,,false,false,,,,,true,,,,g,,,draft\n";
    let done = import(&app, tenant, "", file).await;
    assert_eq!(done.text_at("/state"), "done", "{}", done.describe());
    assert_eq!(counts(&done), [2, 0, 3, 0]);
    let notes = done.body["notes"].to_string();
    for part in [
        "Cost per item",
        "3 pictures",
        "less than nothing",
        "inventory tracker: 1 variant;",
        "sold when out of stock: 1 variant;",
        "gift cards: 1 product;",
    ] {
        assert!(notes.contains(part), "{part} is missing in {notes}");
    }
    let shirt = product(&app, tenant, "example-t-shirt").await;
    assert_eq!(shirt.number_at("/variants/1/compare_at_price/amount"), 3000);
    assert_eq!(
        shirt.text_at("/description"),
        "<p>A <b>shirt</b>, with a comma</p>"
    );
    assert_eq!(shirt.body["tags"], json!(["mens", "t-shirt"]));
    assert_eq!(shirt.text_at("/attributes/type"), "Shirts");
    assert_eq!(shirt.text_at("/variants/0/size"), "Small");
    assert_eq!(shirt.text_at("/variants/1/options/color"), "Green");
    assert_eq!(shirt.text_at("/variants/1/sku"), "example-t-shirt-2");
    // Without the apostrophe that keeps spreadsheets from making it a number.
    assert_eq!(shirt.text_at("/variants/0/sku"), "0016144381");
    assert!(!notes.contains("Inventory Policy"), "{notes}");
    let supply = |n: usize| {
        let stock = &shirt.body["variants"][n]["stock"];
        (stock["supply"].clone(), stock["backorder_limit"].clone())
    };
    assert_eq!(supply(0), (json!("stock"), json!(0)));
    assert_eq!(supply(1), (json!("backorder"), json!(1_000_000_000)));
    assert_eq!(
        (
            shirt.number_at("/variants/0/stock/on_hand"),
            shirt.number_at("/variants/1/stock/on_hand")
        ),
        (10, 0)
    );
    let card = product(&app, tenant, "gift-card").await;
    assert_eq!(
        (card.text_at("/kind"), card.text_at("/variants/0/title")),
        ("service".to_owned(), "Standard".to_owned())
    );
}
