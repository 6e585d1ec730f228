import { type ToolVariant } from '../../shared/jobs.ts';

/** What a set-up downloads, to the byte: another file under the same name is refused. */

export const tensorflowVersion = '2.21.0';
/** Counted up when a set-up makes something else of the same downloads. */
export const setupRevision = 1;

export interface Wheel {
  /** Name and version as pip knows them. */
  readonly requirement: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Bytes of what is unpacked of it. */
  readonly unpackedBytes: number;
}

/** Everything that one variant downloads. */
export interface Downloads {
  /** The first holds TensorFlow itself. */
  readonly wheels: readonly Wheel[];
  readonly binding: SourcePackage;
  readonly headers: SourcePackage;
}

/** For Python 3.12, whatever Python is here: only the shared libraries in them are used. */
const wheels: Readonly<Record<ToolVariant, readonly Wheel[]>> = {
  cpu: [
    {
      requirement: 'tensorflow-cpu==2.21.0',
      sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
      bytes: 274_000_871,
      unpackedBytes: 853_400_000,
    },
  ],
  cuda: [
    {
      requirement: 'tensorflow==2.21.0',
      sha256: 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
      bytes: 572_611_111,
      unpackedBytes: 1_266_000_000,
    },
    {
      requirement: 'nvidia-cublas-cu12==12.9.3.13',
      sha256: 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
      bytes: 581_217_458,
      unpackedBytes: 855_064_416,
    },
    {
      requirement: 'nvidia-cuda-cupti-cu12==12.8.90',
      sha256: 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
      bytes: 10_248_621,
      unpackedBytes: 41_311_976,
    },
    {
      requirement: 'nvidia-cuda-nvcc-cu12==12.9.86',
      sha256: '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
      bytes: 40_546_229,
      unpackedBytes: 98_010_465,
    },
    {
      requirement: 'nvidia-cuda-nvrtc-cu12==12.9.86',
      sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
      bytes: 89_568_129,
      unpackedBytes: 227_340_992,
    },
    {
      requirement: 'nvidia-cuda-runtime-cu12==12.9.79',
      sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
      bytes: 3_493_179,
      unpackedBytes: 741_088,
    },
    {
      requirement: 'nvidia-cudnn-cu12==9.28.0.42',
      sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
      bytes: 716_538_495,
      unpackedBytes: 1_162_393_472,
    },
    {
      requirement: 'nvidia-cufft-cu12==11.4.1.4',
      sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
      bytes: 200_877_592,
      unpackedBytes: 293_609_416,
    },
    {
      requirement: 'nvidia-curand-cu12==10.3.10.19',
      sha256: '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
      bytes: 68_295_626,
      unpackedBytes: 166_965_432,
    },
    {
      requirement: 'nvidia-cusolver-cu12==11.7.5.82',
      sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
      bytes: 338_117_415,
      unpackedBytes: 494_975_064,
    },
    {
      requirement: 'nvidia-cusparse-cu12==12.5.10.65',
      sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
      bytes: 366_465_088,
      unpackedBytes: 486_556_368,
    },
    {
      requirement: 'nvidia-nccl-cu12==2.32.3',
      sha256: 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
      bytes: 351_526_311,
      unpackedBytes: 473_614_536,
    },
    {
      requirement: 'nvidia-nvjitlink-cu12==12.9.86',
      sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
      bytes: 39_748_338,
      unpackedBytes: 95_935_344,
    },
  ],
};

export interface SourcePackage {
  readonly name: string;
  readonly version: string;
  /** As a lock file has it. */
  readonly integrity: string;
  readonly bytes: number;
}

/** The binding's C++ sources, and the headers of Node-API that they include. */
const sourcePackages = {
  binding: {
    name: '@tensorflow/tfjs-node',
    version: '4.22.0',
    integrity: 'sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==',
    bytes: 228_166,
  },
  headers: {
    name: 'node-api-headers',
    version: '1.9.0',
    integrity: 'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
    bytes: 16_974,
  },
} as const satisfies Record<string, SourcePackage>;

export interface SetupSizes {
  downloadBytes: number;
  installedBytes: number;
  /** At the worst moment: one unpacked wheel beside all that is downloaded. */
  neededBytes: number;
}

export function pinnedDownloads(variant: ToolVariant): Downloads {
  return { wheels: wheels[variant], ...sourcePackages };
}

export function setupSizes({ wheels: chosen, binding, headers }: Downloads): SetupSizes {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const downloadBytes = sum(chosen.map(({ bytes }) => bytes)) + binding.bytes + headers.bytes;
  const installedBytes = sum(chosen.map(({ unpackedBytes }) => unpackedBytes));
  // A wheel goes once it is unpacked, so that only the largest is there twice; the rest are headers, sources and objects.
  const largest = Math.max(...chosen.map(({ bytes }) => bytes));
  return { downloadBytes, installedBytes, neededBytes: installedBytes + largest + 50_000_000 };
}
