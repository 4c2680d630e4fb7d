//! Tenant files: reading YAML, checking it against the schema, and understanding what passed.
#![no_main]

// The tenant's configuration is part of the program, which is no library: its folder is taken in as it stands.
#[allow(dead_code, unused_imports)]
#[path = "../../crates/server/src/tenant/mod.rs"]
mod tenant;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(marked) = tenant::yaml::read(text) else { return };
    let values = marked.into_iter().map(|m| m.value).collect();
    if let Ok(documents) = tenant::check::check_values(values) {
        // What passed the check can be understood: the two must agree.
        let mut n = 0;
        let numbers: Vec<_> = documents.keys().map(|k| (k.clone(), { n += 1; n })).collect();
        let number = |kind: &str, id: &str| numbers.iter().find(|((k, i), _)| k == kind && i == id).map(|(_, n)| *n);
        if let Err(e) = tenant::meaning::understand(&documents, &number) {
            panic!("checked and not understood: {e}");
        }
    }
});
