//! The people of a made-up tenant: names in many scripts, telephone numbers as people write them.
//!
//! A person is made anew from seed and place whenever somebody asks, so that a hundred thousand of them take no memory.

/// A person as their company wrote them down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The first name; nothing for rooms and the like.
    pub given: Option<String>,
    /// The family name.
    pub surname: Option<String>,
    /// The name as shown.
    pub display: String,
    /// The part of the address before the at sign.
    pub alias: String,
    /// Telephone numbers at work, as written.
    pub business_phones: Vec<String>,
    /// The mobile number, as written.
    pub mobile: Option<String>,
    /// What they do.
    pub job: &'static str,
    /// Where they do it.
    pub department: &'static str,
    /// The office.
    pub office: &'static str,
    /// The country of the office, two letters.
    pub country: &'static str,
    /// The language they like.
    pub language: &'static str,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Whether they belong to another company.
    pub guest: bool,
    /// Whether this is a line or a room, nobody.
    pub resource: bool,
}

/// An evenly mixed number of three.
pub fn mixed(seed: u64, place: u64, about: u64) -> u64 {
    let mut x = seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ about.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    for factor in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
        x = (x ^ (x >> 30)).wrapping_mul(factor);
    }
    x ^ (x >> 31)
}

/// A script with its language, first and family names, and their Latin forms for addresses.
struct Script {
    language: &'static str,
    family_first: bool,
    given: &'static [(&'static str, &'static str)],
    surname: &'static [(&'static str, &'static str)],
}

const SCRIPTS: [Script; 10] = [
    Script {
        language: "en-GB",
        family_first: false,
        given: &[
            ("Amelia", "amelia"),
            ("Oliver", "oliver"),
            ("Isla", "isla"),
            ("Noah", "noah"),
            ("Freya", "freya"),
            ("Arthur", "arthur"),
            ("Siobhán", "siobhan"),
            ("Rhys", "rhys"),
        ],
        surname: &[
            ("Ashworth", "ashworth"),
            ("O'Neill", "oneill"),
            ("Clarke", "clarke"),
            ("Patel", "patel"),
            ("Mac Giolla", "macgiolla"),
            ("Winter-Jones", "winterjones"),
            ("Hale", "hale"),
            ("Thorne", "thorne"),
        ],
    },
    Script {
        language: "de-DE",
        family_first: false,
        given: &[
            ("Jörg", "joerg"),
            ("Käthe", "kaethe"),
            ("Sören", "soeren"),
            ("Ulrike", "ulrike"),
            ("Björn", "bjoern"),
            ("Änne", "aenne"),
            ("Max", "max"),
            ("Lena", "lena"),
        ],
        surname: &[
            ("Müller", "mueller"),
            ("Weiß", "weiss"),
            ("Größe", "groesse"),
            ("von der Heide", "vonderheide"),
            ("Krämer", "kraemer"),
            ("Öztürk", "oeztuerk"),
            ("Schmidt", "schmidt"),
            ("Jäger", "jaeger"),
        ],
    },
    Script {
        language: "fr-FR",
        family_first: false,
        given: &[
            ("Zoé", "zoe"),
            ("François", "francois"),
            ("Hélène", "helene"),
            ("Loïc", "loic"),
            ("Anaïs", "anais"),
            ("Gaël", "gael"),
        ],
        surname: &[
            ("Lefèvre", "lefevre"),
            ("D’Aubigné", "daubigne"),
            ("Garçon", "garcon"),
            ("Benoît", "benoit"),
            ("Œuvrard", "oeuvrard"),
            ("Noël", "noel"),
        ],
    },
    Script {
        language: "pl-PL",
        family_first: false,
        given: &[
            ("Łukasz", "lukasz"),
            ("Żaneta", "zaneta"),
            ("Małgorzata", "malgorzata"),
            ("Święcisław", "swiecislaw"),
            ("Jiří", "jiri"),
        ],
        surname: &[
            ("Wójcik", "wojcik"),
            ("Śliwińska", "sliwinska"),
            ("Błaszczyk", "blaszczyk"),
            ("Źrebiec", "zrebiec"),
            ("Dvořák", "dvorak"),
        ],
    },
    Script {
        language: "uk-UA",
        family_first: false,
        given: &[
            ("Олена", "olena"),
            ("Їжак", "yizhak"),
            ("Тарас", "taras"),
            ("Ганна", "hanna"),
            ("Євген", "yevhen"),
        ],
        surname: &[
            ("Шевчук", "shevchuk"),
            ("Коваленко", "kovalenko"),
            ("Їжакевич", "yizhakevych"),
            ("Бондар", "bondar"),
        ],
    },
    Script {
        language: "el-GR",
        family_first: false,
        given: &[("Ελένη", "eleni"), ("Νίκος", "nikos"), ("Σοφία", "sofia"), ("Γιώργος", "giorgos")],
        surname: &[("Παπαδόπουλος", "papadopoulos"), ("Ιωάννου", "ioannou"), ("Χατζής", "chatzis")],
    },
    Script {
        language: "ar-EG",
        family_first: false,
        given: &[("ليلى", "layla"), ("عمر", "omar"), ("نور", "nour"), ("يوسف", "youssef")],
        surname: &[("المصري", "elmasry"), ("حداد", "haddad"), ("منصور", "mansour")],
    },
    Script {
        language: "ja-JP",
        family_first: true,
        given: &[("陽菜", "hina"), ("蓮", "ren"), ("さくら", "sakura"), ("ケンジ", "kenji")],
        surname: &[("佐藤", "sato"), ("髙橋", "takahashi"), ("渡邉", "watanabe"), ("鈴木", "suzuki")],
    },
    Script {
        language: "zh-CN",
        family_first: true,
        given: &[("伟", "wei"), ("秀英", "xiuying"), ("静怡", "jingyi"), ("浩然", "haoran")],
        surname: &[("王", "wang"), ("欧阳", "ouyang"), ("李", "li"), ("张", "zhang")],
    },
    Script {
        language: "hi-IN",
        family_first: false,
        given: &[("आरव", "aarav"), ("प्रिया", "priya"), ("काव्या", "kavya"), ("रोहन", "rohan")],
        surname: &[("शर्मा", "sharma"), ("गुप्ता", "gupta"), ("सिंह", "singh")],
    },
];

const DEPARTMENTS: [(&str, &[&str]); 6] = [
    ("Service", &["Service Agent", "Team Lead Service", "Service Manager"]),
    ("Sales", &["Sales Agent", "Account Manager", "Head of Sales"]),
    ("Workshop", &["Mechanic", "Apprentice", "Workshop Manager"]),
    ("Logistics", &["Dispatcher", "Driver"]),
    ("Finance", &["Accountant", "Controller"]),
    ("IT", &["Administrator", "Developer"]),
];

const OFFICES: [(&str, &str); 5] =
    [("Berlin", "DE"), ("London", "GB"), ("Paris", "FR"), ("Seattle", "US"), ("Sydney", "AU")];

/// Numbers at work are those that regulators keep for films, with an extension behind the German ones: these are
/// different for each of the first million people.
fn at_work(country: &str, place: u64, h: u64) -> String {
    let style = h >> 8 & 7;
    match country {
        "DE" if style < 5 => format!("+49 30 23125-{place:05}"),
        "DE" => format!("030 / 23125-{place:05}"),
        "GB" if style < 4 => format!("+44 20 7946 0{:03}", h % 1_000),
        "GB" if style < 6 => format!("+44 (0)20 7946 0{:03} ext. {place}", h % 1_000),
        "GB" => format!("020 7946 0{:03}", h % 1_000),
        "FR" if style < 5 => format!("+33 1 99 00 {:02} {:02}", h % 100, h >> 16 & 63),
        "FR" => format!("01.99.00.{:02}.{:02}", h % 100, h >> 16 & 63),
        "US" if style < 5 => format!("+1 (206) 555-01{:02}", h % 100),
        "US" => format!("206-555-01{:02} x{place}", h % 100),
        _ => format!("+61 2 5550 {:04}", h % 10_000),
    }
}

fn on_the_way(country: &str, h: u64) -> String {
    match country {
        "DE" => format!("+49 176 040690{:02}", h % 100),
        "GB" if h & 0x100 == 0 => format!("07700 900{:03}", h % 1_000),
        "GB" => format!("+44 7700 900{:03}", h % 1_000),
        "FR" => format!("+33 6 39 98 {:02} {:02}", h % 100, h >> 16 & 63),
        "US" => format!("+1 (425) 555-01{:02}", h % 100),
        _ => format!("+61 491 570 {:03}", h % 1_000),
    }
}

fn pick<T>(from: &[T], h: u64) -> Option<&T> {
    from.get((h % from.len().max(1) as u64) as usize)
}

impl Person {
    /// The person at this place.
    pub fn at(seed: u64, place: u32) -> Person {
        let place = u64::from(place);
        let roll = |about: u64| mixed(seed, place, about);
        let (office, country) = pick(&OFFICES, roll(1)).copied().unwrap_or(("Berlin", "DE"));
        let (department, jobs) =
            pick(&DEPARTMENTS, roll(2)).copied().unwrap_or(("Service", &["Service Agent"]));
        let job = pick(jobs, roll(3)).copied().unwrap_or("Service Agent");
        let kind = roll(4) % 1_000;
        if kind < 10 {
            // A line of its own: no person, often without a number.
            return Person {
                given: None,
                surname: None,
                display: format!("{department} line {place}"),
                alias: format!("line.{place}"),
                business_phones: if kind < 5 { vec![at_work(country, place, roll(5))] } else { Vec::new() },
                mobile: None,
                job: "",
                department,
                office,
                country,
                language: "en-GB",
                enabled: false,
                guest: false,
                resource: true,
            };
        }
        // Half of the people write themselves in English letters.
        let script = if roll(6) & 1 == 0 { 0 } else { roll(7) % SCRIPTS.len() as u64 };
        let script = pick(&SCRIPTS, script).unwrap_or(&SCRIPTS[0]);
        let (given, given_latin) = pick(script.given, roll(8)).copied().unwrap_or(("Max", "max"));
        let (surname, surname_latin) = pick(script.surname, roll(9)).copied().unwrap_or(("Hale", "hale"));
        let display = match (script.family_first, roll(10) % 20) {
            (true, _) => format!("{surname} {given}"),
            (_, 0) => format!("{surname}, {given} ({department})"),
            _ => format!("{given} {surname}"),
        };
        let phones = roll(11) % 100;
        let mut business_phones = Vec::new();
        // 12 of 100 have no number at work.
        if phones >= 12 {
            business_phones.push(at_work(country, place, roll(5)));
        }
        let mobile = (roll(12) % 100 < 55).then(|| on_the_way(country, roll(13)));
        Person {
            given: Some(given.into()),
            surname: Some(surname.into()),
            display,
            alias: format!("{given_latin}.{surname_latin}{place}"),
            business_phones,
            mobile,
            job,
            department,
            office,
            country,
            language: script.language,
            enabled: kind >= 40,
            guest: (40..60).contains(&kind),
            resource: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_people_of_every_kind_and_the_same_ones_for_a_seed() {
        let people: Vec<Person> = (0..2_000).map(|n| Person::at(7, n)).collect();
        assert_eq!(people.get(33), Some(&Person::at(7, 33)));
        assert_ne!(people.get(33), Some(&Person::at(8, 33)));
        let share = |f: &dyn Fn(&Person) -> bool| people.iter().filter(|p| f(p)).count();
        assert!((180..320).contains(&share(&|p| p.business_phones.is_empty())));
        assert!((1_000..1_200).contains(&share(&|p| p.mobile.is_some())));
        assert!((30..130).contains(&share(&|p| !p.enabled)));
        assert!((15..70).contains(&share(&|p| p.guest)));
        for language in SCRIPTS.map(|s| s.language) {
            assert!(share(&|p| p.language == language) > 20, "{language}");
        }
        let mut aliases: Vec<&str> = people.iter().map(|p| p.alias.as_str()).collect();
        aliases.sort_unstable();
        aliases.dedup();
        assert_eq!(aliases.len(), people.len());
        assert!(aliases.iter().all(|a| a.is_ascii()));
    }
}
