//! Vectors of 256 bits.

use super::*;

/// The bytes 0 or 1 of the lowest eight bits.
#[inline(always)]
fn spread(bits: u32) -> u64 {
    // A copy of the bits in every byte, of which byte l keeps bit l; adding 0x7f carries it to the top of the byte.
    let kept = (u64::from(bits).wrapping_mul(0x0101_0101_0101_0101)) & 0x8040_2010_0804_0201;
    ((((kept & 0x7f7f_7f7f_7f7f_7f7f) + 0x7f7f_7f7f_7f7f_7f7f) | kept) >> 7) & 0x0101_0101_0101_0101
}

macro_rules! vector {
    (
        $name:ident, $mask:ident, $float:ident, $bits:ident, $lanes:literal, $register:ident, $bytes:ident,
        mantissa $mantissa:literal, bias $bias:literal, half root $half_root:literal,
        [$and:ident $or:ident $xor:ident $movemask:ident $round:ident $cmp:ident $blend:ident],
        [$to_int:ident $to_float:ident $set_int:ident $add_int:ident $sub_int:ident $shl:ident $shr:ident $widen:ident $cmp_int:ident]
    ) => {
        /// All bits of a lane are set where it is true.
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $mask($register);

        operators!($mask, BitAnd bitand $and, BitOr bitor $or,);

        impl Not for $mask {
            type Output = Self;

            methods! { not(x) -> Self = Self($xor(x, $to_float(_mm256_set1_epi32(-1)))); }
        }

        impl Mask for $mask {
            methods! { bits(x) -> u32 = $movemask(x) as u32; }
        }

        impl $mask {
            /// # Safety
            ///
            /// There is AVX2, and as many bytes can be read as there are lanes.
            #[inline(always)]
            unsafe fn load(x: *const u8) -> Self {
                // SAFETY: as the caller says; unaligned reads.
                unsafe {
                    let bytes = x.cast::<$bytes>().read_unaligned();
                    let lanes = $widen(_mm_cvtsi64_si128(bytes as i64));
                    Self($to_float($cmp_int(lanes, _mm256_setzero_si256())))
                }
            }

            /// # Safety
            ///
            /// As many bytes can be written as there are lanes.
            #[inline(always)]
            unsafe fn store(self, out: *mut u8) {
                // SAFETY: as the caller says; an unaligned write.
                unsafe { out.cast::<$bytes>().write_unaligned(spread(self.bits()) as $bytes) }
            }
        }

        impl $name {
            #[inline(always)]
            fn to_integer<const MODE: i32>(self) -> Self {
                // SAFETY: that `self` exists shows that there is AVX2.
                Self(unsafe {
                    match MODE {
                        _MM_FROUND_TO_NEG_INF => $round::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(self.0),
                        _MM_FROUND_TO_POS_INF => $round::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>(self.0),
                        _MM_FROUND_TO_ZERO => $round::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(self.0),
                        _ => $round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0),
                    }
                })
            }

            methods! {
                power_of_two(n) -> Self = {
                    // Adding 1.5 2^m leaves the integer, with the bias, in the lowest bits.
                    let shifted = (Self(n) + Self(n).splat(((3u64 << ($mantissa - 1)) + $bias) as $float)).0;
                    Self($to_float($shl::<$mantissa>($to_int(shifted))))
                };
                take_apart(x) -> (Self, Self) = {
                    let x = Self(x);
                    // Its lowest bits count from 0.
                    let integer = x.splat((1u64 << $mantissa) as $float);
                    let small = x.lt(x.splat($float::MIN_POSITIVE));
                    let x = Self::select(small, x * integer, x);
                    // Binades from √½ instead of 1.
                    let half_root = $set_int($half_root);
                    let bits = $add_int($sub_int($to_int(x.0), half_root), $set_int($bias << $mantissa));
                    let biased = Self($or($to_float($shr::<$mantissa>(bits)), integer.0)) - integer;
                    let bias = Self::select(small, x.splat(($bias + $mantissa) as $float), x.splat($bias as $float));
                    let mantissa = _mm256_and_si256(bits, $set_int((1 << $mantissa) - 1));
                    (biased - bias, Self($to_float($add_int(mantissa, half_root))))
                };
            }

            #[inline(always)]
            fn times_power_of_two(self, n: Self) -> Self {
                // In two factors, each a normal number, so that only the last product is rounded.
                let half = (n * n.splat(0.5)).round();
                self * half.power_of_two() * (n - half).power_of_two()
            }

            #[inline(always)]
            fn compare<const HOW: i32>(self, y: Self) -> $mask {
                // SAFETY: that `self` exists shows that there is AVX2.
                $mask(unsafe { $cmp::<HOW>(self.0, y.0) })
            }

            #[inline(always)]
            fn blend(mask: $mask, a: Self, b: Self) -> Self {
                // SAFETY: that `a` exists shows that there is AVX2.
                Self(unsafe { $blend(b.0, a.0, mask.0) })
            }
        }
    };
}

common!(
    F32x8, F32x8Mask, f32, 8, __m256,
    [_mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_xor_ps _mm256_and_ps _mm256_or_ps _mm256_andnot_ps],
    [_mm256_loadu_ps _mm256_set1_ps _mm256_storeu_ps _mm256_fmadd_ps _mm256_sqrt_ps _mm256_min_ps _mm256_max_ps]
);
vector!(
    F32x8, F32x8Mask, f32, i32, 8, __m256, u64,
    mantissa 23, bias 127, half root 0x3f35_04f3,
    [_mm256_and_ps _mm256_or_ps _mm256_xor_ps _mm256_movemask_ps _mm256_round_ps _mm256_cmp_ps _mm256_blendv_ps],
    [
        _mm256_castps_si256 _mm256_castsi256_ps _mm256_set1_epi32 _mm256_add_epi32 _mm256_sub_epi32
        _mm256_slli_epi32 _mm256_srli_epi32 _mm256_cvtepu8_epi32 _mm256_cmpgt_epi32
    ]
);

common!(
    F64x4, F64x4Mask, f64, 4, __m256d,
    [_mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_xor_pd _mm256_and_pd _mm256_or_pd _mm256_andnot_pd],
    [_mm256_loadu_pd _mm256_set1_pd _mm256_storeu_pd _mm256_fmadd_pd _mm256_sqrt_pd _mm256_min_pd _mm256_max_pd]
);
vector!(
    F64x4, F64x4Mask, f64, i64, 4, __m256d, u32,
    mantissa 52, bias 1023, half root 0x3fe6_a09e_667f_3bcd,
    [_mm256_and_pd _mm256_or_pd _mm256_xor_pd _mm256_movemask_pd _mm256_round_pd _mm256_cmp_pd _mm256_blendv_pd],
    [
        _mm256_castpd_si256 _mm256_castsi256_pd _mm256_set1_epi64x _mm256_add_epi64 _mm256_sub_epi64
        _mm256_slli_epi64 _mm256_srli_epi64 _mm256_cvtepu8_epi64 _mm256_cmpgt_epi64
    ]
);
