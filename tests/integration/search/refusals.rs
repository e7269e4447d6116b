//! What cannot be asked, and what only looks like that.

use testkit::App;
use testkit::Backend::Sqlite;

use super::list;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_is_refused() {
    let app = App::start(Sqlite).await;
    app.shop().await;
    let long = format!("q={}", "a".repeat(201));
    let many = vec!["brand=a"; 21].join("&");
    for (query, pointer) in [
        (long.as_str(), "/q"),
        ("q=a&q=b", "/q"),
        ("facets=colour", "/facets"),
        ("facets=", "/facets"),
        ("facets=brand,", "/facets"),
        ("attribute=material", "/attribute"),
        ("attribute=:Mesh", "/attribute"),
        ("condition=new&condition=broken", "/condition"),
        (many.as_str(), "/brand"),
        ("sort=best", "/sort"),
        ("q=%00", "/q"),
    ] {
        let refused = list(&app, query)
            .refused(400, "request.invalid_query")
            .await;
        let at = refused.text_at("/errors/0/pointer");
        assert!(at.starts_with(pointer), "{query}: {at}");
    }
    // Words that look like the language of a database are words.
    for query in [
        "q=a%27%20OR%201=1--",
        "q=trail%20AND%20NOT%20(x*)",
        "q=%3A*%20%26%20%7C",
        "q=%3Db%3ALux",
    ] {
        list(&app, query).expect(200).await;
    }
}
