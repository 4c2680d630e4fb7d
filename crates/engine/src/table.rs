//! A map from numbers that are given out in order: a window over them, so that finding one costs a look and not a search.
//!
//! The window reaches from the oldest that is left to the newest. Iteration is in order of the numbers.

use alloc::collections::VecDeque;
use core::marker::PhantomData;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id that is a number.
pub trait Number: Copy {
    /// The number.
    fn number(self) -> u64;
}

/// Things by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<K, V> {
    first: u64,
    slots: VecDeque<Option<(K, V)>>,
    len: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table { first: 0, slots: VecDeque::new(), len: 0 }
    }
}

impl<K: Number, V> Table<K, V> {
    fn place(&self, key: &K) -> Option<usize> {
        usize::try_from(key.number().checked_sub(self.first)?).ok()
    }

    /// What has this number.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.slots.get(self.place(key)?)?.as_ref().map(|(_, v)| v)
    }

    /// What has this number, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        self.slots.get_mut(place)?.as_mut().map(|(_, v)| v)
    }

    /// Whether something has this number.
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Puts something at a number and gives what was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let number = key.number();
        if self.slots.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.slots.push_front(None);
            self.first -= 1;
        }
        let place = (number - self.first) as usize;
        while self.slots.len() <= place {
            self.slots.push_back(None);
        }
        let old = self.slots.get_mut(place)?.replace((key, value));
        self.len += usize::from(old.is_none());
        old.map(|(_, v)| v)
    }

    /// Takes out what has this number.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key)?;
        let (_, value) = self.slots.get_mut(place)?.take()?;
        self.len -= 1;
        while self.slots.front().is_some_and(Option::is_none) {
            self.slots.pop_front();
            self.first += 1;
        }
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
        self.slots.iter().flatten().map(|(k, v)| (k, v))
    }

    /// The numbers, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(k, _)| k)
    }

    /// All, in order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, v)| v)
    }
}

impl<K: Number + Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = s.serialize_map(Some(self.len))?;
        for (k, v) in self.iter() {
            map.serialize_entry(k, v)?;
        }
        map.end()
    }
}

impl<'de, K: Number + Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Number + Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = Table<K, V>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("things by number")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut table = Table::default();
                while let Some((k, v)) = map.next_entry()? {
                    table.insert(k, v);
                }
                Ok(table)
            }
        }
        d.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CallId;
    use alloc::vec::Vec;

    #[test]
    fn a_window_over_numbers() {
        let mut t: Table<CallId, char> = Table::default();
        for (n, c) in [(7, 'a'), (9, 'b'), (8, 'c'), (5, 'd')] {
            assert_eq!(t.insert(CallId(n), c), None);
        }
        assert_eq!(t.keys().map(|k| k.0).collect::<Vec<_>>(), [5, 7, 8, 9]);
        assert_eq!((t.len(), t.get(&CallId(6)), t.get(&CallId(8))), (4, None, Some(&'c')));
        assert_eq!(t.insert(CallId(8), 'e'), Some('c'));
        assert_eq!(
            (t.remove(&CallId(5)), t.remove(&CallId(5)), t.remove(&CallId(99))),
            (Some('d'), None, None)
        );
        assert_eq!(t.values().rev().collect::<Vec<_>>(), [&'b', &'e', &'a']);
        assert_eq!(t.get(&CallId(1)), None);
        for n in [7, 8, 9] {
            t.remove(&CallId(n));
        }
        assert!(t.is_empty() && t.slots.is_empty());
        t.insert(CallId(1_000_000), 'f');
        assert_eq!(t.slots.len(), 1, "an empty table begins anew");
    }
}
