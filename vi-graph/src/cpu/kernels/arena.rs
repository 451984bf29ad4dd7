//! The memory of a plan: one block of bytes, aligned to 64.

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

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
pub(crate) struct Arena {
    lines: Vec<Line>,
}

impl Arena {
    /// At least `bytes`, and one line more, which vectors that begin before the end may reach into.
    pub(crate) fn new(bytes: usize) -> Self {
        Arena { lines: vec![Line([0; LINE]); bytes.div_ceil(LINE) + 1] }
    }

    /// Its length without the last line.
    pub(crate) fn len(&self) -> usize {
        (self.lines.len() - 1) * LINE
    }

    /// Where it begins.
    pub(crate) fn base(&mut self) -> *mut u8 {
        self.lines.as_mut_ptr().cast()
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: a `Line` is 64 bytes without padding, and the slice covers exactly the vector's elements.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * LINE) }
    }

    /// All bytes.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.lines.len() * LINE) }
    }
}
