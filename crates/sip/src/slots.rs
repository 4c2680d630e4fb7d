//! Numbered places for calls and transactions. A key that outlived its place finds nothing.

/// Where something stands, and which of its successive holders is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) turn: u32,
}

pub(crate) struct Slots<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
    used: usize,
}

impl<T> Slots<T> {
    pub(crate) fn new() -> Self {
        Slots { places: Vec::new(), free: Vec::new(), used: 0 }
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        self.used += 1;
        match self.free.pop() {
            Some(index) => {
                let place = &mut self.places[index as usize];
                place.1 = Some(value);
                Key { index, turn: place.0 }
            }
            None => {
                self.places.push((0, Some(value)));
                Key { index: (self.places.len() - 1) as u32, turn: 0 }
            }
        }
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        self.places.get(key.index as usize).filter(|p| p.0 == key.turn)?.1.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.places.get_mut(key.index as usize).filter(|p| p.0 == key.turn)?.1.as_mut()
    }

    /// The present holder of a place whose number came from the network.
    pub(crate) fn at(&self, index: u64) -> Option<(Key, &T)> {
        let place = self.places.get(usize::try_from(index).ok()?)?;
        Some((Key { index: index as u32, turn: place.0 }, place.1.as_ref()?))
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let place = self.places.get_mut(key.index as usize).filter(|p| p.0 == key.turn)?;
        let value = place.1.take()?;
        place.0 = place.0.wrapping_add(1);
        self.free.push(key.index);
        self.used -= 1;
        Some(value)
    }

    /// One more than the highest place ever taken.
    pub(crate) fn capacity(&self) -> u64 {
        self.places.len() as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.used
    }
}
