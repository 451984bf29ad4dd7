//! Runs instructions.
//!
//! Everything here rests on one invariant, which [`super::super::plan`] checks for each plan before it runs for the first
//! time: with the bases of a [`Table`], every place of every instruction is a range of memory that belongs to the plan, is
//! aligned to its elements, and the ranges that an instruction writes overlap the ranges that it reads nowhere or, for
//! kernels on runs of elements, exactly.

use super::super::instruction::{Call, Context, Copy, Instruction, Kernel, Loop, Nest, Place, Product, Stride};
use super::arena::Arena;

/// How many bases there are.
pub(crate) const SLOTS: usize = 64;

/// In the instructions of a loop, a slot from here on stands for a buffer around it until the plan is laid out.
pub(crate) const OUTER: usize = 1 << 32;

/// The bases that places are relative to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table(pub [*mut u8; SLOTS]);

impl Table {
    /// With a base for slot 0 only.
    pub fn new(base: *mut u8) -> Self {
        Table([base; SLOTS])
    }

    #[inline(always)]
    fn at(&self, place: Place) -> *mut u8 {
        self.0[place.slot % SLOTS].wrapping_add(place.offset)
    }
}

/// Runs instructions that [`super::super::plan`] laid out for this memory.
pub(crate) fn run(instructions: &[Instruction], arena: &mut Arena, context: &Context) {
    let table = Table::new(arena.base());
    // SAFETY: the plan checked the ranges of its instructions against a memory of this size, which is borrowed here.
    unsafe { execute(instructions, &table, context) };
}

/// Runs the instructions in order.
///
/// # Safety
/// The invariant of this module holds of the instructions and the table.
pub(crate) unsafe fn execute(instructions: &[Instruction], table: &Table, context: &Context) {
    for instruction in instructions {
        // SAFETY: the places are in range by the invariant of the module, and the kernels ask for nothing else.
        unsafe {
            match instruction {
                Instruction::Map1 { f, n, places: [x, out] } => f(*n, table.at(*x), table.at(*out)),
                Instruction::Map2 { f, n, places: [x, y, out] } => f(*n, table.at(*x), table.at(*y), table.at(*out)),
                Instruction::Map3 { f, n, places: [x, y, z, out] } => f(*n, table.at(*x), table.at(*y), table.at(*z), table.at(*out)),
                Instruction::Nest(it) => nest(it, table),
                Instruction::Copy(it) => copy(it, table),
                Instruction::Clear(span) => table.at(span.place).write_bytes(0, span.bytes),
                Instruction::Product(it) => product(it, table, context),
                Instruction::Call(it) => call(it, table, context),
                Instruction::Loop(it) => repeat(it, table, context),
            }
        }
    }
}

/// Calls `f` for every position of the loops.
#[inline(always)]
fn walk<const K: usize>(loops: &[Stride], pointers: [*mut u8; K], f: &mut impl FnMut([*mut u8; K])) {
    match loops {
        [] => f(pointers),
        [inner] => {
            let mut p = pointers;
            for _ in 0..inner.count {
                f(p);
                for (p, step) in p.iter_mut().zip(inner.steps) {
                    *p = p.wrapping_offset(step);
                }
            }
        }
        [outer, rest @ ..] => deep(outer, rest, pointers, f),
    }
}

#[inline(never)]
fn deep<const K: usize>(outer: &Stride, rest: &[Stride], pointers: [*mut u8; K], f: &mut dyn FnMut([*mut u8; K])) {
    let mut p = pointers;
    for _ in 0..outer.count {
        match rest {
            [] => f(p),
            [next, rest @ ..] => deep(next, rest, p, f),
        }
        for (p, step) in p.iter_mut().zip(outer.steps) {
            *p = p.wrapping_offset(step);
        }
    }
}

/// # Safety
/// As [`execute`].
unsafe fn nest(it: &Nest, table: &Table) {
    let n = it.n;
    let pointers = it.places.map(|place| table.at(place));
    // SAFETY: the extents of the loops are part of the ranges that were checked.
    unsafe {
        match it.kernel {
            Kernel::One(f) | Kernel::Emptied(f) => walk(&it.loops, pointers, &mut |[x, out, ..]| f(n, x, out)),
            Kernel::Two(f) => walk(&it.loops, pointers, &mut |[x, y, out, _]| f(n, x, y, out)),
            Kernel::Three(f) => walk(&it.loops, pointers, &mut |[x, y, z, out]| f(n, x, y, z, out)),
            Kernel::Vector { f, rows, columns } => walk(&it.loops, pointers, &mut |[a, x, out, _]| f(rows, columns, a, x, out)),
            Kernel::Rows { f, rows, step } => walk(&it.loops, pointers, &mut |[x, out, ..]| f(rows, n, step, x, out)),
        }
    }
}

/// # Safety
/// As [`execute`].
unsafe fn copy(it: &Copy, table: &Table) {
    // SAFETY: as in `nest`.
    unsafe {
        match it.size {
            1 => copy_elements::<u8>(it, table),
            4 => copy_elements::<u32>(it, table),
            _ => copy_elements::<u64>(it, table),
        }
    }
}

/// # Safety
/// As [`execute`].
unsafe fn copy_elements<T>(it: &Copy, table: &Table) {
    let size = size_of::<T>() as isize;
    let pointers = it.places.map(|place| table.at(place));
    let Some((inner, outer)) = it.loops.split_last() else {
        // SAFETY: both places are in range and aligned, and do not overlap.
        unsafe { pointers[1].cast::<T>().write(pointers[0].cast::<T>().read()) };
        return;
    };
    let [from, to, ..] = inner.steps;
    let n = inner.count;
    walk(outer, pointers, &mut |[x, out]| {
        let (x, out) = (x.cast::<T>().cast_const(), out.cast::<T>());
        // SAFETY: as above, for every position of the loops.
        unsafe {
            if to == size && from == size {
                std::ptr::copy_nonoverlapping(x, out, n);
            } else if to == size && from == 0 {
                let value = x.read();
                for i in 0..n {
                    std::ptr::copy_nonoverlapping(&raw const value, out.add(i), 1);
                }
            } else {
                let (from, to) = (from / size, to / size);
                for i in 0..n as isize {
                    std::ptr::copy_nonoverlapping(x.offset(from * i), out.offset(to * i), 1);
                }
            }
        }
    });
}

/// # Safety
/// As [`execute`].
unsafe fn product(it: &Product, table: &Table, context: &Context) {
    let pointers = it.places.map(|place| table.at(place));
    walk(&it.loops, pointers, &mut |matrices| {
        let shared = Factors(it, matrices);
        // SAFETY: the matrices are in range with these strides, and the result is apart from the factors.
        let work = |part: usize| unsafe { shared.multiply(part) };
        match context.pool.filter(|_| it.threads > 1) {
            Some(pool) => pool.run(it.threads, &work),
            None => (0..it.threads).for_each(work),
        }
    });
}

/// A product of which threads compute stretches of rows, or of columns where these are more.
struct Factors<'a>(&'a Product, [*mut u8; 3]);

// SAFETY: the pointers are read by all threads and written through in disjoint stretches of the result.
unsafe impl Sync for Factors<'_> {}

impl Factors<'_> {
    /// # Safety
    /// As [`gemm::gemm`], for the whole product.
    unsafe fn multiply(&self, part: usize) {
        let Factors(it, [mut x, mut y, mut out]) = *self;
        let [mut m, k, mut n] = it.sizes;
        let [a, b, c] = it.strides;
        let size = if it.wide { 8 } else { 4 };
        let len = m.max(n);
        // The first threads, which begin before the others, have what is left over of whole vectors.
        let cut = |part: usize| (part * len).div_ceil(it.threads).next_multiple_of(16).min(len);
        let (start, end) = (cut(part), cut(part + 1));
        let by = |stride: isize| stride * start as isize * size;
        if m >= n {
            (x, out, m) = (x.wrapping_offset(by(a[0])), out.wrapping_offset(by(c[0])), end - start);
        } else {
            (y, out, n) = (y.wrapping_offset(by(b[1])), out.wrapping_offset(by(c[1])), end - start);
        }
        // SAFETY: a stretch of the product that the caller answers for.
        unsafe {
            if it.wide {
                multiply::<f64>([m, k, n], [a, b, c], [x, y, out], 1.0);
            } else {
                multiply::<f32>([m, k, n], [a, b, c], [x, y, out], 1.0);
            }
        }
    }
}

/// # Safety
/// As [`gemm::gemm`].
unsafe fn multiply<T: Default + 'static>([m, k, n]: [usize; 3], [a, b, c]: [[isize; 2]; 3], [x, y, out]: [*mut u8; 3], one: T) {
    // SAFETY: by the caller. The old contents of the result are not read.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.cast::<T>(),
            c[1],
            c[0],
            false,
            x.cast::<T>(),
            a[1],
            a[0],
            y.cast::<T>(),
            b[1],
            b[0],
            T::default(),
            one,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// # Safety
/// As [`execute`].
unsafe fn call(it: &Call, table: &Table, context: &Context) {
    let mut inputs: [&[u8]; 3] = [&[]; 3];
    for (slot, span) in inputs.iter_mut().zip(&it.inputs) {
        // SAFETY: in range and initialised; nothing is written to it while the routine runs.
        *slot = unsafe { std::slice::from_raw_parts(table.at(span.place), span.bytes) };
    }
    // SAFETY: in range, and apart from the inputs.
    let output = unsafe { std::slice::from_raw_parts_mut(table.at(it.output.place), it.output.bytes) };
    it.routine.run(&inputs[..it.inputs.len()], output, context);
}

/// # Safety
/// As [`execute`]; the slabs reach over all tiles, and the scratch memory over all threads.
unsafe fn repeat(it: &Loop, table: &Table, context: &Context) {
    let scratch = table.at(it.scratch);
    let shared = Shared { it, table, context };
    let work = |thread: usize| {
        // SAFETY: the threads have disjoint runs of tiles, write the stretches of these and scratch memory of their own only,
        // and all is finished before anything else runs.
        unsafe { shared.run(thread) }
    };
    match context.pool.filter(|_| it.threads > 1) {
        Some(pool) => pool.run(it.threads, &work),
        None => (0..it.threads).for_each(work),
    }
    let mut own = *table;
    for thread in 0..it.threads {
        own.0[1] = scratch.wrapping_add(thread * it.stride);
        // SAFETY: by the caller.
        unsafe { execute(if thread == 0 { &it.take } else { &it.join }, &own, context) };
    }
}

/// A loop that several threads work on.
struct Shared<'a> {
    it: &'a Loop,
    table: &'a Table,
    context: &'a Context<'a>,
}

// SAFETY: what is not `Sync` is the bases; threads write disjoint memory, as `repeat` says.
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    /// # Safety
    /// As [`repeat`]; each thread runs once at a time.
    unsafe fn run(&self, thread: usize) {
        let it = self.it;
        let mut own = *self.table;
        own.0[1] = self.table.at(it.scratch).wrapping_add(thread * it.stride);
        let tiles = thread * it.tiles / it.threads..(thread + 1) * it.tiles / it.threads;
        let start = tiles.start;
        for (i, slab) in it.slabs.iter().enumerate() {
            own.0[2 + i] = self.table.at(slab.place).wrapping_add(start * slab.step);
        }
        for tile in tiles {
            let ragged = tile + 1 == it.tiles && !it.rest.is_empty();
            // SAFETY: the slots of this tile are those that the plan of the body was checked for.
            unsafe {
                execute(if ragged { &it.rest } else { &it.main }, &own, self.context);
                execute(if tile == start { &it.first } else { &it.next }, &own, self.context);
            }
            for (i, slab) in it.slabs.iter().enumerate() {
                own.0[2 + i] = own.0[2 + i].wrapping_add(slab.step);
            }
        }
    }
}
