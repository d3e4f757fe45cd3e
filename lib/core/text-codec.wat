;; Escapes and unescapes the JSON text within an envelope, 16 bytes at a time. text-codec.ts loads it.
;; Input from 0, tables from 0xC000, output from 0x10000.
(module
  (memory (export "memory") 17)

  ;; Facts of all chunks since `reset`.
  ;; Quotes and backslashes: the backslashes that escaping adds.
  (global $escapes (export "escapes") (mut i32) (i32.const 0))
  ;; Commas and opening brackets. `unescape` counts those outside of strings, `count` all of them.
  (global $separators (export "separators") (mut i32) (i32.const 0))
  ;; Upper bound of the depth.
  (global $deepest (export "deepest") (mut i32) (i32.const 0))
  ;; Not zero where there may be 16 digits in a row.
  (global $digits (export "digits") (mut i32) (i32.const 0))
  ;; Number of bytes that the last call of `unescape` has read.
  (global $consumed (export "consumed") (mut i32) (i32.const 0))
  ;; State between two chunks. All bits of the second are set within a string, the third is 1 behind its backslash.
  (global $depth (mut i32) (i32.const 0))
  (global $string (mut i32) (i32.const 0))
  (global $escaped (mut i32) (i32.const 0))

  (func (export "reset")
    (global.set $escapes (i32.const 0))
    (global.set $separators (i32.const 0))
    (global.set $deepest (i32.const 0))
    (global.set $digits (i32.const 0))
    (global.set $depth (i32.const 0))
    (global.set $string (i32.const 0))
    (global.set $escaped (i32.const 0)))

  ;; Counts the input, which is followed by zeros up to a multiple of 16.
  (func (export "count") (param $length i32)
    (local $i i32) (local $v v128) (local $escapes i32) (local $separators i32)
    (loop $block
      (if (i32.lt_u (local.get $i) (local.get $length)) (then
        (local.set $v (v128.load (local.get $i)))
        (local.set $escapes (i32.add (local.get $escapes) (i32.popcnt (i8x16.bitmask (v128.or
          (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x22)))
          (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x5c))))))))
        ;; `[` and `{` differ in one bit.
        (local.set $separators (i32.add (local.get $separators) (i32.popcnt (i8x16.bitmask (v128.or
          (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x2c)))
          (i8x16.eq (v128.or (local.get $v) (i8x16.splat (i32.const 0x20))) (i8x16.splat (i32.const 0x7b))))))))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br $block))))
    (global.set $escapes (i32.add (global.get $escapes) (local.get $escapes)))
    (global.set $separators (i32.add (global.get $separators) (local.get $separators))))

  ;; Writes the input, which is followed by zeros up to a multiple of 16, with a backslash before each quote and each
  ;; backslash. Returns the length of the output.
  (func (export "escape") (param $length i32) (result i32)
    (local $i i32) (local $o i32) (local $v v128) (local $r v128) (local $m i32)
    (local.set $o (i32.const 0x10000))
    (loop $block
      (if (i32.lt_u (local.get $i) (local.get $length)) (then
        (local.set $v (v128.load (local.get $i)))
        (local.set $m (i8x16.bitmask (v128.or
          (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x22)))
          (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x5c))))))
        ;; Each half becomes up to 16 bytes. The table leaves a zero before each escaped byte.
        (local.set $r (i8x16.swizzle (local.get $v)
          (v128.load offset=0xC000 (i32.shl (i32.and (local.get $m) (i32.const 0xff)) (i32.const 4)))))
        (v128.store (local.get $o) (v128.or (local.get $r) (v128.and
          (i8x16.eq (local.get $r) (v128.const i64x2 0 0)) (i8x16.splat (i32.const 0x5c)))))
        (local.set $o (i32.add (local.get $o) (i32.add (i32.const 8)
          (i32.popcnt (i32.and (local.get $m) (i32.const 0xff))))))
        (local.set $m (i32.shr_u (local.get $m) (i32.const 8)))
        (local.set $r (i8x16.swizzle (local.get $v) (i8x16.add (i8x16.splat (i32.const 8))
          (v128.load offset=0xC000 (i32.shl (local.get $m) (i32.const 4))))))
        (v128.store (local.get $o) (v128.or (local.get $r) (v128.and
          (i8x16.eq (local.get $r) (v128.const i64x2 0 0)) (i8x16.splat (i32.const 0x5c)))))
        (local.set $o (i32.add (local.get $o) (i32.add (i32.const 8) (i32.popcnt (local.get $m)))))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br $block))))
    (i32.sub (i32.sub (local.get $o) (i32.const 0x10000)) (i32.sub (local.get $i) (local.get $length))))

  ;; Writes the input to `out` without the backslashes before quotes and backslashes, and gathers the facts of the text.
  ;; Returns the end of the output, or -1 for a control character, another escape sequence, a quote without a backslash,
  ;; or, in the text, a backslash outside of a string. Leaves the last bytes of a chunk to the next one, unless `last` is
  ;; set.
  (func (export "unescape") (param $length i32) (param $out i32) (param $last i32) (result i32)
    (local $i i32) (local $v v128) (local $w v128) (local $d v128) (local $m i32) (local $q i32) (local $c i32)
    (local $row i32) (local $row1 i32) (local $row2 i32) (local $x i32) (local $inner i32)
    (local $separators i32) (local $deepest i32) (local $depth i32) (local $string i32) (local $escaped i32)
    (local.set $separators (global.get $separators))
    (local.set $deepest (global.get $deepest))
    (local.set $depth (global.get $depth))
    (local.set $string (global.get $string))
    (local.set $escaped (global.get $escaped))
    (block $done
      (loop $block
        (if (i32.le_u (i32.add (local.get $i) (i32.const 17)) (local.get $length)) (then
          (local.set $v (v128.load (local.get $i)))
          (if (v128.any_true (i8x16.lt_u (local.get $v) (i8x16.splat (i32.const 0x20))))
            (then (return (i32.const -1))))
          (local.set $m (i8x16.bitmask (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x5c)))))
          (local.set $q (i8x16.bitmask (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x22)))))
          ;; In most blocks each backslash is before a quote, each quote behind a backslash: no string has an escape.
          (if (i32.or (local.get $escaped)
                (i32.ne (i32.and (i32.shl (local.get $m) (i32.const 1)) (i32.const 0xffff)) (local.get $q))) (then
            ;; The subtraction carries through each row of backslashes: `x` has every second one, and what follows an odd row.
            (local.set $x (i32.xor (i32.const 0xaaaaaaaa) (i32.sub
              (i32.or (i32.shl (local.get $m) (i32.const 1)) (i32.const 0xaaaaaaaa)) (local.get $m))))
            ;; Escaped are backslashes and quotes only, and all quotes.
            (local.set $c (i32.and (i32.xor (local.get $x) (local.get $m)) (i32.const 0xffff)))
            (if (i32.or
                  (i32.and (local.get $c) (i32.xor (i32.or (local.get $m) (local.get $q)) (i32.const -1)))
                  (i32.and (local.get $q) (i32.xor (local.get $c) (i32.const -1))))
              (then (return (i32.const -1))))
            ;; A quote behind 1, 5, 9 … backslashes begins or ends a string of the text. Each addition carries through the
            ;; rows that begin at one position modulo 4. Behind a backslash of the text, the first row is 2 longer.
            (local.set $c (i32.and (local.get $m) (i32.xor (i32.shl (local.get $m) (i32.const 1)) (i32.const -1))))
            (local.set $row1 (i32.add (local.get $m) (i32.and (local.get $c) (i32.const 0x2222))))
            (local.set $row2 (i32.add (local.get $m)
              (i32.or (i32.and (local.get $c) (i32.const 0x4444)) (i32.and (local.get $c) (local.get $escaped)))))
            (local.set $q (i32.and (local.get $q) (i32.or
              (i32.or
                (i32.and (i32.const 0x2222) (i32.add (local.get $m) (i32.and (local.get $c)
                  (i32.sub (i32.const 0x1111) (local.get $escaped)))))
                (i32.and (i32.const 0x4444) (local.get $row1)))
              (i32.or
                (i32.and (i32.const 0x8888) (local.get $row2))
                (i32.and (i32.const 0x1111) (i32.add (local.get $m) (i32.and (local.get $c) (i32.const 0x8888))))))))
            (local.set $escaped (i32.shr_u (i32.or (local.get $row1) (local.get $row2)) (i32.const 16)))
            (local.set $inner (i32.and (local.get $m) (i32.xor (local.get $x) (i32.const -1))))
            (local.set $m (i32.and (local.get $x) (local.get $m))))
          (else (local.set $inner (i32.const 0))))
          ;; 15 digits in a row fill one half of a block, wherever they begin.
          (local.set $d (v128.or (local.get $d) (i64x2.eq
            (i8x16.lt_u (i8x16.sub (local.get $v) (i8x16.splat (i32.const 0x30))) (i8x16.splat (i32.const 10)))
            (v128.const i64x2 -1 -1))))
          ;; A backslash at the end of the block is left to the next one.
          (local.set $i (i32.add (local.get $i)
            (i32.sub (i32.const 16) (i32.shr_u (local.get $m) (i32.const 15)))))
          (local.set $c (i32.and (local.get $m) (i32.const 0xff)))
          (v128.store64_lane 0 (local.get $out) (i8x16.swizzle (local.get $v)
            (v128.load64_zero offset=0xD000 (i32.shl (local.get $c) (i32.const 3)))))
          (local.set $out (i32.add (local.get $out) (i32.sub (i32.const 8) (i32.popcnt (local.get $c)))))
          (local.set $c (i32.shr_u (local.get $m) (i32.const 8)))
          (v128.store64_lane 0 (local.get $out) (i8x16.swizzle (local.get $v) (i8x16.add (i8x16.splat (i32.const 8))
            (v128.load64_zero offset=0xD000 (i32.shl (local.get $c) (i32.const 3))))))
          (local.set $out (i32.add (local.get $out) (i32.sub (i32.const 8) (i32.popcnt (local.get $c)))))
          ;; Each bit of `q` becomes the parity of the quotes up to it: whether it is within a string.
          (local.set $q (i32.xor (local.get $q) (i32.shl (local.get $q) (i32.const 1))))
          (local.set $q (i32.xor (local.get $q) (i32.shl (local.get $q) (i32.const 2))))
          (local.set $q (i32.xor (local.get $q) (i32.shl (local.get $q) (i32.const 4))))
          (local.set $q (i32.xor (local.get $q) (i32.shl (local.get $q) (i32.const 8))))
          (local.set $q (i32.xor (local.get $q) (local.get $string)))
          (local.set $string (i32.shr_s (i32.shl (local.get $q) (i32.const 16)) (i32.const 31)))
          (local.set $q (i32.xor (local.get $q) (i32.const -1)))
          (if (i32.and (local.get $q) (local.get $inner)) (then (return (i32.const -1))))
          (local.set $w (v128.or (local.get $v) (i8x16.splat (i32.const 0x20))))
          (local.set $c (i32.popcnt (i32.and (local.get $q)
            (i8x16.bitmask (i8x16.eq (local.get $w) (i8x16.splat (i32.const 0x7b)))))))
          (local.set $separators (i32.add (local.get $separators) (i32.add (local.get $c)
            (i32.popcnt (i32.and (local.get $q)
              (i8x16.bitmask (i8x16.eq (local.get $v) (i8x16.splat (i32.const 0x2c)))))))))
          (local.set $depth (i32.add (local.get $depth) (local.get $c)))
          (local.set $deepest (select (local.get $depth) (local.get $deepest)
            (i32.gt_s (local.get $depth) (local.get $deepest))))
          (local.set $depth (i32.sub (local.get $depth) (i32.popcnt (i32.and (local.get $q)
            (i8x16.bitmask (i8x16.eq (local.get $w) (i8x16.splat (i32.const 0x7d))))))))
          (br $block)))
        (br_if $done (i32.or (i32.eqz (local.get $last)) (i32.ge_u (local.get $i) (local.get $length))))
        ;; The last bytes of the text, one by one.
        (local.set $row (i32.const 0))
        (loop $byte
          (local.set $c (i32.load8_u (local.get $i)))
          (if (i32.or (i32.lt_u (local.get $c) (i32.const 0x20)) (i32.eq (local.get $c) (i32.const 0x22)))
            (then (return (i32.const -1))))
          (if (i32.eq (local.get $c) (i32.const 0x5c)) (then
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (if (i32.ge_u (local.get $i) (local.get $length)) (then (return (i32.const -1))))
            (local.set $c (i32.load8_u (local.get $i)))
            (if (i32.and (i32.ne (local.get $c) (i32.const 0x22)) (i32.ne (local.get $c) (i32.const 0x5c)))
              (then (return (i32.const -1))))))
          (i32.store8 (local.get $out) (local.get $c))
          (local.set $out (i32.add (local.get $out) (i32.const 1)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          ;; With at most 7 digits in the block before, 16 in a row have 9 here.
          (local.set $row (select (i32.add (local.get $row) (i32.const 1)) (i32.const 0)
            (i32.lt_u (i32.sub (local.get $c) (i32.const 0x30)) (i32.const 10))))
          (if (i32.ge_u (local.get $row) (i32.const 8)) (then (local.set $d (v128.const i64x2 -1 -1))))
          (if (local.get $escaped) (then (local.set $escaped (i32.const 0)))
          (else (if (i32.eq (local.get $c) (i32.const 0x22)) (then
            (local.set $string (i32.xor (local.get $string) (i32.const -1))))
          (else (if (local.get $string) (then (local.set $escaped (i32.eq (local.get $c) (i32.const 0x5c))))
          (else
            (if (i32.eq (local.get $c) (i32.const 0x5c)) (then (return (i32.const -1))))
            (if (i32.eq (i32.or (local.get $c) (i32.const 0x20)) (i32.const 0x7b)) (then
              (local.set $separators (i32.add (local.get $separators) (i32.const 1)))
              (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
              (local.set $deepest (select (local.get $depth) (local.get $deepest)
                (i32.gt_s (local.get $depth) (local.get $deepest))))))
            (if (i32.eq (i32.or (local.get $c) (i32.const 0x20)) (i32.const 0x7d)) (then
              (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))))
            (if (i32.eq (local.get $c) (i32.const 0x2c)) (then
              (local.set $separators (i32.add (local.get $separators) (i32.const 1)))))))))))
          (br_if $byte (i32.lt_u (local.get $i) (local.get $length))))))
    (global.set $separators (local.get $separators))
    (global.set $deepest (local.get $deepest))
    (global.set $digits (i32.or (global.get $digits) (v128.any_true (local.get $d))))
    (global.set $depth (local.get $depth))
    (global.set $string (local.get $string))
    (global.set $escaped (local.get $escaped))
    (global.set $consumed (local.get $i))
    (local.get $out)))
