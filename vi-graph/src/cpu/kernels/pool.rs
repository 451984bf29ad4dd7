//! Threads that wait for loops: starting one costs less than a microsecond while they are awake, and allocates nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};

/// How often a thread looks for work before it goes to sleep: about 100 microseconds, where a pause takes 140 cycles.
const SPINS: usize = 2_000;

/// Bits for a number of threads.
const WIDTH: usize = 10;

/// How often the caller looks whether others have finished before it gives its processor to whoever else wants it.
const WAITS: usize = 20_000;

/// What threads run: a reference, and how to call it with the number of the thread.
struct Work {
    data: *const (),
    call: unsafe fn(*const (), usize),
}

/// What the threads share.
struct State {
    /// Counts the works, above [`WIDTH`] bits for how many other threads take part; a change is the signal.
    ///
    /// One word, so that a thread that sees a work late knows whether it is meant by that very work.
    signal: AtomicUsize,
    work: AtomicPtr<Work>,
    /// How many of the others have not finished.
    running: AtomicUsize,
    sleeping: Vec<AtomicBool>,
    stopped: AtomicBool,
    panicked: AtomicBool,
}

/// A fixed number of threads, of which the caller is one.
pub(crate) struct Pool {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool of {} threads", self.threads.len() + 1)
    }
}

impl Pool {
    /// With `threads` threads at most: as many as the system lets us have.
    pub fn new(threads: usize) -> Self {
        let others = threads.saturating_sub(1).min((1 << WIDTH) - 1);
        let state = Arc::new(State {
            signal: AtomicUsize::new(0),
            work: AtomicPtr::new(std::ptr::null_mut()),
            running: AtomicUsize::new(0),
            sleeping: (0..others).map(|_| AtomicBool::new(false)).collect(),
            stopped: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
        });
        let start = |i: usize| {
            let state = Arc::clone(&state);
            thread::Builder::new().name(format!("vi-{}", i + 1)).spawn(move || state.serve(i)).ok()
        };
        let threads = (0..others).map_while(start).collect();
        Pool { state, threads }
    }

    /// The number of threads, the caller included.
    pub fn width(&self) -> usize {
        self.threads.len() + 1
    }

    /// Calls `f` with every number below `width`, each on one thread, and returns when all are done.
    pub fn run<F: Fn(usize) + Sync>(&self, width: usize, f: &F) {
        unsafe fn call<F: Fn(usize)>(f: *const (), i: usize) {
            // SAFETY: `data` is the reference to an `F` that `run` holds until all calls have returned.
            unsafe { (*f.cast::<F>())(i) }
        }
        let others = self.threads.len().min(width.saturating_sub(1));
        let mut work = Work { data: std::ptr::from_ref(f).cast(), call: call::<F> };
        let state = &*self.state;
        state.work.store(&raw mut work, Ordering::Relaxed);
        state.running.store(others, Ordering::Relaxed);
        let count = (state.signal.load(Ordering::Relaxed) >> WIDTH).wrapping_add(1);
        state.signal.store(count << WIDTH | others, Ordering::SeqCst);
        for (sleeping, handle) in state.sleeping.iter().zip(&self.threads).take(others) {
            if sleeping.load(Ordering::SeqCst) {
                wake(handle.thread());
            }
        }
        // The work must outlive the other threads' use of it, also when this thread unwinds.
        let wait = Wait(state);
        f(0);
        (others + 1..width).for_each(f);
        drop(wait);
        assert!(!state.panicked.load(Ordering::Relaxed), "a thread of the pool panicked");
    }
}

fn wake(thread: &Thread) {
    thread.unpark();
}

/// Waits for the other threads when it goes.
struct Wait<'a>(&'a State);

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut spins = 0;
        while self.0.running.load(Ordering::Acquire) > 0 {
            spins += 1;
            if spins < WAITS { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

impl State {
    /// The life of thread `i` of the others.
    fn serve(&self, i: usize) {
        let mut seen = 0;
        loop {
            let mut spins = 0;
            let now = loop {
                let now = self.signal.load(Ordering::SeqCst);
                if now != seen || self.stopped.load(Ordering::Relaxed) {
                    break now;
                }
                spins += 1;
                if spins < SPINS {
                    std::hint::spin_loop();
                    continue;
                }
                // Announced first, looked at again, then slept: a signal in between is not lost.
                self.sleeping[i].store(true, Ordering::SeqCst);
                if self.signal.load(Ordering::SeqCst) == seen && !self.stopped.load(Ordering::SeqCst) {
                    thread::park();
                }
                self.sleeping[i].store(false, Ordering::SeqCst);
            };
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            seen = now;
            if i >= now % (1 << WIDTH) {
                continue;
            }
            let work = self.work.load(Ordering::Relaxed);
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                // SAFETY: `run` keeps the work until `running` is 0, and this thread is counted in it.
                unsafe { ((*work).call)((*work).data, i + 1) }
            }));
            if done.is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            self.running.fetch_sub(1, Ordering::Release);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        for handle in self.threads.drain(..) {
            wake(handle.thread());
            // A panic was reported by the run in which it happened.
            let _ = handle.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_called_once_in_each_run() {
        let pool = Pool::new(3);
        for width in [1, 2, 3, 5] {
            let counts: Vec<AtomicUsize> = (0..width).map(|_| AtomicUsize::new(0)).collect();
            for _ in 0..1000 {
                pool.run(width, &|i| {
                    counts[i].fetch_add(1, Ordering::Relaxed);
                });
            }
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1000));
        }
    }

    #[test]
    fn a_pool_that_sleeps_wakes_up() {
        let pool = Pool::new(2);
        for _ in 0..3 {
            thread::sleep(std::time::Duration::from_millis(5));
            let sum = AtomicUsize::new(0);
            pool.run(2, &|i| {
                sum.fetch_add(i + 1, Ordering::Relaxed);
            });
            assert_eq!(sum.into_inner(), 3);
        }
    }
}
