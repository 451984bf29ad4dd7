//! The memory of a plan: one block of bytes, aligned to 64.

use memmap2::MmapMut;

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; LINE]);

/// Buffers start at multiples of this many bytes, and are padded to it.
pub(crate) const LINE: usize = 64;

/// `bytes` rounded up to whole lines.
pub(crate) fn padded(bytes: usize) -> usize {
    bytes.div_ceil(LINE) * LINE
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for u8 {}
}

/// What a buffer can hold: numbers without padding for which every pattern of bits is a value.
pub trait Element: sealed::Sealed + Copy + Default + PartialOrd + Send + Sync + 'static {}

impl Element for f32 {}
impl Element for f64 {}
impl Element for i64 {}
impl Element for u8 {}

/// Bytes as elements; those that do not fill one, or are not aligned to one, are left out.
pub(crate) fn typed<T: Element>(bytes: &[u8]) -> &[T] {
    // SAFETY: `Element` is sealed and lists types without padding or invalid patterns.
    unsafe { bytes.align_to::<T>() }.1
}

/// As [`typed`].
pub(crate) fn typed_mut<T: Element>(bytes: &mut [u8]) -> &mut [T] {
    // SAFETY: as in `typed`; every value of `T` is valid as bytes as well.
    unsafe { bytes.align_to_mut::<T>() }.1
}

/// The memory itself; zero at first.
#[derive(Debug)]
pub(crate) enum Arena {
    /// From the heap.
    Lines(Vec<Line>),
    /// From the system, in large pages where it has them: a matrix of some megabytes is found in a few entries of the
    /// processor's page table instead of thousands, each of which the system would set up at its first use.
    Pages(MmapMut),
}

/// From how many bytes on pages are asked for: two large ones.
const LARGE: usize = 1 << 22;

impl Arena {
    /// At least `bytes`, and one line more, which vectors that begin before the end may reach into.
    pub(crate) fn new(bytes: usize) -> Self {
        let lines = bytes.div_ceil(LINE) + 1;
        if lines * LINE >= LARGE
            && let Ok(pages) = MmapMut::map_anon(lines * LINE)
        {
            // Only a hint.
            #[cfg(target_os = "linux")]
            let _ = pages.advise(memmap2::Advice::HugePage);
            return Arena::Pages(pages);
        }
        Arena::Lines(vec![Line([0; LINE]); lines])
    }

    /// Its length without the last line.
    pub(crate) fn len(&self) -> usize {
        self.bytes().len() - LINE
    }

    /// Where it begins.
    pub(crate) fn base(&mut self) -> *mut u8 {
        self.bytes_mut().as_mut_ptr()
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            // SAFETY: a `Line` is 64 bytes without padding, and the slice covers exactly the vector's elements.
            Arena::Lines(lines) => unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) },
            Arena::Pages(pages) => pages,
        }
    }

    /// All bytes.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            // SAFETY: as in `bytes`; the borrow is unique.
            Arena::Lines(lines) => unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) },
            Arena::Pages(pages) => pages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_any_size_is_zero_and_aligned() {
        for bytes in [0, 1, 64, LARGE - 128, LARGE - 63, LARGE, LARGE + 100_000] {
            let mut arena = Arena::new(bytes);
            assert!(arena.len() >= bytes && arena.len() < bytes + LINE, "{bytes}: {}", arena.len());
            assert_eq!(arena.base() as usize % LINE, 0);
            assert!(arena.bytes().iter().all(|&byte| byte == 0));
            arena.bytes_mut().fill(7);
            assert!(arena.bytes().iter().all(|&byte| byte == 7));
        }
    }
}
