// A purchase with a client whose types are generated from the published
// document: this compiles only while the document says what it should, and
// runs against a server only while the server does what the document says.
//
//   node client.ts http://127.0.0.1:8080

import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

type Order = components["schemas"]["Order"];
type Problem = components["schemas"]["Problem"];

const base = process.argv[2] ?? "http://127.0.0.1:8080";
const api = createClient<paths>({ baseUrl: base });

/** What was answered, or the problem as an error. */
function got<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) {
    throw new Error(answer.error ? `${answer.error.code}: ${answer.error.detail}` : "no answer");
  }
  return answer.data;
}

/** Buys the first thing that is in stock, as a guest. */
async function buy(): Promise<Order> {
  const products = got(await api.GET("/api/catalog/products", {
    params: { query: { in_stock: true, limit: 1 } },
  }));
  const first = products.data[0];
  if (!first) throw new Error("nothing is in stock");
  const product = got(await api.GET("/api/catalog/products/{product}", {
    params: { path: { product: first.id } },
  }));
  const variant = product.variants.find((variant) => variant.availability !== "out_of_stock");
  if (!variant) throw new Error(`no variant of ${product.name} is in stock`);

  const cart = got(await api.POST("/api/carts"));
  const of_cart = {
    path: { cart_id: cart.id },
    header: { "X-Cart-Token": cart.token ?? undefined },
  };
  got(await api.POST("/api/carts/{cart_id}/lines", {
    params: of_cart,
    body: { variant_id: variant.id, quantity: 1 },
  }));
  got(await api.PATCH("/api/carts/{cart_id}", {
    params: of_cart,
    body: {
      email: "buyer@mail.test",
      shipping_address: {
        name: "Bea Buyer",
        line1: "Street 1",
        city: "Berlin",
        postal_code: "10115",
        country: "DE",
      },
    },
  }));
  const ways = got(await api.GET("/api/carts/{cart_id}/shipping-options", { params: of_cart }));
  const { order, payment_url } = got(await api.POST("/api/checkout", {
    params: { header: { "X-Cart-Token": cart.token ?? undefined, "Idempotency-Key": crypto.randomUUID() } },
    body: { cart_id: cart.id, shipping_method: ways.data[0]?.code },
  }));
  console.log(`order ${order.number} over ${order.total.amount} ${order.total.currency}: ${payment_url}`);

  const session = order.payments[0]?.session_id;
  if (!session) throw new Error("there is no payment session");
  got(await api.POST("/api/test-gateway/sessions/{session_id}", {
    params: { path: { session_id: session } },
    body: { outcome: "pay" },
  }));
  return paid(order);
}

/** Waits until an order is paid. */
async function paid(order: Order): Promise<Order> {
  for (let tries = 0; tries < 100; tries += 1) {
    const now = got(await api.GET("/api/orders/{order_id}", {
      params: { path: { order_id: order.id }, header: { "X-Order-Token": order.token ?? undefined } },
    }));
    if (now.status === "paid") return now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`order ${order.number} was not paid`);
}

const order = await buy();
console.log(`order ${order.number} is ${order.status}`);
