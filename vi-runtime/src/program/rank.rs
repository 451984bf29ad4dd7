//! Ranks of sites as types, so that a guide whose site has another rank than the model's does not build.

/// The rank of a site, inferred from the distribution that is sampled there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rank<const D: usize>;

impl<const D: usize> Rank<D> {
    /// A rank that the statement which uses it determines.
    pub fn infer() -> Self {
        Rank
    }
}

/// A list of ranks: nested pairs that end in `()`.
pub trait Ranks: Copy + 'static {
    /// One entry a site, in the order of the site names.
    const RANKS: RankList;
}

/// The ranks of at most 64 sites; further ones are compared at the first step.
pub type RankList = [u8; 64];

impl Ranks for () {
    const RANKS: RankList = [0; 64];
}

impl<const D: usize, Rest: Ranks> Ranks for (Rank<D>, Rest) {
    const RANKS: RankList = {
        let mut ranks = [0; 64];
        ranks[0] = D as u8;
        let mut i = 1;
        while i < 64 {
            ranks[i] = Rest::RANKS[i - 1];
            i += 1;
        }
        ranks
    };
}

/// Panics at compile time when a site of `guide` has another rank than the site of that name of `model`.
#[allow(clippy::panic, reason = "it runs at compile time only; a panic is the compile error")]
pub(crate) const fn compare(model: (&[&str], &RankList), guide: (&[&str], &RankList)) {
    let mut g = 0;
    while g < guide.0.len() && g < 64 {
        let mut m = 0;
        while m < model.0.len() && m < 64 {
            if equal(guide.0[g], model.0[m]) && guide.1[g] != 0 && model.1[m] != 0 && guide.1[g] != model.1[m] {
                let mut text = Text { bytes: [0; 256], len: 0 };
                text.push("site `");
                text.push(guide.0[g]);
                text.push("`: the guide draws a tensor of rank ");
                text.digit(guide.1[g]);
                text.push(", the model one of rank ");
                text.digit(model.1[m]);
                let (used, _) = text.bytes.split_at(text.len);
                match std::str::from_utf8(used) {
                    Ok(message) => panic!("{}", message),
                    Err(_) => panic!("a site of the guide has another rank than in the model"),
                }
            }
            m += 1;
        }
        g += 1;
    }
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

struct Text {
    bytes: [u8; 256],
    len: usize,
}

impl Text {
    const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < 256 {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
    }

    const fn digit(&mut self, digit: u8) {
        if self.len < 256 {
            self.bytes[self.len] = b'0' + digit % 10;
            self.len += 1;
        }
    }
}
