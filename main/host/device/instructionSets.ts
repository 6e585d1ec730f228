/** The names that people know, by the flag that the system gives them; in the order in which they are shown. */
const known: readonly (readonly [name: string, ...flags: string[]])[] = [
  ['SSE4.2', 'sse4_2'],
  ['AVX', 'avx'],
  ['F16C', 'f16c'],
  ['FMA', 'fma'],
  ['AVX2', 'avx2'],
  ['AVX-VNNI', 'avx_vnni'],
  ['AVX-512', 'avx512f'],
  ['AVX-512 VNNI', 'avx512_vnni', 'avx512vnni'],
  ['AVX-512 BF16', 'avx512_bf16', 'avx512bf16'],
  ['AVX-512 FP16', 'avx512_fp16', 'avx512fp16'],
  ['AMX', 'amx_tile', 'amx-tile'],
  ['NEON', 'neon', 'asimd'],
  ['NEON dot product', 'asimddp'],
  ['NEON FP16', 'asimdhp'],
  ['BF16', 'bf16'],
  ['I8MM', 'i8mm'],
  ['SVE', 'sve'],
  ['SVE2', 'sve2'],
];

/** Every 64-bit ARM processor has it, also where the system lists no flags. */
const ofArm64 = 'NEON';

/** The instruction sets that matter for arithmetic, from the flags of /proc/cpuinfo, lscpu or sysctl, parted by spaces. */
export function instructionSetsOf(flags: string, architecture: string): string[] {
  const found = new Set(
    flags
      .toLowerCase()
      .split(/[\s,]+/)
      // sysctl writes "SSE4.2" and "AVX1.0".
      .flatMap((flag) => [flag, flag.replace('sse4.2', 'sse4_2').replace('avx1.0', 'avx')]),
  );
  return known
    .filter(([name, ...own]) => own.some((flag) => found.has(flag)) || (architecture === 'arm64' && name === ofArm64))
    .map(([name]) => name);
}
