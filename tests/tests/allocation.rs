//! A step of a compiled fit allocates nothing, whatever the model.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use vi_runtime::prelude::*;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[model]
fn schools(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("y", Normal::new(mu + tau * z, sigma), y);
    });
}

#[model]
fn subsampled(x: Tensor<1>, y: Tensor<1>) {
    let w = sample!("w", Normal::new(0.0, 1.0));
    plate!("n", 5_000, subsample = 100, |index| {
        let (x, y) = (x.clone().select(0, index.clone()), y.clone().select(0, index));
        observe!("y", Normal::new(x * w, 1.0), y);
    });
}

fn allocations_of_steps<M: Program + Clone>(model: &M, particles: usize) -> Result<usize> {
    let svi = Svi::new(model, AutoNormal::new()).particles(particles).execution(Execution::Compiled);
    let mut state = svi.init()?;
    for _ in 0..3 {
        svi.step(&mut state)?;
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..100 {
        svi.step(&mut state)?;
    }
    Ok(ALLOCATIONS.load(Ordering::Relaxed) - before)
}

#[test]
fn steps_after_the_first_allocate_nothing() -> Result<()> {
    let flex = vi_runtime::device::parse("flex")?;
    let y = Tensor::from_floats([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], &flex);
    let sigma = Tensor::from_floats([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0], &flex);
    let schools = schools(sigma, y);
    assert_eq!(allocations_of_steps(&schools, 1)?, 0);
    assert_eq!(allocations_of_steps(&schools, 16)?, 0);
    let x = Tensor::<1, Int>::arange(0..5_000, &flex).float() * 1e-3;
    assert_eq!(allocations_of_steps(&subsampled(x.clone(), x), 1)?, 0);
    Ok(())
}
