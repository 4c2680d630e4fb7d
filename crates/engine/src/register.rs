//! A map from the numbers of configuration objects: pages of slots, so that finding one costs a look and not a search.
//!
//! These numbers are given out in order and are never very large, but they are not dense: other kinds of objects have
//! numbers of the same row. A number beyond the pages is found all the same, by a search. Iteration is in order of the
//! numbers, and what is written down is what a `BTreeMap` writes.

use crate::table::Number;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Index;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many slots a page has.
const PAGE: usize = 64;
/// The most pages: a number beyond them costs a search, so that one huge number does not cost the memory of all below.
const MAX_PAGES: usize = 16_384;

/// Configured things by number.
#[derive(Clone, PartialEq, Eq)]
pub struct Register<K, V> {
    // A page that never had anything is empty.
    pages: Vec<Vec<Option<(K, V)>>>,
    far: BTreeMap<u64, (K, V)>,
    len: usize,
}

impl<K, V> Default for Register<K, V> {
    fn default() -> Self {
        Register { pages: Vec::new(), far: BTreeMap::new(), len: 0 }
    }
}

// The page of a number, and the slot on it; a number too large for this machine lies beyond the pages.
#[inline]
fn place(number: u64) -> (usize, usize) {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    (number / PAGE, number % PAGE)
}

impl<K: Number, V> Register<K, V> {
    /// What has this number.
    #[inline]
    pub fn get(&self, key: &K) -> Option<&V> {
        let (page, slot) = place(key.number());
        match self.pages.get(page) {
            Some(page) => page.get(slot)?.as_ref().map(|(_, v)| v),
            None => self.far.get(&key.number()).map(|(_, v)| v),
        }
    }

    /// What has this number, to be changed.
    #[inline]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (page, slot) = place(key.number());
        match self.pages.get_mut(page) {
            Some(page) => page.get_mut(slot)?.as_mut().map(|(_, v)| v),
            None => self.far.get_mut(&key.number()).map(|(_, v)| v),
        }
    }

    /// Whether something has this number.
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Puts something at a number and gives what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = match place(key.number()) {
            (page, slot) if page < MAX_PAGES => {
                if self.pages.len() <= page {
                    self.pages.resize_with(page + 1, Vec::new);
                }
                let page = self.pages.get_mut(page)?;
                if page.is_empty() {
                    page.resize_with(PAGE, || None);
                }
                page.get_mut(slot)?.replace((key, value))
            }
            _ => self.far.insert(key.number(), (key, value)),
        };
        self.len += usize::from(old.is_none());
        old.map(|(_, v)| v)
    }

    /// Takes out what has this number.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (page, slot) = place(key.number());
        let (_, value) = match self.pages.get_mut(page) {
            Some(page) => page.get_mut(slot)?.take()?,
            None => self.far.remove(&key.number())?,
        };
        self.len -= 1;
        Some(value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All with their numbers, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.pages.iter().flatten().flatten().chain(self.far.values()).map(|(k, v)| (k, v))
    }

    /// All with their numbers, in order, to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.pages.iter_mut().flatten().flatten().chain(self.far.values_mut()).map(|(k, v)| (&*k, v))
    }

    /// The numbers, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(k, _)| k)
    }

    /// All, in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, v)| v)
    }

    /// All, in order, to be changed.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.iter_mut().map(|(_, v)| v)
    }
}

impl<K: Number, V> Index<&K> for Register<K, V> {
    type Output = V;

    /// # Panics
    /// If nothing has this number.
    fn index(&self, key: &K) -> &V {
        self.get(key).expect("something has this number")
    }
}

impl<K: Number, V> FromIterator<(K, V)> for Register<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        let mut register = Register::default();
        for (k, v) in all {
            register.insert(k, v);
        }
        register
    }
}

impl<K: Number + fmt::Debug, V: fmt::Debug> fmt::Debug for Register<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Number + Serialize, V: Serialize> Serialize for Register<K, V> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = s.serialize_map(Some(self.len))?;
        for (k, v) in self.iter() {
            map.serialize_entry(k, v)?;
        }
        map.end()
    }
}

impl<'de, K: Number + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Register<K, V> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Number + Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = Register<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("things by number")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut register = Register::default();
                while let Some((k, v)) = map.next_entry()? {
                    register.insert(k, v);
                }
                Ok(register)
            }
        }
        d.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AgentId;

    #[test]
    fn does_what_a_map_does_and_is_written_as_one() {
        let mut r: Register<AgentId, u8> = Register::default();
        let mut map: BTreeMap<AgentId, u8> = BTreeMap::new();
        // On one page, on a far one, at the border of the pages and beyond it.
        let border = (PAGE * MAX_PAGES) as u32;
        let numbers = [5, 64, 63, 0, 5, 9_999, border - 1, border, u32::MAX, 64, border];
        for (n, id) in numbers.into_iter().enumerate() {
            assert_eq!(r.insert(AgentId(id), n as u8), map.insert(AgentId(id), n as u8));
        }
        let same = |r: &Register<AgentId, u8>, map: &BTreeMap<AgentId, u8>| {
            assert!(r.iter().eq(map.iter()) && r.iter().rev().eq(map.iter().rev()));
            assert_eq!((r.len(), r.is_empty()), (map.len(), map.is_empty()));
            assert_eq!(alloc::format!("{r:?}"), alloc::format!("{map:?}"));
        };
        same(&r, &map);
        for id in [1, 5, 63, border + 1, u32::MAX, 5] {
            assert_eq!(r.get(&AgentId(id)), map.get(&AgentId(id)), "{id}");
            assert_eq!(r.remove(&AgentId(id)), map.remove(&AgentId(id)), "{id}");
            assert!(!r.contains_key(&AgentId(id)));
        }
        same(&r, &map);
        for v in r.values_mut() {
            *v += 1;
        }
        map.values_mut().for_each(|v| *v += 1);
        *r.get_mut(&AgentId(border)).unwrap() = 200;
        map.insert(AgentId(border), 200);
        same(&r, &map);
        assert_eq!((r[&AgentId(border)], r.get_mut(&AgentId(7))), (200, None));
    }
}
