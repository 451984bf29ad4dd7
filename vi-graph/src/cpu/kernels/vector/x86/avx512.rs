//! Vectors of 512 bits.

use super::*;

macro_rules! vector {
    (
        $name:ident, $mask:ident, $float:ident, $lanes:literal, $bits:ident,
        [$round:ident $cmp:ident $blend:ident $scale:ident $getexp:ident $getmant:ident $mask_add:ident $mask_mul:ident $set:ident],
        load($x:ident) $load:expr, store($lanes_mask:ident, $out:ident) $store:expr
    ) => {
        /// Bit `l` is lane `l`.
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $mask($bits);

        impl BitAnd for $mask {
            type Output = Self;

            #[inline(always)]
            fn bitand(self, y: Self) -> Self {
                Self(self.0 & y.0)
            }
        }

        impl BitOr for $mask {
            type Output = Self;

            #[inline(always)]
            fn bitor(self, y: Self) -> Self {
                Self(self.0 | y.0)
            }
        }

        impl Not for $mask {
            type Output = Self;

            #[inline(always)]
            fn not(self) -> Self {
                Self(!self.0)
            }
        }

        impl Mask for $mask {
            #[inline(always)]
            fn bits(self) -> u32 {
                u32::from(self.0)
            }
        }

        impl $mask {
            /// # Safety
            ///
            /// There is AVX-512, and as many bytes can be read as there are lanes.
            #[inline(always)]
            unsafe fn load($x: *const u8) -> Self {
                // SAFETY: as the caller says.
                Self(unsafe { $load })
            }

            /// # Safety
            ///
            /// There is AVX-512, and as many bytes can be written as there are lanes.
            #[inline(always)]
            unsafe fn store(self, $out: *mut u8) {
                let $lanes_mask = self.0;
                // SAFETY: as the caller says.
                unsafe { $store }
            }
        }

        impl $name {
            #[inline(always)]
            fn to_integer<const MODE: i32>(self) -> Self {
                // SAFETY: that `self` exists shows that there is AVX-512.
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
                times_power_of_two(x, n: Self) -> Self = Self($scale(x, n.0));
                take_apart(x) -> (Self, Self) = {
                    let exponent = $getexp(x);
                    let mantissa = $getmant::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(x);
                    let above = Self(x).splat(std::f64::consts::SQRT_2 as $float).lt(Self(mantissa)).0;
                    (Self($mask_add(exponent, above, exponent, $set(1.0))), Self($mask_mul(mantissa, above, mantissa, $set(0.5))))
                };
            }

            #[inline(always)]
            fn compare<const HOW: i32>(self, y: Self) -> $mask {
                // SAFETY: that `self` exists shows that there is AVX-512.
                $mask(unsafe { $cmp::<HOW>(self.0, y.0) })
            }

            #[inline(always)]
            fn blend(mask: $mask, a: Self, b: Self) -> Self {
                // SAFETY: that `a` exists shows that there is AVX-512.
                Self(unsafe { $blend(mask.0, b.0, a.0) })
            }
        }
    };
}

common!(
    F32x16, F32x16Mask, f32, 16, __m512,
    [_mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_xor_ps _mm512_and_ps _mm512_or_ps _mm512_andnot_ps],
    [_mm512_loadu_ps _mm512_set1_ps _mm512_storeu_ps _mm512_fmadd_ps _mm512_sqrt_ps _mm512_min_ps _mm512_max_ps]
);
vector!(
    F32x16, F32x16Mask, f32, 16, u16,
    [
        _mm512_roundscale_ps _mm512_cmp_ps_mask _mm512_mask_blend_ps _mm512_scalef_ps _mm512_getexp_ps _mm512_getmant_ps
        _mm512_mask_add_ps _mm512_mask_mul_ps _mm512_set1_ps
    ],
    load(x) { let bytes = _mm_loadu_si128(x.cast()); _mm_test_epi8_mask(bytes, bytes) },
    store(mask, out) _mm_storeu_si128(out.cast(), _mm_maskz_set1_epi8(mask, 1))
);

common!(
    F64x8, F64x8Mask, f64, 8, __m512d,
    [_mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_xor_pd _mm512_and_pd _mm512_or_pd _mm512_andnot_pd],
    [_mm512_loadu_pd _mm512_set1_pd _mm512_storeu_pd _mm512_fmadd_pd _mm512_sqrt_pd _mm512_min_pd _mm512_max_pd]
);
vector!(
    F64x8, F64x8Mask, f64, 8, u8,
    [
        _mm512_roundscale_pd _mm512_cmp_pd_mask _mm512_mask_blend_pd _mm512_scalef_pd _mm512_getexp_pd _mm512_getmant_pd
        _mm512_mask_add_pd _mm512_mask_mul_pd _mm512_set1_pd
    ],
    load(x) { let bytes = _mm_loadl_epi64(x.cast()); _mm_test_epi8_mask(bytes, bytes) as u8 },
    store(mask, out) _mm_storel_epi64(out.cast(), _mm_maskz_set1_epi8(u16::from(mask), 1))
);
