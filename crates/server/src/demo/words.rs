//! What demonstration products are called and made of.

/// A kind of product of the demonstration shop.
pub(super) struct Line {
    /// The slug of the category it is in.
    pub(super) category: &'static str,
    /// What it is called, after a model name.
    pub(super) noun: &'static str,
    /// Its sizes; one without a name for things that have none.
    pub(super) sizes: &'static [&'static str],
    /// Its colours; none for things that have none.
    pub(super) colours: &'static [&'static str],
    /// What it is made of.
    pub(super) materials: &'static [&'static str],
    /// The cheapest and the dearest, in whole units of the currency.
    pub(super) price: (u32, u32),
    /// What one weighs, in grams.
    pub(super) weight: u32,
}

/// The category tree: slug, name, slug of the parent.
pub(super) const CATEGORIES: &[(&str, &str, Option<&str>)] = &[
    ("outdoor", "Outdoor", None),
    ("shoes", "Shoes", Some("outdoor")),
    ("running-shoes", "Running shoes", Some("shoes")),
    ("trail-running", "Trail running", Some("running-shoes")),
    ("road-running", "Road running", Some("running-shoes")),
    ("hiking-boots", "Hiking boots", Some("shoes")),
    ("clothing", "Clothing", Some("outdoor")),
    ("jackets", "Jackets", Some("clothing")),
    ("rain-jackets", "Rain jackets", Some("jackets")),
    ("down-jackets", "Down jackets", Some("jackets")),
    ("shirts", "Shirts", Some("clothing")),
    ("trousers", "Trousers", Some("clothing")),
    ("packs", "Packs", Some("outdoor")),
    ("daypacks", "Daypacks", Some("packs")),
    ("trekking-packs", "Trekking packs", Some("packs")),
    ("camping", "Camping", Some("outdoor")),
    ("tents", "Tents", Some("camping")),
    ("sleeping-bags", "Sleeping bags", Some("camping")),
    ("cookers", "Cookers", Some("camping")),
    ("home", "Home", None),
    ("kitchen", "Kitchen", Some("home")),
    ("cups", "Cups", Some("kitchen")),
    ("knives", "Knives", Some("kitchen")),
    ("lamps", "Lamps", Some("home")),
    ("digital", "Digital", None),
    ("maps", "Maps", Some("digital")),
    ("courses", "Courses", Some("digital")),
];

const SHOE_SIZES: &[&str] = &["38", "39", "40", "41", "42", "43", "44", "45"];
const SIZES: &[&str] = &["XS", "S", "M", "L", "XL"];
const ONE: &[&str] = &[""];

/// The kinds of products that are shipped.
pub(super) const LINES: &[Line] = &[
    Line {
        category: "trail-running",
        noun: "Trail Shoe",
        sizes: SHOE_SIZES,
        colours: &["Black", "Moss"],
        materials: &["Mesh", "Ripstop"],
        price: (89, 179),
        weight: 620,
    },
    Line {
        category: "road-running",
        noun: "Road Shoe",
        sizes: SHOE_SIZES,
        colours: &["White", "Blue"],
        materials: &["Knit", "Mesh"],
        price: (79, 199),
        weight: 540,
    },
    Line {
        category: "hiking-boots",
        noun: "Hiking Boot",
        sizes: SHOE_SIZES,
        colours: &["Brown"],
        materials: &["Nubuck", "Leather"],
        price: (139, 289),
        weight: 1300,
    },
    Line {
        category: "rain-jackets",
        noun: "Rain Jacket",
        sizes: SIZES,
        colours: &["Yellow", "Navy"],
        materials: &["Recycled polyamide"],
        price: (99, 349),
        weight: 420,
    },
    Line {
        category: "down-jackets",
        noun: "Down Jacket",
        sizes: SIZES,
        colours: &["Rust", "Black"],
        materials: &["Down", "Recycled polyester"],
        price: (149, 399),
        weight: 510,
    },
    Line {
        category: "shirts",
        noun: "Merino Shirt",
        sizes: SIZES,
        colours: &["Grey", "Green"],
        materials: &["Merino wool"],
        price: (49, 109),
        weight: 190,
    },
    Line {
        category: "trousers",
        noun: "Trekking Trousers",
        sizes: SIZES,
        colours: &["Sand", "Anthracite"],
        materials: &["Softshell", "Cotton blend"],
        price: (69, 179),
        weight: 380,
    },
    Line {
        category: "daypacks",
        noun: "Daypack",
        sizes: &["18 l", "24 l", "30 l"],
        colours: &["Petrol"],
        materials: &["Cordura", "Canvas"],
        price: (59, 139),
        weight: 780,
    },
    Line {
        category: "trekking-packs",
        noun: "Trekking Pack",
        sizes: &["50 l", "65 l"],
        colours: &["Black", "Olive"],
        materials: &["Cordura"],
        price: (149, 299),
        weight: 1900,
    },
    Line {
        category: "tents",
        noun: "Tent",
        sizes: &["1 person", "2 persons", "3 persons"],
        colours: &["Green"],
        materials: &["Silnylon"],
        price: (199, 799),
        weight: 2400,
    },
    Line {
        category: "sleeping-bags",
        noun: "Sleeping Bag",
        sizes: &["Regular", "Long"],
        colours: &["Blue"],
        materials: &["Down", "Synthetic"],
        price: (99, 449),
        weight: 1100,
    },
    Line {
        category: "cookers",
        noun: "Camping Cooker",
        sizes: ONE,
        colours: &["Steel", "Titanium"],
        materials: &["Steel"],
        price: (35, 159),
        weight: 240,
    },
    Line {
        category: "cups",
        noun: "Enamel Cup",
        sizes: &["250 ml", "400 ml"],
        colours: &["White", "Blue"],
        materials: &["Enamelled steel"],
        price: (9, 24),
        weight: 150,
    },
    Line {
        category: "knives",
        noun: "Kitchen Knife",
        sizes: &["12 cm", "18 cm"],
        colours: &[],
        materials: &["Carbon steel"],
        price: (29, 189),
        weight: 180,
    },
    Line {
        category: "lamps",
        noun: "Table Lamp",
        sizes: ONE,
        colours: &["Brass", "Black", "White"],
        materials: &["Metal"],
        price: (45, 249),
        weight: 1700,
    },
];

/// Who makes them.
pub(super) const BRANDS: &[&str] = &[
    "Alpenglow",
    "Bergmann",
    "Fjordline",
    "Granite Co",
    "Heron",
    "Kestrel",
    "Lodestar",
    "Northmoor",
    "Ostrava",
    "Pinewood",
    "Quarry",
    "Ridgeway",
];

/// What a model is called.
pub(super) const MODELS: &[&str] = &[
    "Aurora", "Basalt", "Cirrus", "Drift", "Ember", "Fjell", "Glacier", "Harrier", "Islay",
    "Juniper", "Karst", "Lichen", "Meadow", "Nimbus", "Orrin", "Pike", "Quill", "Ravine", "Skerry",
    "Tarn", "Umber", "Vega", "Wren", "Yarrow", "Zephyr", "Crème", "Étoile", "Åre", "Göta", "Žiar",
];

/// Where maps are of.
pub(super) const REGIONS: &[&str] = &[
    "Harz",
    "Allgäu",
    "Vosges",
    "Tatra",
    "Peak District",
    "Dolomites",
    "Lofoten",
    "Pyrenees",
];

/// What courses are about.
pub(super) const COURSES: &[&str] = &[
    "Map reading",
    "First aid outdoors",
    "Winter camping",
    "Knife sharpening",
];

/// How names begin that are put together.
pub(super) const BEGINNINGS: &[&str] = &[
    "Al", "Bor", "Cal", "Dun", "El", "Fen", "Gar", "Hol", "Is", "Jor", "Kel", "Lor", "Mor", "Nor",
    "Or", "Pel",
];

/// How names go on that are put together.
pub(super) const MIDDLES: &[&str] = &[
    "da", "vi", "no", "ra", "mi", "lo", "sé", "tu", "ka", "be", "ri", "go",
];

/// How names of models end that are put together.
pub(super) const ENDINGS: &[&str] = &[
    "dor", "lin", "mar", "nis", "pen", "ros", "sk", "ton", "var", "wyn",
];
